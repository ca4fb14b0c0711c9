import { findCondition } from '../conditions.ts';
import { isTerminating, podFromTemplate } from '../pods.ts';
import { parseTime } from '../time.ts';
import type { Job, Pod, PodFailurePolicyRule } from '../types.ts';

export const TRACKING = 'batch.kubernetes.io/job-tracking';
export const INDEX = 'batch.kubernetes.io/job-completion-index';
export const INDEX_FAILURES = 'batch.kubernetes.io/job-index-failure-count';
export const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid';
export const JOB_NAME = 'batch.kubernetes.io/job-name';

export const isIndexed = (job: Job): boolean => job.spec.completionMode === 'Indexed';
export const parallelismOf = (job: Job): number => job.spec.parallelism ?? 1;
export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(TRACKING) ?? false;

/** With a failure policy, or podReplacementPolicy Failed, a terminating pod counts only once it has ended (KEP-3939). */
export const waitsForEnd = (job: Job): boolean =>
  (job.spec.podReplacementPolicy ?? (job.spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed')) === 'Failed';

export const hasSucceeded = (pod: Pod): boolean => pod.status?.phase === 'Succeeded';
export const hasFailed = (job: Job, pod: Pod): boolean =>
  pod.status?.phase === 'Failed' || (!waitsForEnd(job) && isTerminating(pod) && !hasSucceeded(pod));

/** The completion index a pod works on; undefined when it has none within the job's count. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[INDEX] ?? pod.metadata.labels?.[INDEX];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

export const indexFailures = (pod: Pod): number => Number(pod.metadata.annotations?.[INDEX_FAILURES] ?? 0) || 0;

/** When a pod ended: its last container's end, else its condition, else the deletion. */
export function endedAt(pod: Pod): number | undefined {
  const ends = (pod.status?.containerStatuses ?? []).map(each => parseTime(each.state?.terminated?.finishedAt));
  const known = ends.filter(at => at !== undefined);
  if (known.length > 0) return Math.max(...known);
  return (
    parseTime(pod.metadata.deletionTimestamp) ??
    parseTime(findCondition(pod.status?.conditions, 'Ready')?.lastTransitionTime) ??
    parseTime(pod.metadata.creationTimestamp)
  );
}

export interface PolicyVerdict {
  readonly action: PodFailurePolicyRule['action'];
  readonly message: string;
}

/** The first rule of podFailurePolicy a failed pod meets. */
export function judge(job: Job, pod: Pod): PolicyVerdict | undefined {
  const rules = job.spec.podFailurePolicy?.rules ?? [];
  for (const [at, rule] of rules.entries()) {
    const told = rule.onExitCodes ? byExitCode(pod, rule, at) : byCondition(pod, rule, at);
    if (told) return { action: rule.action, message: told };
  }
  return undefined;
}

const named = (pod: Pod): string => `${pod.metadata.namespace}/${pod.metadata.name}`;

function byExitCode(pod: Pod, rule: PodFailurePolicyRule, at: number): string | undefined {
  const { containerName, operator, values } = rule.onExitCodes!;
  for (const status of [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]) {
    if (containerName && containerName !== status.name) continue;
    const code = status.state?.terminated?.exitCode;
    if (code === undefined || code === 0) continue;
    if (values.includes(code) === (operator === 'In'))
      return `Container ${status.name} for pod ${named(pod)} failed with exit code ${code} matching ${rule.action} rule at index ${at}`;
  }
  return undefined;
}

function byCondition(pod: Pod, rule: PodFailurePolicyRule, at: number): string | undefined {
  for (const wanted of rule.onPodConditions ?? []) {
    const found = findCondition(pod.status?.conditions, wanted.type);
    if (found?.status === (wanted.status ?? 'True'))
      return `Pod ${named(pod)} has condition ${wanted.type} matching ${rule.action} rule at index ${at}`;
  }
  return undefined;
}

/** A pod of a job; `index` and the failures before it for indexed ones. */
export function jobPod(job: Job, index?: number, failures?: number): Pod {
  const pod = podFromTemplate(job.spec.template, job, {
    generateName: `${job.metadata.name}-${index === undefined ? '' : `${index}-`}`,
  });
  const labels = {
    ...pod.metadata.labels,
    [CONTROLLER_UID]: job.metadata.uid,
    [JOB_NAME]: job.metadata.name,
    'controller-uid': job.metadata.uid,
    'job-name': job.metadata.name,
    ...(index === undefined ? {} : { [INDEX]: String(index) }),
  };
  const annotations = {
    ...pod.metadata.annotations,
    ...(index === undefined ? {} : { [INDEX]: String(index) }),
    ...(failures === undefined ? {} : { [INDEX_FAILURES]: String(failures) }),
  };
  const finalizers = [...(pod.metadata.finalizers ?? []), TRACKING];
  return {
    ...pod,
    metadata: { ...pod.metadata, labels, annotations, finalizers },
    spec: index === undefined ? pod.spec : indexedSpec(job, pod, index),
  } as Pod;
}

function indexedSpec(job: Job, pod: Pod, index: number): Pod['spec'] {
  const variable = {
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${INDEX}']` } },
  };
  const told = (containers: NonNullable<Pod['spec']['initContainers']>): typeof containers =>
    containers.map(container => {
      const env = container.env ?? [];
      return env.some(each => each.name === variable.name) ? container : { ...container, env: [...env, variable] };
    });
  return {
    ...pod.spec,
    hostname: `${job.metadata.name}-${index}`,
    containers: told(pod.spec.containers),
    ...(pod.spec.initContainers ? { initContainers: told(pod.spec.initContainers) } : {}),
  };
}
