import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import { type Amounts, usageOf } from '../../kernel/admission/plugins/usage.ts';
import type { KubeObject } from '../../kernel/object.ts';
import { deletableResources, refOf } from '../catalog.ts';
import { type ClusterEnv, ownedInformer, ownKey, writeStatus } from '../driver.ts';
import { objectKey } from '../../kernel/indexer.ts';
import { Quantity } from '../../kernel/quantity.ts';
import { byNamespace, isTerminated } from '../pods.ts';
import { PODS, RESOURCE_QUOTAS } from '../refs.ts';
import type { Pod, ResourceQuota } from '../types.ts';

/** Collections a quota can count without naming them. */
const COUNTED = new Set([
  'pods',
  'services',
  'persistentvolumeclaims',
  'configmaps',
  'secrets',
  'replicationcontrollers',
  'resourcequotas',
]);

const NAME = 'resourcequota-controller';
/** What admission booked for writes that were lost is found again after this. */
const RESYNC_MS = 60_000;

/**
 * Admission books what is created in the status itself. Counting again at that moment would undo the booking, because
 * the created object is not yet in our cache: only a changed spec, or a status of another one, asks for a count.
 */
const asksAnew = (quota: ResourceQuota, old: ResourceQuota | undefined): boolean =>
  JSON.stringify(quota.spec) !== JSON.stringify(old?.spec) ||
  JSON.stringify(quota.status?.hard) !== JSON.stringify(quota.spec?.hard);

/**
 * What admission booked this lately is not counted down: the object it was booked for is stored after the booking, and
 * may not have reached our cache though the booking has.
 */
const BOOKED_MS = 500;

/** Keeps status.used of every ResourceQuota at what its namespace holds. */
export function startQuotaController(env: ClusterEnv): Controller {
  const quotas = env.informers.of<ResourceQuota>(RESOURCE_QUOTAS).index('namespace', byNamespace);
  const pods = ownedInformer<Pod>(env, PODS);
  const counted = deletableResources(env.catalog).filter(
    each => each.namespaced && (each.group === '' ? COUNTED.has(each.resource) : COUNT_GROUPS.has(each.group)),
  );
  const informers = counted.map(each => ({
    each,
    informer: env.informers.of<KubeObject>(refOf(each)).index('namespace', byNamespace),
  }));
  const quotasOf = (namespace: string | undefined): string[] => quotas.by('namespace', namespace ?? '').map(objectKey);
  const booked = new Map<string, number>();
  return runController({
    name: NAME,
    clock: env.clock,
    watches: [
      watchOf(quotas, change => {
        const key = objectKey(change.object);
        if (change.type === 'deleted') booked.delete(key);
        else if (change.type === 'updated') booked.set(key, env.clock.monotonic());
        return change.type === 'updated' && !asksAnew(change.object, change.old) ? [] : ownKey(change);
      }),
      ...informers
        .filter(({ each }) => each.resource !== 'resourcequotas')
        .map(({ informer }) =>
          watchOf(informer, ({ type, object, old }) =>
            type === 'added' || (old && !isPodEnd(object, old)) ? [] : quotasOf(object.metadata.namespace),
          ),
        ),
    ],
    report: (error, key) => env.report(error, `${NAME} ${key}`),
    reconcile: async key => {
      const quota = quotas.get(key);
      if (!quota || quota.metadata.deletionTimestamp) return undefined;
      const hard = quota.spec?.hard ?? {};
      const total: Amounts = new Map();
      const namespace = quota.metadata.namespace ?? '';
      for (const { each, informer } of informers) {
        if (each.resource === 'pods') continue;
        if (scopesOf(quota).length > 0) continue;
        for (const object of informer.by('namespace', namespace))
          add(total, usageOf(each.group, each.resource, object));
      }
      for (const pod of pods.by('namespace', namespace))
        if (!isTerminated(pod) && scopesOf(quota).every(scope => inScope(scope, pod)))
          add(total, usageOf('', 'pods', pod));
      const used = Object.fromEntries(Object.keys(hard).map(name => [name, total.get(name)?.toString() ?? '0']));
      const since_ms = env.clock.monotonic() - (booked.get(key) ?? Number.NEGATIVE_INFINITY);
      const before = quota.status?.used ?? {};
      const lower = Object.keys(used).some(
        name => Quantity.of(used[name]).compare(Quantity.of(before[name] ?? '0')) < 0,
      );
      if (lower && since_ms < BOOKED_MS) return BOOKED_MS - since_ms;
      await writeStatus(env, RESOURCE_QUOTAS, quota, { hard, used });
      return RESYNC_MS;
    },
  });
}

const COUNT_GROUPS = new Set(['apps', 'batch', 'networking.k8s.io']);

/** Among updates only the end of a pod, or of its resize, changes what a quota counts; claims grow too. */
const isPodEnd = (object: KubeObject, old: KubeObject): boolean =>
  object.kind !== 'Pod'
    ? object.metadata.generation !== old.metadata.generation
    : isTerminated(object as Pod) !== isTerminated(old as Pod) ||
      object.metadata.generation !== old.metadata.generation;

function add(total: Amounts, more: Amounts): void {
  for (const [name, amount] of more) total.set(name, total.get(name)?.add(amount) ?? amount);
}

interface Scope {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

const scopesOf = (quota: ResourceQuota): Scope[] => [
  ...(quota.spec?.scopes ?? []).map(scopeName => ({ scopeName, operator: 'Exists' })),
  ...(quota.spec?.scopeSelector?.matchExpressions ?? []),
];

/** Kubernetes, "Resource Quotas": quota scopes. */
function inScope(scope: Scope, pod: Pod): boolean {
  const bestEffort = pod.status?.qosClass === 'BestEffort';
  switch (scope.scopeName) {
    case 'Terminating':
      return pod.spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return pod.spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return bestEffort;
    case 'NotBestEffort':
      return !bestEffort;
    case 'PriorityClass': {
      const name = pod.spec.priorityClassName ?? '';
      if (scope.operator === 'Exists') return name !== '';
      if (scope.operator === 'DoesNotExist') return name === '';
      return (scope.values ?? []).includes(name) === (scope.operator === 'In');
    }
    default:
      return true;
  }
}
