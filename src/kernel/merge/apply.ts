import type { Json, JsonObject, KubeObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { badRequest, type StatusError, statusError } from '../status.ts';
import {
  differenceOf,
  eachMember,
  EMPTY_SET,
  equalSets,
  type FieldSet,
  formatFieldPath,
  intersectionOf,
  isEmptySet,
  MEMBER,
  recursiveDifferenceOf,
  unionOf,
} from './field-set.ts';
import { cloneJson, equalJson, isObject } from './json.ts';
import { allowedByLastApplied, refreshLastApplied } from './last-applied.ts';
import {
  capOwnerships,
  decodeOwnerships,
  encodeOwnerships,
  type Ownership,
  type Ownerships,
  ownerId,
  withManagedFields,
  withSet,
  withoutManagedFields,
} from './managed-fields.ts';
import { reconcileSet } from './reconcile.ts';
import { compareTyped, fieldSetOf, removeItems, TypingError, withNamedFields } from './typed.ts';
import { zeroValue } from './zero.ts';
import { checkTyped, mergeTyped } from './typed-merge.ts';

/** What both ways of writing need to know. `now` is RFC 3339 in UTC. */
interface WriteTerms {
  readonly schema: Schema;
  readonly manager: string;
  readonly apiVersion: string;
  /** `status`, `scale` …; empty or absent for the object itself. */
  readonly subresource?: string;
  readonly now: string;
  /** Paths this endpoint never owns: `[['status']]` on the object, `[['spec']]` on its status subresource. */
  readonly resetFields?: readonly (readonly string[])[];
}

export interface ApplyTerms extends WriteTerms {
  readonly live: KubeObject | undefined;
  readonly applied: KubeObject;
  readonly force?: boolean;
  /** {@link checkApplied} has been asked already. */
  readonly checked?: boolean;
  /** Brings the outcome, its own copy, into the form objects are stored in: what is zero or null there is left out. */
  readonly settle?: (object: JsonObject) => void;
}

export interface UpdateTerms extends WriteTerms {
  /** Absent on create. */
  readonly live: KubeObject | undefined;
  readonly updated: KubeObject;
  readonly operation?: 'Update' | 'Apply';
  /** The managedFields of `live` are this server's own, and need no checking. */
  readonly own?: boolean;
}

/** A field another manager owns with another value. */
export interface FieldConflict {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly time?: string;
  /** As printed: `.spec.replicas`. */
  readonly path: string;
}

/** `metadata` paths nobody owns (apiserver fieldmanager `stripMetaManager`). */
const STRIPPED: FieldSet = {
  'f:apiVersion': MEMBER,
  'f:kind': MEMBER,
  'f:metadata': {
    '.': MEMBER,
    'f:name': MEMBER,
    'f:namespace': MEMBER,
    'f:creationTimestamp': MEMBER,
    'f:selfLink': MEMBER,
    'f:uid': MEMBER,
    'f:clusterName': MEMBER,
    'f:generation': MEMBER,
    'f:managedFields': MEMBER,
    'f:resourceVersion': MEMBER,
  },
};

const setsOfPaths = new WeakMap<readonly (readonly string[])[], FieldSet>();

function setOfPaths(paths: readonly (readonly string[])[] | undefined): FieldSet {
  if (paths === undefined) return EMPTY_SET;
  const known = setsOfPaths.get(paths);
  if (known) return known;
  let set: FieldSet = EMPTY_SET;
  for (const path of paths) {
    let node: FieldSet = MEMBER;
    for (let i = path.length - 1; i >= 0; i--) node = { [`f:${path[i]}`]: node };
    set = unionOf(set, node);
  }
  setsOfPaths.set(paths, set);
  return set;
}

const owned = (terms: WriteTerms, set: FieldSet): FieldSet => {
  const rest = terms.resetFields === undefined ? set : recursiveDifferenceOf(set, setOfPaths(terms.resetFields));
  return differenceOf(rest, STRIPPED);
};

/**
 * Keeps metadata.managedFields across a create, update or patch: what changed is now this manager's, what went is
 * nobody's. Answers `updated` with its new managedFields; shares everything else.
 */
export function updateManagedFields<T extends KubeObject>(terms: UpdateTerms & { readonly updated: T }): T {
  const { live, updated } = terms;
  const given = updated.metadata?.managedFields;
  if (given !== undefined && given.length === 1 && Object.keys(given[0]!).length === 0) {
    // `[{}]` resets the field (Kubernetes documentation, "Clearing managedFields").
    return withManagedFields(updated, undefined);
  }
  let entries = given;
  const before = live?.metadata?.managedFields;
  let owners = terms.subresource ? undefined : decodeOwnerships(given, terms.own === true && given === before);
  if (owners === undefined || owners.size === 0) {
    entries = before;
    owners = decodeOwnerships(entries, terms.own) ?? new Map();
  }
  // Objects that were written without managedFields stay without until the first apply.
  if (owners.size === 0 && live?.metadata?.uid) return withManagedFields(updated, undefined);
  const old = live === undefined ? zeroValue(terms.schema) : withoutManagedFields(live);
  let gained: FieldSet | undefined;
  try {
    gained = takeOver(terms, owners, old, withoutManagedFields(updated));
  } catch (error) {
    // Who owns what cannot be told of an object whose lists have no keys: it is stored without (fieldmanager UpdateNoErrors).
    if (error instanceof TypingError) return withManagedFields(updated, undefined);
    throw error;
  }
  if (gained === undefined) return withManagedFields(updated, entries);
  if (!isEmptySet(gained)) {
    addOwner(terms, owners, terms.operation ?? 'Update', gained);
    capOwnerships(owners);
  }
  return withManagedFields(updated, encodeOwnerships(owners));
}

/** Takes changed and removed fields from every owner; answers what changed, undefined when nothing did. */
function takeOver(terms: WriteTerms, owners: Ownerships, before: JsonObject, after: JsonObject): FieldSet | undefined {
  let { changed, removed } = compareTyped(terms.schema, before, after);
  if (terms.resetFields !== undefined) {
    const reset = setOfPaths(terms.resetFields);
    changed = recursiveDifferenceOf(changed, reset);
    removed = recursiveDifferenceOf(removed, reset);
  }
  changed = differenceOf(changed, STRIPPED);
  if (isEmptySet(changed) && isEmptySet(removed)) return undefined;
  for (const [id, owner] of owners) {
    const kept = differenceOf(differenceOf(owner.set, changed), removed);
    if (isEmptySet(kept)) owners.delete(id);
    else if (kept !== owner.set) owners.set(id, withSet(owner, kept));
  }
  return changed;
}

function addOwner(terms: WriteTerms, owners: Ownerships, operation: 'Apply' | 'Update', set: FieldSet): void {
  const owner: Ownership = {
    manager: terms.manager,
    operation,
    apiVersion: terms.apiVersion,
    subresource: terms.subresource ?? '',
    time: terms.now,
    set,
  };
  const id = ownerId(owner);
  const earlier = owners.get(id);
  owners.delete(id);
  owners.set(id, earlier === undefined ? owner : { ...owner, set: unionOf(earlier.set, set) });
}

/** Refuses an apply configuration its schema cannot describe: unknown fields, wrong shapes, missing or doubled keys (500). */
export function checkApplied(schema: Schema, applied: KubeObject): void {
  comparing(() => checkTyped(schema, applied as unknown as Json), applied);
}

/**
 * Server-side apply (KEP-555): lays `applied` over `live`, removes what this manager applied before and now leaves out
 * and nobody else owns, and keeps managedFields. Defaulting and validation of the result are the caller's.
 */
export function serverSideApply(
  terms: ApplyTerms,
): { readonly object: KubeObject } | { readonly conflicts: readonly FieldConflict[] } {
  const { applied, live, schema } = terms;
  if (applied.metadata?.managedFields?.length) throw badRequest('metadata.managedFields must be nil');
  if (!terms.checked) checkApplied(schema, applied);
  const owners = (live && decodeOwnerships(live.metadata?.managedFields)) ?? new Map<string, Ownership>();
  const before = live === undefined ? {} : withoutManagedFields(live);
  if (owners.size === 0 && live !== undefined) beforeFirstApply(terms, owners, before);
  for (const [id, owner] of owners) {
    const set = reconcileSet(schema, owner.set, before);
    if (set !== owner.set) owners.set(id, withSet(owner, set));
  }
  let outcome = applyOnce(terms, owners, before, terms.force === true);
  if (terms.manager === 'kubectl' && live !== undefined && 'conflicts' in outcome) {
    // Migration from client-side apply: fields of the last-applied annotation are ours (fieldmanager lastAppliedManager).
    const allowed = allowedByLastApplied(schema, live);
    if (allowed !== undefined) {
      const left = outcome.conflicts.filter(({ path }) => !allowed.has(path));
      outcome = left.length > 0 ? { conflicts: left } : applyOnce(terms, owners, before, true);
    }
  }
  if ('object' in outcome && terms.manager === 'kubectl')
    return { object: refreshLastApplied(outcome.object, applied) };
  return outcome;
}

/** What stood before the first apply belongs to the manager `before-first-apply`. */
function beforeFirstApply(terms: ApplyTerms, owners: Ownerships, before: JsonObject): void {
  const set = differenceOf(compareTyped(terms.schema, zeroValue(terms.schema), before).changed, STRIPPED);
  if (isEmptySet(set)) return;
  const owner: Ownership = {
    manager: 'before-first-apply',
    operation: 'Update',
    apiVersion: String(before.apiVersion ?? terms.apiVersion),
    subresource: '',
    time: terms.now,
    set,
  };
  owners.set(ownerId(owner), owner);
}

function applyOnce(
  terms: ApplyTerms,
  existing: Ownerships,
  before: JsonObject,
  force: boolean,
): { readonly object: KubeObject } | { readonly conflicts: readonly FieldConflict[] } {
  const { schema } = terms;
  const owners = new Map(existing);
  const applied = terms.applied as unknown as JsonObject;
  const mine: Ownership = {
    manager: terms.manager,
    operation: 'Apply',
    apiVersion: terms.apiVersion,
    subresource: terms.subresource ?? '',
    set: owned(
      terms,
      comparing(() => fieldSetOf(schema, applied)),
    ),
  };
  const id = ownerId(mine);
  const last = owners.get(id);
  owners.set(id, { ...mine, ...(last?.time ? { time: last.time } : {}) });
  const merged = comparing(() => mergeTyped(schema, before, applied)) as JsonObject;
  const pruned = last === undefined ? merged : prune(schema, merged, applied, last.set, owners);
  const comparison = comparing(() => compareTyped(schema, before, pruned));
  const reset = setOfPaths(terms.resetFields);
  const changed = recursiveDifferenceOf(comparison.changed, reset);
  const conflicts: FieldConflict[] = [];
  for (const [other, owner] of owners) {
    if (other === id) continue;
    const lost = intersectionOf(owner.set, changed);
    if (!isEmptySet(lost) && !force) listConflicts(owner, lost, conflicts);
    const kept = differenceOf(differenceOf(owner.set, lost), comparison.removed);
    if (isEmptySet(kept)) owners.delete(other);
    else owners.set(other, withSet(owner, kept));
  }
  if (conflicts.length > 0) return { conflicts: conflicts.sort(compareConflicts) };
  const outcome = terms.settle === undefined ? pruned : cloneJson(pruned);
  terms.settle?.(outcome);
  const unchanged = terms.live !== undefined && equalJson(before, outcome);
  if (!unchanged || last === undefined || !equalSets(last.set, mine.set)) owners.set(id, { ...mine, time: terms.now });
  if (isEmptySet(mine.set)) owners.delete(id);
  const base = unchanged ? terms.live! : (outcome as unknown as KubeObject);
  return { object: withManagedFields(base, encodeOwnerships(owners)) };
}

/** Removes what was applied before and nobody holds now (structured-merge-diff `prune`). */
function prune(
  schema: Schema,
  merged: JsonObject,
  applied: JsonObject,
  last: FieldSet,
  owners: Ownerships,
): JsonObject {
  let held: FieldSet = EMPTY_SET;
  for (const owner of owners.values()) held = unionOf(held, owner.set);
  const dropped = differenceOf(withNamedFields(schema, last), withNamedFields(schema, held));
  if (isEmptySet(dropped)) return merged;
  const rest = (removeItems(schema, merged, dropped) ?? {}) as JsonObject;
  // An empty container that is applied as such stays, though its last item went.
  return mergeTyped(schema, rest, applied) as JsonObject;
}

function listConflicts(owner: Ownership, lost: FieldSet, conflicts: FieldConflict[]): void {
  const { set: _, subresource, time, ...who } = owner;
  eachMember(lost, path => {
    conflicts.push({
      ...who,
      ...(subresource ? { subresource } : {}),
      ...(time ? { time } : {}),
      path: formatFieldPath(path),
    });
  });
}

const compareConflicts = (left: FieldConflict, right: FieldConflict): number =>
  left.manager < right.manager ? -1 : left.manager > right.manager ? 1 : 0;

function formatOwner(conflict: FieldConflict): string {
  const subresource = conflict.subresource ? ` with subresource ${JSON.stringify(conflict.subresource)}` : '';
  const name = `${JSON.stringify(conflict.manager)}${subresource}`;
  return conflict.operation === 'Update' ? `${name} using ${conflict.apiVersion}` : name;
}

/** The 409 an API server answers with: one cause a field, text as kubectl prints it. */
export function applyConflictError(conflicts: readonly FieldConflict[]): StatusError {
  const causes = conflicts.map(conflict => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${formatOwner(conflict)}`,
    field: conflict.path,
  }));
  return statusError(409, 'Conflict', conflictText(conflicts), { causes });
}

function conflictText(conflicts: readonly FieldConflict[]): string {
  if (conflicts.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${formatOwner(conflicts[0]!)}: ${conflicts[0]!.path}`;
  }
  const byOwner = new Map<string, string[]>();
  for (const conflict of conflicts) {
    const owner = formatOwner(conflict);
    const paths = byOwner.get(owner) ?? [];
    paths.push(conflict.path);
    byOwner.set(owner, paths);
  }
  const lines: string[] = [];
  for (const [owner, paths] of byOwner) lines.push(`conflicts with ${owner}:`, ...paths.map(path => `- ${path}`));
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

/** Words a typing error as the API server does for objects its schema cannot describe. */
function comparing<T>(work: () => T, object?: KubeObject): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TypingError)) throw error;
    const where = object && isObject(object.metadata) ? ` (${placed(object)})` : '';
    throw statusError(500, '', `failed to create typed patch object${where}: ${error.message}`);
  }
}

/** Place and kind of what is applied, as the body says them. */
function placed({ apiVersion, kind, metadata }: KubeObject): string {
  const group = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  return `${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${group}, Kind=${kind}`;
}
