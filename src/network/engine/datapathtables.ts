import type { AddressRange, Protocol } from '../model.ts';
import { parseAddress, parseCidr } from './addresses.ts';
import { LAYOUT, VERDICT, VERDICT_BITS } from './datapath.ts';
import { PROTOCOL_NUMBER, SOME, type VerdictTable } from './decisions.ts';
import { LAST_PORT } from './ports.ts';
import type { Walk } from './walk.ts';

/** An address or prefix as a key of the addresses map. */
export function addressKey(text: string): Uint8Array {
  const address = text.includes('/') ? undefined : parseAddress(text);
  const range: (AddressRange & { length: number }) | undefined = address
    ? { family: address.family, first: address.value, last: address.value, length: address.family === 4 ? 32 : 128 }
    : parseCidr(text);
  if (!range) throw new RangeError(`Not an address: "${text}"`);
  const key = Buffer.alloc(LAYOUT.addressKey);
  key.writeUInt32LE(range.family === 4 ? 96 + range.length : range.length, 0);
  const value = range.family === 4 ? 0xffff_0000_0000n | range.first : range.first;
  key.set(Buffer.from(value.toString(16).padStart(32, '0'), 'hex'), 4);
  return key;
}

export function pairOf(first: number, second: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(first, 0);
  bytes.writeUInt32LE(second, 4);
  return bytes;
}

/** Tables of one identity: those in force, and those on their way out that must allow too. */
export interface SubjectTables {
  readonly ingress: number;
  readonly egress: number;
}

export function subjectValue(now: SubjectTables, before: SubjectTables = { ingress: 0, egress: 0 }): Uint8Array {
  return Buffer.concat([pairOf(now.ingress, now.egress), pairOf(before.ingress, before.egress)]);
}

export function numberKey(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function wideValue(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

/** One entry of the verdicts map. */
export interface VerdictEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

function verdictKey(bits: number, table: number, peer: number, protocol: number, port: number): Uint8Array {
  const key = Buffer.alloc(LAYOUT.verdictKey);
  key.writeUInt32LE(bits, 0);
  key.writeUInt32LE(table, 4);
  key.writeUInt32LE(peer, 8);
  key.writeUInt8(protocol, 12);
  key.writeUInt16BE(port, 14);
  return key;
}

/** The fewest port prefixes that together are from..to: at most 30. */
export function portPrefixes(from: number, to: number): { port: number; bits: number }[] {
  const prefixes: { port: number; bits: number }[] = [];
  let at = from;
  while (at <= to) {
    let size = at === 0 ? 65536 : at & -at;
    while (at + size - 1 > to) size >>= 1;
    prefixes.push({ port: at, bits: 16 - Math.log2(size) });
    at += size;
  }
  return prefixes;
}

/** An address that stands for several others: on each of its ports it may be used where all behind it may. */
export interface JointPeer {
  readonly address: string;
  readonly number: number;
  readonly ports: readonly {
    readonly protocol: Protocol;
    readonly port: number;
    readonly allowed: boolean;
    /** What decided; absent where nothing is behind it. */
    readonly walk?: Walk;
  }[];
}

/** The entries of such an address: ports it does not have are refused. */
export function jointEntries(
  table: number,
  { number, ports }: JointPeer,
  ruleOf: (walk: Walk) => number,
): VerdictEntry[] {
  return [
    { key: verdictKey(VERDICT_BITS.peer, table, number, 0, 0), value: pairOf(VERDICT.isolate, 0) },
    ...ports.map(({ protocol, port, allowed, walk }) => ({
      key: verdictKey(VERDICT_BITS.port, table, number, PROTOCOL_NUMBER[protocol], port),
      value: pairOf(
        allowed ? VERDICT.allow : walk?.steps.at(-1)?.kind === 'rule' ? VERDICT.deny : VERDICT.isolate,
        walk ? ruleOf(walk) : 0,
      ),
    })),
  ];
}

const PROTOCOLS = [1, 6, 17, 58, 132];

/**
 * A verdict table as longest-prefix entries. Protocols without ports are allowed only where every port of every protocol
 * is: what policies cannot name is not let through beside them.
 */
export function verdictEntries(
  table: number,
  peer: number,
  verdicts: VerdictTable,
  ruleOf: (allowed: boolean, walk: VerdictTable[number]['walks'][number]) => number,
): VerdictEntry[] {
  const value = (allowed: number, walk: VerdictTable[number]['walks'][number]): Uint8Array => {
    const refusal = walk.steps.at(-1)?.kind === 'rule' ? VERDICT.deny : VERDICT.isolate;
    const verdict = allowed === SOME ? VERDICT.requests : allowed === 1 ? VERDICT.allow : refusal;
    return pairOf(verdict, ruleOf(allowed !== 0, walk));
  };
  const isOpen = verdicts.uniform === true;
  const first = verdicts[6]!.walks[0]!;
  const entries: VerdictEntry[] = [
    {
      key: verdictKey(VERDICT_BITS.peer, table, peer, 0, 0),
      value: isOpen ? value(1, first) : pairOf(VERDICT.isolate, 0),
    },
  ];
  for (const protocol of PROTOCOLS) {
    const { starts, walks, allowed } = verdicts[protocol]!;
    if (starts.length === 1) {
      entries.push({
        key: verdictKey(VERDICT_BITS.protocol, table, peer, protocol, 0),
        value: value(allowed[0]!, walks[0]!),
      });
      continue;
    }
    for (const [index, start] of starts.entries()) {
      const to = (starts[index + 1] ?? LAST_PORT + 1) - 1;
      // Port 0 belongs to the first piece: it is not a port anyone can name.
      for (const { port, bits } of portPrefixes(index === 0 ? 0 : start, to)) {
        const key = verdictKey(VERDICT_BITS.protocol + bits, table, peer, protocol, port);
        entries.push({ key, value: value(allowed[index]!, walks[index]!) });
      }
    }
  }
  return entries;
}
