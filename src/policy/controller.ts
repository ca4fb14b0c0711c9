import { rememberObject } from '../base/index.ts';
import {
  type Client,
  equalJson,
  type Informer,
  isConflict,
  isNotFound,
  kindOf,
  type KindRef,
  type KubeObject,
  type ResourceCatalog,
  type ResourceDefinition,
  type ResourceRef,
  type Schema,
} from '../kernel/index.ts';
import { asking } from './engine/asking.ts';
import { equivalentsOf } from './engine/equivalent.ts';
import { POLICY_DIALECTS } from './dialects/index.ts';
import type { CompiledPolicy, PolicyDialect, PolicySet, PolicyTypes, PolicyWorld } from './model.ts';
import type { PolicySource } from './ports.ts';
import { rehearsal } from './rehearse.ts';

export interface PoliciesOptions {
  readonly client: Client;
  readonly catalog: ResourceCatalog;
  readonly schemaOf: (kind: KindRef) => Schema | undefined;
  readonly dialects?: readonly PolicyDialect[];
  /** A started informer of a collection; asked once each. */
  readonly informer: (ref: ResourceRef) => Informer;
  readonly authorize: PolicyWorld['authorize'];
  /** Asks somebody outside on behalf of a decision; absent where nobody is asked. */
  readonly ask?: PolicySource['ask'];
  /** False for kinds whose versions a webhook converts. */
  readonly convertsInPlace?: (definition: ResourceDefinition) => boolean;
  readonly report?: (error: unknown) => void;
  /** Whether this process is the one that writes status and definitions; where several share a cluster, one does. */
  readonly writes?: () => boolean;
}

/** The policies of a cluster, kept current; hand it to `policyStep`. */
export interface RunningPolicies extends PolicySource {
  /** Resolves when everything known at this moment is in force. */
  settled(): Promise<void>;
  /** Judges everything that is there once and writes what was found into the policies' status; `time` is RFC 3339. */
  audit(time: string): Promise<void>;
  /** Writes status and definitions of every document, as when each had just changed: for who begins to be the writer. */
  publish(): Promise<void>;
}

/** A collection of documents and the set they are in. */
interface Followed {
  readonly set: PolicySet;
  readonly ref: ResourceRef;
  readonly informer: Informer;
  /** Which of them count. */
  readonly counts: (object: KubeObject) => boolean;
}

const ALL: Followed['counts'] = () => true;

/** Watches admission policies, their bindings and parameters, and writes type checks into their status. */
export function runPolicies(options: PoliciesOptions): RunningPolicies {
  const { catalog } = options;
  const types = policyTypes(options);
  const dialects = (options.dialects ?? POLICY_DIALECTS).map(dialect => ({ dialect, set: dialect.open(types) }));
  let policies: readonly CompiledPolicy[] | undefined;
  const params = new Map<string, Informer>();
  let pending: Promise<void> = Promise.resolve();
  let ready = false;
  const wait = (promise: Promise<unknown>): void => {
    ready = false;
    const mine = Promise.all([pending, promise]).then(() => {
      if (pending === mine) ready = true;
    });
    pending = mine;
  };
  const watchParams = (): void => {
    for (const kind of dialects.flatMap(({ set }) => set.paramKinds())) {
      const key = keyOf(kind);
      const ref = params.has(key) ? undefined : refOfKind(catalog, kind);
      if (ref === undefined) continue;
      params.set(key, options.informer(ref));
      wait(params.get(key)!.whenSynced());
    }
  };
  const sources: Followed[] = [];
  const follow = (set: PolicySet, ref: ResourceRef, counts = ALL): void => {
    const informer = options.informer(ref);
    sources.push({ set, ref, informer, counts });
    informer.onChange(change => {
      if (!counts(change.object)) return;
      policies = undefined;
      if (change.type === 'deleted') set.remove(change.object);
      else set.set(change.object);
      if (change.type !== 'deleted') watchParams();
      if (options.writes?.() === false) return;
      if (change.type !== 'deleted') void writeBack(options, ref, change.object, set);
      writeAffected(options, set);
    });
    wait(informer.whenSynced());
  };
  const followed = new Set<string>();
  const followAll = (): void => {
    for (const { dialect, set } of dialects)
      for (const [ref, counts] of followedBy(catalog, dialect)) {
        const key = `${ref.group}/${ref.resource}`;
        if (!followed.has(key)) follow(set, ref, counts);
        followed.add(key);
      }
  };
  followAll();
  // Dialects whose kinds are custom ones begin when those are served, and their parameters likewise.
  if (catalog.resource(DEFINITIONS)) {
    options.informer(DEFINITIONS).onChange(() => {
      followAll();
      watchParams();
    });
  }
  const world = worldOf(kind => params.get(keyOf(kind)), options.authorize);
  return {
    policies: () => (policies ??= dialects.flatMap(({ set }) => set.policies())),
    world,
    ...(options.ask === undefined ? {} : { ask: options.ask }),
    ready: () => (ready ? undefined : pending),
    equivalent: equivalentsOf(catalog, options.convertsInPlace),
    settled: () => pending,
    rehearse: rehearsalOf(options, types, dialects, sources, world),
    publish: () => publishAll(options, sources),
    audit: time => auditAll(options, dialects, world, time),
  };
}

function policyTypes({ catalog, schemaOf }: PoliciesOptions): PolicyTypes {
  return {
    schemaOf,
    kinds: () => catalog.all(),
    kindOf: (group, version, resource) => {
      const found = catalog.resource({ group, version, resource });
      return found && { group, version, kind: found.kind };
    },
  };
}

/** Collections of a dialect that are served now, and which of their objects count. */
function followedBy(
  catalog: ResourceCatalog,
  { resources, settings }: PolicyDialect,
): readonly (readonly [ref: ResourceRef, counts: Followed['counts']])[] {
  const documents = servedRefs(catalog, resources).map(ref => [ref, ALL] as const);
  // Nobody needs settings of what is not there.
  if (settings === undefined || documents.length === 0) return documents;
  return [...documents, ...servedRefs(catalog, settings.resources).map(ref => [ref, settings.isSetting] as const)];
}

/** Those of a dialect's collections that are served now. */
function servedRefs(catalog: ResourceCatalog, resources: PolicyDialect['resources']): ResourceRef[] {
  if (resources.length === 0) return [];
  const all = [...catalog.all()];
  return resources.flatMap(({ group, resource }) => {
    const definition = all.find(each => each.group === group && each.resource === resource);
    return definition ? [{ group, version: definition.storageVersion, resource }] : [];
  });
}

function refOfKind(catalog: ResourceCatalog, kind: KindRef): ResourceRef | undefined {
  const definition = catalog.kind(kind);
  return definition && { group: definition.group, version: definition.version, resource: definition.resource };
}

/** False for what judges policy documents alone: there is nothing to audit for it. */
const enforces = ({ documents }: CompiledPolicy): boolean => documents === undefined;

/** One audit of every set that has something to say of what is there. */
async function auditAll(
  options: PoliciesOptions,
  dialects: readonly { readonly set: PolicySet }[],
  world: PolicyWorld,
  time: string,
): Promise<void> {
  const sets = dialects.map(({ set }) => set).filter(set => set.audit !== undefined && set.policies().some(enforces));
  if (sets.length === 0) return;
  const objects = await everything(options);
  const source: PolicySource = {
    policies: () => [],
    world,
    ...(options.ask === undefined ? {} : { ask: options.ask }),
  };
  for (const set of sets)
    for (const { object, status } of await asking(source, over => set.audit!({ objects, world: over.world, time }))) {
      const ref = refOfKind(options.catalog, kindOf(object));
      if (ref) await writeAudit(options, ref, object, status);
    }
}

const keyOf = rememberObject((kind: KindRef): string => `${kind.group}/${kind.version}/${kind.kind}`);

/** Parameters as the informers have them. */
function worldOf(
  informerOf: (kind: KindRef) => Informer | undefined,
  authorize: PolicyWorld['authorize'],
): PolicyWorld {
  return {
    parameter: (kind, namespace, name) =>
      informerOf(kind)?.get(namespace === undefined ? name : `${namespace}/${name}`),
    *parameters(kind, namespace) {
      for (const object of informerOf(kind)?.list() ?? []) {
        const own = object.metadata.namespace;
        if (namespace === undefined || own === undefined || own === namespace) yield object;
      }
    },
    authorize,
  };
}

const DEFINITIONS: ResourceRef = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
};

function rehearsalOf(
  options: PoliciesOptions,
  types: PolicyTypes,
  dialects: readonly { readonly dialect: PolicyDialect }[],
  sources: readonly Followed[],
  world: PolicyWorld,
): NonNullable<PolicySource['rehearse']> {
  return rehearsal({
    types,
    dialects: dialects.map(({ dialect }) => dialect),
    documents: () => sources.flatMap(({ informer, counts }) => [...informer.list()].filter(counts)),
    world,
    everything: () => everything(options),
  });
}

async function publishAll(options: PoliciesOptions, sources: readonly Followed[]): Promise<void> {
  for (const { set, ref, informer, counts } of sources)
    for (const object of [...informer.list()].filter(counts)) await writeBack(options, ref, object, set);
}

/** Status of documents that a change of another one has something new to say of. */
function writeAffected(options: PoliciesOptions, set: PolicySet): void {
  for (const other of set.affected?.() ?? []) {
    const ref = refOfKind(options.catalog, kindOf(other));
    if (ref !== undefined) void writeStatus(options, ref, other, set);
  }
}

async function writeBack(
  options: PoliciesOptions,
  ref: ResourceRef,
  object: KubeObject,
  set: PolicySet,
): Promise<void> {
  await Promise.all([writeDefinitions(options, object, set), writeStatus(options, ref, object, set)]);
}

/** Creates the kinds a document brings, and keeps them as it says. */
async function writeDefinitions(options: PoliciesOptions, object: KubeObject, set: PolicySet): Promise<void> {
  for (const wanted of set.definitions?.(object) ?? []) {
    try {
      const found = await options.client.get(DEFINITIONS, { name: wanted.metadata.name! }).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      if (found === undefined) await options.client.create(DEFINITIONS, wanted);
      else if (!covers(found.spec, wanted.spec)) {
        await options.client.update(DEFINITIONS, { ...found, spec: wanted.spec });
      }
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) options.report?.(error);
    }
  }
}

/** Whether a stored value says all that is wanted; defaults stand beside it. */
function covers(stored: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return (
      Array.isArray(stored) && stored.length === wanted.length && wanted.every((item, at) => covers(stored[at], item))
    );
  if (typeof wanted !== 'object' || wanted === null) return stored === wanted;
  return (
    typeof stored === 'object' &&
    stored !== null &&
    Object.entries(wanted).every(
      ([name, value]) => Object.hasOwn(stored, name) && covers((stored as Record<string, unknown>)[name], value),
    )
  );
}

/** Every object of every kind that can be listed, in the version it is stored in. */
async function everything({ client, catalog }: PoliciesOptions): Promise<KubeObject[]> {
  const objects: KubeObject[] = [];
  for (const { group, version, resource, kind, storageVersion, verbs, served } of catalog.all()) {
    if (version !== storageVersion || served === false || !verbs.includes('list')) continue;
    try {
      const { items } = await client.list({ group, version, resource });
      const apiVersion = group === '' ? version : `${group}/${version}`;
      // Items of a list carry their kind only where the server wrote it.
      objects.push(...items.map(item => (item.kind ? item : { ...item, apiVersion, kind })));
    } catch (error) {
      // A cluster of another version may not serve all there is.
      if (!isNotFound(error)) throw error;
    }
  }
  return objects;
}

async function writeAudit(
  { client, report }: PoliciesOptions,
  ref: ResourceRef,
  object: KubeObject,
  status: Readonly<Record<string, unknown>>,
): Promise<void> {
  try {
    await client.update(
      ref,
      { ...object, status: { ...(object.status as object), ...status } },
      { subresource: 'status' },
    );
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) report?.(error);
  }
}

/** Writes what a dialect has to say of a document, where it does not stand there yet. */
async function writeStatus(
  options: PoliciesOptions,
  ref: ResourceRef,
  object: KubeObject,
  set: PolicySet,
): Promise<void> {
  const wanted = set.status(object);
  if (wanted === undefined) return;
  const status = { ...(object.status as object), ...wanted };
  if (equalJson(status, object.status)) return;
  try {
    await options.client.update(ref, { ...object, status }, { subresource: 'status' });
  } catch (error) {
    // Another write came first and brings its own change; a policy that is gone needs no status.
    if (!isConflict(error) && !isNotFound(error)) options.report?.(error);
  }
}
