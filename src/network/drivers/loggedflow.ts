import { readLogPrefix } from '../engine/nftpolicy.ts';
import type { DecidedBy, FlowEnd, FlowRecord } from '../flows.ts';
import { DECIDED_PROTOCOLS, type Direction, type Protocol } from '../model.ts';
import type { PolicyWatch } from '../policies.ts';
import type { LoggedPacket } from './nflog.ts';
import { decidedBy } from './rulenumbers.ts';

const PROTOCOLS: ReadonlyMap<number, Protocol> = new Map<number, Protocol>([
  [1, 'ICMP'],
  [58, 'ICMPv6'],
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
]);

/**
 * A packet the rules logged as a flow. The rule that refused is what the kernel says; what the other side went by, and what
 * let a connection through, is what the policies say as they stand.
 */
export function loggedFlow(
  packet: LoggedPacket,
  policy: PolicyWatch,
  rules: readonly DecidedBy[],
): FlowRecord | undefined {
  const said = readLogPrefix(packet.prefix);
  if (!said) return undefined;
  const { decisions, addresses } = policy;
  const end = ({ address, port }: LoggedPacket['source']): FlowEnd => {
    const identity = addresses.get(address) ?? decisions.addressIdentity(address);
    const known = decisions.identity(identity);
    return {
      address,
      port,
      identity,
      ...(known?.kind === 'pod' ? { namespace: known.namespace, labels: known.labels } : {}),
    };
  };
  const [source, destination] = [end(packet.source), end(packet.destination)];
  const protocol = PROTOCOLS.get(packet.protocol);
  const decided = (direction: Direction): DecidedBy => {
    const [subject, peer] = direction === 'egress' ? [source, destination] : [destination, source];
    if (!protocol || !DECIDED_PROTOCOLS.includes(protocol)) return 'default';
    if (!decisions.governed(subject.identity, direction)) return 'default';
    const walk = decisions.walkOf(direction, subject.identity, peer.identity, protocol, destination.port);
    return walk ? decidedBy(walk) : 'default';
  };
  const side = (direction: Direction): DecidedBy =>
    said.dropped && said.direction === direction && said.rule > 0
      ? (rules[said.rule] ?? 'default')
      : decided(direction);
  const isEgress = said.dropped && said.direction === 'egress';
  const sides = { egress: side('egress'), ...(isEgress ? {} : { ingress: side('ingress') }) };
  return {
    time_ns: process.hrtime.bigint(),
    verdict: said.dropped ? 'dropped' : 'forwarded',
    dropReason: said.reason,
    direction: said.direction,
    protocol: protocol ?? packet.protocol,
    source,
    destination,
    by: sides[said.direction] ?? 'default',
    sides,
  };
}
