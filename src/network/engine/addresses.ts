import type { AddressRange } from '../model.ts';

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || (part.length > 1 && part.startsWith('0')) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(Number(part));
  }
  return value;
}

function parseGroups(text: string): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && index === parts.length - 1) {
      const tail = parseIpv4(part);
      if (tail === undefined) return undefined;
      groups.push(tail >> 16n, tail & 0xffffn);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}

/** RFC 4291 section 2.2, with at most one `::`. */
function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!);
  const tail = halves.length === 2 ? parseGroups(halves[1]!) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0n), ...tail];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** Reads an IPv4 or IPv6 address; IPv4-mapped IPv6 is the IPv4 address it maps. */
export function parseAddress(text: string): { family: 4 | 6; value: bigint } | undefined {
  if (!text.includes(':')) {
    const value = parseIpv4(text);
    return value === undefined ? undefined : { family: 4, value };
  }
  const value = parseIpv6(text);
  if (value === undefined) return undefined;
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffffffffn } : { family: 6, value };
}

/** Reads `10.0.0.0/8`; host bits are ignored as Kubernetes does. */
export function parseCidr(text: string): (AddressRange & { readonly length: number }) | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const lengthText = text.slice(slash + 1);
  if (!address || !/^\d{1,3}$/.test(lengthText)) return undefined;
  const bits = address.family === 4 ? 32 : 128;
  const length = Number(lengthText);
  if (length > bits) return undefined;
  const host = (1n << BigInt(bits - length)) - 1n;
  const first = address.value & ~host;
  return { family: address.family, first, last: first | host, length };
}

/** Writes an address as RFC 5952 asks (IPv6 in lower case, longest run of zeros shortened). */
export function formatAddress(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map(shift => String((value >> shift) & 0xffn)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

/** The canonical text of a prefix, or undefined when it is not one. */
export function canonicalCidr(text: string): string | undefined {
  const range = parseCidr(text);
  return range && `${formatAddress(range.family, range.first)}/${range.length}`;
}

export function contains(outer: AddressRange, inner: AddressRange): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

export const WHOLE_IPV4: AddressRange = { family: 4, first: 0n, last: 0xffffffffn };
export const WHOLE_IPV6: AddressRange = { family: 6, first: 0n, last: (1n << 128n) - 1n };

/** What is left of a block after cutting others out, joined where they touch. */
export function cutOut(block: AddressRange, cuts: readonly AddressRange[]): AddressRange[] {
  let rest = [block];
  for (const cut of cuts) {
    if (cut.family !== block.family) continue;
    rest = rest.flatMap(range => [
      ...(range.first < cut.first ? [{ ...range, last: range.last < cut.first ? range.last : cut.first - 1n }] : []),
      ...(range.last > cut.last ? [{ ...range, first: range.first > cut.last ? range.first : cut.last + 1n }] : []),
    ]);
  }
  return rest;
}

/** Cuts a whole family at every bound of the given ranges: no range divides an atom. */
export function atoms(whole: AddressRange, ranges: readonly AddressRange[]): AddressRange[] {
  const starts = new Set<bigint>([whole.first]);
  for (const range of ranges) {
    if (range.family !== whole.family) continue;
    starts.add(range.first);
    if (range.last < whole.last) starts.add(range.last + 1n);
  }
  const sorted = [...starts].sort((left, right) => (left < right ? -1 : 1));
  return sorted.map((first, index) => ({
    family: whole.family,
    first,
    last: (sorted[index + 1] ?? whole.last + 1n) - 1n,
  }));
}
