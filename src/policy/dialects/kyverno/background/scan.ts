import { equalJson, isObject, type JsonObject } from '../../../../kernel/index.ts';
import { admissionAnswers, isReportedAdmission } from './admission-answers.ts';
import { runCelPolicy } from '../cel/run.ts';
import { isRulesKind, plainKind } from '../kinds.ts';
import type { KyvernoWorld, Review, RuleAnswer } from '../model.ts';
import { resourceOf } from '../model.ts';
import { rulesOf, runPhase } from '../run.ts';

const REPORTING: ReadonlySet<string> = new Set(['ValidatingPolicy', 'ImageValidatingPolicy', 'MutatingPolicy']);

/** True for policies whose verdicts on single objects are reported. */
export function isReporting(policy: JsonObject): boolean {
  if (!isObject(policy.spec)) return false;
  if (isReportedAdmission(policy)) return true;
  const kind = String(policy.kind);
  if (isRulesKind(kind))
    return rulesOf(policy).some(rule => rule.validate !== undefined || rule.verifyImages !== undefined);
  const { evaluation } = policy.spec;
  const mode = isObject(evaluation) ? (evaluation.mode ?? 'Kubernetes') : 'Kubernetes';
  return REPORTING.has(plainKind(kind)) && mode === 'Kubernetes';
}

/** True where a policy judges a write at admission and finds nothing wrong with it. */
export function successesFor(
  policy: JsonObject,
  review: Review,
  world: KyvernoWorld,
  exceptions: readonly JsonObject[],
): boolean {
  if (!isReporting(policy) || plainKind(String(policy.kind)) === 'MutatingPolicy') return false;
  const { admission, evaluation } = policy.spec as { admission?: unknown; evaluation?: { admission?: JsonObject } };
  if (admission === false || evaluation?.admission?.enabled === false) return false;
  const answers = answersFor(policy, review, world, exceptions);
  return (
    answers.some(({ status }) => status === 'pass') && answers.every(({ status }) => /^(?:pass|skip)$/.test(status))
  );
}

/** What a policy says of an object that is there; beside it stand its exceptions (or bindings). */
export function answersFor(
  policy: JsonObject,
  review: Review,
  world: KyvernoWorld,
  exceptions: readonly JsonObject[],
): readonly RuleAnswer[] {
  if (isReportedAdmission(policy)) return admissionAnswers(policy, exceptions, review, world);
  if (isRulesKind(String(policy.kind)))
    return (['verifyImages', 'validate'] as const).flatMap(
      phase => runPhase(policy, phase, review, world, exceptions).answers,
    );
  const { answers, patched } = runCelPolicy(policy, review, world, exceptions);
  if (plainKind(String(policy.kind)) !== 'MutatingPolicy') return answers;
  // A mutation that would still change the object was not made.
  return answers.map(answer => {
    if (answer.status !== 'pass') return answer;
    const targets = answer.targets;
    const same = equalJson(targets?.[0] ?? patched, resourceOf(review));
    return { ...answer, ...(same ? { message: 'success' } : { status: 'fail', message: 'mutation is not applied' }) };
  });
}
