import { jsonText, keyOf, type Value } from '../value.ts';

export interface Field {
  readonly key: Value;
  readonly type: Type | undefined;
}

/** What a term may be. An `any` without members is everything; with members it is their union. */
export type Type =
  | { readonly kind: 'any'; readonly of: readonly Type[] }
  | { readonly kind: 'null' | 'boolean' | 'number' | 'string' }
  | { readonly kind: 'array'; readonly items: readonly (Type | undefined)[]; readonly rest?: Type }
  | {
      readonly kind: 'object';
      readonly fields: ReadonlyMap<string, Field>;
      readonly rest?: { readonly key: Type | undefined; readonly value: Type | undefined };
    }
  | { readonly kind: 'set'; readonly of: Type | undefined }
  | FunctionType;

export interface FunctionType {
  readonly kind: 'function';
  readonly args: readonly (Type | undefined)[];
  /** Of the arguments and the result, where they are known. */
  readonly names: readonly string[];
  readonly result?: Type;
  readonly variadic: boolean;
}

type ObjectType = Extract<Type, { kind: 'object' }>;
type ArrayType = Extract<Type, { kind: 'array' }>;

export const ANY: Type = { kind: 'any', of: [] };
const SCALARS = {
  null: { kind: 'null' },
  boolean: { kind: 'boolean' },
  number: { kind: 'number' },
  string: { kind: 'string' },
} as const;

export const scalarType = (name: string): Type => SCALARS[name as keyof typeof SCALARS];
export const isAny = (type: Type | undefined): boolean => type?.kind === 'any' && type.of.length === 0;

export function objectType(
  fields: readonly (readonly [Value, Type | undefined])[],
  rest?: { readonly key: Type | undefined; readonly value: Type | undefined },
): Type {
  const map = new Map(fields.map(([key, type]) => [keyOf(key), { key, type }] as const));
  return { kind: 'object', fields: map, ...(rest ? { rest } : {}) };
}

/** One type that is any of several; undefined types add nothing. */
export function unionOf(types: readonly (Type | undefined)[]): Type {
  const flat = new Map<string, Type>();
  for (const type of types) {
    if (type === undefined) continue;
    if (isAny(type)) return ANY;
    for (const each of type.kind === 'any' ? type.of : [type]) flat.set(typeText(each), each);
  }
  const members = [...flat.values()];
  return members.length === 1 ? members[0]! : { kind: 'any', of: members };
}

export function either(left: Type | undefined, right: Type | undefined): Type | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  if (left.kind === 'function' && right.kind === 'function') return eitherFunction(left, right);
  return unionOf([left, right]);
}

/** What two rules of one document make together. */
export function mergedTypes(left: Type | undefined, right: Type | undefined): Type | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  if (left.kind === 'set' && right.kind === 'set') return { kind: 'set', of: either(left.of, right.of) };
  if (left.kind !== 'object' || right.kind !== 'object') return either(left, right);
  if (left.fields.size > 0 || right.fields.size > 0 || !left.rest || !right.rest) return either(left, right);
  const [one, other] = [left.rest, right.rest];
  return objectType([], { key: either(one.key, other.key), value: mergedTypes(one.value, other.value) });
}

function eitherFunction(left: FunctionType, right: FunctionType): FunctionType {
  const result = either(left.result, right.result);
  return {
    kind: 'function',
    args: left.args.map((arg, index) => either(arg, right.args[index])),
    names: [],
    variadic: false,
    ...(result ? { result } : {}),
  };
}

export const isScalar = ({ kind }: Type): boolean => kind in SCALARS;

/** The type of a collection written without members. */
export const isEmpty = (type: Type): boolean =>
  (type.kind === 'array' && type.items.length === 0 && !type.rest) ||
  (type.kind === 'object' && type.fields.size === 0 && !type.rest) ||
  (type.kind === 'set' && type.of === undefined);

/** Whether anything in it is unknown. */
export function isUnknown(type: Type | undefined): boolean {
  if (type === undefined) return true;
  switch (type.kind) {
    case 'array':
      return type.items.some(isUnknown) || (type.rest !== undefined && isUnknown(type.rest));
    case 'object':
      return (
        [...type.fields.values()].some(field => isUnknown(field.type)) ||
        (type.rest !== undefined && (isUnknown(type.rest.key) || isUnknown(type.rest.value)))
      );
    case 'set':
      return isUnknown(type.of);
    default:
      return false;
  }
}

/** Types of the keys of a collection; undefined for what has none. */
export function keysType(type: Type | undefined): Type | undefined {
  switch (type?.kind) {
    case 'any':
      return type.of.length === 0 ? ANY : type.of.map(keysType).reduce(either, undefined);
    case 'array':
      return SCALARS.number;
    case 'object':
      return either(
        [...type.fields.values()].map(({ key }) => typeOfValue(key)).reduce<Type | undefined>(either, undefined),
        type.rest?.key,
      );
    case 'set':
      return type.of;
    default:
      return undefined;
  }
}

/** Types of the members of a collection; undefined for what has none. */
export function valuesType(type: Type | undefined): Type | undefined {
  switch (type?.kind) {
    case 'any':
      return type.of.length === 0 ? ANY : type.of.map(valuesType).reduce(either, undefined);
    case 'array':
      return either(type.items.reduce(either, undefined), type.rest);
    case 'object':
      return either(
        [...type.fields.values()].map(field => field.type).reduce<Type | undefined>(either, undefined),
        type.rest?.value,
      );
    case 'set':
      return type.of;
    default:
      return undefined;
  }
}

/** The type under one key; undefined when there can be nothing. */
export function selectType(type: Type | undefined, key: Value): Type | undefined {
  switch (type?.kind) {
    case 'any':
      return type.of.length === 0 ? ANY : type.of.map(each => selectType(each, key)).reduce(either, undefined);
    case 'array':
      if (typeof key !== 'number' || !Number.isInteger(key) || key < 0) return undefined;
      return key < type.items.length ? type.items[key] : type.rest;
    case 'object': {
      const field = type.fields.get(keyOf(key));
      if (field) return field.type;
      return type.rest && unifies(type.rest.key, typeOfValue(key)) ? type.rest.value : undefined;
    }
    case 'set':
      return unifies(type.of, typeOfValue(key)) ? typeOfValue(key) : undefined;
    default:
      return undefined;
  }
}

/** The type of a scalar value. */
export function typeOfValue(value: Value): Type {
  if (value === null) return SCALARS.null;
  if (typeof value === 'string') return SCALARS.string;
  if (typeof value === 'boolean') return SCALARS.boolean;
  return typeof value === 'number' || 'mantissa' in value ? SCALARS.number : ANY;
}

/** Whether some value has both types. */
export function unifies(left: Type | undefined, right: Type | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  if (left.kind === 'any' && unifiesAny(left, right)) return true;
  if (right.kind === 'any' && unifiesAny(right, left)) return true;
  if (left.kind === 'any' || right.kind === 'any' || left.kind !== right.kind) return false;
  switch (left.kind) {
    case 'array':
      return unifiesArrays(left, right as ArrayType);
    case 'object':
      return unifiesObjects(left, right as ObjectType);
    case 'set': {
      const { of } = right as Extract<Type, { kind: 'set' }>;
      // The empty set has every type of sets.
      return left.of === undefined || of === undefined || unifies(left.of, of);
    }
    case 'function':
      return false;
    default:
      return true;
  }
}

function unifiesAny(any: Extract<Type, { kind: 'any' }>, other: Type): boolean {
  return other.kind !== 'function' && (any.of.length === 0 || any.of.some(each => unifies(each, other)));
}

function unifiesArrays(left: ArrayType, right: ArrayType): boolean {
  const fits = (one: ArrayType, other: ArrayType): boolean =>
    one.items.every((item, index) => unifies(item, selectType(other, index)));
  if (!fits(left, right) || !fits(right, left)) return false;
  return left.rest === undefined || right.rest === undefined || unifies(left.rest, right.rest);
}

function unifiesObjects(left: ObjectType, right: ObjectType): boolean {
  // Beside keys that are not known, a key the other side does not name may still be there.
  const isOpen = left.rest !== undefined || right.rest !== undefined;
  const fits = (one: ObjectType, other: ObjectType): boolean =>
    [...one.fields.values()].every(field => {
      const opposite = selectType(other, field.key);
      return (opposite === undefined && isOpen) || unifies(field.type, opposite);
    });
  if (!fits(left, right) || !fits(right, left)) return false;
  return left.rest === undefined || right.rest === undefined || unifies(left.rest.value, right.rest.value);
}

/** Unions longer than this are shown as `any<...>`. */
const UNION_TEXT_MAX = 32;

/** As OPA writes types in its messages. */
export function shownType(type: Type | undefined): string {
  const text = written(type, shownType);
  return type?.kind === 'any' && text.length > UNION_TEXT_MAX ? 'any<...>' : text;
}

/** The full text of a type: equal exactly for equal types. */
export const typeText = (type: Type | undefined): string => written(type, typeText);

function written(type: Type | undefined, inner: (type: Type | undefined) => string): string {
  const list = (types: readonly (Type | undefined)[]): string[] => types.map(each => inner(each));
  if (type === undefined) return '???';
  switch (type.kind) {
    case 'any':
      return type.of.length === 0 ? 'any' : `any<${list(type.of).sort(byKind).join(', ')}>`;
    case 'array': {
      const items = type.items.length > 0 ? `<${list(type.items).join(', ')}>` : '';
      return `array${items}${type.rest ? `[${inner(type.rest)}]` : ''}`;
    }
    case 'object': {
      const fields = [...type.fields.values()]
        .map(field => `${typeof field.key === 'string' ? field.key : jsonText(field.key)}: ${inner(field.type)}`)
        .sort();
      const shown = fields.length > 0 ? `<${fields.join(', ')}>` : '';
      return `object${shown}${type.rest ? `[${inner(type.rest.key)}: ${inner(type.rest.value)}]` : ''}`;
    }
    case 'set':
      return type.of === undefined ? 'set' : `set[${inner(type.of)}]`;
    case 'function':
      return `(${list(type.args).join(', ')}) => ${inner(type.result)}`;
    default:
      return type.kind;
  }
}

const KINDS = ['null', 'boolean', 'number', 'string', 'array', 'object', 'set'];
const rank = (text: string): number => KINDS.findIndex(kind => text.startsWith(kind));
const byKind = (left: string, right: string): number => rank(left) - rank(right) || (left < right ? -1 : 1);
