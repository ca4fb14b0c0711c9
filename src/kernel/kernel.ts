import type { Clock, Random } from '../base/index.ts';
import { Admission, type AdmissionStep } from './admission/admission.ts';
import { admissionChain } from './admission/builtin.ts';
import type { AdmissionLedger } from './admission/reads.ts';
import type { Equivalents } from './admission/webhooks/match.ts';
import type { WebhookPort } from './admission/webhooks/model.ts';
import type { Client, UserInfo } from './client.ts';
import { memoryLog } from './drivers/memory-log.ts';
import { embeddedClient } from './embedded.ts';
import { kernelFaults } from './faults.ts';
import { collectionOf } from './registry/collections.ts';
import { expireEvents } from './registry/event-expiry.ts';
import { kernelRegistry } from './registry/kernel-registry.ts';
import type { KubeObject } from './object.ts';
import { builtinMerge } from './registry/merge-port.ts';
import type { MergePort, SchemaPort } from './registry/ports.ts';
import type { Registry } from './registry/registry.ts';
import { INDEXED_FIELDS, selectableText } from './registry/selection.ts';
import type { ResourceCatalog } from './resource.ts';
import { builtinCatalog } from './schema/builtin.ts';
import { schemaPort } from './schema/port.ts';
import { seed } from './seeds.ts';
import { statusError } from './status.ts';
import type { Keeps } from './store/collection.ts';
import { Journal } from './store/journal.ts';
import { Superseded, type WriteOrder } from './store/port.ts';
import { type Log, LogRefusal } from './store/log.ts';
import type { StoreLimits } from './store/store.ts';

/** What a kernel is made of; everything but log, clock and randomness has its built-in form. */
export interface KernelPorts {
  /** Where writes of this process alone go. */
  readonly log?: Log;
  /** A store that is shared with other servers, instead of a log. */
  readonly shared?: (parts: SharedStoreParts) => Promise<WriteOrder>;
  readonly clock: Clock;
  readonly random: Random;
  readonly catalog?: ResourceCatalog;
  readonly schema?: SchemaPort;
  readonly merge?: MergePort;
  /** Steps beside the built-in ones, after them. */
  readonly admission?: readonly AdmissionStep[];
  /** Carries admission webhook calls; without it a webhook that must be asked refuses. */
  readonly webhooks?: WebhookPort;
  readonly limits?: StoreLimits;
  /** What a store over `log` keeps in memory; texts where nothing is said. */
  readonly keeps?: Keeps;
  /** A turn of the event loop: long lists go on after it, so that no task holds the main thread for long. */
  readonly breathe?: () => Promise<void>;
  /** A turn of the event loop: among many writers a batch of the log waits for a few of them; without it batches never wait. */
  readonly gather?: () => Promise<void>;
  /** Told of programmer's errors that belong to no request. */
  readonly report?: (error: unknown) => void;
}

/** What a shared store must know to read what others wrote. */
export interface SharedStoreParts {
  readonly catalog: ResourceCatalog;
  readonly limits?: StoreLimits;
}

/** The store, the registry over it, and clients of it. */
export interface Kernel extends AsyncDisposable {
  readonly registry: Registry;
  readonly catalog: ResourceCatalog;
  readonly journal: WriteOrder;
  /** A client that acts as this user; admission sees the name, nothing authorizes it. */
  client(user?: UserInfo): Client;
}

/** How long a snapshot can be listed at least; at most twice as long (etcd's compaction by kube-apiserver). */
const SNAPSHOT_AGE_MS = 5 * 60_000;

/** The loopback identity: what Tenon's own parts act as when they have none of their own. */
export const LOOPBACK: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

const failure = (cause: unknown): Error => {
  const text = cause instanceof Error ? cause.message : String(cause);
  const kept = cause instanceof LogRefusal;
  const fault = kernelFaults.error(kept ? 'disk-full' : 'log-failed', { cause: text }, undefined, { cause });
  const error = statusError(kept ? 507 : 500, kept ? 'InsufficientStorage' : 'InternalError', fault.message);
  error.cause = fault;
  return error;
};

const NOTHING: readonly KubeObject[] = [];

/** The store as admission sees it. */
function ledgerOf(journal: WriteOrder): AdmissionLedger {
  const { store } = journal;
  const amend: AdmissionLedger['amend'] = (collection, path, change) => {
    const head = store.collection(collection).head(path);
    if (!head) return;
    const object = structuredClone(head.object);
    change(object);
    const { durable } = journal.write(collection, path, revision => {
      object.metadata.resourceVersion = String(revision);
      return { json: JSON.stringify(object), object };
    });
    // Lost together with the write it was made for, which reports it; again where another server was faster.
    durable.catch((error: unknown) => {
      if (error instanceof Superseded) amend(collection, path, change);
    });
  };
  return {
    get: (collection, path) => store.collection(collection).get(path)?.object,
    head: (collection, path) => store.collection(collection).head(path)?.object,
    list: (collection, prefix) =>
      store.collection(collection).live === 0
        ? NOTHING
        : store
            .list(collection, { prefix }, store.revision, '', Number.POSITIVE_INFINITY)
            .items.map(version => version.object),
    amend,
  };
}

/** Opens the log and puts the store, the registry and the seeds every cluster starts with on top of it. */
export async function openKernel(ports: KernelPorts): Promise<Kernel> {
  const catalog = ports.catalog ?? builtinCatalog();
  const limits = ports.limits ? { limits: ports.limits } : {};
  const journal: WriteOrder = ports.shared
    ? await ports.shared({ catalog, ...limits })
    : await Journal.open(ports.log ?? memoryLog(), failure, ports.limits, ports.gather, ports.keeps);
  for (const [collection, fields] of Object.entries(INDEXED_FIELDS)) {
    for (const field of fields)
      journal.store.index(collection, field, object => selectableText(object, field) || undefined);
  }
  const schema = ports.schema ?? schemaPort();
  const equivalents: Equivalents = {
    of: definition =>
      [...catalog.all()].filter(other => other.served !== false && collectionOf(other) === collectionOf(definition)),
    convert: (object, from, to) => schema.convert(object, from, to),
  };
  const steps = admissionChain(ledgerOf(journal), ports.random, ports.admission ?? [], ports.webhooks, equivalents);
  const registry = kernelRegistry({
    journal,
    catalog,
    schema,
    merge: ports.merge ?? builtinMerge,
    admission: new Admission(steps),
    clock: ports.clock,
    random: ports.random,
    ...(ports.breathe ? { breathe: ports.breathe } : {}),
  });
  const client = (user: UserInfo = LOOPBACK): Client => embeddedClient(registry, user, catalog);
  const report = ports.report ?? (() => undefined);
  await seed(client(), report);
  journal.report = report;
  const expiry = journal.expiresEvents ? undefined : expireEvents(journal, ports.clock);
  const age = (): void => {
    journal.store.age();
    aging = ports.clock.after(SNAPSHOT_AGE_MS, age);
  };
  let aging = ports.clock.after(SNAPSHOT_AGE_MS, age);
  const close = async (): Promise<void> => {
    aging.cancel();
    expiry?.[Symbol.dispose]();
    await journal.close();
  };
  return { registry, catalog, journal, client, [Symbol.asyncDispose]: close };
}
