import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import type { PolicyAction, PolicyAnswer, PolicyRequest } from '../../model.ts';
import { CEL_GROUP } from './kinds.ts';
import { selectsWithWildcards } from './match.ts';
import { type RuleAnswer, textAt } from './model.ts';
import { rulesOf } from './run.ts';
import type { Settings } from './settings.ts';

const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** Path of the webhook that would have asked, by kind (policies.kyverno.io). */
const WEBHOOKS: Readonly<Record<string, string>> = {
  ValidatingPolicy: 'vpol.validate',
  NamespacedValidatingPolicy: 'nvpol.validate',
  ImageValidatingPolicy: 'ivpol.validate',
  NamespacedImageValidatingPolicy: 'nivpol.validate',
  MutatingPolicy: 'mpol.mutate',
  NamespacedMutatingPolicy: 'nmpol.mutate',
};

/** The webhook a policy is asked through: policies of one failure policy share one, unless they match finely. */
export function webhookOf(source: JsonObject, { forceFailurePolicyIgnore }: Settings): string {
  const spec = fields(source.spec);
  const ignores = forceFailurePolicyIgnore || String(spec.failurePolicy ?? 'Fail').toLowerCase() === 'ignore';
  const failure = ignores ? 'ignore' : 'fail';
  const isCel = String(source.apiVersion).startsWith(`${CEL_GROUP}/`);
  const path = isCel ? (WEBHOOKS[String(source.kind)] ?? 'validate') : 'validate';
  const exact = fields(spec.matchConstraints).matchPolicy === 'Exact';
  const fine = isCel && (exact || list(spec.matchConditions).length > 0 || spec.webhookConfiguration !== undefined);
  return `${path}.kyverno.svc-${failure}${fine ? `-finegrained-${textAt(source, 'metadata', 'name')}` : ''}`;
}

function refusalOf(
  source: JsonObject,
  { rule, message, status }: RuleAnswer,
  what: string,
  settings: Settings,
): string {
  const name = textAt(source, 'metadata', 'name');
  const denied = `admission webhook "${webhookOf(source, settings)}" denied the request: `;
  if (String(source.apiVersion).startsWith(`${CEL_GROUP}/`))
    return `${denied}Policy ${name} ${status === 'error' ? 'error' : 'failed'}: ${message}`;
  return `${denied}\n\nresource ${what} was blocked due to the following policies \n\n${name}:\n  ${rule}: '${message.replaceAll("'", "''")}'\n`;
}

/** What an answer asks for: by the rule, then the overrides of the policy, then the policy. */
export function actionsOf(source: JsonObject, rule: string, request: PolicyRequest): readonly PolicyAction[] {
  const spec = fields(source.spec);
  if (spec.validationActions !== undefined)
    return list(spec.validationActions).map(action => String(action).toLowerCase() as PolicyAction);
  if (String(source.apiVersion).startsWith('policies.kyverno.io/')) return ['deny'];
  const own = rulesOf(source).find(each => each.name === rule);
  const body = own?.verifyImages === undefined ? fields(own?.validate) : fields(list(own.verifyImages)[0]);
  const overrides = [...list(body.failureActionOverrides), ...list(spec.validationFailureActionOverrides)].filter(
    isObject,
  );
  const over = overrides.find(each => {
    const namespaces = list(each.namespaces).map(String);
    if (namespaces.length > 0 && !namespaces.some(name => matchesWildcard(name, request.namespace))) return false;
    const labels = request.namespaceObject?.metadata.labels ?? {};
    return !isObject(each.namespaceSelector) || selectsWithWildcards(each.namespaceSelector, labels);
  });
  const action = String(over?.action ?? body.failureAction ?? spec.validationFailureAction ?? 'Audit').toLowerCase();
  if (action === 'enforce') return ['deny'];
  return spec.emitWarning === true ? ['warn', 'audit'] : ['audit'];
}

/**
 * A rule that cannot be decided refuses what its policy's failure policy does not let pass; of rules that run before the
 * write is judged, even where the policy only audits.
 */
function actionsOfError(
  source: JsonObject,
  answer: RuleAnswer,
  request: PolicyRequest,
  { forceFailurePolicyIgnore }: Settings,
): readonly PolicyAction[] {
  if (forceFailurePolicyIgnore || fields(source.spec).failurePolicy === 'Ignore') return ['audit'];
  // What is only not verified here is no error of the rule.
  const broken = answer.needs === undefined && (answer.type === 'Mutation' || answer.type === 'ImageVerify');
  return broken ? ['deny'] : actionsOf(source, answer.rule, request);
}

/** What is told to who asked, in Kyverno's words. */
export function refusals(
  source: JsonObject,
  answers: readonly RuleAnswer[],
  request: PolicyRequest,
  settings: Settings,
): PolicyAnswer[] {
  const name = textAt(source, 'metadata', 'name');
  return answers.flatMap(answer => {
    if (answer.status !== 'fail' && answer.status !== 'error') return [];
    const actions =
      answer.status === 'error'
        ? actionsOfError(source, answer, request, settings)
        : actionsOf(source, answer.rule, request);
    const what = [request.kind.kind, request.namespace, request.name].filter(part => part !== '').join('/');
    const by = { kind: String(source.kind), name, rule: answer.rule };
    return [
      {
        outcome: 'deny' as const,
        layer: 'policy',
        enforcer: 'Kyverno',
        by,
        because: [{ en: answer.message, zh: answer.message }],
        nearMisses: [],
        unmodelled: [],
        actions,
        message: answer.message,
        reason: 'BadRequest',
        code: 400,
        refusal: answer.unmet ? answer.message : refusalOf(source, answer, what, settings),
        verbatim: answer.unmet !== true,
        ...(emitsWarning(source) ? { warning: warningOf(name, answer) } : {}),
      },
    ];
  });
}

const emitsWarning = (source: JsonObject): boolean => fields(source.spec).emitWarning === true;
const warningOf = (policy: string, { rule, message }: RuleAnswer): string => `policy ${policy}.${rule}: ${message}`;

/** What who asked is told of the changes a policy made, where it says so (`emitWarning`). */
export function changesTold(source: JsonObject, answers: readonly RuleAnswer[]): PolicyAnswer[] {
  if (!emitsWarning(source)) return [];
  const name = textAt(source, 'metadata', 'name');
  return answers
    .filter(({ status, type }) => status === 'pass' && type === 'Mutation')
    .map(answer => ({
      outcome: 'allow' as const,
      layer: 'policy',
      enforcer: 'Kyverno',
      by: { kind: String(source.kind), name, rule: answer.rule },
      because: [{ en: answer.message, zh: answer.message }],
      nearMisses: [],
      unmodelled: [],
      actions: ['warn' as const],
      message: answer.message,
      reason: '',
      code: 200,
      refusal: '',
      warning: warningOf(name, answer),
    }));
}
