import { isTolerated, matchesNodeRules, untolerated } from '../../node-match.ts';
import type { Pod } from '../../types.ts';
import { formatAmount } from '../../quantity.ts';
import { podRequests } from '../requests.ts';
import { hostPorts, type NodeInfo, type PortUse } from '../snapshot.ts';
import { type Filter, refuse, SKIP } from './filter.ts';

export const nodeUnschedulable: Filter = {
  name: 'NodeUnschedulable',
  local: true,
  prepare: pod => {
    const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
    if (isTolerated(pod.spec.tolerations, taint)) return SKIP;
    return {
      check: info =>
        info.node.spec?.unschedulable
          ? refuse('NodeUnschedulable', 'node(s) were unschedulable', true, 'spec.unschedulable: true')
          : undefined,
    };
  },
};

export const nodeName: Filter = {
  name: 'NodeName',
  local: true,
  prepare: pod =>
    pod.spec.nodeName
      ? {
          check: info =>
            info.name === pod.spec.nodeName
              ? undefined
              : refuse('NodeName', "node(s) didn't match the requested node name", true),
        }
      : SKIP,
};

/** The taint itself stays out of the reason since 1.35 (kubernetes/kubernetes#134740); `why` tells it. */
export const taintToleration: Filter = {
  name: 'TaintToleration',
  local: true,
  prepare: pod => ({
    check: info => {
      if (!info.facts.hasTaints) return undefined;
      const taint = untolerated(info.node.spec?.taints, pod.spec.tolerations, ['NoSchedule', 'NoExecute']);
      if (!taint) return undefined;
      return refuse(
        'TaintToleration',
        'node(s) had untolerated taint(s)',
        true,
        `${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`,
      );
    },
  }),
};

const requiredTerms = (pod: Pod) =>
  pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;

/** Nodes a pod names by metadata.name in every required term (daemons do); undefined when it names none. */
export function pinnedNodes(pod: Pod): Set<string> | undefined {
  const terms = requiredTerms(pod);
  if (!terms?.length) return undefined;
  const names = new Set<string>();
  for (const term of terms) {
    const fields = (term.matchFields ?? []).filter(field => field.key === 'metadata.name' && field.operator === 'In');
    if (fields.length === 0) return undefined;
    const common = fields.map(field => new Set(field.values ?? [])).reduce((all, each) => all.intersection(each));
    for (const name of common) names.add(name);
  }
  return names;
}

export const nodeAffinity: Filter = {
  name: 'NodeAffinity',
  local: true,
  prepare: pod => {
    if (!pod.spec.nodeSelector && !requiredTerms(pod)) return SKIP;
    return {
      check: info =>
        matchesNodeRules(pod.spec, info.node)
          ? undefined
          : refuse('NodeAffinity', "node(s) didn't match Pod's node affinity/selector", true),
    };
  },
};

const clash = (a: PortUse, b: PortUse): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0');

export const nodePorts: Filter = {
  name: 'NodePorts',
  local: true,
  prepare: pod => {
    const wanted = hostPorts(pod);
    if (wanted.length === 0) return SKIP;
    return {
      check: info => {
        for (const used of info.ports())
          if (wanted.some(port => clash(port, used)))
            return refuse(
              'NodePorts',
              "node(s) didn't have free ports for the requested pod ports",
              false,
              `${used.protocol} ${used.port}`,
            );
        return undefined;
      },
    };
  },
};

export const nodeResourcesFit: Filter = {
  name: 'NodeResourcesFit',
  local: true,
  prepare: pod => {
    const requests = podRequests(pod);
    const wants = [...requests].filter(([, wanted]) => wanted !== 0);
    const fits = (info: NodeInfo): boolean => {
      if (info.podCount + 1 > (info.allocatable.get('pods') ?? 0)) return false;
      for (let at = 0; at < wants.length; at++) if (wants[at]![1] > info.free(wants[at]![0])) return false;
      return true;
    };
    return {
      check: info => {
        if (fits(info)) return undefined;
        const reasons: string[] = [];
        const details: string[] = [];
        let final = false;
        const room = info.allocatable.get('pods') ?? 0;
        if (info.podCount + 1 > room) reasons.push('Too many pods');
        for (const [resource, wanted] of wants) {
          const total = info.allocatable.get(resource) ?? 0;
          const free = total - (info.requested.get(resource) ?? 0);
          if (wanted <= free) continue;
          reasons.push(`Insufficient ${resource}`);
          details.push(
            `${resource}: ${formatAmount(resource, wanted)} asked for, ${formatAmount(resource, Math.max(0, free))} of ${formatAmount(resource, total)} free`,
          );
          if (wanted > total) final = true;
        }
        if (reasons.length === 0) return undefined;
        return { plugin: 'NodeResourcesFit', reasons, final, detail: details.join('; ') };
      },
    };
  },
};
