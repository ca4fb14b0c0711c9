import type { PlantedBug } from './bug.ts';

/** Bugs of the workload controllers of kube-controller-manager. */
export const WORKLOAD_BUGS: readonly PlantedBug[] = [
  {
    name: 'rollout-counts-new-as-available',
    story:
      'As told of Kubernetes and its kind: a rolling update took old pods away though new ones did not come up, beyond maxUnavailable.',
    file: 'cluster/deployment/bounds.ts',
    find: 'let removable = sumReplicas(all) - minAvailable - newUnavailable;\n  if (removable <= 0) return sizes;',
    replace: 'let removable = sumReplicas(all) - minAvailable;\n  if (removable <= 0) return sizes;',
  },
  {
    name: 'spare-counts-unavailable',
    story:
      'As told of Kubernetes and its kind: old pods were scaled down by their number, not by how many were available.',
    file: 'cluster/deployment/bounds.ts',
    find: 'let spare = sumAvailable(all) - minAvailable;',
    replace: 'let spare = sumReplicas(all) - minAvailable;',
  },
  {
    name: 'surge-counts-available-only',
    story: 'As told of Kubernetes and its kind: pods that did not come up were not counted against maxSurge.',
    file: 'cluster/deployment/bounds.ts',
    find: 'const room = wanted + maxSurge - sumReplicas(all);',
    replace: 'const room = wanted + maxSurge - sumAvailable(all);',
  },
  {
    name: 'percentages-round-wrong',
    story: 'As told of Kubernetes and its kind: maxUnavailable in per cent was rounded up.',
    file: 'cluster/deployment/bounds.ts',
    find: "scaledValue(rolling?.maxUnavailable ?? '25%', wanted, 'down')",
    replace: "scaledValue(rolling?.maxUnavailable ?? '25%', wanted, 'up')",
  },
  {
    name: 'recreate-does-not-wait',
    story: 'As told of Kubernetes and its kind: a Deployment of type Recreate made new pods while old ones still ran.',
    file: 'cluster/deployment/step.ts',
    find: '  if (rollout.oldPodsRun(old)) return [];\n',
    replace: '',
  },
  {
    name: 'stateful-forced-away',
    story:
      'As told of Kubernetes and its kind: a pod of a node out of reach was deleted by force; its twin started while it still ran.',
    file: 'cluster/node/controller.ts',
    find: "    { do: 'delete', ref: PODS, key, uid },\n  ]);\n  if (failure && !isNotFound(failure.error)) throw failure.error;\n}\n\n/** The object as the API has it now",
    replace:
      "    { do: 'delete', ref: PODS, key, uid, gracePeriodSeconds: 0 },\n  ]);\n  if (failure && !isNotFound(failure.error)) throw failure.error;\n}\n\n/** The object as the API has it now",
  },
  {
    name: 'ordered-does-not-wait',
    story:
      'As told of Kubernetes and its kind: an ordered StatefulSet started a pod before the one below it was ready.',
    file: 'cluster/statefulset/step.ts',
    find: '    if (wait && plan.ordered) return effects;',
    replace: '    if (wait && plan.ordered && !plan.slots[at]) return effects;',
  },
  {
    name: 'stateful-update-two-at-once',
    story:
      'As told of Kubernetes and its kind: the rolling update of a StatefulSet went on though a pod above was not ready.',
    file: 'cluster/statefulset/step.ts',
    find: '      if (out >= allowed) {',
    replace: '      if (out > allowed) {',
  },
  {
    name: 'daemon-two-on-a-node',
    story: 'As told of Kubernetes and its kind: a daemon pod was made while the one before it was still terminating.',
    file: 'cluster/daemonset/step.ts',
    find: 'if (node && run && pods.length === 0)',
    replace: 'if (node && run && living.length === 0)',
  },
  {
    name: 'daemon-all-at-once',
    story:
      'As told of Kubernetes and its kind: a rolling update of a DaemonSet did not count pods that were down already.',
    file: 'cluster/daemonset/step.ts',
    find: '    if (!available) out++;\n',
    replace: '',
  },
  {
    name: 'job-counts-twice',
    story: 'As told of Kubernetes and its kind: a pod that was not yet let go of was counted again.',
    file: 'cluster/job/count.ts',
    find: '    if (known.has(pod.metadata.uid)) continue;\n',
    replace: '',
  },
  {
    name: 'job-lets-go-first',
    story:
      'KEP-2307, the reason for its order: a pod whose finalizer went before the count was written is never counted.',
    file: 'cluster/job/step.ts',
    find: 'const effects: Effect[] = [...claimed.effects, ...strayed.flatMap(release), ...manage.effects];',
    replace:
      'const effects: Effect[] = [...claimed.effects, ...strayed.flatMap(release), ...counted.toRelease.flatMap(release), ...manage.effects];',
  },
  {
    name: 'index-runs-again',
    story:
      'As told of Kubernetes and its kind: an indexed Job forgot completed indexes whose pods were gone and ran them again.',
    file: 'cluster/job/count.ts',
    find: 'const completed = parseIndexes(job.status?.completedIndexes, count);',
    replace: 'const completed = parseIndexes(undefined, count);',
  },
  {
    name: 'cronjob-hundred-missed',
    story: 'Kubernetes #42649: a CronJob that had missed more than a hundred starts never started again.',
    file: 'cluster/cronjob/step.ts',
    find: '  const deadline = cronJob.spec.startingDeadlineSeconds;\n  if (deadline !== undefined && due',
    replace:
      '  if (due.count > MISSED_MAX) return { effects, status, ...again() };\n  const deadline = cronJob.spec.startingDeadlineSeconds;\n  if (deadline !== undefined && due',
  },
  {
    name: 'cronjob-forbid-overlaps',
    story: 'As told of Kubernetes and its kind: a Job that had no running pod at the moment did not count as active.',
    file: 'cluster/cronjob/step.ts',
    find: '    .filter(job => !finishedCondition(job))\n',
    replace: '    .filter(job => !finishedCondition(job) && (job.status?.ready ?? 0) > 0)\n',
  },
];
