import type { KubeObject } from '../../object.ts';
import { Quantity } from '../../quantity.ts';
import { qosClass } from '../../qos.ts';
import { forbidden } from '../../status.ts';
import type { AdmissionAttributes, AdmissionStep } from '../admission.ts';
import type { AdmissionLedger } from '../reads.ts';
import { type Amounts, usageOf } from './usage.ts';

interface Quota extends KubeObject {
  spec?: {
    hard?: Record<string, string>;
    scopes?: string[];
    scopeSelector?: { matchExpressions?: { scopeName: string; operator: string; values?: string[] }[] };
  };
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}
interface PodSpec {
  activeDeadlineSeconds?: number;
  priorityClassName?: string;
  containers?: { name: string; resources?: { requests?: object; limits?: object } }[];
}

const COLLECTION = 'resourcequotas';

/** True when a scoped quota counts this pod (Kubernetes "Resource Quotas", scopes). */
function inScope(scope: { scopeName: string; operator: string; values?: string[] }, pod: KubeObject): boolean {
  const spec = (pod.spec ?? {}) as PodSpec;
  switch (scope.scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0;
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return qosClass(pod) === 'BestEffort';
    case 'NotBestEffort':
      return qosClass(pod) !== 'BestEffort';
    case 'PriorityClass': {
      const name = spec.priorityClassName ?? '';
      if (scope.operator === 'Exists') return name !== '';
      if (scope.operator === 'DoesNotExist') return name === '';
      return (scope.values ?? []).includes(name) === (scope.operator === 'In');
    }
    default:
      return false;
  }
}

function counts(quota: Quota, resource: string, object: KubeObject): boolean {
  const scopes = [
    ...(quota.spec?.scopes ?? []).map(scopeName => ({ scopeName, operator: 'Exists' })),
    ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
  ];
  return scopes.length === 0 || (resource === 'pods' && scopes.every(scope => inScope(scope, object)));
}

/** Compute resources a quota limits must be named by every container (evaluator pods.go, Constraints). */
function missing(quota: Quota, pod: KubeObject): string[] {
  const texts: string[] = [];
  for (const name of Object.keys(quota.spec?.hard ?? {}).sort()) {
    const match = /^(?:(requests|limits)\.)?(cpu|memory)$/.exec(name);
    if (!match) continue;
    const which = match[1] === 'limits' ? 'limits' : 'requests';
    const bare = ((pod.spec as PodSpec).containers ?? []).filter(
      ({ resources }) => !Object.hasOwn((resources?.[which] ?? {}) as object, match[2]!),
    );
    if (bare.length > 0) texts.push(`${name} for: ${bare.map(container => container.name).join(',')}`);
  }
  return texts;
}

/** The collection whose objects a quota resource counts. */
function collectionFor(name: string): string | undefined {
  const counted = /^count\/([^.]+)(?:\.(.+))?$/.exec(name);
  if (counted) return counted[2] ? `${counted[2]}/${counted[1]}` : counted[1]!;
  if (/^(pods|cpu|memory|ephemeral-storage|(requests|limits)\.(?!storage$))/.test(name)) return 'pods';
  if (name.startsWith('services')) return 'services';
  if (/storage$|persistentvolumeclaims$/.test(name)) return 'persistentvolumeclaims';
  return name;
}

/** What the namespace holds of a resource that the quota's status does not tell yet: its controller comes a moment later. */
function observed(ledger: AdmissionLedger, quota: Quota, name: string): Quantity {
  const collection = collectionFor(name)!;
  const slash = collection.indexOf('/');
  const group = slash < 0 ? '' : collection.slice(0, slash);
  const resource = collection.slice(slash + 1);
  let sum = new Quantity(0n);
  for (const object of ledger.list(collection, `${quota.metadata.namespace}/`)) {
    if (!counts(quota, resource, object)) continue;
    const amount = usageOf(group, resource, object).get(name);
    if (amount) sum = sum.add(amount);
  }
  return sum;
}

/** The quota with every limited resource's usage known. */
function completed(ledger: AdmissionLedger, quota: Quota): Quota {
  const used = quota.status?.used ?? {};
  const unknown = Object.keys(quota.spec?.hard ?? {}).filter(name => !Object.hasOwn(used, name));
  if (unknown.length === 0) return quota;
  const found = unknown.map(name => [name, observed(ledger, quota, name).toString()] as const);
  return { ...quota, status: { ...quota.status, used: { ...used, ...Object.fromEntries(found) } } };
}

const list = (amounts: readonly (readonly [string, Quantity])[]): string =>
  [...amounts]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/** Amounts of this write that the quota limits. */
function limited(quota: Quota, delta: Amounts): (readonly [string, Quantity])[] {
  const hard = quota.spec?.hard ?? {};
  return [...delta].filter(([name, value]) => Object.hasOwn(hard, name) && !value.isZero());
}

function checkQuota({ definition, object, key }: AdmissionAttributes, quota: Quota, delta: Amounts): void {
  const refuse = (why: string): Error => forbidden(definition, object!.metadata.name ?? key.name, why);
  const hard = quota.spec?.hard ?? {};
  if (definition.resource === 'pods' && definition.group === '') {
    const texts = missing(quota, object!);
    if (texts.length > 0) throw refuse(`failed quota: ${quota.metadata.name}: must specify ${texts.join('; ')}`);
  }
  const used = quota.status?.used ?? {};
  const over = limited(quota, delta).filter(([name, value]) => {
    if (value.nano <= 0n) return false;
    return Quantity.of(used[name]).add(value).compare(Quantity.of(hard[name])) > 0;
  });
  if (over.length === 0) return;
  const names = over.map(([name]) => name);
  throw refuse(
    `exceeded quota: ${quota.metadata.name}, requested: ${list(over)}, ` +
      `used: ${list(names.map(name => [name, Quantity.of(used[name])]))}, limited: ${list(names.map(name => [name, Quantity.of(hard[name])]))}`,
  );
}

function addUsage(
  ledger: AdmissionLedger,
  object: KubeObject,
  delta: readonly (readonly [string, Quantity])[],
  sign: 1 | -1,
): void {
  const quota = object as Quota;
  const used = { ...completed(ledger, quota).status?.used };
  for (const [name, value] of delta) {
    const sum = Quantity.of(used[name]).add(sign < 0 ? value.negate() : value);
    used[name] = sum.nano < 0n ? '0' : sum.toString();
  }
  quota.status = { ...quota.status, hard: { ...quota.spec?.hard }, used };
}

/**
 * Refuses what would exceed a quota of the namespace and books the rest in the same turn, so that concurrent writes can
 * never share the last free amount. The quota controller corrects bookings whose write was lost, and deletions.
 */
export function resourceQuota(ledger: AdmissionLedger): AdmissionStep {
  const booked = new WeakMap<AdmissionAttributes, { path: string; delta: (readonly [string, Quantity])[] }[]>();
  const validate = (attributes: AdmissionAttributes): void => {
    const { definition, object, oldObject, key, dryRun } = attributes;
    const names = ledger
      .list(COLLECTION, `${key.namespace}/`)
      .map(({ metadata }) => `${key.namespace}/${metadata.name}`);
    if (names.length === 0) return;
    const delta = usageOf(definition.group, definition.resource, object!);
    if (oldObject) {
      for (const [name, value] of usageOf(definition.group, definition.resource, oldObject)) {
        delta.set(name, (delta.get(name) ?? new Quantity(0n)).subtract(value));
      }
    }
    const quotas = names
      .map(path => ({ path, quota: ledger.head(COLLECTION, path) as Quota | undefined }))
      .flatMap(({ path, quota }) =>
        quota && counts(quota, definition.resource, object!) ? [{ path, quota: completed(ledger, quota) }] : [],
      );
    for (const { quota } of quotas)
      if (!oldObject || limited(quota, delta).length > 0) checkQuota(attributes, quota, delta);
    if (dryRun) return;
    const bookings = quotas
      .map(({ path, quota }) => ({ path, delta: limited(quota, delta) }))
      .filter(booking => booking.delta.length > 0);
    for (const booking of bookings)
      ledger.amend(COLLECTION, booking.path, quota => addUsage(ledger, quota, booking.delta, 1));
    booked.set(attributes, bookings);
  };
  return {
    name: 'ResourceQuota',
    handles: (operation, definition, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      definition.namespaced &&
      (subresource === '' || subresource === 'resize'),
    validate,
    settle: (attributes, stored) => {
      if (stored) return;
      for (const { path, delta } of booked.get(attributes) ?? [])
        ledger.amend(COLLECTION, path, quota => addUsage(ledger, quota, delta, -1));
      booked.delete(attributes);
    },
  };
}
