import type { Direction, Identity, Policy, Protocol, Requests, Rule } from '../model.ts';
import { type Request, requestMatches } from './requests.ts';
import { resolvePort, rulePermits, ruleSelects, selectsPod } from './matching.ts';
import { selects } from './selectors.ts';

/** One side of a flow: may `subject` send to (egress) or take from (ingress) `peer`? */
export interface Question {
  readonly direction: Direction;
  readonly subject: Identity;
  readonly peer: Identity;
  readonly protocol: Protocol;
  readonly port: number;
  /** What is asked over the connection; without it only the connection itself is decided. */
  readonly request?: Request;
}

/** What happened at one policy on the way to the verdict. */
export type Step =
  | { readonly kind: 'rule'; readonly policy: Policy; readonly rule: Rule }
  /** The policy isolates the subject and allowed nothing; `near` are its rules that select the peer but not the port. */
  | { readonly kind: 'isolated'; readonly policy: Policy; readonly near: readonly Rule[] }
  | { readonly kind: 'default' };

export interface Walk {
  readonly allowed: boolean;
  /** The connection is let through for these requests only. */
  readonly requests?: readonly Requests[];
  readonly steps: readonly Step[];
}

const byPriority = (left: Policy, right: Policy): number =>
  left.priority - right.priority || (left.name < right.name ? -1 : left.name > right.name ? 1 : 0);

/** The policies a subject answers to in one direction, in the order they are asked. */
export interface SelectedPolicies {
  readonly admin: readonly Policy[];
  readonly namespace: readonly Policy[];
  readonly baseline: readonly Policy[];
}

export function concerns(policy: Policy, direction: Direction): boolean {
  return policy.isolates[direction] || policy.rules.some(rule => rule.direction === direction);
}

function selectsSubject({ forNodes, subject }: Policy, identity: Identity): boolean {
  if (identity.kind === 'node') return forNodes !== undefined && selects(forNodes, identity.labels);
  return forNodes === undefined && selectsPod(subject, identity);
}

/** Chooses and orders the policies that select a subject. */
export function selectPolicies(policies: Iterable<Policy>, subject: Identity, direction: Direction): SelectedPolicies {
  const chosen = [...policies].filter(policy => concerns(policy, direction) && selectsSubject(policy, subject));
  return orderPolicies(chosen);
}

/** Splits policies by tier and orders each as it is asked. */
export function orderPolicies(policies: readonly Policy[]): SelectedPolicies {
  const tier = (name: Policy['tier']): Policy[] => policies.filter(policy => policy.tier === name).sort(byPriority);
  return { admin: tier('admin'), namespace: tier('namespace'), baseline: tier('baseline') };
}

function matching(policy: Policy, question: Question): Rule[] {
  const destination = question.direction === 'ingress' ? question.subject : question.peer;
  return policy.rules.filter(
    rule =>
      rule.direction === question.direction &&
      ruleSelects(rule, question.peer) &&
      rulePermits(rule, question.protocol, question.port, destination),
  );
}

function walkOrdered(policies: readonly Policy[], question: Question): { rule: Rule; policy: Policy } | undefined {
  for (const policy of policies) {
    const rule = matching(policy, question)[0];
    if (rule) return { policy, rule };
  }
  return undefined;
}

/** Of the rules of one policy that allow, the first says it all; every deny is told. */
function telling(rules: readonly Rule[]): readonly Rule[] {
  const first = rules.findIndex(rule => rule.action === 'allow' && rule.requests === undefined);
  return rules.filter((rule, index) => index === first || rule.action !== 'allow' || (first < 0 && rule.requests));
}

/** Rules that select the peer, each with some port that no earlier one has. */
function nearRules(policy: Policy, question: Question): readonly Rule[] {
  const destination = question.direction === 'ingress' ? question.subject : question.peer;
  const seen = new Set<string>();
  return policy.rules.filter(rule => {
    if (rule.direction !== question.direction || !ruleSelects(rule, question.peer)) return false;
    const ports = rule.ports === 'any' ? [] : rule.ports.flatMap(port => resolvePort(port, destination));
    const key = JSON.stringify(ports);
    return !seen.has(key) && seen.add(key);
  });
}

function walkAdditive(policies: readonly Policy[], question: Question): Walk | undefined {
  const hits = policies.flatMap(policy =>
    telling(matching(policy, question)).map(rule => ({ kind: 'rule' as const, policy, rule })),
  );
  const denies = hits.filter(hit => hit.rule.action === 'deny');
  if (denies.length > 0) return { allowed: false, steps: denies };
  const allows = hits.filter(hit => hit.rule.action === 'allow');
  if (allows.length > 0) return walkAllowed(policies, allows, question);
  const isolating = policies.filter(policy => policy.isolates[question.direction]);
  if (isolating.length === 0) return undefined;
  const steps = isolating.map(policy => ({
    kind: 'isolated' as const,
    policy,
    near: nearRules(policy, question),
  }));
  return { allowed: false, steps };
}

type Hit = Extract<Step, { kind: 'rule' }>;

/** A rule for whatever the connection carries beats those for some requests (their union is what is allowed). */
function walkAllowed(policies: readonly Policy[], allows: readonly Hit[], question: Question): Walk {
  const whole = allows.filter(({ rule }) => rule.requests === undefined);
  if (whole.length > 0) return { allowed: true, steps: whole };
  const { request } = question;
  if (!request) return { allowed: true, steps: allows, requests: allows.map(({ rule }) => rule.requests!) };
  const matched = allows.filter(({ rule }) => requestMatches(rule.requests!, request));
  if (matched.length > 0) return { allowed: true, steps: matched };
  const refusing = [...new Set(allows.map(({ policy }) => policy))];
  return {
    allowed: false,
    steps: refusing.map(policy => ({ kind: 'isolated', policy, near: nearRules(policy, question) })),
  };
}

/** Asks the tiers in order and tells what each said. Nothing that matches means allowed. */
export function walk(selected: SelectedPolicies, question: Question): Walk {
  const steps: Step[] = [];
  const admin = walkOrdered(selected.admin, question);
  if (admin) {
    steps.push({ kind: 'rule', ...admin });
    if (admin.rule.action !== 'pass') return { allowed: admin.rule.action === 'allow', steps };
  }
  const additive = walkAdditive(selected.namespace, question);
  if (additive) return { ...additive, steps: [...steps, ...additive.steps] };
  const baseline = walkOrdered(selected.baseline, question);
  if (baseline) return { allowed: baseline.rule.action !== 'deny', steps: [...steps, { kind: 'rule', ...baseline }] };
  return { allowed: true, steps: [...steps, { kind: 'default' }] };
}

/** The slow, obvious decision: compiled ones are tested against it. */
export function decideSlowly(policies: Iterable<Policy>, question: Question): Walk {
  return walk(selectPolicies(policies, question.subject, question.direction), question);
}
