import { rememberObject } from '../../../base/index.ts';
import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import type { PolicyRequest, PolicyWorld } from '../../model.ts';
import { activate } from '../cel/activation.ts';
import { type CompiledExpressions, compileExpressions } from '../cel/expressions.ts';
import { conditionsHold } from '../cel/lower.ts';
import { parsePolicy } from '../cel/parse.ts';
import { asKube, textAt } from './model.ts';
import type { Settings } from './settings.ts';

/** True to ask a policy, false to let the request pass it, a text where a condition failed and none was false. */
export type WebhookConditions = (request: PolicyRequest, world: PolicyWorld) => boolean | string;

const list = (value: Json | undefined): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

const compiled = rememberObject((conditions: readonly JsonObject[]): CompiledExpressions => {
  const document = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'webhook' },
    spec: { matchConditions: [...conditions] },
  };
  return compileExpressions(parsePolicy(asKube(document)).value);
});

/**
 * The CEL conditions on which an API server calls the webhook a policy is asked through: those of every webhook
 * (`matchConditions` of the ConfigMap), and those of the policy's own (`spec.webhookConfiguration`). Undefined without any.
 */
export function webhookConditions(source: JsonObject, { matchConditions }: Settings): WebhookConditions | undefined {
  const spec = isObject(source.spec) ? source.spec : {};
  const own = isObject(spec.webhookConfiguration) ? list(spec.webhookConfiguration.matchConditions) : [];
  const conditions = [...matchConditions, ...own.filter(each => textAt(each, 'expression') !== '')];
  if (conditions.length === 0) return undefined;
  return (request, world) => {
    const expressions = compiled(conditions);
    return conditionsHold(expressions, activate(expressions, request, undefined, world));
  };
}
