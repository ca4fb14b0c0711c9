import { REVISION_LABEL } from '../history.ts';
import { matchesNodeRules, untolerated } from '../node-match.ts';
import { generatePrefix, podFromTemplate } from '../pods.ts';
import type { DaemonSet, Node, NodeSelectorTerm, Pod, PodSpec, Toleration } from '../types.ts';

const TOLERATED: readonly (readonly [string, string])[] = [
  ['node.kubernetes.io/not-ready', 'NoExecute'],
  ['node.kubernetes.io/unreachable', 'NoExecute'],
  ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
  ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
  ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
  ['node.kubernetes.io/unschedulable', 'NoSchedule'],
];

/** A daemon stays on its node in trouble (DaemonSet, "Taints and tolerations"). */
export function daemonTolerations(spec: PodSpec): Toleration[] {
  const extra: [string, string][] = spec.hostNetwork ? [['node.kubernetes.io/network-unavailable', 'NoSchedule']] : [];
  const wanted = [...TOLERATED, ...extra].map(([key, effect]): Toleration => ({ key, operator: 'Exists', effect }));
  const present = spec.tolerations ?? [];
  const isThere = (each: Toleration): boolean =>
    present.some(other => other.key === each.key && other.effect === each.effect && other.operator === each.operator);
  return [...present, ...wanted.filter(each => !isThere(each))];
}

/** Whether a node should get a daemon, and whether one that is there may stay. */
export function eligibility(set: DaemonSet, node: Node): { run: boolean; stay: boolean } {
  const spec = set.spec.template.spec;
  if (spec.nodeName && spec.nodeName !== node.metadata.name) return { run: false, stay: false };
  if (!matchesNodeRules(spec, node)) return { run: false, stay: false };
  const tolerations = daemonTolerations(spec);
  if (untolerated(node.spec?.taints, tolerations, ['NoExecute'])) return { run: false, stay: false };
  return { run: !untolerated(node.spec?.taints, tolerations, ['NoSchedule', 'NoExecute']), stay: true };
}

/** A daemon pod is pinned to its node by affinity; the default scheduler binds it. */
export function daemonPod(set: DaemonSet, revision: string, node: string): Pod {
  const pod = podFromTemplate(set.spec.template, set, { generateName: generatePrefix(set.metadata.name) });
  const affinity = pod.spec.affinity;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
  const pin = { key: 'metadata.name', operator: 'In', values: [node] };
  const nodeSelectorTerms: NodeSelectorTerm[] = required.map(term => ({ ...term, matchFields: [pin] }));
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, [REVISION_LABEL]: revision } },
    spec: {
      ...pod.spec,
      affinity: {
        ...affinity,
        nodeAffinity: {
          ...affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
        },
      },
      tolerations: daemonTolerations(pod.spec),
    },
  };
}

/** The node a daemon pod is on or was made for. */
export function nodeOf(pod: Pod): string | undefined {
  if (pod.spec.nodeName) return pod.spec.nodeName;
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms?.[0]?.matchFields?.find(field => field.key === 'metadata.name')?.values?.[0];
}
