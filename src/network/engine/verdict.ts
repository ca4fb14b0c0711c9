import type { Fault } from '../../base/index.ts';
import { networkFaults } from '../faults.ts';
import type { Direction, Policy } from '../model.ts';
import { rulePermits, ruleSelects } from './matching.ts';
import { concerns, type Question, type SelectedPolicies, type Walk } from './walk.ts';

/** One side's verdict: what the rules say, and what keeps that from being certain. */
export interface SideVerdict {
  readonly outcome: 'allow' | 'deny' | 'unknown';
  readonly walked: Walk;
  /** Why it is unknown; empty otherwise. */
  readonly unmodelled: readonly Fault[];
}

export const policiesOf = ({ admin, namespace, baseline }: SelectedPolicies): readonly Policy[] => [
  ...admin,
  ...namespace,
  ...baseline,
];

/** What the verdict hangs on and the question does not say: the request, or the names an address was looked up by. */
function unresolved(policies: readonly Policy[], question: Question, walked: Walk): Fault[] {
  const { peer, subject, direction, protocol, port } = question;
  const rules = walked.steps.flatMap(step => (step.kind === 'rule' ? [step.rule] : []));
  if (walked.requests) return rules.slice(0, 1).map(rule => networkFaults.make('request-needed', { rule: rule.name }));
  if (peer.kind !== 'addresses' || peer.names) return [];
  const destination = direction === 'ingress' ? subject : peer;
  const hanging = policies
    .flatMap(policy => policy.rules)
    .find(
      rule =>
        rule.direction === direction &&
        rule.peers !== 'any' &&
        rule.peers.some(each => each.kind === 'names') &&
        (rule.action === 'deny' || !walked.allowed) &&
        !ruleSelects(rule, peer) &&
        rulePermits(rule, protocol, port, destination),
    );
  return hanging ? [networkFaults.make('name-needed', { rule: hanging.name })] : [];
}

/** What is wrong with policies that may be meant for a pod of a namespace: parts that were not read could select it. */
export function brokenFor(
  broken: Iterable<readonly [Policy, readonly Fault[]]>,
  namespace: string | undefined,
  direction: Direction,
): Fault[] {
  return [...broken].flatMap(([policy, faults]) =>
    (policy.namespace === undefined || policy.namespace === namespace) && concerns(policy, direction) ? faults : [],
  );
}

/** Judges what a walk found: certain only where nothing of the policies asked was left unread or unasked. */
export function judge(
  policies: readonly Policy[],
  question: Question,
  walked: Walk,
  broken: readonly Fault[],
): SideVerdict {
  const unmodelled = [
    ...policies.flatMap(policy => policy.unmodelled),
    ...broken,
    ...unresolved(policies, question, walked),
  ];
  return { outcome: unmodelled.length > 0 ? 'unknown' : walked.allowed ? 'allow' : 'deny', walked, unmodelled };
}

/** The rule that decided, in one line: `NetworkPolicy shop/web ingress #1`. */
export function namesRule({ walked: { steps } }: SideVerdict, direction: Question['direction']): string | undefined {
  const step = steps.at(-1);
  if (!step || step.kind === 'default') return undefined;
  const { kind, namespace, name } = step.policy;
  return `${kind} ${namespace ? `${namespace}/` : ''}${name} ${direction}${step.kind === 'rule' ? ` ${step.rule.name}` : ''}`;
}
