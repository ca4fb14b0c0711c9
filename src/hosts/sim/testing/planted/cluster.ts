import type { PlantedBug } from './bug.ts';

/** Bugs of the garbage collector, quotas, budgets, nodes, endpoints and the scheduler. */
export const CLUSTER_BUGS: readonly PlantedBug[] = [
  {
    name: 'garbage-by-ignorance',
    story:
      'As told of Kubernetes and its kind: the collector deleted what it did not know the owner of, without asking whether there was one.',
    file: 'cluster/garbage/controller.ts',
    find: '    for (const reference of unseen) await this.#ask(node, reference);\n',
    replace: '    for (const reference of unseen) this.#remember(reference.uid);\n',
  },
  {
    name: 'garbage-by-name',
    story:
      'As told of Kubernetes and its kind: an owner that was made again under its name kept the dependents of the one before.',
    file: 'cluster/garbage/controller.ts',
    find: '      if (owner.metadata.uid !== reference.uid) this.#remember(reference.uid);\n',
    replace: '      void owner;\n',
  },
  {
    name: 'foreground-stuck',
    story: 'As told of Kubernetes and its kind: a foreground deletion did not notice that its last dependent was gone.',
    file: 'cluster/garbage/controller.ts',
    find: '      for (const { uid: owner } of (old ?? object).metadata.ownerReferences ?? []) this.#wakeDeleting(owner);\n      return;',
    replace: '      return;',
  },
  {
    name: 'quota-recount-races',
    story:
      'As told of Kubernetes and its kind: the controller wrote its count over what admission had booked since, and the quota was exceeded.',
    file: 'cluster/quota/controller.ts',
    find: 'if (lower && since_ms < BOOKED_MS) return BOOKED_MS - since_ms;',
    replace: 'void lower;\n      void since_ms;',
  },
  {
    name: 'quota-not-booked',
    story: 'As told of Kubernetes and its kind: many creations at one moment were all measured against the same count.',
    file: 'kernel/admission/plugins/resource-quota.ts',
    find: 'const sum = Quantity.of(used[name]).add(sign < 0 ? value.negate() : value);',
    replace: 'const sum = Quantity.of(used[name]).add(sign < 0 ? value.negate() : new Quantity(0n));',
  },
  {
    name: 'budget-evictions-race',
    story: 'As told of Kubernetes and its kind: two evictions at one moment both found the same disruption allowed.',
    file: 'kernel/registry/eviction.ts',
    find: '      disruptionsAllowed: disruptionsAllowed - 1,',
    replace: '      disruptionsAllowed,',
  },
  {
    name: 'budget-counts-terminating',
    story: 'As told of Kubernetes and its kind: pods that were going already counted as healthy for the budget.',
    file: 'cluster/budget/step.ts',
    find: 'const living = pods.filter(pod => !isTerminated(pod) && !isTerminating(pod));',
    replace: 'const living = pods.filter(pod => !isTerminated(pod));',
  },
  {
    name: 'node-mass-eviction',
    story:
      'As told in post-mortems of clusters whose control plane was cut off from all its nodes: every node was called lost, and every pod of the cluster was evicted (why there is a full disruption mode).',
    file: 'cluster/node/step.ts',
    find: "  if (trouble && !allLost) wanted.push({ key: trouble, effect: 'NoExecute' });",
    replace: "  if (trouble) wanted.push({ key: trouble, effect: 'NoExecute' });",
  },
  {
    name: 'node-taint-stays',
    story: 'As told of Kubernetes and its kind: the taint of a node that had come back was not taken away.',
    file: 'cluster/node/step.ts',
    find: '  const kept = present.filter(taint => keeps(taint) || wanted.some(each => same(each, taint)));',
    replace: '  const kept = present;',
  },
  {
    name: 'endpoints-of-ended-pods',
    story: 'As told of Kubernetes and its kind: slices kept the addresses of pods that had ended.',
    file: 'cluster/service/endpoints.ts',
    find: '    if (!address || isTerminated(pod)) continue;',
    replace: '    if (!address) continue;',
  },
  {
    name: 'endpoints-miss-readiness',
    story: 'As told of Kubernetes and its kind: a change of readiness alone did not reach the endpoints.',
    file: 'cluster/service/controller.ts',
    find: '  readiness(a) === readiness(b);',
    replace: '  readiness(a) !== undefined;',
  },
  {
    name: 'scheduler-forgets-assumed',
    story:
      'As told of Kubernetes and its kind: a pod whose binding was under way did not count, and its node was filled twice.',
    file: 'cluster/scheduler/controller.ts',
    find: '      this.#cache.assume(pod, decision.node);\n',
    replace: '',
  },
  {
    name: 'scheduler-counts-terminating-as-gone',
    story: 'As told of Kubernetes and its kind: the room of pods that were still ending was given away.',
    file: 'cluster/scheduler/cache.ts',
    find: '    if (isTerminated(pod)) return this.removePod(uid);',
    replace: '    if (isTerminated(pod) || pod.metadata.deletionTimestamp) return this.removePod(uid);',
  },
  {
    name: 'scheduler-never-tries-again',
    story: 'As told of Kubernetes and its kind: a pod that did not fit was not tried again when room became free.',
    file: 'cluster/scheduler/controller.ts',
    find: "      if (pod.spec.nodeName) this.#queue.happened('pod-gone');\n",
    replace: '',
  },
  {
    name: 'scheduler-retries-at-once',
    story:
      'Found in this repository by a storm (kube-scheduler stamps a pod anew whenever it is queued): a binding that was refused was tried again at the same instant, without end.',
    file: 'cluster/scheduler/queue.ts',
    find: '    entry.since_ms = this.#clock.monotonic();\n    this.#backOff(entry);',
    replace: '    this.#backOff(entry);',
  },
  {
    name: 'job-deadline-spins',
    story:
      'Found in this repository by a storm: a Job whose deadline was over was looked at without end until its pods had gone.',
    file: 'cluster/job/step.ts',
    find: 'soonest(manage.again_ms, ending ? undefined : deadlineIn(job, now_ms))',
    replace: 'soonest(manage.again_ms, deadlineIn(job, now_ms))',
  },
];
