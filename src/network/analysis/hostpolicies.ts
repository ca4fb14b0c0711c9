import type { Answer, Fault, Text } from '../../base/index.ts';
import { formatAddress } from '../engine/addresses.ts';
import { selects } from '../engine/selectors.ts';
import { concerns, type Question } from '../engine/walk.ts';
import { networkFaults } from '../faults.ts';
import type { Identity, NodeIdentity, NodeRelation, Policy } from '../model.ts';
import type { Snapshot } from './snapshot.ts';

type Ask = (snapshot: Snapshot, question: Question, byAddress: boolean) => Answer;

const text = (en: string, zh: string): Text => ({ en, zh });
const OFF = text(
  'The host firewall is off: policies for nodes are not held',
  '主机防火墙未启用：针对节点的策略不会执行',
);
const AUDIT = text(
  'Policies are audited only: what they refuse is told and passes',
  '策略处于审计模式：被拒绝的流量只会被记录并放行',
);
const ELSEWHERE = text(
  'Held where the host firewall is on; Tenon does not hold it on this machine',
  '仅在启用主机防火墙处执行；Tenon 不在本机执行',
);
const HELD = text(
  'Held for pods on the network of this node; its other processes are not asked about',
  '对使用该节点网络的 Pod 执行；节点上的其他进程不受约束',
);
const UNRESOLVED = text(
  'Held at the socket, where the address of a Service stands for all of its endpoints: one of them is refused',
  '在套接字处执行，此时 Service 地址代表其全部端点：其中有端点被拒绝',
);

const addressesOf = ({ own = [] }: NodeIdentity): string[] =>
  own.map(({ family, first }) => formatAddress(family, first));

/** Both are one node: what it says to itself never leaves it, and host policies are about devices ("Host Policies"). */
export function isSameNode(snapshot: Snapshot, source: Identity, destination: Identity): boolean {
  if (source.kind !== 'node' || destination.kind !== 'node' || !source.own || !destination.own) return false;
  const nodeOf = (node: NodeIdentity): unknown => {
    const known = addressesOf(node).flatMap(address => snapshot.nodes.get(address) ?? [])[0];
    return known?.kind === 'node' ? known.labels : addressesOf(node).join();
  };
  return nodeOf(source) === nodeOf(destination);
}

/** A peer as the node sees it: nodes by what they are to it. */
function seenBy(snapshot: Snapshot, peer: Identity): Identity {
  if (peer.kind !== 'node') return peer;
  const servesApi = addressesOf(peer).some(address => snapshot.apiAddresses?.has(address));
  const relations: NodeRelation[] = servesApi ? ['other', 'api'] : ['other'];
  return { ...peer, relations };
}

/** Everybody the packets may come from or go to, as the node's device sees them. */
function peersOf(snapshot: Snapshot, { peer, direction }: Question): Identity[] {
  const seen = seenBy(snapshot, peer);
  if (peer.kind !== 'pod' || direction === 'egress') return [seen];
  // What a pod of another node says may arrive in that node's name (masquerading).
  const other: NodeIdentity = { kind: 'node', labels: new Map(), relations: ['other'] };
  return [seen, other];
}

const asksForApi = (policy: Policy, { direction }: Question): boolean =>
  policy.rules.some(
    rule =>
      rule.direction === direction &&
      rule.peers !== 'any' &&
      rule.peers.some(peer => peer.kind === 'entity' && peer.relation === 'api'),
  );

/** What the verdict hangs on that the documents do not say. */
function unsettled(
  snapshot: Snapshot,
  question: Question,
  policies: readonly Policy[],
  answers: readonly Answer[],
): Fault[] {
  const fault = ({ name }: Policy, what: string): Fault =>
    networkFaults.make('host-flow-unsettled', { policy: name, what });
  const { subject, peer, protocol } = question;
  const [first] = policies as readonly [Policy, ...Policy[]];
  const found: Fault[] = [];
  const choosy = policies.find(({ forNodes = [] }) => forNodes.length > 0);
  if (subject.kind === 'node' && !subject.own && choosy) found.push(fault(choosy, 'which node it is'));
  const api = policies.find(policy => asksForApi(policy, question));
  const mayServe =
    peer.kind === 'addresses'
      ? snapshot.apiAddresses === undefined ||
        snapshot.apiAddresses.has(formatAddress(peer.range.family, peer.range.first))
      : peer.kind === 'node' && (snapshot.apiAddresses === undefined || !peer.own);
  if (api && mayServe) found.push(fault(api, 'which addresses serve the API'));
  if (new Set(answers.map(({ outcome }) => outcome)).size > 1)
    found.push(fault(first, 'whether the pod is seen by its own address or as its node'));
  // Messages that IPv6 itself needs are let through by the agents; which is their matter.
  if (protocol === 'ICMPv6') found.push(fault(first, 'which ICMPv6 messages always pass'));
  if (snapshot.hostFirewall === 'always') found.push(fault(first, 'what enable-policy=always closes on hosts'));
  return found;
}

/** Tenon's own programs hold policies on this node, whatever settings of Cilium's agents say. */
const isHeld = ({ heldNodes }: Snapshot, { subject }: Question): boolean =>
  subject.kind === 'node' && addressesOf(subject).some(address => heldNodes.has(address));

/** The verdict of a node that Tenon holds. */
function answerHeld(answer: Answer, hanging: readonly Fault[], others: readonly Answer[]): Answer {
  const { flip: _, ...rest } = answer;
  const closed = others.find(({ outcome }) => outcome !== 'allow');
  if (answer.outcome === 'allow' && hanging.length === 0 && closed)
    return {
      ...rest,
      outcome: closed.outcome,
      by: closed.by,
      because: [UNRESOLVED, ...closed.because],
      unmodelled: closed.unmodelled,
    };
  const because = [...answer.because, HELD];
  if (hanging.length === 0) return { ...answer, because };
  return { ...rest, outcome: 'unknown', because, unmodelled: [...answer.unmodelled, ...hanging] };
}

/**
 * May a node send or take this? Asked of the policies for nodes alone; nothing where none may mean it. `behind`: the same
 * of everyone the address of a Service may lead to, where the sender uses one.
 */
export function answerNode(
  snapshot: Snapshot,
  question: Question,
  ask: Ask,
  behind: readonly Question[] = [],
): Answer[] {
  const { subject, direction } = question;
  const isNamed = subject.kind === 'node' && subject.own !== undefined;
  const meant = snapshot.policies.filter(
    policy => policy.forNodes && concerns(policy, direction) && (!isNamed || selects(policy.forNodes, subject.labels)),
  );
  if (meant.length === 0) return [];
  const answers = peersOf(snapshot, question).map(peer => ask(snapshot, { ...question, peer }, false));
  const found = answers.find(({ outcome }) => outcome !== 'allow') ?? answers[0]!;
  // An edit is tried with one of the peers it may be: of several it is not known to help.
  const { flip: _flip, ...bare } = found;
  const answer: Answer = answers.length > 1 ? bare : found;
  if (isHeld(snapshot, question)) {
    const said = { ...snapshot, hostFirewall: 'on' as const };
    const others = behind
      .filter(({ peer }) => !isSameNode(snapshot, subject, peer))
      .flatMap(other => peersOf(snapshot, other).map(peer => ask(snapshot, { ...other, peer }, false)));
    return [answerHeld(answer, unsettled(said, question, meant, answers), others)];
  }
  const { hostFirewall } = snapshot;
  const settled =
    hostFirewall === 'off' || (hostFirewall === 'audit' && answers.every(({ outcome }) => outcome !== 'unknown'));
  if (settled && answer.outcome !== 'allow') {
    const why = hostFirewall === 'off' ? OFF : AUDIT;
    const { flip: _, ...rest } = answer;
    return [{ ...rest, outcome: 'allow', by: { default: why }, because: [why, ...answer.because], unmodelled: [] }];
  }
  const because = hostFirewall === undefined ? [...answer.because, ELSEWHERE] : answer.because;
  const hanging = settled ? [] : unsettled(snapshot, question, meant, answers);
  if (hanging.length === 0) return [{ ...answer, because }];
  const { flip: _, ...rest } = answer;
  return [{ ...rest, outcome: 'unknown', because, unmodelled: [...answer.unmodelled, ...hanging] }];
}
