import type { PlantedBug } from './bug.ts';

/** Bugs of the horizontal autoscaler, against what Kubernetes documents of it. */
export const SCALING_BUGS: readonly PlantedBug[] = [
  {
    name: 'hpa-missing-as-idle',
    story:
      'The rule of Kubernetes pull request #33593 ("HPA: Consider unready pods separately") turned round: pods without a sample counted as idle on the way down, and a gap scaled in.',
    file: 'scaling/engine/replicas.ts',
    find: 'if (ratio < 1) metrics.set(name, full(name));',
    replace: 'if (ratio < 1) metrics.set(name, 0);',
  },
  {
    name: 'hpa-gap-is-nought',
    story:
      'Kubernetes documentation, "Horizontal Pod Autoscaling": metrics that could not be had were taken as nought.',
    file: 'scaling/engine/decide.ts',
    find: "if (reading.kind === 'failed') throw new NoProposal(reading.message);",
    replace: "if (reading.kind === 'failed') return { replicas: 0, milli: 0 };",
  },
  {
    name: 'hpa-no-stabilization',
    story:
      'The rule of KEP-853 ("Stabilization Window", which names Kubernetes pull request #68122 as its origin) left out: every dip of the load took pods away that were needed a moment later.',
    file: 'scaling/engine/pace.ts',
    find: '    if (at_ms > downCutoff) highest = Math.max(highest, replicas);\n',
    replace: '    void downCutoff;\n',
  },
  {
    name: 'hpa-pace-forgotten',
    story:
      'The rule of KEP-853 ("HPA Controller State Changes") left out: what had been added a moment ago was not counted against the policies, and more was added each time.',
    file: 'scaling/engine/decide.ts',
    find: '? { ...memory, ups: remember(memory.ups, to - from, behavior.up, now_ms) }',
    replace: '? memory',
  },
  {
    name: 'hpa-beyond-max',
    story: 'autoscaling/v2 reference, maxReplicas: the pace of scaling up was kept, the upper bound was not.',
    file: 'scaling/engine/pace.ts',
    find: 'const allowed = Math.max(upLimit(current, up, events, now_ms), current);\n    const most = Math.min(max, allowed);',
    replace: 'const allowed = Math.max(upLimit(current, up, events, now_ms), current);\n    const most = allowed;',
  },
  {
    name: 'hpa-below-min',
    story: 'autoscaling/v2 reference, minReplicas: without load the count went below the lower bound.',
    file: 'scaling/engine/pace.ts',
    find: 'const least = Math.max(min, allowed);',
    replace: 'const least = allowed;',
  },
  {
    name: 'hpa-rounds-down',
    story: 'Kubernetes documentation, "Algorithm details" (ceil): the count was rounded down and never met its target.',
    file: 'scaling/engine/replicas.ts',
    find: 'Math.ceil(ratio * groups.ready)',
    replace: 'Math.floor(ratio * groups.ready)',
  },
];
