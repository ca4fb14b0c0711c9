import { isIP } from 'node:net';

export type Family = 'IPv4' | 'IPv6';

/** A network prefix; addresses are numbers, as wide as the family's. */
export interface Prefix {
  /** As it was written. */
  readonly text: string;
  readonly family: Family;
  readonly bits: number;
  /** The network's own address and its last one. */
  readonly network: bigint;
  readonly last: bigint;
}

export const familyOf = (address: string): Family => (address.includes(':') ? 'IPv6' : 'IPv4');

const WIDTH = { IPv4: 32, IPv6: 128 } as const;

const groupsValue = (groups: readonly string[], base: bigint, radix: number): bigint =>
  groups.reduce((sum, group) => sum * base + BigInt(Number.parseInt(group, radix)), 0n);

/** An address as a number; undefined when it is none. */
export function addressValue(text: string): bigint | undefined {
  const version = isIP(text);
  if (version === 4) return groupsValue(text.split('.'), 256n, 10);
  if (version === 0 || text.includes('%')) return undefined;
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const four = tail && groupsValue(tail[2]!.split('.'), 256n, 10);
  const plain = tail ? `${tail[1]}${(four! >> 16n).toString(16)}:${(four! & 0xffffn).toString(16)}` : text;
  const [head = '', rest] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = rest === undefined || rest === '' ? [] : rest.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return groupsValue([...left, ...zeros, ...right], 65_536n, 16);
}

/** An address as it is usually written (RFC 5952 for IPv6). */
export function addressText(family: Family, value: bigint): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map(shift => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16));
  let [start, length] = [0, 0];
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === '0') end++;
    if (end - at > length) [start, length] = [at, end - at];
  }
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** A prefix as it is written, host bits ignored; undefined when it is none. */
export function parsePrefix(text: string): Prefix | undefined {
  const [address = '', length = ''] = text.split('/');
  const value = addressValue(address);
  const family = familyOf(address);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (value === undefined || !(bits <= WIDTH[family])) return undefined;
  const size = 1n << BigInt(WIDTH[family] - bits);
  const network = (value / size) * size;
  return { text, family, bits, network, last: network + size - 1n };
}

/** The first and the last address that may be given away: not the network's own, nor an IPv4 network's broadcast address. */
export const usable = ({ family, network, last }: Prefix): readonly [first: bigint, last: bigint] => [
  network + 1n,
  family === 'IPv4' ? last - 1n : last,
];

/** True for an address that could be given away out of the prefix. */
export function offers(prefix: Prefix, address: string): boolean {
  const value = addressValue(address);
  if (value === undefined || familyOf(address) !== prefix.family) return false;
  const [first, last] = usable(prefix);
  return value >= first && value <= last;
}

/** True when every address of `inner` is one of `outer`. */
export const contains = (outer: Prefix, inner: Prefix): boolean =>
  outer.family === inner.family && outer.network <= inner.network && outer.last >= inner.last;

/** How the addresses of a range are given away: from the upper band first, the lower one is left to who asks by number. */
export interface Bands {
  /** First address, first of the upper band, last address. */
  readonly first: bigint;
  readonly upper: bigint;
  readonly last: bigint;
}

const BAND_MIN = 16n;
const BAND_MAX = 256n;
const BAND_SHARE = 16n;

/** The bands of a range (KEP-3070): a sixteenth, at least 16 and at most 256 addresses, none of 16 or fewer. */
export function bandsOf(prefix: Prefix): Bands {
  const [first, last] = usable(prefix);
  const size = prefix.last - prefix.network + 1n;
  const share = size / BAND_SHARE;
  const band = size <= BAND_MIN ? 0n : share < BAND_MIN ? BAND_MIN : share > BAND_MAX ? BAND_MAX : share;
  return { first, upper: first + band, last };
}
