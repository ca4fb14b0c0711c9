import { fromBigInt } from '../number.ts';
import { type BuiltinContext, BuiltinError } from '../runtime.ts';
import { objectOf, type Value } from '../value.ts';
import { fromHex, toHex } from './bytes.ts';
import { type Entry, entry, small, text } from './operands.ts';

/** The same key gives the same value all through one evaluation. */
function once(context: BuiltinContext, key: string, make: () => Value): Value {
  const known = context.cache.get(key) as Value | undefined;
  if (known !== undefined) return known;
  const made = make();
  context.cache.set(key, made);
  return made;
}

function randomInt(seed: string, bound: number, context: BuiltinContext): Value {
  if (bound === 0) return 0;
  const size = Math.abs(bound);
  return once(context, `rand.intn ${size} ${seed}`, () =>
    Math.min(size - 1, Math.floor(context.random(`${size} ${seed}`) * size)),
  );
}

function newUuid(seed: string, context: BuiltinContext): Value {
  return once(context, `uuid.rfc4122 ${seed}`, () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, index) => Math.floor(context.random(`${seed} ${index}`) * 256));
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return dashed(toHex(bytes));
  });
}

const dashed = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;

/** The forms google/uuid takes: plain, `urn:uuid:`, in braces, without dashes. */
function bytesOfUuid(source: string): Uint8Array | undefined {
  const bare = source.replace(/^urn:uuid:/i, '').replace(/^\{(.*)\}$/, '$1');
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(bare) && !/^[0-9a-f]{32}$/i.test(bare))
    return undefined;
  return fromHex(bare.replaceAll('-', ''));
}

const VARIANTS: readonly (readonly [number, number, string])[] = [
  [0xc0, 0x80, 'RFC4122'],
  [0xe0, 0xc0, 'Microsoft'],
  [0xe0, 0xe0, 'Future'],
];

/** 100 ns steps between 15 October 1582 and the epoch (RFC 9562 §5.1). */
const GREGORIAN = 122192928000000000n;

function parse(source: string): Value {
  const bytes = bytesOfUuid(source);
  if (!bytes) throw new BuiltinError('invalid UUID');
  const version = bytes[6]! >> 4;
  const variant = VARIANTS.find(([mask, value]) => (bytes[8]! & mask) === value)?.[2] ?? 'Reserved';
  const entries: [string, Value][] = [
    ['variant', variant],
    ['version', version],
  ];
  if (version === 1 || version === 2) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const low = BigInt(view.getUint32(0));
    const ticks = low | (BigInt(view.getUint16(4)) << 32n) | (BigInt(view.getUint16(6) & 0x0fff) << 48n);
    const node = bytes.subarray(10);
    entries.push(
      ['nodeid', [...node].map(byte => byte.toString(16).padStart(2, '0')).join('-')],
      ['macvariables', `${node[0]! & 2 ? 'local' : 'global'}:${node[0]! & 1 ? 'multicast' : 'unicast'}`],
      ['time', fromBigInt((ticks - GREGORIAN) * 100n)],
      ['clocksequence', view.getUint16(8) & 0x3fff],
    );
    if (version === 2) {
      const domain = bytes[9]!;
      entries.push(['id', view.getUint32(0)], ['domain', ['Person', 'Group', 'Org'][domain] ?? `Domain${domain}`]);
    }
  }
  return objectOf(entries);
}

/** Identifiers and randomness. */
export const identity: Readonly<Record<string, Entry>> = {
  'rand.intn': entry(2, ([seed, bound], context) => randomInt(text(seed!, 1), small(bound!, 2), context)),
  'uuid.rfc4122': entry(1, ([seed], context) => newUuid(text(seed!, 1), context)),
  'uuid.parse': entry(1, ([source]) => parse(text(source!, 1))),
};
