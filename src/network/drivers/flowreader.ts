import { formatAddress } from '../engine/addresses.ts';
import type { DecidedBy, FlowEnd, FlowRecord } from '../flows.ts';
import type { Identity, Protocol } from '../model.ts';

const PROTOCOLS: ReadonlyMap<number, Protocol | 'ICMP' | 'ICMPv6'> = new Map<number, Protocol | 'ICMP' | 'ICMPv6'>([
  [1, 'ICMP'],
  [58, 'ICMPv6'],
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
]);

function readAddress(record: DataView, offset: number): string {
  const value = (record.getBigUint64(offset) << 64n) | record.getBigUint64(offset + 8);
  return value >> 32n === 0xffffn ? formatAddress(4, value & 0xffff_ffffn) : formatAddress(6, value);
}

/** Reads one event of the policy program (its layout is in engine/datapath.ts). */
export function readFlow(
  record: DataView,
  rules: readonly DecidedBy[],
  identityOf: (number: number) => Identity | undefined,
): FlowRecord {
  const end = (identity: number, address: number, port: number): FlowEnd => {
    const known = identityOf(identity);
    return {
      address: readAddress(record, address),
      port: record.getUint16(port),
      identity,
      ...(known?.kind === 'pod' ? { namespace: known.namespace, labels: known.labels } : {}),
    };
  };
  const protocol = record.getUint8(22);
  const forwarded = record.getUint8(20) === 1;
  const rule = (offset: number): DecidedBy => rules[record.getUint32(offset, true)] ?? 'default';
  const direction = record.getUint8(21) === 1 ? 'egress' : 'ingress';
  const sides = { egress: rule(16), ...(forwarded || direction === 'ingress' ? { ingress: rule(28) } : {}) };
  return {
    time_ns: record.getBigUint64(0, true),
    verdict: forwarded ? 'forwarded' : 'dropped',
    dropReason: record.getUint8(23),
    direction,
    protocol: PROTOCOLS.get(protocol) ?? protocol,
    source: end(record.getUint32(8, true), 32, 24),
    destination: end(record.getUint32(12, true), 48, 26),
    by: sides[direction] ?? 'default',
    sides,
  };
}
