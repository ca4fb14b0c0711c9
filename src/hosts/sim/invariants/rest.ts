/** What statuses and counts must say when everything has come to rest: they are compared with the objects they are about. */
import { type KubeObject, Quantity } from '../../../kernel/index.ts';
import { requestOf } from './admission.ts';
import { daemonsAtRest } from './daemons.ts';
import {
  conditionOf,
  isEnded,
  isGoing,
  isLiving,
  isReady,
  nameOf,
  ownerOf,
  phaseOf,
  specOf,
  type View,
} from './view.ts';

type Tell = (about: string, message: string) => void;
type Status = Readonly<Record<string, number | string | undefined>>;
const statusOf = (object: KubeObject): Status => (object.status ?? {}) as Status;

function replicaSets(view: View, tell: Tell): void {
  const perOwner = new Map<string, number>();
  for (const set of view.all('apps/replicasets').values()) {
    if (isGoing(set)) continue;
    const living = view.owned(set.metadata.uid!, 'pods').filter(isLiving);
    const status = statusOf(set);
    const truth = { replicas: living.length, readyReplicas: living.filter(isReady).length };
    for (const [field, value] of Object.entries(truth))
      if ((status[field] ?? 0) !== value) tell(nameOf(set), `status.${field} is ${status[field] ?? 0}, ${value} are`);
    const owner = ownerOf(set);
    const { replicas } = specOf<{ replicas?: number }>(set);
    if (owner && replicas === 0 && living.length === 0) perOwner.set(owner.uid, (perOwner.get(owner.uid) ?? 0) + 1);
  }
  for (const deployment of view.all('apps/deployments').values()) {
    if (isGoing(deployment)) continue;
    const {
      revisionHistoryLimit = 10,
      replicas = 1,
      paused,
    } = specOf<{
      revisionHistoryLimit?: number;
      replicas?: number;
      paused?: boolean;
    }>(deployment);
    const old = perOwner.get(deployment.metadata.uid!) ?? 0;
    // One of them may be the newest, where none is wanted.
    if (!paused && old > revisionHistoryLimit + (replicas === 0 ? 1 : 0))
      tell(nameOf(deployment), `keeps ${old} old ReplicaSets, ${revisionHistoryLimit} are allowed`);
    const available = conditionOf(deployment, 'Available')?.status;
    if (available !== 'True') tell(nameOf(deployment), `condition Available is ${available}`);
    if (statusOf(deployment).unavailableReplicas)
      tell(nameOf(deployment), `status.unavailableReplicas is ${statusOf(deployment).unavailableReplicas}`);
  }
}

function sets(view: View, tell: Tell): void {
  for (const set of view.all('apps/statefulsets').values()) {
    if (isGoing(set)) continue;
    const { replicas = 1, updateStrategy } = specOf<{
      replicas?: number;
      updateStrategy?: { rollingUpdate?: { partition?: number } };
    }>(set);
    const status = statusOf(set);
    const whole = (updateStrategy?.rollingUpdate?.partition ?? 0) === 0;
    for (const field of ['replicas', 'availableReplicas', ...(whole ? ['updatedReplicas', 'currentReplicas'] : [])])
      if ((status[field] ?? 0) !== replicas)
        tell(nameOf(set), `status.${field} is ${status[field] ?? 0}, ${replicas} wanted`);
    if (whole && status.currentRevision !== status.updateRevision)
      tell(nameOf(set), `currentRevision is ${status.currentRevision}, updateRevision ${status.updateRevision}`);
  }
  for (const set of view.all('apps/daemonsets').values()) {
    if (isGoing(set)) continue;
    const { pods, updated } = daemonsAtRest(view, set);
    const status = statusOf(set);
    const truth = {
      desiredNumberScheduled: pods.length,
      currentNumberScheduled: pods.length,
      numberReady: pods.length,
      numberAvailable: pods.length,
      updatedNumberScheduled: updated,
    };
    for (const [field, value] of Object.entries(truth))
      if ((status[field] ?? 0) !== value) tell(nameOf(set), `status.${field} is ${status[field] ?? 0}, ${value} are`);
    for (const field of ['numberMisscheduled', 'numberUnavailable'])
      if (status[field]) tell(nameOf(set), `status.${field} is ${status[field]}`);
  }
}

function jobs(view: View, tell: Tell): void {
  for (const job of view.all('batch/jobs').values()) {
    if (isGoing(job)) continue;
    const pods = view.owned(job.metadata.uid!, 'pods');
    const status = statusOf(job) as Status & { uncountedTerminatedPods?: object };
    const active = pods.filter(isLiving).length;
    if ((status.active ?? 0) !== active) tell(nameOf(job), `status.active is ${status.active ?? 0}, ${active} are`);
    const complete = conditionOf(job, 'Complete')?.status === 'True';
    const failed = conditionOf(job, 'Failed')?.status === 'True';
    if (complete && failed) tell(nameOf(job), 'is complete and failed');
    if (complete && statusOf(job).completionTime === undefined) tell(nameOf(job), 'is complete at no time');
    const { completions, suspend } = specOf<{ completions?: number; suspend?: boolean }>(job);
    const { succeeded = 0 } = status as { succeeded?: number };
    if (completions !== undefined && succeeded >= completions && !complete && !failed && !suspend)
      tell(nameOf(job), `has ${succeeded} of ${completions} successes and is not complete`);
    const seen = pods.filter(pod => phaseOf(pod) === 'Failed').length;
    if (Number(status.failed ?? 0) < 0 || (failed && seen > 0 && !status.failed))
      tell(nameOf(job), `status.failed is ${status.failed ?? 0}, ${seen} pods failed`);
  }
}

function quotas(view: View, tell: Tell): void {
  for (const quota of view.all('resourcequotas').values()) {
    const { hard = {} } = specOf<{ hard?: Record<string, string> }>(quota);
    const { used = {} } = (quota.status ?? {}) as { used?: Record<string, string> };
    const inside = (collection: string): KubeObject[] =>
      [...view.all(collection).values()].filter(each => each.metadata.namespace === quota.metadata.namespace);
    const pods = inside('pods').filter(pod => !isEnded(pod));
    const truth: Record<string, Quantity> = {
      pods: Quantity.of(String(pods.length)),
      'requests.cpu': pods.reduce((sum, pod) => sum.add(requestOf(pod, 'cpu')), Quantity.of('0')),
      'count/configmaps': Quantity.of(String(inside('configmaps').length)),
    };
    for (const [resource, value] of Object.entries(truth))
      if (resource in hard && Quantity.of(used[resource] ?? '0').compare(value) !== 0)
        tell(`quota ${nameOf(quota)}`, `${resource}: ${used[resource]} said to be used, ${value} are`);
  }
}

function namespaces(view: View, tell: Tell): void {
  for (const namespace of view.all('namespaces').values()) {
    const phase = phaseOf(namespace);
    if (!isGoing(namespace) && phase === 'Terminating') tell(nameOf(namespace), 'is called Terminating and is not');
    const account = view.get('serviceaccounts', `${namespace.metadata.name}/default`);
    if (!isGoing(namespace) && !account) tell(nameOf(namespace), 'has no default ServiceAccount');
  }
}

/** Every look at what is at rest. */
export const STATUS_LOOKS: readonly ((view: View, tell: Tell) => void)[] = [
  replicaSets,
  sets,
  jobs,
  quotas,
  namespaces,
];
