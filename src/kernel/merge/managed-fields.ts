import type { JsonObject, KubeObject, ManagedFieldsEntry } from '../object.ts';
import { decodeFieldSet, encodeShared, type FieldSet, isEmptySet, unionOf } from './field-set.ts';

/** One manager's fields; `set` is by the schema of `apiVersion`. */
export interface Ownership {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time?: string;
  readonly set: FieldSet;
  /** The entry this was read from, while it still says the same and is known to be in the API server's form. */
  readonly entry?: ManagedFieldsEntry;
}

/** Who owns what, by {@link ownerId}. */
export type Ownerships = Map<string, Ownership>;

/** Managers are told apart by name, operation, subresource and, for updates, version. */
export function ownerId(owner: {
  manager: string;
  operation: string;
  apiVersion: string;
  subresource: string;
}): string {
  return `${owner.operation}\n${owner.operation === 'Update' ? owner.apiVersion : ''}\n${owner.subresource}\n${owner.manager}`;
}

/**
 * Reads metadata.managedFields; undefined when an entry is malformed. Entries of one manager are joined. Those that
 * {@link encodeOwnerships} made (`own`) are taken as they are.
 */
export function decodeOwnerships(
  entries: readonly ManagedFieldsEntry[] | undefined,
  own = false,
): Ownerships | undefined {
  const owners: Ownerships = new Map();
  for (const entry of entries ?? []) {
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') return undefined;
    if (entry.fieldsType !== undefined && entry.fieldsType !== '' && entry.fieldsType !== 'FieldsV1') return undefined;
    const set = own ? ((entry.fieldsV1 ?? {}) as unknown as FieldSet) : decodeFieldSet(entry.fieldsV1 ?? {});
    if (set === undefined) return undefined;
    const owner: Ownership = {
      manager: entry.manager ?? '',
      operation: entry.operation,
      apiVersion: entry.apiVersion ?? '',
      subresource: entry.subresource ?? '',
      ...(entry.time ? { time: entry.time } : {}),
      set,
      ...(own ? { entry } : {}),
    };
    const id = ownerId(owner);
    const earlier = owners.get(id);
    owners.set(id, earlier ? withSet(owner, unionOf(earlier.set, set)) : owner);
  }
  return owners;
}

/** The same owner of other fields. */
export function withSet(owner: Ownership, set: FieldSet): Ownership {
  const { entry: _, ...rest } = owner;
  return { ...rest, set };
}

const seconds = (time: string | undefined): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000));

function compareOwners(left: Ownership, right: Ownership): number {
  if (left.operation !== right.operation) return left.operation < right.operation ? -1 : 1;
  const apart = left.time === right.time ? 0 : seconds(left.time) - seconds(right.time);
  if (apart !== 0) return apart;
  for (const field of ['manager', 'apiVersion', 'subresource'] as const) {
    if (left[field] !== right[field]) return left[field] < right[field] ? -1 : 1;
  }
  return 0;
}

/** Writes metadata.managedFields in the API server's order; managers without fields are left out. */
export function encodeOwnerships(owners: Ownerships): ManagedFieldsEntry[] {
  const list = [...owners.values()].filter(owner => !isEmptySet(owner.set));
  if (list.length > 1) list.sort(compareOwners);
  return list.map(owner => owner.entry ?? entryOf(owner));
}

function entryOf(owner: Ownership): ManagedFieldsEntry {
  return {
    manager: owner.manager,
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time ? { time: owner.time } : {}),
    fieldsType: 'FieldsV1',
    fieldsV1: encodeShared(owner.set),
    ...(owner.subresource ? { subresource: owner.subresource } : {}),
  };
}

/** How many Update managers an object keeps apart (apiserver `defaultMaxUpdateManagers`). */
const UPDATE_MANAGERS_MAX = 10;

/** Joins the oldest Update managers of one version into `ancient-changes` when there are too many. */
export function capOwnerships(owners: Ownerships): void {
  const updates = [...owners.values()].filter(owner => owner.operation === 'Update');
  if (updates.length <= UPDATE_MANAGERS_MAX) return;
  const oldest = updates
    .filter(owner => owner.subresource === '')
    .sort((a, b) => seconds(a.time) - seconds(b.time) || (a.manager < b.manager ? -1 : 1));
  let count = updates.length;
  const buckets = new Map<string, Ownership>();
  for (const owner of oldest) {
    if (count <= UPDATE_MANAGERS_MAX) break;
    const bucket = buckets.get(owner.apiVersion);
    owners.delete(ownerId(owner));
    if (bucket === undefined) buckets.set(owner.apiVersion, owner);
    else {
      count--;
      const joint = { ...withSet(owner, unionOf(bucket.set, owner.set)), manager: 'ancient-changes' };
      buckets.set(owner.apiVersion, joint);
    }
  }
  for (const bucket of buckets.values()) owners.set(ownerId(bucket), bucket);
}

/** The object with these managedFields; shares everything but metadata. */
export function withManagedFields<T extends KubeObject>(object: T, entries: ManagedFieldsEntry[] | undefined): T {
  const { managedFields: _, ...metadata } = object.metadata ?? {};
  return { ...object, metadata: entries && entries.length > 0 ? { ...metadata, managedFields: entries } : metadata };
}

/** The object as the set algebra sees it: without managedFields. */
export function withoutManagedFields(object: KubeObject): JsonObject {
  if (object.metadata?.managedFields === undefined) return object as unknown as JsonObject;
  return withManagedFields(object, undefined) as unknown as JsonObject;
}
