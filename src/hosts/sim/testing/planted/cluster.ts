import type { PlantedBug } from './bug.ts';

/** Bugs of the garbage collector, quotas, budgets, nodes, endpoints and the scheduler. */
export const CLUSTER_BUGS: readonly PlantedBug[] = [
  {
    name: 'garbage-by-ignorance',
    story:
      'Kubernetes #56262: the collector deleted what it did not know the owner of, without asking whether there was one.',
    file: 'cluster/garbage/controller.ts',
    find: '    for (const reference of unseen) await this.#ask(node, reference);\n',
    replace: '    for (const reference of unseen) this.#remember(reference.uid);\n',
  },
  {
    name: 'garbage-by-name',
    story: 'Kubernetes #80916: an owner that was made again under its name kept the dependents of the one before.',
    file: 'cluster/garbage/controller.ts',
    find: '      if (owner.metadata.uid !== reference.uid) this.#remember(reference.uid);\n',
    replace: '      void owner;\n',
  },
  {
    name: 'foreground-stuck',
    story: 'Kubernetes #60539: a foreground deletion did not notice that its last dependent was gone.',
    file: 'cluster/garbage/controller.ts',
    find: '      for (const { uid: owner } of (old ?? object).metadata.ownerReferences ?? []) this.#wakeDeleting(owner);\n      return;',
    replace: '      return;',
  },
  {
    name: 'quota-recount-races',
    story:
      'Kubernetes #50801: the controller wrote its count over what admission had booked since, and the quota was exceeded.',
    file: 'cluster/quota/controller.ts',
    find: "type === 'added' || (old && !isPodEnd(object, old)) ? [] :",
    replace: "old && !isPodEnd(object, old) && type !== 'added' ? [] :",
  },
  {
    name: 'quota-not-booked',
    story: 'Kubernetes #9877: many creations at one moment were all measured against the same count.',
    file: 'kernel/admission/plugins/resource-quota.ts',
    find: 'const sum = Quantity.of(used[name]).add(sign < 0 ? value.negate() : value);',
    replace: 'const sum = Quantity.of(used[name]).add(sign < 0 ? value.negate() : new Quantity(0n));',
  },
  {
    name: 'budget-evictions-race',
    story: 'Kubernetes #72222: two evictions at one moment both found the same disruption allowed.',
    file: 'kernel/registry/eviction.ts',
    find: '      disruptionsAllowed: disruptionsAllowed - 1,',
    replace: '      disruptionsAllowed,',
  },
  {
    name: 'budget-counts-terminating',
    story: 'Kubernetes #83307: pods that were going already counted as healthy for the budget.',
    file: 'cluster/budget/step.ts',
    find: 'const living = pods.filter(pod => !isTerminated(pod) && !isTerminating(pod));',
    replace: 'const living = pods.filter(pod => !isTerminated(pod));',
  },
  {
    name: 'node-clock-trusted',
    story: 'Kubernetes #49113: when a node was last heard of was read from its own clock.',
    file: 'cluster/node/controller.ts',
    find: 'if (seen?.sign !== sign) signs.set(name, { sign, at_ms: now_ms });',
    replace: "if (seen?.sign !== sign) signs.set(name, { sign, at_ms: parseTime(sign.split('|')[0]) ?? now_ms });",
  },
  {
    name: 'node-taint-stays',
    story: 'Kubernetes #89000: the taint of a node that had come back was not taken away.',
    file: 'cluster/node/step.ts',
    find: '  const kept = present.filter(taint => keeps(taint) || wanted.some(each => same(each, taint)));',
    replace: '  const kept = present;',
  },
  {
    name: 'endpoints-of-ended-pods',
    story: 'Kubernetes #108453 and #113023: slices kept the addresses of pods that had ended.',
    file: 'cluster/service/endpoints.ts',
    find: '    if (!address || isTerminated(pod)) continue;',
    replace: '    if (!address) continue;',
  },
  {
    name: 'endpoints-miss-readiness',
    story: 'Kubernetes #53014: a change of readiness alone did not reach the endpoints.',
    file: 'cluster/service/controller.ts',
    find: '  readiness(a) === readiness(b);',
    replace: '  readiness(a) !== undefined;',
  },
  {
    name: 'scheduler-forgets-assumed',
    story: 'Kubernetes #56261: a pod whose binding was under way did not count, and its node was filled twice.',
    file: 'cluster/scheduler/controller.ts',
    find: '      this.#cache.assume(pod, decision.node);\n',
    replace: '',
  },
  {
    name: 'scheduler-counts-terminating-as-gone',
    story: 'Kubernetes #77976: the room of pods that were still ending was given away.',
    file: 'cluster/scheduler/cache.ts',
    find: '    if (isTerminated(pod)) return this.removePod(uid);',
    replace: '    if (isTerminated(pod) || pod.metadata.deletionTimestamp) return this.removePod(uid);',
  },
  {
    name: 'scheduler-never-tries-again',
    story: 'Kubernetes #86373: a pod that did not fit was not tried again when room became free.',
    file: 'cluster/scheduler/controller.ts',
    find: "      if (pod.spec.nodeName) this.#queue.happened('pod-gone');\n",
    replace: '',
  },
];
