import { interPodAffinity } from './affinity.ts';
import type { Filter } from './filter.ts';
import { nodeAffinity, nodeName, nodePorts, nodeResourcesFit, nodeUnschedulable, taintToleration } from './node.ts';
import { podTopologySpread } from './spread.ts';
import { volumeBinding, volumeRestrictions } from './volume.ts';

/** In the order kube-scheduler's default profile runs them: the first that refuses a node names the reason. */
export const FILTERS: readonly Filter[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  volumeRestrictions,
  volumeBinding,
  podTopologySpread,
  interPodAffinity,
];
