import type { Answer, DecidedByRule, NearMiss } from '../../base/answer.ts';
import type { Text } from '../../base/language.ts';
import type { Pod } from '../types.ts';
import { decide, refusalsOn } from './decide.ts';
import type { Refusal } from './filters/filter.ts';
import type { Snapshot } from './snapshot.ts';

const both = (en: string, zh: string): Text => ({ en, zh });

const nodeRule = (name: string, plugin?: string): DecidedByRule => ({
  kind: 'Node',
  name,
  ...(plugin ? { rule: plugin } : {}),
});

const told = (refusal: Refusal): Text => {
  const reasons = refusal.reasons.join(', ');
  const detail = refusal.detail ? ` (${refusal.detail})` : '';
  return both(`${refusal.plugin}: ${reasons}${detail}`, `${refusal.plugin}:${reasons}${detail}`);
};

const LAYER = { layer: 'cluster', enforcer: 'default-scheduler' } as const;

/** Why a pod is where it is or nowhere: the decision the scheduler itself would take now, with every node's every reason. */
export function explainScheduling(pod: Pod, snapshot: Snapshot): Answer<string>[] {
  const gates = pod.spec.schedulingGates ?? [];
  const self: DecidedByRule = {
    kind: 'Pod',
    name: pod.metadata.name,
    ...(pod.metadata.namespace ? { namespace: pod.metadata.namespace } : {}),
  };
  const none = { nearMisses: [], unmodelled: [] };
  if (pod.spec.nodeName) {
    const because = [both(`The pod is bound to node ${pod.spec.nodeName}`, `Pod 已绑定到节点 ${pod.spec.nodeName}`)];
    return [
      { outcome: 'allow', value: pod.spec.nodeName, ...LAYER, by: nodeRule(pod.spec.nodeName), because, ...none },
    ];
  }
  if (gates.length > 0) {
    const names = gates.map(gate => gate.name).join(', ');
    const because = [both(`Scheduling waits for the gates ${names}`, `调度在等待门控 ${names}`)];
    return [{ outcome: 'deny', ...LAYER, by: { ...self, rule: 'spec.schedulingGates' }, because, ...none }];
  }
  const decision = decide(pod, snapshot);
  if ('node' in decision) {
    const because = [...decision.scores].map(([node, score]) =>
      both(`${node} scores ${score}`, `${node} 得分 ${score}`),
    );
    return [{ outcome: 'allow', value: decision.node, ...LAYER, by: nodeRule(decision.node), because, ...none }];
  }
  const nearMisses: NearMiss[] = snapshot.nodes.flatMap(info =>
    refusalsOn(pod, snapshot, info).map(refusal => ({
      rule: nodeRule(info.name, refusal.plugin),
      failed: told(refusal),
    })),
  );
  const because = [both(decision.message, decision.message)];
  if (decision.preemption) {
    const victims = decision.preemption.victims
      .map(victim => `${victim.metadata.namespace}/${victim.metadata.name}`)
      .join(', ');
    because.push(
      both(
        `Preempting ${victims} on ${decision.preemption.node} makes room`,
        `在 ${decision.preemption.node} 上抢占 ${victims} 可以腾出空间`,
      ),
    );
  }
  const by = decision.rejected
    ? { ...self, rule: [...decision.plugins][0] ?? '' }
    : { default: both('No node passes every filter', '没有节点通过全部筛选') };
  return [{ outcome: 'deny', ...LAYER, by, because, nearMisses, unmodelled: [] }];
}
