/**
 * Values at run time. int: a safe JavaScript integer, or a bigint beyond; double: any other number, or a {@link Double}
 * where the value is integral (so that `1.0` is not `1`); lists are arrays; maps are {@link CelMap}s or plain JSON objects.
 */
export type CelValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint
  | Double
  | Bytes
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | CelMap
  | Opaque
  | readonly CelValue[]
  | { readonly [key: string]: unknown };

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** A double whose value is integral; others are plain numbers. */
export class Double {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export class Bytes {
  readonly value: Uint8Array;
  constructor(value: Uint8Array) {
    this.value = value;
  }
}

/** Seconds since the epoch and nanoseconds in [0, 1e9). */
export class Timestamp {
  readonly seconds: number;
  readonly nanos: number;
  constructor(seconds: number, nanos: number) {
    this.seconds = seconds;
    this.nanos = nanos;
  }
}

/** Nanoseconds, in the int64 range. */
export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class Optional {
  readonly value: CelValue | undefined;
  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}
export const NONE = new Optional(undefined);

/** A value of a library type: URL, IP, quantity … Equality and methods belong to the library. */
export abstract class Opaque {
  abstract readonly typeName: string;
  equals(other: unknown): boolean {
    return this === other;
  }
}

/** Keys that compare equal across int, uint and double are one key (CEL language definition, "Maps"). */
export type MapKey = string | number | bigint | boolean;

export class CelMap {
  readonly entries: Map<MapKey, readonly [key: CelValue, value: CelValue]>;
  constructor(entries: Map<MapKey, readonly [key: CelValue, value: CelValue]>) {
    this.entries = entries;
  }
}

/** An evaluation error. Not an Error: it is thrown a lot and needs no stack. */
export class CelError {
  readonly message: string;
  /** True when the budget ran out: never swallowed by `&&` and `||`. */
  readonly fatal: boolean;
  constructor(message: string, fatal = false) {
    this.message = message;
    this.fatal = fatal;
  }
}

export const INT_MIN = -0x8000000000000000n;
export const INT_MAX = 0x7fffffffffffffffn;
export const UINT_MAX = 0xffffffffffffffffn;

/** The one form of an int: number where exact, bigint beyond. */
export function canonicalInt(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

/** Checks the int64 range. */
export function intOf(value: bigint): number | bigint {
  if (value < INT_MIN || value > INT_MAX) throw new CelError('integer overflow');
  return canonicalInt(value);
}

export function uintOf(value: bigint): Uint {
  if (value < 0n || value > UINT_MAX) throw new CelError('unsigned integer overflow');
  return new Uint(value);
}

/** The one form of a double. */
export function doubleOf(value: number): number | Double {
  return Number.isSafeInteger(value) ? new Double(value) : value;
}

export const isInt = (value: unknown): value is number | bigint =>
  typeof value === 'number' ? Number.isSafeInteger(value) && !Object.is(value, -0) : typeof value === 'bigint';

/** The number of a double, undefined for other types. */
export function doubleValue(value: unknown): number | undefined {
  if (value instanceof Double) return value.value;
  return typeof value === 'number' && !isInt(value) ? value : undefined;
}

/** True for plain JSON objects, which stand for maps with string keys. */
export function isPlainMap(value: unknown): value is { readonly [key: string]: CelValue } {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const NATIVE: Readonly<Record<string, string>> = { boolean: 'bool', string: 'string', bigint: 'int' };

/** The name `type(x)` gives. */
export function typeName(value: CelValue): string {
  if (value === null) return 'null_type';
  if (typeof value === 'number') return isInt(value) ? 'int' : 'double';
  if (typeof value !== 'object') return NATIVE[typeof value] ?? 'dyn';
  if (Array.isArray(value)) return 'list';
  if (value instanceof CelMap) return 'map';
  if (value instanceof Opaque) return value.typeName;
  if (value instanceof Uint) return 'uint';
  if (value instanceof Double) return 'double';
  if (value instanceof Bytes) return 'bytes';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof TypeValue) return 'type';
  if (value instanceof Optional) return 'optional_type';
  return 'map';
}
