import { atoms, cutOut, parseAddress, parseCidr } from '../engine/addresses.ts';
import { ruleSelects } from '../engine/matching.ts';
import type { AddressPeer, AddressRange, Direction, Identity, Policy, Rule } from '../model.ts';

/** Where pods have their IPv4 addresses (RFC 1918, RFC 6598): asked about where a pod's own address is not known. */
const POD_RANGES = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'].map(cidr => parseCidr(cidr)!);
/** More kinds of addresses than this are not told apart one by one: who has as many is not known. */
export const STANDINGS_MAX = 512;

/** An address as a range of one; none where it is no address. */
export function loneAddress(text: string): AddressRange[] {
  const address = parseAddress(text);
  return address ? [{ family: address.family, first: address.value, last: address.value }] : [];
}

/** The peers of one direction that may select somebody inside the cluster by address. */
function insidePeers(policies: readonly Policy[], direction: Direction, all: boolean): AddressPeer[] {
  return policies.flatMap(policy =>
    policy.rules.flatMap(rule =>
      rule.direction !== direction || rule.peers === 'any'
        ? []
        : rule.peers.flatMap(peer => (peer.kind === 'addresses' && (peer.inside || all) ? [peer] : [])),
    ),
  );
}

/**
 * Everybody a peer may be to these policies: itself where none asks a pod or node for its address, else once with each
 * address that they tell apart. `all` makes every rule about addresses ask that.
 */
export function standings(
  peer: Identity,
  policies: readonly Policy[],
  direction: Direction,
  all: boolean,
): readonly Identity[] {
  if (peer.kind !== 'pod' && peer.kind !== 'node') return [peer];
  const peers = insidePeers(policies, direction, all);
  if (peers.length === 0) return [peer];
  const stand = (range: AddressRange): Identity =>
    all && peer.kind === 'pod' ? { ...peer, addresses: [range] } : { ...peer, own: [range] };
  if (peer.own) return peer.own.map(stand);
  const told = peers.flatMap(({ cidr, except }) => {
    const block = parseCidr(cidr);
    return block
      ? cutOut(
          block,
          except.flatMap(inner => parseCidr(inner) ?? []),
        )
      : [];
  });
  const ranges = POD_RANGES.flatMap(range =>
    atoms(
      range,
      told.filter(other => other.first <= range.last && range.first <= other.last).map(other => within(other, range)),
    ),
  );
  return ranges.slice(0, STANDINGS_MAX).map(stand);
}

/** Rules that select pods by addresses, and only some of those a pod may have: whom they select is not known before. */
export function hangingRules(policy: Policy): Rule[] {
  return policy.rules.filter(rule => {
    const alone = { ...policy, rules: [rule] };
    const nobody: Identity = { kind: 'pod', namespace: '', labels: new Map(), namespaceLabels: new Map(), ports: [] };
    const asked = standings(nobody, [alone], rule.direction, false);
    // More kinds of addresses than are told apart: not known either.
    if (asked.length >= STANDINGS_MAX) return true;
    const chosen = asked.filter(each => ruleSelects(rule, each));
    return chosen.length > 0 && chosen.length < asked.length;
  });
}

const within = (range: AddressRange, whole: AddressRange): AddressRange => ({
  family: range.family,
  first: range.first < whole.first ? whole.first : range.first,
  last: range.last > whole.last ? whole.last : range.last,
});
