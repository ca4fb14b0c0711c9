import type { DeleteOptions } from '../client.ts';
import type { KubeObject, ObjectKey } from '../object.ts';
import { type LabelSelectorObject, selects } from '../selector.ts';
import { notFound, statusError, StatusError } from '../status.ts';
import { copyObject } from './copy.ts';
import { remove } from './delete.ts';
import { timestamp } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { Deletion, StoredObject } from './registry.ts';
import { change } from './change.ts';
import { type Target, targetOf, writerOf } from './write.ts';

interface Budget extends KubeObject {
  spec: { selector?: LabelSelectorObject; unhealthyPodEvictionPolicy?: string };
  status?: {
    observedGeneration?: number;
    disruptionsAllowed?: number;
    currentHealthy?: number;
    desiredHealthy?: number;
    disruptedPods?: Record<string, string>;
  };
}

/** Evictions a budget remembers before it refuses more (eviction.go MaxDisruptedPodSize). */
const DISRUPTED_MAX = 2_000;

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastProbeTime?: string | null;
  lastTransitionTime?: string;
}

const DISRUPTED: Condition = {
  type: 'DisruptionTarget',
  status: 'True',
  reason: 'EvictionByEvictionAPI',
  message: 'Eviction API: evicting',
};

const BUDGETS = { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' };

function tooMany(message: string, cause: string, retryAfterSeconds?: number): StatusError {
  return statusError(429, 'TooManyRequests', message, {
    causes: [{ reason: 'DisruptionBudget', message: cause }],
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** Pods whose going disrupts nobody. */
function needsNoBudget(pod: KubeObject): boolean {
  const phase = (pod.status as { phase?: string } | undefined)?.phase;
  return (
    phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || pod.metadata.deletionTimestamp !== undefined
  );
}

const isReady = (pod: KubeObject): boolean =>
  ((pod.status as { conditions?: { type: string; status: string }[] } | undefined)?.conditions ?? []).some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  );

function budgetsOf(parts: RegistryParts, pod: KubeObject): Budget[] {
  const { items } = parts.journal.store.list(
    'policy/poddisruptionbudgets',
    { prefix: `${pod.metadata.namespace}/` },
    parts.journal.store.revision,
    '',
    Number.POSITIVE_INFINITY,
  );
  return items
    .map(version => version.object as Budget)
    .filter(({ spec }) => spec.selector !== undefined && selects(spec.selector, pod.metadata.labels));
}

/** A pod that is not ready may go without counting, as far as the budget's policy lets it. */
function isFree(budget: Budget, pod: KubeObject): boolean {
  if (isReady(pod)) return false;
  if (budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

/** Takes one disruption from a budget, or refuses. */
async function spend(parts: RegistryParts, target: Target, budget: Budget, pod: ObjectKey): Promise<void> {
  const { name, namespace } = budget.metadata;
  const dryRun = target.options.dryRun ? { dryRun: true } : {};
  const status = targetOf(parts, target.context, BUDGETS, { subresource: 'status', ...dryRun });
  await change(parts, status, { namespace: namespace!, name: name! }, live => {
    const next = copyObject(live) as Budget;
    delete next.metadata.resourceVersion;
    const {
      observedGeneration = 0,
      disruptionsAllowed = 0,
      disruptedPods = {},
      currentHealthy = 0,
      desiredHealthy = 0,
    } = next.status ?? {};
    const violates = "Cannot evict pod as it would violate the pod's disruption budget.";
    if (observedGeneration < (next.metadata.generation ?? 0)) {
      throw tooMany(violates, `The disruption budget ${name} is still being processed by the server.`, 10);
    }
    if (disruptionsAllowed <= 0) {
      throw tooMany(
        violates,
        `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
      );
    }
    if (Object.keys(disruptedPods).length > DISRUPTED_MAX) {
      throw statusError(403, 'Forbidden', `${name} has too many evicted pods that were not seen to go yet`);
    }
    next.status = {
      ...next.status,
      disruptionsAllowed: disruptionsAllowed - 1,
      disruptedPods: { ...disruptedPods, [pod.name]: timestamp(parts.clock.now()) },
    };
    return next;
  });
}

/** POST pods/NAME/eviction: deletes the pod if its disruption budget allows (Kubernetes "API-initiated eviction"). */
export async function evictPod(
  parts: RegistryParts,
  target: Target,
  key: ObjectKey,
  eviction: KubeObject,
): Promise<Deletion> {
  const pod = target.collection.get(`${key.namespace}/${key.name}`)?.object;
  if (!pod) throw notFound({ group: '', resource: 'pods' }, key.name);
  const given = (eviction.deleteOptions ?? {}) as Omit<DeleteOptions, 'dryRun'> & { dryRun?: string[] };
  const options: DeleteOptions = {
    ...(given.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: given.gracePeriodSeconds }),
    ...(given.propagationPolicy === undefined ? {} : { propagationPolicy: given.propagationPolicy }),
    ...(given.preconditions === undefined ? {} : { preconditions: given.preconditions }),
    ...(given.dryRun?.length || target.options.dryRun ? { dryRun: true } : {}),
  };
  if (!needsNoBudget(pod)) {
    const budgets = budgetsOf(parts, pod);
    if (budgets.length > 1) {
      throw statusError(
        500,
        'InternalError',
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      );
    }
    const budget = budgets[0];
    if (budget && !isFree(budget, pod)) await spend(parts, target, budget, key);
  }
  return remove(parts, target.context, PODS, key, await marked(parts, target, key, pod, options));
}

const PODS = { group: '', version: 'v1', resource: 'pods' };

/** Marks the pod that is to go, unless the delete will be refused; a version the delete is bound to is then the marked one. */
async function marked(
  parts: RegistryParts,
  target: Target,
  key: ObjectKey,
  pod: KubeObject,
  options: DeleteOptions,
): Promise<DeleteOptions> {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const refused =
    (uid && uid !== pod.metadata.uid) || (resourceVersion && resourceVersion !== pod.metadata.resourceVersion);
  if (options.dryRun || refused) return options;
  const stored = await markDisrupted(parts, target, key);
  if (!resourceVersion) return options;
  const preconditions = { ...options.preconditions, resourceVersion: String(stored.resourceVersion) };
  return { ...options, preconditions };
}

/** The condition that tells controllers (a Job's podFailurePolicy) that the pod did not fail by itself. */
function markDisrupted(parts: RegistryParts, target: Target, key: ObjectKey): Promise<StoredObject> {
  const status = targetOf(parts, target.context, target.definition, { subresource: 'status' });
  return change(parts, status, key, live => {
    const pod = copyObject(live) as KubeObject & { status?: { conditions?: Condition[] } };
    delete pod.metadata.resourceVersion;
    const before = pod.status?.conditions ?? [];
    const known = before.find(({ type }) => type === DISRUPTED.type);
    const lastTransitionTime =
      known?.status === 'True' && known.lastTransitionTime ? known.lastTransitionTime : timestamp(parts.clock.now());
    const condition = { ...DISRUPTED, lastProbeTime: null, lastTransitionTime };
    pod.status = { ...pod.status, conditions: [...before.filter(each => each !== known), condition] };
    return copyObject(
      parts.merge.track(status.definition, live, pod, { ...writerOf(parts, status), manager: 'kube-apiserver' }),
    );
  });
}
