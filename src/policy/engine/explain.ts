import type { NearMiss } from '../../base/index.ts';
import type { PolicyAnswer, PolicyRequest } from '../model.ts';
import type { PolicySource } from '../ports.ts';

/** What every policy says of a write, and which ones nearly had a say: the same decisions admission makes. */
export function explainPolicies(asked: PolicyRequest, source: PolicySource): readonly PolicyAnswer[] {
  const request = source.equivalent?.(asked) ?? asked;
  const answers: PolicyAnswer[] = [];
  const nearMisses: NearMiss[] = [];
  for (const policy of source.policies()) {
    const rule = { kind: policy.kind, name: policy.name, ...(policy.namespace ? { namespace: policy.namespace } : {}) };
    if (policy.matches(request)) {
      if (policy.decide) answers.push(...policy.decide(request, source.world).answers);
      if (policy.mutate) answers.push(...policy.mutate(request, source.world).faults);
      continue;
    }
    const failed = policy.missed?.(request);
    if (failed) nearMisses.push({ rule, failed });
  }
  if (answers.length === 0) return [unclaimed(nearMisses)];
  return answers.map(answer => ({ ...answer, nearMisses: [...answer.nearMisses, ...nearMisses] }));
}

function unclaimed(nearMisses: readonly NearMiss[]): PolicyAnswer {
  return {
    outcome: 'allow',
    layer: 'policy',
    enforcer: 'admission',
    by: { default: { en: 'No policy applies to this write', zh: '没有策略适用于此写入' } },
    because: [],
    nearMisses,
    unmodelled: [],
    actions: [],
    message: '',
    reason: '',
    code: 200,
    refusal: '',
  };
}
