import type { Answer, DecidedByRule, Edit, Text } from '../../base/index.ts';
import { parsePolicies } from '../dialects/index.ts';
import type { Request } from '../engine/requests.ts';
import { brokenFor, judge, policiesOf } from '../engine/verdict.ts';
import { type Question, type SelectedPolicies, selectPolicies, type Step, walk, type Walk } from '../engine/walk.ts';
import { networkFaults } from '../faults.ts';
import type { Direction, Identity, Policy, Protocol, Rule } from '../model.ts';
import { applyEdit, candidates } from './edits.ts';
import { answerNode, isSameNode } from './hostpolicies.ts';
import { nearMisses } from './nearness.ts';
import type { Snapshot } from './snapshot.ts';
import { loneAddress, standings, STANDINGS_MAX } from './standings.ts';

/** One end of a question: a pod, or what makes pods, by name; or an address. */
export type PartyReference =
  | { readonly kind: 'workload'; readonly namespace: string; readonly name: string }
  /** A pod of which the asker knows what it is. */
  | { readonly kind: 'pod'; readonly namespace: string; readonly name: string; readonly identity: Identity }
  | { readonly kind: 'address'; readonly address: string; readonly names?: readonly string[] };

export interface FlowQuestion {
  readonly source: PartyReference;
  readonly destination: PartyReference;
  readonly protocol: Protocol;
  /** Of ICMP the type of the message plus one. */
  readonly port: number;
  /** What is asked over the connection; without it a rule that reads requests gives no verdict. */
  readonly request?: Request;
  /** Every rule about addresses means those of pods too, as where policy is held by address. */
  readonly byAddress?: true;
  /** The source uses the address of a Service that leads to the destination: all it may lead to. */
  readonly service?: readonly { readonly destination: PartyReference; readonly port: number }[];
}

const text = (en: string, zh: string): Text => ({ en, zh });
/** Edits that are tried for one verdict: each reads its document again. */
const TRIES_MAX = 24;
/** For policies with more rules no edit is looked for. */
const EDITED_RULES_MAX = 20_000;
const ENFORCER = 'network policy';

export function describeParty(party: PartyReference): string {
  return party.kind === 'address' ? party.address : `${party.namespace}/${party.name}`;
}

/** Who a reference means in these documents; undefined when nobody. */
export function findIdentity(snapshot: Snapshot, party: PartyReference): Identity | undefined {
  if (party.kind === 'pod') return party.identity;
  if (party.kind === 'workload') {
    return snapshot.workloads.find(entry => entry.namespace === party.namespace && entry.name === party.name)?.identity;
  }
  const node = snapshot.nodes.get(party.address);
  const [range] = loneAddress(party.address);
  if (node?.kind === 'node') return range ? { ...node, own: [range] } : node;
  if (!range) return undefined;
  const { names } = party;
  return { kind: 'addresses', range, ...(names ? { names } : {}) };
}

function decidedBy(policy: Policy, rule?: Rule): DecidedByRule {
  const where = rule?.where ?? policy.where;
  return {
    kind: policy.kind,
    ...(policy.namespace ? { namespace: policy.namespace } : {}),
    name: policy.name,
    ...(rule ? { rule: rule.name } : {}),
    ...(where ? { where } : {}),
  };
}

const DEFAULT_ALLOW = text('No policy selects this side: everything is allowed', '没有策略选中这一侧：默认全部允许');

function byOf(walked: Walk): Answer['by'] {
  const step = walked.steps.at(-1)!;
  if (step.kind === 'default') return { default: DEFAULT_ALLOW };
  return step.kind === 'rule' ? decidedBy(step.policy, step.rule) : decidedBy(step.policy);
}

function because(step: Step, direction: Direction): Text {
  const side = direction === 'ingress' ? 'ingress' : 'egress';
  if (step.kind === 'default') return DEFAULT_ALLOW;
  const { kind, namespace, name } = step.policy;
  const policy = `${kind} ${namespace ? `${namespace}/` : ''}${name}`;
  if (step.kind === 'isolated') {
    return text(
      `${policy} isolates this side for ${side}, and none of its rules allows the flow`,
      `${policy} 隔离了这一侧的 ${side} 方向，且没有规则允许该流量`,
    );
  }
  const verbs = { allow: ['allows', '允许'], deny: ['denies', '拒绝'], pass: ['passes on', '交由下一层决定'] } as const;
  const [en, zh] = verbs[step.rule.action];
  return text(
    `${policy} ${en} it by ${side} rule ${step.rule.name}`,
    `${policy} 的 ${side} 规则 ${step.rule.name} ${zh}该流量`,
  );
}

const REMOVAL_SIZE = 40;

/** Characters a person would have to write; taking a whole rule away weighs as much as writing a short one. */
const sizeOf = ({ value }: { readonly value?: unknown }): number =>
  value === undefined ? REMOVAL_SIZE : JSON.stringify(value).length;

/** The smallest edit that, applied to the document, read and decided again, really flips this side's verdict. */
function findFlip(
  snapshot: Snapshot,
  { outcome, question, walked }: Side,
  asked: Question,
  byAddress: boolean,
): Edit | undefined {
  const flipped = outcome === 'allow' ? 'deny' : 'allow';
  const bySize = candidates(walked, question)
    .map(candidate => ({ candidate, size: sizeOf(candidate) }))
    .sort((left, right) => left.size - right.size)
    .slice(0, TRIES_MAX)
    .map(({ candidate }) => candidate);
  for (const candidate of bySize) {
    if (candidate.policy.rules.length > EDITED_RULES_MAX) continue;
    const source = snapshot.sources.get(candidate.policy);
    const edited = source && applyEdit(source, candidate);
    if (!edited) continue;
    const parsed = parsePolicies(edited, snapshot.context);
    if (!parsed || parsed.faults.length > 0) continue;
    const others = snapshot.policies.filter(policy => snapshot.sources.get(policy) !== source);
    if (decideSide(snapshot, [...others, ...parsed.value], asked, byAddress).outcome !== flipped) continue;
    const { path, action, value } = candidate;
    const name = `${candidate.policy.kind} ${candidate.policy.namespace ? `${candidate.policy.namespace}/` : ''}${candidate.policy.name}`;
    const shown = value === undefined ? '' : ` ${JSON.stringify(value)}`;
    const verbs = { set: '设置', remove: '删除', add: '添加' };
    return {
      object: decidedBy(candidate.policy),
      path,
      action,
      ...(value === undefined ? {} : { value }),
      text: text(`In ${name}: ${action} ${path}${shown}`, `在 ${name} 中：${verbs[action]} ${path}${shown}`),
    };
  }
  return undefined;
}

/** The question as it is about each address the peer may have here, with what the rules say of it. */
function walkAll(selected: SelectedPolicies, question: Question, byAddress: boolean): [Question, Walk][] {
  const peers = standings(question.peer, policiesOf(selected), question.direction, byAddress);
  return peers.map(peer => {
    const asked = { ...question, peer };
    return [asked, walk(selected, asked)];
  });
}

interface Side {
  readonly outcome: Answer['outcome'];
  readonly unmodelled: Answer['unmodelled'];
  /** The policies that select the subject. */
  readonly policies: readonly Policy[];
  /** The question as the verdict told is of it, and the way to that verdict. */
  readonly question: Question;
  readonly walked: Walk;
}

/** Decides one side by these policies, asked with all that is known of the other. */
function decideSide({ broken }: Snapshot, all: readonly Policy[], asked: Question, byAddress: boolean): Side {
  const selected = selectPolicies(all, asked.subject, asked.direction);
  const policies = policiesOf(selected);
  const walks = walkAll(selected, asked, byAddress);
  // Where addresses decide differently, the refusal is told: it is the verdict of none of them, but the one to know of.
  const [question, walked] = walks.find(([, each]) => !each.allowed) ?? walks[0]!;
  const hangs = walks.length >= STANDINGS_MAX || walks.some(([, each]) => each.allowed !== walked.allowed);
  const own = question.subject.kind === 'pod' ? question.subject.namespace : undefined;
  const unread = brokenFor(broken, own, question.direction);
  const needed = hangs ? [networkFaults.make('pod-address-needed', { rule: ruleOf(walked) })] : [];
  return { ...judge(policies, question, walked, [...unread, ...needed]), policies, question, walked };
}

/** What policies say of one side, and the edit that would flip it. */
function answerSide(snapshot: Snapshot, asked: Question, byAddress: boolean): Answer {
  const side = decideSide(snapshot, snapshot.policies, asked, byAddress);
  const { outcome, unmodelled, policies, question, walked } = side;
  const flip = unmodelled.length === 0 ? findFlip(snapshot, side, asked, byAddress) : undefined;
  return {
    outcome,
    layer: 'network',
    enforcer: ENFORCER,
    direction: question.direction,
    by: byOf(walked),
    because: walked.steps.map(step => because(step, question.direction)),
    nearMisses: nearMisses(policies, question, decidedBy),
    unmodelled,
    ...(flip ? { flip } : {}),
  };
}

const ruleOf = (walked: Walk): string => {
  const step = walked.steps.at(-1)!;
  return step.kind === 'rule' ? step.rule.name : step.kind === 'isolated' ? step.policy.name : '-';
};

function unknownParty(party: PartyReference, direction: Direction): Answer {
  const fault = networkFaults.make('party-unknown', { party: describeParty(party) });
  return {
    outcome: 'unknown',
    layer: 'network',
    enforcer: ENFORCER,
    direction,
    by: { default: text('Nobody here has that name', '此处没有该名称') },
    because: [],
    nearMisses: [],
    unmodelled: [fault],
  };
}

/** The same question about everyone a Service's address may lead to. */
function behind(snapshot: Snapshot, side: Question, { service = [] }: FlowQuestion): Question[] {
  if (side.direction === 'ingress') return [];
  return service.flatMap(({ destination, port }) => {
    const peer = findIdentity(snapshot, destination);
    return peer ? [{ ...side, peer, port }] : [];
  });
}

/** May the source send, and the destination take, this flow? One answer a side that policies can govern. */
export function explain(question: FlowQuestion, snapshot: Snapshot): Answer[] {
  const source = findIdentity(snapshot, question.source);
  const destination = findIdentity(snapshot, question.destination);
  if (!source) return [unknownParty(question.source, 'egress')];
  if (!destination) return [unknownParty(question.destination, 'ingress')];
  const { protocol, port, request } = question;
  const asked = { protocol, port, ...(request ? { request } : {}) };
  if (isSameNode(snapshot, source, destination)) return [];
  const sides: Question[] = [
    { direction: 'egress', subject: source, peer: destination, ...asked },
    { direction: 'ingress', subject: destination, peer: source, ...asked },
  ];
  const byAddress = question.byAddress === true;
  return sides.flatMap(side => {
    if (side.subject.kind === 'pod') return [answerSide(snapshot, side, byAddress)];
    return side.subject.kind === 'node' ? answerNode(snapshot, side, answerSide, behind(snapshot, side, question)) : [];
  });
}
