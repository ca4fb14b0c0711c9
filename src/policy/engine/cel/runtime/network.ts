import { CelError, type CelValue, Opaque } from '../values.ts';
import { asString, noOverload } from './check.ts';
import { functionTable } from './table.ts';

/** An address: 4 or 6 bytes wide as `family` tells, as one number. */
export class Ip extends Opaque {
  readonly typeName = 'net.IP';
  readonly family: 4 | 6;
  readonly bits: bigint;
  constructor(family: 4 | 6, bits: bigint) {
    super();
    this.family = family;
    this.bits = bits;
  }
  override equals(other: unknown): boolean {
    return other instanceof Ip && other.family === this.family && other.bits === this.bits;
  }
  get text(): string {
    return this.family === 4 ? formatFour(this.bits) : formatSix(this.bits);
  }
}

/** A range of addresses; `ip` keeps the host bits as written. */
export class Cidr extends Opaque {
  readonly typeName = 'net.CIDR';
  readonly ip: Ip;
  readonly length: number;
  constructor(ip: Ip, length: number) {
    super();
    this.ip = ip;
    this.length = length;
  }
  override equals(other: unknown): boolean {
    return other instanceof Cidr && other.length === this.length && other.ip.equals(this.ip);
  }
  get text(): string {
    return `${this.ip.text}/${this.length}`;
  }
  get width(): number {
    return this.ip.family === 4 ? 32 : 128;
  }
  network(ip: Ip): bigint {
    return ip.bits >> BigInt(this.width - this.length);
  }
  contains(ip: Ip): boolean {
    return ip.family === this.ip.family && this.network(ip) === this.network(this.ip);
  }
}

const formatFour = (bits: bigint): string => [24n, 16n, 8n, 0n].map(by => String((bits >> by) & 255n)).join('.');

/** RFC 5952. */
function formatSix(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => Number((bits >> BigInt(112 - 16 * i)) & 0xffffn));
  let best = { at: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (groups[i + length] === 0) length++;
    if (length > best.length) best = { at: i, length };
  }
  const hex = groups.map(group => group.toString(16));
  if (best.at < 0) return hex.join(':');
  return `${hex.slice(0, best.at).join(':')}::${hex.slice(best.at + best.length).join(':')}`;
}

function parseFour(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let bits = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bits = (bits << 8n) | BigInt(part);
  }
  return bits;
}

function parseSix(text: string): bigint | undefined {
  let source = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const four = parseFour(dotted[2]!);
    if (four === undefined) return undefined;
    source = `${dotted[1]}${(four >> 16n).toString(16)}:${(four & 0xffffn).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return undefined;
  const groupsOf = (half: string): string[] => (half === '' ? [] : half.split(':'));
  const head = groupsOf(halves[0]!);
  const tail = groupsOf(halves[1] ?? '');
  const gap = 8 - head.length - tail.length;
  if (halves.length === 1 ? gap !== 0 : gap < 1) return undefined;
  let bits = 0n;
  for (const group of [...head, ...Array<string>(gap).fill('0'), ...tail]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    bits = (bits << 16n) | BigInt(`0x${group}`);
  }
  return bits;
}

/** Reads an address; IPv4-mapped IPv6 and zones are refused, as Kubernetes does. */
export function parseIp(text: string): Ip | undefined {
  if (text.includes('%')) return undefined;
  const four = parseFour(text);
  if (four !== undefined) return new Ip(4, four);
  const six = text.includes(':') ? parseSix(text) : undefined;
  if (six === undefined || (text.includes('.') && six >> 32n === 0xffffn)) return undefined;
  return new Ip(6, six);
}

export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const ip = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (ip === undefined || !/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > (ip.family === 4 ? 32 : 128))
    return undefined;
  return new Cidr(ip, Number(length));
}

function toIp(value: CelValue): Ip {
  if (value instanceof Ip) return value;
  const ip = parseIp(asString(value));
  if (ip === undefined) throw new CelError(`IP Address '${asString(value)}' parse error during conversion from string`);
  return ip;
}

function toCidr(value: CelValue): Cidr {
  if (value instanceof Cidr) return value;
  const cidr = parseCidr(asString(value));
  if (cidr === undefined) throw new CelError(`CIDR '${asString(value)}' parse error during conversion from string`);
  return cidr;
}

function asIp(value: CelValue): Ip {
  if (value instanceof Ip) return value;
  throw noOverload();
}

function asCidr(value: CelValue): Cidr {
  if (value instanceof Cidr) return value;
  throw noOverload();
}

const within = (ip: Ip, four: string, six: string): boolean => parseCidr(ip.family === 4 ? four : six)!.contains(ip);
const isMulticast = (ip: Ip): boolean => within(ip, '224.0.0.0/4', 'ff00::/8');
const isLoopback = (ip: Ip): boolean => within(ip, '127.0.0.0/8', '::1/128');
const isLinkLocal = (ip: Ip): boolean => within(ip, '169.254.0.0/16', 'fe80::/10');
const isBroadcast = (ip: Ip): boolean => ip.family === 4 && ip.bits === 0xffffffffn;

/** Implementations of the network library. */
export const NETWORK_FUNCTIONS = functionTable({
  'ip/1': toIp,
  'isIP/1': (text: CelValue) => parseIp(asString(text)) !== undefined,
  'ip.isCanonical/1': (text: CelValue) => toIp(asString(text)).text === text,
  '.family/1': (ip: CelValue) => asIp(ip).family,
  '.isUnspecified/1': (ip: CelValue) => asIp(ip).bits === 0n,
  '.isLoopback/1': (ip: CelValue) => isLoopback(asIp(ip)),
  '.isLinkLocalMulticast/1': (ip: CelValue) => within(asIp(ip), '224.0.0.0/24', 'ff02::/16'),
  '.isLinkLocalUnicast/1': (ip: CelValue) => isLinkLocal(asIp(ip)),
  '.isGlobalUnicast/1': (value: CelValue) => {
    const ip = asIp(value);
    return ip.bits !== 0n && !isBroadcast(ip) && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocal(ip);
  },
  'cidr/1': toCidr,
  'isCIDR/1': (text: CelValue) => parseCidr(asString(text)) !== undefined,
  '.containsIP/2': (cidr: CelValue, ip: CelValue) => asCidr(cidr).contains(toIp(ip)),
  '.containsCIDR/2': (cidr: CelValue, other: CelValue) => {
    const outer = asCidr(cidr);
    const inner = toCidr(other);
    return inner.length >= outer.length && outer.contains(inner.ip);
  },
  '.ip/1': (cidr: CelValue) => asCidr(cidr).ip,
  '.masked/1': (value: CelValue) => {
    const cidr = asCidr(value);
    const host = BigInt(cidr.width - cidr.length);
    return new Cidr(new Ip(cidr.ip.family, (cidr.ip.bits >> host) << host), cidr.length);
  },
  '.prefixLength/1': (cidr: CelValue) => asCidr(cidr).length,
});
