import type { Origin } from '../../base/index.ts';
import type { UnreadKind } from '../../explain/index.ts';
import {
  builtinCatalog,
  type Client,
  connectKubeconfig,
  type KubeObject,
  type ResourceCatalog,
  type ResourceRef,
  StatusError,
} from '../../kernel/index.ts';
import type { Loaded } from './documents.ts';
import { hostFaults } from './faults.ts';

/** `file:line:column` of delivered objects, from the inventory delivery keeps. */
async function origins(client: Client): Promise<Map<string, string>> {
  const list = await client.list<KubeObject & { data?: Record<string, string> }>(
    { group: '', version: 'v1', resource: 'configmaps' },
    { namespace: 'kube-system', labelSelector: 'tenon.dev/source' },
  );
  const found = new Map<string, string>();
  for (const { data } of list.items) {
    for (const line of (data?.objects ?? '').split('\n').filter(Boolean)) {
      const item = JSON.parse(line) as { kind: string; namespace?: string; name: string; origin: string };
      found.set(`${item.kind}/${item.namespace ?? ''}/${item.name}`, item.origin);
    }
  }
  return found;
}

function originOfText(text: string): Origin | undefined {
  const found = /^(.*):(\d+):(\d+)$/.exec(text);
  return found ? { span: { file: found[1]!, line: Number(found[2]), column: Number(found[3]) } } : undefined;
}

/** Kinds that no answer depends on: never read, so that nobody need be allowed to. */
const UNASKED = new Set(['events', 'leases', 'secrets', 'controllerrevisions', 'componentstatuses', 'podtemplates']);
/** Not served here, or served without a list: there is nothing to know of. */
const ABSENT: ReadonlySet<number> = new Set([404, 405]);
const AT_ONCE = 8;

interface Collection {
  readonly ref: ResourceRef;
  readonly kind: string;
  readonly custom: boolean;
}

interface Reading {
  readonly objects: KubeObject[];
  readonly unread: UnreadKind[];
}

function unreadOf({ ref, kind, custom }: Collection, error: StatusError): UnreadKind {
  const { resource, group } = ref;
  const name = group ? `${resource}.${group}` : resource;
  const fault =
    error.code === 403
      ? hostFaults.make('kind-forbidden', { kind: name })
      : hostFaults.make('kind-unreadable', { kind: name, reason: error.message });
  return { resource, group, kind, custom, fault };
}

async function readCollection(client: Client, collection: Collection, into: Reading): Promise<void> {
  const { ref, kind } = collection;
  const apiVersion = ref.group ? `${ref.group}/${ref.version}` : ref.version;
  try {
    const { items } = await client.list(ref);
    for (const item of items)
      into.objects.push({ ...item, apiVersion: item.apiVersion ?? apiVersion, kind: item.kind ?? kind });
  } catch (error) {
    // Whoever is not known to the cluster may read nothing of it.
    if (!(error instanceof StatusError) || error.code === 401) throw error;
    if (!ABSENT.has(error.code)) into.unread.push(unreadOf(collection, error));
  }
}

/** Reads collections, a few at a time, in the order they are given. */
async function readAll(client: Client, collections: readonly Collection[], into: Reading): Promise<void> {
  const parts: Reading[] = collections.map(() => ({ objects: [], unread: [] }));
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < collections.length; at = next++)
      await readCollection(client, collections[at]!, parts[at]!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const part of parts) {
    into.objects.push(...part.objects);
    into.unread.push(...part.unread);
  }
}

function builtinCollections(catalog: ResourceCatalog): Collection[] {
  const found = new Map<string, Collection>();
  for (const { group, version, storageVersion, resource, kind, verbs } of catalog.all()) {
    const key = `${group}/${resource}`;
    if (found.has(key) || !verbs.includes('list') || UNASKED.has(resource) || version !== storageVersion) continue;
    found.set(key, { ref: { group, version, resource }, kind, custom: false });
  }
  return [...found.values()];
}

/** Collections that the definitions of custom kinds bring, in a version that is served. */
function customCollections(objects: readonly KubeObject[]): Collection[] {
  return objects.flatMap(({ kind, spec }) => {
    if (kind !== 'CustomResourceDefinition') return [];
    const {
      group,
      names,
      versions = [],
    } = spec as {
      group: string;
      names: { plural: string; kind: string };
      versions?: { name: string; served?: boolean; storage?: boolean }[];
    };
    const version = versions.find(each => each.storage && each.served !== false) ?? versions.find(each => each.served);
    return version
      ? [{ ref: { group, version: version.name, resource: names.plural }, kind: names.kind, custom: true }]
      : [];
  });
}

/** A group and the kinds it serves, as discovery tells. */
interface ServedResources {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly verbs?: readonly string[];
  }[];
}

/** Asks an API server for what is no object: its discovery documents. Undefined where it gives none. */
export type Discover = (path: string) => Promise<unknown>;

/**
 * Collections of every group that is no part of Kubernetes, from discovery: what everybody may read, also who may not
 * list the definitions of custom kinds (Kubernetes API concepts, "Discovery API"). Undefined where discovery is closed.
 */
async function discoveredCollections(
  discover: Discover,
  catalog: ResourceCatalog,
  into: Reading,
): Promise<Collection[] | undefined> {
  const builtin = new Set([...catalog.all()].map(({ group }) => group));
  const listed = (await discover('/apis')) as
    | {
        groups?: readonly { name: string; preferredVersion: { version: string } }[];
      }
    | undefined;
  if (!listed?.groups) return undefined;
  const found: Collection[] = [];
  for (const { name: group, preferredVersion } of listed.groups) {
    if (builtin.has(group)) continue;
    const { version } = preferredVersion;
    const served = (await discover(`/apis/${group}/${version}`)) as ServedResources | undefined;
    if (!served) {
      const fault = hostFaults.make('kind-unreadable', { kind: `*.${group}`, reason: 'no discovery document' });
      into.unread.push({ resource: '*', group, kind: '*', custom: true, fault });
    }
    for (const { name: resource, kind, verbs = [] } of served?.resources ?? [])
      if (!resource.includes('/') && verbs.includes('list'))
        found.push({ ref: { group, version, resource }, kind, custom: true });
  }
  return found;
}

const DEFINITIONS = 'customresourcedefinitions';

/** Kinds that extensions brought: by their definitions, else by discovery, and then their absence is no gap. */
async function readCustom(client: Client, catalog: ResourceCatalog, into: Reading, discover?: Discover): Promise<void> {
  const hidden = into.unread.findIndex(({ resource }) => resource === DEFINITIONS);
  if (hidden < 0) return await readAll(client, customCollections(into.objects), into);
  const found = discover && (await discoveredCollections(discover, catalog, into));
  if (!found) return undefined;
  into.unread.splice(hidden, 1);
  return await readAll(client, found, into);
}

/** Everything a cluster holds that questions are about, custom kinds among it; reads only, and no Secrets. */
export async function loadCluster(
  client: Client,
  discover?: Discover,
  catalog: ResourceCatalog = builtinCatalog(),
): Promise<Loaded> {
  const reading: Reading = { objects: [], unread: [] };
  await readAll(client, builtinCollections(catalog), reading);
  await readCustom(client, catalog, reading, discover);
  const { objects, unread } = reading;
  const known = await origins(client).catch(() => new Map<string, string>());
  return {
    objects,
    faults: [],
    unread,
    live: true,
    originOf: object => {
      const text = known.get(`${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`);
      const origin = text === undefined ? undefined : originOfText(text);
      return (
        origin ?? {
          object: `${object.kind} ${object.metadata.namespace ? `${object.metadata.namespace}/` : ''}${object.metadata.name}`,
        }
      );
    },
  };
}

/** The cluster a kubeconfig names. */
export async function loadKubeconfig(file: string): Promise<Loaded> {
  await using connection = connectKubeconfig(file);
  return await loadCluster(connection.client, async path => {
    const { status, text } = await connection.transport.send({ method: 'GET', path });
    return status === 200 ? (JSON.parse(text) as unknown) : undefined;
  });
}
