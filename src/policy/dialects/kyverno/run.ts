import { rememberObject } from '../../../base/index.ts';
import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { runCelRule } from './cel/rule.ts';
import { evaluateConditions } from './conditions.ts';
import { DataContext, JmesError } from './context.ts';
import { rulesWithAutogen } from './autogen.ts';
import { addEntries } from './entries.ts';
import { exceptionsFor } from './exceptions.ts';
import { generateResources } from './generate.ts';
import { extractImages, imagesIn, imagesOf } from './images.ts';
import { mayMatchKind, ruleMatches } from './match.ts';
import {
  type KyvernoWorld,
  NEEDS_REGISTRY,
  type PolicyResult,
  resourceOf,
  type Review,
  type RuleAnswer,
  type RuleType,
  textAt,
} from './model.ts';
import { mutateResource } from './mutate.ts';
import { mutateTargets } from './targets.ts';
import { type Verdict, validateRule } from './validate.ts';
import { asksSignatures } from './verifyImages.ts';
import { substitute, type Substitution, telling } from './variables.ts';

/** One rule at work on one review. */
export interface RuleRun {
  readonly policy: JsonObject;
  readonly rule: JsonObject;
  readonly review: Review;
  readonly world: KyvernoWorld;
  readonly how: Substitution;
  given(element?: number): JsonObject;
}

export type Phase = 'mutate' | 'verifyImages' | 'validate' | 'generate';

const TYPES: Readonly<Record<Phase, RuleType>> = {
  mutate: 'Mutation',
  verifyImages: 'ImageVerify',
  validate: 'Validation',
  generate: 'Generation',
};
const rulesCache = new WeakMap<JsonObject, readonly JsonObject[]>();

/** A policy's rules with the generated ones, made once. */
export function rulesOf(policy: JsonObject): readonly JsonObject[] {
  let rules = rulesCache.get(policy);
  if (rules === undefined) rulesCache.set(policy, (rules = rulesWithAutogen(policy)));
  return rules;
}

const kindKey = rememberObject(({ kind: { group, version, kind }, subresource }: Review) =>
  [group, version, kind, subresource].join('/'),
);

/** Rules whose clauses name the kind of a review, or none; found once for each kind. */
const rulesByKind = rememberObject((policy: JsonObject) => {
  const known = new Map<string, readonly JsonObject[]>();
  return (review: Review): readonly JsonObject[] => {
    const key = kindKey(review);
    let rules = known.get(key);
    if (rules === undefined) known.set(key, (rules = rulesOf(policy).filter(rule => mayMatchKind(rule, review))));
    return rules;
  };
});

/** Runs the rules of one phase of a ClusterPolicy or Policy (kyverno.io) over a review. */
export function runPhase(
  policy: JsonObject,
  phase: Phase,
  review: Review,
  world: KyvernoWorld,
  exceptions: readonly JsonObject[] = [],
  wanted: (rule: JsonObject) => boolean = () => true,
): PolicyResult {
  const namespace = policy.kind === 'Policy' ? textAt(policy, 'metadata', 'namespace') || 'default' : undefined;
  const answers: RuleAnswer[] = [];
  let current = review;
  for (const rule of rulesByKind(policy)(review)) {
    if (rule[phase] === undefined || !wanted(rule) || !ruleMatches(rule, current, namespace)) continue;
    if (phase === 'verifyImages' && !asksSignatures(rule, resourceOf(current), world.defaultRegistry)) continue;
    const outcome = runRule(policy, rule, phase, current, world, exceptions);
    if (outcome === undefined) continue;
    if (outcome.patched !== undefined) current = { ...current, object: outcome.patched };
    answers.push(outcome.answer);
  }
  return { answers, patched: resourceOf(current) };
}

/** What rules see of a review, the same for all of them. */
const seenOf = rememberObject((review: Review): JsonObject => {
  const resource = resourceOf(review);
  const user = review.requester;
  return {
    request: {
      ...(review.object === undefined ? {} : { object: review.object }),
      ...(review.oldObject === undefined ? {} : { oldObject: review.oldObject }),
      operation: review.operation,
      namespace: textAt(resource, 'metadata', 'namespace'),
      name: textAt(resource, 'metadata', 'name'),
      kind: { ...review.kind },
      subResource: review.subresource,
      userInfo: user?.userInfo ?? {},
      roles: [...(user?.roles ?? [])],
      clusterRoles: [...(user?.clusterRoles ?? [])],
    },
    ...(user === undefined ? {} : accountOf(user.userInfo)),
    ...imagesSeen(resource),
  };
});

function imagesSeen(resource: JsonObject): JsonObject {
  const images = imagesOf(resource);
  return images === undefined ? {} : { images };
}

function contextOf(review: Review, world: KyvernoWorld, rule: JsonObject): DataContext {
  const resource = resourceOf(review);
  const context = new DataContext(seenOf(review), world);
  if (review.request !== undefined)
    for (const [name, value] of Object.entries(review.request)) context.setPath(name, value);
  const { defaultRegistry } = world;
  const images =
    extractImages(resource, rule.imageExtractors, defaultRegistry) ??
    (defaultRegistry === undefined ? review.request && imagesOf(resource) : imagesIn(resource, defaultRegistry));
  if (images !== undefined) context.set('images', images);
  return context;
}

/** `serviceAccountName` and its namespace, where a service account makes the request. */
function accountOf(userInfo: JsonObject | undefined): JsonObject {
  const parts = textAt(userInfo, 'username').split(':');
  const isAccount = parts[0] === 'system' && parts[1] === 'serviceaccount';
  return {
    serviceAccountName: isAccount ? (parts[3] ?? '') : '',
    serviceAccountNamespace: isAccount ? (parts[2] ?? '') : '',
  };
}

/** `reportProperties` of a rule, their variables replaced. */
function propertiesOf(rule: JsonObject, how: Substitution): Record<string, string> | undefined {
  if (!isObject(rule.reportProperties)) return undefined;
  const filled = substitute(rule.reportProperties, { ...how, lenient: true }) as JsonObject;
  return Object.fromEntries(Object.entries(filled).map(([name, value]) => [name, String(value)]));
}

/** Exceptions may ask to be reported as passed (`reportResult`). */
function reportedAs(exceptions: readonly JsonObject[]): 'pass' | 'skip' {
  return exceptions.some(each => isObject(each.spec) && each.spec.reportResult === 'pass') ? 'pass' : 'skip';
}

const NOTHING_GIVEN: JsonObject = {};
const NO_EXCEPTIONS: readonly Json[] = [];

type Answering = (status: RuleAnswer['status'], message: string, more?: Partial<RuleAnswer>) => RuleOutcome;

interface RuleOutcome {
  readonly answer: RuleAnswer;
  readonly patched?: JsonObject;
}

function runRule(
  policy: JsonObject,
  rule: JsonObject,
  phase: Phase,
  review: Review,
  world: KyvernoWorld,
  exceptions: readonly JsonObject[],
): RuleOutcome | undefined {
  const policyName = textAt(policy, 'metadata', 'name');
  const ruleName = String(rule.name ?? '');
  const how: Substitution = { context: contextOf(review, world, rule), deleting: review.operation === 'DELETE' };
  const given = (element?: number): JsonObject => world.given?.(policyName, ruleName, element) ?? NOTHING_GIVEN;
  const run: RuleRun = { policy, rule, review, world, how, given };
  const answer = (status: RuleAnswer['status'], message: string, more: Partial<RuleAnswer> = {}): RuleOutcome => ({
    answer: { rule: ruleName, type: TYPES[phase], status, message, ...more },
  });
  try {
    const found = exceptionsFor(exceptions, policyName, ruleName, review, how);
    const podSecurity =
      found.length === 0
        ? NO_EXCEPTIONS
        : found.flatMap(exception => {
            const spec = exception.spec;
            return isObject(spec) && Array.isArray(spec.podSecurity) ? spec.podSecurity : [];
          });
    if (found.length > podSecurity.length || (found.length > 0 && podSecurity.length === 0))
      return answer(
        reportedAs(found),
        `rule is skipped due to policy exception ${textAt(found[0], 'metadata', 'name')}`,
        {
          excepted: true,
          exceptions: found.map(each => textAt(each, 'metadata', 'name')),
        },
      );
    addEntries(rule.context, how, world, given());
    const met = telling('failed to evaluate preconditions', () => evaluateConditions(rule.preconditions, how));
    if (!met.holds) return answer('skip', ['preconditions not met', met.message].filter(Boolean).join('; '));
    const said = runBody(run, phase, answer, podSecurity);
    if (said === undefined) return undefined;
    const body = standing(run, phase, podSecurity, said);
    const outcome = allowedBy(found, run, phase, answer, body);
    const properties = propertiesOf(rule, how);
    if (properties === undefined) return outcome;
    return { ...outcome, answer: { ...outcome.answer, properties: { ...outcome.answer.properties, ...properties } } };
  } catch (error) {
    if (error instanceof JmesError || error instanceof Error)
      return answer('error', error.message, error.message.includes(NEEDS_REGISTRY) ? { needs: 'image-registry' } : {});
    throw error;
  }
}

/** What passes only because exceptions leave pod security controls out is skipped, and says by which. */
function allowedBy(
  exceptions: readonly JsonObject[],
  run: RuleRun,
  phase: Phase,
  answer: Answering,
  outcome: RuleOutcome,
): RuleOutcome {
  if (exceptions.length === 0 || phase !== 'validate' || outcome.answer.status !== 'pass') return outcome;
  if (runBody(run, phase, answer, [])?.answer.status !== 'fail') return outcome;
  const names = exceptions.map(each => textAt(each, 'metadata', 'name'));
  const message = `rule is skipped due to policy exceptions ${names.join(', ')}`;
  return answer(reportedAs(exceptions), message, { excepted: true, exceptions: names });
}

/**
 * A violation the object had before an update stands (Kyverno, "Validate", allowExistingViolations): the rule is passed
 * over where it says the same of the creation of the old object. That is for rules that refuse, and not for those in CEL.
 */
function standing(run: RuleRun, phase: Phase, podSecurity: readonly Json[], outcome: RuleOutcome): RuleOutcome {
  const { policy, rule, review, world } = run;
  const body = rule.validate as JsonObject | undefined;
  if (phase !== 'validate' || outcome.answer.status !== 'fail' || review.operation !== 'UPDATE') return outcome;
  if (body?.allowExistingViolations === false || body?.cel !== undefined || !enforces(policy, rule)) return outcome;
  if (review.object === undefined || review.oldObject === undefined) return outcome;
  const before: Review = {
    ...review,
    operation: 'CREATE',
    subresource: '',
    object: review.oldObject,
    oldObject: undefined,
  };
  const namespace = policy.kind === 'Policy' ? textAt(policy, 'metadata', 'namespace') || 'default' : undefined;
  if (!ruleMatches(rule, before, namespace)) return outcome;
  const how: Substitution = { ...run.how, context: contextOf(before, world, rule) };
  addEntries(rule.context, how, world, run.given());
  if (!evaluateConditions(rule.preconditions, how).holds) return outcome;
  const answer = (status: RuleAnswer['status'], message: string, more: Partial<RuleAnswer> = {}): RuleOutcome => ({
    answer: { ...outcome.answer, status, message, ...more },
  });
  const had = runBody({ policy, rule, review: before, world, how, given: run.given }, phase, answer, podSecurity);
  if (had?.answer.status !== 'fail' || had.answer.message !== outcome.answer.message) return outcome;
  return answer('skip', 'the violation was there before the update and is let stand', {});
}

/** What is told of a resource that a rule changed. */
function changedText(patched: JsonObject): string {
  const namespace = textAt(patched, 'metadata', 'namespace');
  const what = `mutated ${String(patched.kind)}/${textAt(patched, 'metadata', 'name')}`;
  return namespace === '' ? what : `${what} in namespace ${namespace}`;
}

const enforces = (policy: JsonObject, rule: JsonObject): boolean => {
  const own = (rule.validate as JsonObject).failureAction ?? (policy.spec as JsonObject).validationFailureAction;
  return String(own ?? 'Audit').toLowerCase() === 'enforce';
};

/** Who is to have signed, less what is known only once a signature is read. */
const attestorsOf = (entry: Json): Json => (isObject(entry) ? (entry.attestors ?? null) : null);

/** What the rule's body says; undefined where it says nothing of this resource. */
function runBody(
  run: RuleRun,
  phase: Phase,
  answer: Answering,
  podExceptions: readonly Json[],
): RuleOutcome | undefined {
  const { rule, review } = run;
  if (phase === 'mutate') {
    const body = rule.mutate as JsonObject;
    if (Array.isArray(body.targets)) {
      const targets = mutateTargets(body, run);
      return answer(targets.length > 0 ? 'pass' : 'skip', '', { targets });
    }
    if (review.object === undefined) return answer('skip', 'there is nothing to change');
    const patched = mutateResource(body, run, run.how, review.object);
    if (patched === undefined) return answer('skip', 'no patches applied');
    return { ...answer('pass', changedText(patched)), patched };
  }
  if (phase === 'generate') {
    const generated = generateResources(rule.generate as JsonObject, run);
    return answer(generated === undefined ? 'error' : 'pass', '', generated ? { generated } : {});
  }
  if (phase === 'verifyImages') {
    // Attestors whose variables lead nowhere are a fault of the rule, whatever the signatures say.
    substitute((rule.verifyImages as Json[]).map(attestorsOf), run.how);
    return answer('error', 'image signatures are not verified here', { needs: 'image-signatures' });
  }
  const body = rule.validate as JsonObject;
  if (body.manifests !== undefined)
    return answer('error', 'manifest signatures are not verified here', { needs: 'image-signatures' });
  const verdict: Verdict | undefined = isObject(body.cel) ? runCelRule(run) : validateRule(run, podExceptions);
  if (verdict === undefined) return undefined;
  const { status, message, properties } = verdict;
  return answer(status, message, properties === undefined ? {} : { properties });
}
