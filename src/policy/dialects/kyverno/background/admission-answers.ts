import { equalJson, type JsonObject } from '../../../../kernel/index.ts';
import { matchesRequest } from '../../../engine/match.ts';
import { lowerPolicy } from '../../cel/lower.ts';
import { parseBinding, parsePolicy } from '../../cel/parse.ts';
import type { BindingDocument } from '../../cel/schema.ts';
import { celWorld, requestOf } from '../cel/review.ts';
import { asKube, type KyvernoWorld, resourceOf, type Review, type RuleAnswer, textAt } from '../model.ts';

/** The API server's own admission policies. */
export const ADMISSION_GROUP = 'admissionregistration.k8s.io';
/** Admission policies with this label are reported on ("Reporting", admission policies). */
const ENABLED = 'reports.kyverno.io/enabled';

/** True for admission policies that ask to be reported on. */
export const isReportedAdmission = (policy: JsonObject): boolean =>
  String(policy.apiVersion).startsWith(`${ADMISSION_GROUP}/`) &&
  textAt(policy, 'metadata', 'labels', ENABLED) === 'true';

/** What an admission policy says of an object that is there, by each of its bindings. */
export function admissionAnswers(
  policy: JsonObject,
  bindings: readonly JsonObject[],
  review: Review,
  world: KyvernoWorld,
): readonly RuleAnswer[] {
  const document = parsePolicy(asKube(policy)).value;
  const request = requestOf(review, world);
  if (!matchesRequest(document.match, request)) return [];
  const mine = bindings
    .map(each => parseBinding(asKube(each)).value)
    .filter(each => each.policyName === document.name && each.kind === `${document.kind}Binding`);
  const answers: RuleAnswer[] = [];
  // Without a binding the policy is told of as if it were in force everywhere.
  for (const binding of mine.length > 0 ? mine : [everywhere(policy)]) {
    if (!matchesRequest(binding.match, request)) continue;
    const compiled = lowerPolicy(document, [binding], world.schemaOf);
    const answer = compiled.mutate ? mutation() : validation();
    const key = document.kind === 'MutatingAdmissionPolicy' ? 'mapBinding' : 'binding';
    answers.push(mine.length > 0 ? { ...answer, properties: { [key]: binding.name } } : answer);

    function validation(): RuleAnswer {
      const { answers: told } = compiled.decide!(request, celWorld(world));
      const denied = told.find(({ outcome }) => outcome === 'deny');
      const status = denied ? 'fail' : 'pass';
      return { rule: document.name, type: 'Validation', status, message: denied?.message ?? '' };
    }

    function mutation(): RuleAnswer {
      const { object, faults } = compiled.mutate!(request, celWorld(world));
      const fault = faults.find(({ outcome }) => outcome === 'deny');
      // A mutation that would still change the object was not made.
      const same = equalJson(object as unknown as JsonObject, resourceOf(review));
      const message = fault?.message ?? (same ? 'mutation is successfully applied' : 'mutation is not applied');
      return { rule: document.name, type: 'Mutation', status: fault ? 'error' : same ? 'pass' : 'fail', message };
    }
  }
  return answers;
}

function everywhere(policy: JsonObject): BindingDocument {
  const name = textAt(policy, 'metadata', 'name');
  const spec = { policyName: name, validationActions: ['Audit'] };
  const kind = `${String(policy.kind)}Binding`;
  return parseBinding(asKube({ apiVersion: policy.apiVersion!, kind, metadata: { name }, spec })).value;
}
