import { approvalOf } from './approval.ts';
import { formatTime } from '../schema/time.ts';
import { type CustomCondition, type CustomNames, type CustomResourceDefinition, conditionOf } from './document.ts';

/** The names others of the group hold. */
function takenBy(
  others: Iterable<CustomResourceDefinition>,
  crd: CustomResourceDefinition,
): { resources: Set<string>; kinds: Set<string> } {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const other of others) {
    if (other.metadata.name === crd.metadata.name || other.spec.group !== crd.spec.group) continue;
    const names = other.status?.acceptedNames;
    if (!names) continue;
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) if (name) resources.add(name);
    for (const kind of [names.kind, names.listKind]) if (kind) kinds.add(kind);
  }
  return { resources, kinds };
}

/** Accepts the names that are free; the rest keep what they were (apiextensions naming controller). */
export function acceptNames(
  crd: CustomResourceDefinition,
  others: Iterable<CustomResourceDefinition>,
): { names: CustomNames; conflict?: { reason: string; message: string } } {
  const { resources, kinds } = takenBy(others, crd);
  const asked = crd.spec.names;
  const before = crd.status?.acceptedNames;
  const names: CustomNames = { plural: before?.plural ?? '', kind: before?.kind ?? '' };
  if (before?.singular) names.singular = before.singular;
  if (before?.listKind) names.listKind = before.listKind;
  if (before?.shortNames) names.shortNames = before.shortNames;
  let conflict: { reason: string; message: string } | undefined;
  const take = (value: string | undefined, taken: Set<string>, reason: string, accept: () => void): void => {
    if (value === undefined || value === '') return;
    if (taken.has(value)) conflict = { reason, message: `"${value}" is already in use` };
    else accept();
  };
  take(asked.plural, resources, 'PluralConflict', () => (names.plural = asked.plural));
  take(asked.singular, resources, 'SingularConflict', () => (names.singular = asked.singular!));
  const short = (asked.shortNames ?? []).filter(name => resources.has(name));
  if (short.length > 0)
    conflict = {
      reason: 'ShortNamesConflict',
      message: `${short.map(name => `"${name}"`).join(', ')} is already in use`,
    };
  else if (asked.shortNames) names.shortNames = asked.shortNames;
  else delete names.shortNames;
  take(asked.kind, kinds, 'KindConflict', () => (names.kind = asked.kind));
  take(asked.listKind, kinds, 'ListKindConflict', () => (names.listKind = asked.listKind!));
  if (asked.categories) names.categories = asked.categories;
  return { names, ...(conflict ? { conflict } : {}) };
}

/** Sets a condition; the transition time moves only with the status. */
export function setCondition(
  conditions: readonly CustomCondition[],
  condition: CustomCondition,
  now_ms: number,
): CustomCondition[] {
  const before = conditions.find(each => each.type === condition.type);
  const seconds = Math.floor(now_ms / 1000);
  const time =
    before?.status === condition.status && before.lastTransitionTime
      ? before.lastTransitionTime
      : formatTime({ seconds, nanoseconds: 0 }, false);
  const next = { ...condition, lastTransitionTime: time };
  return before ? conditions.map(each => (each === before ? next : each)) : [...conditions, next];
}

/** The status a definition ought to have, beside what others hold. */
export function wantedStatus(
  crd: CustomResourceDefinition,
  others: Iterable<CustomResourceDefinition>,
  now_ms: number,
): NonNullable<CustomResourceDefinition['status']> {
  const { names, conflict } = acceptNames(crd, others);
  let conditions: CustomCondition[] = [...(crd.status?.conditions ?? [])];
  const established = conditionOf(crd, 'Established') === 'True';
  conditions = setCondition(
    conditions,
    conflict
      ? { type: 'NamesAccepted', status: 'False', ...conflict }
      : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
    now_ms,
  );
  conditions = setCondition(
    conditions,
    established || !conflict
      ? {
          type: 'Established',
          status: 'True',
          reason: 'InitialNamesAccepted',
          message: 'the initial names have been accepted',
        }
      : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
    now_ms,
  );
  const approval = approvalOf(crd.spec.group, crd.metadata);
  if (approval !== undefined) {
    const { status, reason, message } = approval;
    const type = 'KubernetesAPIApprovalPolicyConformant';
    conditions = setCondition(conditions, { type, status, reason, message }, now_ms);
  }
  const storage = crd.spec.versions.find(version => version.storage)?.name;
  const stored = crd.status?.storedVersions ?? [];
  return {
    ...crd.status,
    acceptedNames: names,
    conditions,
    storedVersions: storage && !stored.includes(storage) ? [...stored, storage] : stored,
  };
}
