import type { Text } from '../../base/index.ts';
import { kindOf, type KubeObject } from '../../kernel/index.ts';
import { fields, list, text } from './gatekeeper/read.ts';

/** A rule that lets writes pass unjudged when it cannot decide, or is never asked at all. */
export interface FailOpen {
  readonly object: KubeObject;
  /** RFC 6901, into the object. */
  readonly pointer: string;
  readonly why: Text;
}

const IGNORES: Text = {
  en: 'failurePolicy Ignore: what cannot be judged passes',
  zh: 'failurePolicy 为 Ignore：无法判定的写入放行',
};
const NO_PARAMETER: Text = {
  en: 'parameterNotFoundAction Allow: without its parameter everything passes',
  zh: 'parameterNotFoundAction 为 Allow：缺少参数时一律放行',
};
const UNBOUND: Text = { en: 'no binding names it: it is never asked', zh: '没有绑定引用它：从不生效' };
const POLICY_GROUPS = /^(admissionregistration\.k8s\.io|(policies\.)?kyverno\.io)$/;

/** Rules among the objects that fail open. In process nothing else does: what cannot be decided is refused, with its reason. */
export function failsOpen(objects: readonly KubeObject[]): FailOpen[] {
  const bound = new Set(
    objects
      .filter(({ kind }) => kind.endsWith('AdmissionPolicyBinding'))
      .map(({ kind, spec }) => `${kind.replace('Binding', '')}/${text(fields(spec).policyName)}`),
  );
  return objects.flatMap(object => {
    const found: FailOpen[] = [];
    const note = (pointer: string, why: Text): void => void found.push({ object, pointer, why });
    const { kind, metadata } = object;
    const spec = fields(object.spec);
    if (kind.endsWith('WebhookConfiguration'))
      for (const [at, webhook] of list((object as unknown as { webhooks?: unknown }).webhooks).entries())
        if (text(fields(webhook).failurePolicy) === 'Ignore') note(`/webhooks/${at}/failurePolicy`, IGNORES);
    if (!POLICY_GROUPS.test(kindOf(object).group) && kind !== 'ConstraintTemplate') return found;
    if (kind.endsWith('Policy') && text(spec.failurePolicy) === 'Ignore') note('/spec/failurePolicy', IGNORES);
    if (kind.endsWith('Policy') && text(fields(spec.webhookConfiguration).failurePolicy) === 'Ignore')
      note('/spec/webhookConfiguration/failurePolicy', IGNORES);
    if (text(fields(spec.paramRef).parameterNotFoundAction) === 'Allow')
      note('/spec/paramRef/parameterNotFoundAction', NO_PARAMETER);
    if (kind.endsWith('AdmissionPolicy') && !bound.has(`${kind}/${metadata.name ?? ''}`)) note('', UNBOUND);
    if (kind === 'ConstraintTemplate')
      for (const [at, target] of list(spec.targets).entries())
        for (const [index, code] of list(fields(target).code).entries())
          if (text(fields(fields(code).source).failurePolicy) === 'Ignore')
            note(`/spec/targets/${at}/code/${index}/source/failurePolicy`, IGNORES);
    return found;
  });
}
