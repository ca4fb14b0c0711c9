import type { NearMiss, Text } from '../../base/index.ts';
import { parseCidr } from '../engine/addresses.ts';
import { rulePermits, ruleSelects, selectsPeer } from '../engine/matching.ts';
import { formatRequirement, unmet } from '../engine/selectors.ts';
import type { Question } from '../engine/walk.ts';
import type { AddressPeer, Identity, Policy, Rule, RulePeer, Selector } from '../model.ts';

const text = (en: string, zh: string): Text => ({ en, zh });

/** Near misses that are told. */
const NEAR_MAX = 10;
/** Rules that are looked at: beyond them a near miss helps nobody, and the answer must come in time. */
const LOOKED_MAX = 20_000;
/** More than any selector's conditions: a peer of another make is no near miss while there is one of the same. */
const OTHER_MAKE = 1_000_000;

/** In how many fields a peer of a rule differs from who is asked about; 0 where it selects them. */
function peerDistance(peer: RulePeer, identity: Identity): number {
  if (selectsPeer(peer, identity)) return 0;
  if (peer.kind === 'pods' && identity.kind === 'pod')
    return unmet(peer.namespaces, identity.namespaceLabels).length + unmet(peer.pods, identity.labels).length;
  if (peer.kind === 'addresses' && identity.kind === 'addresses') return 1;
  return OTHER_MAKE;
}

function nearestPeer(rule: Rule, identity: Identity): { readonly peer?: RulePeer; readonly distance: number } {
  if (rule.peers === 'any') return { distance: 0 };
  let nearest: { peer?: RulePeer; distance: number } = { distance: OTHER_MAKE };
  for (const peer of rule.peers) {
    const distance = peerDistance(peer, identity);
    if (distance < nearest.distance) nearest = { peer, distance };
    if (distance === 0) break;
  }
  return nearest;
}

const destinationOf = ({ direction, subject, peer }: Question): Identity => (direction === 'ingress' ? subject : peer);

const permits = (rule: Rule, question: Question): boolean =>
  rulePermits(rule, question.protocol, question.port, destinationOf(question));

/**
 * In how many fields a rule differs from the flow: the conditions of the nearest of its peers that do not hold, and its
 * ports as one; 0 where it matches.
 */
export function distanceOf(rule: Rule, question: Question): number {
  return nearestPeer(rule, question.peer).distance + (permits(rule, question) ? 0 : 1);
}

const quoted = (requirements: Selector): string => requirements.map(formatRequirement).join(',');

function whyNotAddress({ cidr, except }: AddressPeer, identity: Extract<Identity, { kind: 'addresses' }>): Text {
  const { range } = identity;
  const inside = (prefix: string): boolean => {
    const block = parseCidr(prefix);
    return block?.family === range.family && block.first <= range.first && range.last <= block.last;
  };
  const left = inside(cidr) ? except.find(inside) : undefined;
  return left === undefined
    ? text(`The peer's address is not in ${cidr}`, `对端地址不在 ${cidr} 中`)
    : text(`The peer's address is in ${left}, which ${cidr} leaves out`, `对端地址属于 ${left}，而 ${cidr} 将其排除`);
}

function whyNotPeer(rule: Rule, identity: Identity): Text {
  const { peer } = nearestPeer(rule, identity);
  if (peer?.kind === 'addresses' && identity.kind === 'addresses') return whyNotAddress(peer, identity);
  if (peer?.kind !== 'pods' || identity.kind !== 'pod')
    return text('The rule does not select the peer', '该规则没有选中对端');
  const namespaces = unmet(peer.namespaces, identity.namespaceLabels);
  const pods = unmet(peer.pods, identity.labels);
  if (pods.length === 0)
    return text(
      `The peer's namespace labels do not satisfy "${quoted(namespaces)}"`,
      `对端的命名空间标签不满足“${quoted(namespaces)}”`,
    );
  if (namespaces.length === 0)
    return text(`The peer's pod labels do not satisfy "${quoted(pods)}"`, `对端的Pod标签不满足“${quoted(pods)}”`);
  return text(
    `The peer's namespace labels do not satisfy "${quoted(namespaces)}", nor its pod labels "${quoted(pods)}"`,
    `对端的命名空间标签不满足“${quoted(namespaces)}”，Pod标签也不满足“${quoted(pods)}”`,
  );
}

/** Why a rule did not match: all of its conditions on the peer that do not hold, then its ports. */
function whyNot(rule: Rule, question: Question): Text {
  const asked = `${question.port}/${question.protocol}`;
  const isPermitted = permits(rule, question);
  if (ruleSelects(rule, question.peer))
    return text(
      `The peer matches, but port ${asked} is not among the rule's ports`,
      `对端匹配，但端口 ${asked} 不在该规则的端口之中`,
    );
  const { en, zh } = whyNotPeer(rule, question.peer);
  if (isPermitted) return text(en, zh);
  return text(`${en}, and port ${asked} is not among its ports`, `${zh}，且端口 ${asked} 不在其端口之中`);
}

/** Rules of a direction that did not match, those that differ in the fewest fields first. */
export function nearMisses(
  policies: readonly Policy[],
  question: Question,
  ruleOf: (policy: Policy, rule: Rule) => NearMiss['rule'],
): NearMiss[] {
  const missed: { policy: Policy; rule: Rule; distance: number }[] = [];
  let looked = 0;
  for (const policy of policies)
    for (const rule of policy.rules) {
      if (rule.direction !== question.direction || looked++ >= LOOKED_MAX) continue;
      const distance = distanceOf(rule, question);
      if (distance > 0) missed.push({ policy, rule, distance });
    }
  return missed
    .sort((left, right) => left.distance - right.distance)
    .slice(0, NEAR_MAX)
    .map(({ policy, rule }) => ({ rule: ruleOf(policy, rule), failed: whyNot(rule, question) }));
}
