import { Cidr, Ip, parseIp } from '../../cel/runtime/network.ts';
import { BuiltinError } from '../runtime.ts';
import { entriesOf, isArray, isObject, RegoSet, type Value } from '../value.ts';
import { type Entry, entry, members, text } from './operands.ts';
import { needed } from './effects.ts';

const EXPAND_MAX = 65_536n * 4n;

/** A CIDR as Go's net.ParseCIDR reads it. */
function tryCidr(source: string): Cidr | undefined {
  const found = /^(.*)\/(\d{1,3})$/s.exec(source);
  const ip = found ? parseIp(found[1]!) : undefined;
  if (!found || !ip || (found[2]!.length > 1 && found[2]!.startsWith('0'))) return undefined;
  const length = Number(found[2]);
  return length <= (ip.family === 4 ? 32 : 128) ? new Cidr(ip, length) : undefined;
}

function cidr(source: string): Cidr {
  const found = tryCidr(source);
  if (!found) throw new BuiltinError(`invalid CIDR address: ${source}`);
  return found;
}

/** A CIDR, or an address as the range of itself. */
function cidrOrIp(source: string): Cidr {
  if (source.includes('/')) return cidr(source);
  const ip = parseIp(source);
  if (!ip) throw new BuiltinError(`not a valid textual representation of an IP address or CIDR: ${source}`);
  return new Cidr(ip, ip.family === 4 ? 32 : 128);
}

interface Range {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

function rangeOf(block: Cidr): Range {
  const hosts = BigInt(block.width - block.length);
  const first = (block.ip.bits >> hosts) << hosts;
  return { family: block.ip.family, first, last: first + (1n << hosts) - 1n };
}

const covers = (whole: Range, part: Range): boolean =>
  whole.family === part.family && whole.first <= part.first && part.last <= whole.last;

const overlaps = (left: Range, right: Range): boolean =>
  left.family === right.family && left.first <= right.last && right.first <= left.last;

/** The blocks of powers of two that make up a range. */
function blocks(range: Range): string[] {
  const width = range.family === 4 ? 32 : 128;
  const found: string[] = [];
  for (let at = range.first; at <= range.last; ) {
    let hosts = 0;
    while (hosts < width && at % (1n << BigInt(hosts + 1)) === 0n && at + (1n << BigInt(hosts + 1)) - 1n <= range.last)
      hosts++;
    found.push(`${new Ip(range.family, at).text}/${width - hosts}`);
    at += 1n << BigInt(hosts);
  }
  return found;
}

function merge(value: Value): RegoSet {
  const ranges = members(value, 1).map(item => {
    const source = text(item, 1);
    if (!source.includes('/') && parseIp(source)?.family === 6)
      throw new BuiltinError('IPv6 invalid: needs prefix length');
    if (source.includes('/')) return rangeOf(cidr(source));
    const ip = parseIp(source);
    if (!ip) throw new BuiltinError(`IP invalid: ${source}`);
    return rangeOf(new Cidr(ip, defaultLength(ip)));
  });
  ranges.sort((a, b) => a.family - b.family || (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const merged: Range[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last && last.family === range.family && range.first <= last.last + 1n)
      merged[merged.length - 1] = { ...last, last: range.last > last.last ? range.last : last.last };
    else merged.push(range);
  }
  return new RegoSet(merged.flatMap(blocks));
}

/** The mask of the old address classes: what Go's IP.DefaultMask gives an address without a length. */
function defaultLength(ip: Ip): number {
  const first = Number(ip.bits >> 24n);
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

/** Addresses or ranges with the key under which they are told. */
function keyed(value: Value, position: number): { readonly key: Value; readonly range: Range }[] {
  const cidrIn = (item: Value): Range => {
    const source = isArray(item) ? item[0] : item;
    if (typeof source !== 'string')
      throw new BuiltinError(`operand ${position}: element must be string or non-empty array`);
    return rangeOf(cidrOrIp(source));
  };
  if (typeof value === 'string') return [{ key: value, range: cidrIn(value) }];
  if (isArray(value)) return value.map((item, index) => ({ key: index, range: cidrIn(item) }));
  if (value instanceof RegoSet) return value.sorted().map(item => ({ key: item, range: cidrIn(item) }));
  if (isObject(value)) return entriesOf(value).map(([key, item]) => ({ key, range: cidrIn(item) }));
  throw new BuiltinError(`operand ${position} must be one of {string, array, set, object}`, true);
}

const intersects: Entry = entry(2, ([left, right]) =>
  overlaps(rangeOf(cidr(text(left!, 1))), rangeOf(cidr(text(right!, 2)))),
);
const contains: Entry = entry(2, ([whole, part]) =>
  covers(rangeOf(cidr(text(whole!, 1))), rangeOf(cidrOrIp(text(part!, 2)))),
);

/** Networks. */
export const net: Readonly<Record<string, Entry>> = {
  'net.cidr_contains': contains,
  'net.cidr_overlap': contains,
  'net.cidr_intersects': intersects,
  'net.cidr_is_valid': entry(1, ([value]) => typeof value === 'string' && tryCidr(value) !== undefined),
  'net.cidr_merge': entry(1, ([value]) => merge(value!)),
  'net.cidr_expand': entry(1, ([value], context) => {
    const block = cidr(text(value!, 1));
    const { family, first, last } = rangeOf(block);
    if (last - first > EXPAND_MAX) throw new BuiltinError('CIDR too large to expand');
    const found = new RegoSet();
    for (let at = first; at <= last; at++) {
      if (--context.fuel.left < 0) throw new BuiltinError('CIDR too large to expand');
      found.add(new Ip(family, at).text);
    }
    return found;
  }),
  'net.cidr_contains_matches': entry(2, ([cidrs, others]) => {
    const found = new RegoSet();
    const parts = keyed(others!, 2);
    for (const whole of keyed(cidrs!, 1))
      for (const part of parts) if (covers(whole.range, part.range)) found.add([whole.key, part.key]);
    return found;
  }),
  'net.lookup_ip_addr': entry(1, (args, context) => {
    const name = text(args[0]!, 1);
    const ip = parseIp(name);
    return ip ? new RegoSet([ip.text]) : needed(context, 'net.lookup_ip_addr', args);
  }),
};
