import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { EMBEDDED, TAGS } from './tagFacts.ts';
import type { TableField, TableType } from './types.ts';
import { openEnvelope, splitMessage, type WireEntry } from './wire.ts';

type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
type JsonMap = { [key: string]: JsonValue };

const isMap = (value: JsonValue | undefined): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
/** Whether bytes are the JSON text of a value (RawExtension, FieldsV1). */
function holdsJson(bytes: Uint8Array, value: JsonValue): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(text(bytes)), value);
  } catch {
    return false;
  }
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

/** Learns the numbers of fields, and fields and types the documents do not have, from round-trip fixtures. */
export class TagLearner {
  readonly types: Map<string, TableType>;
  readonly problems: string[] = [];

  constructor(types: readonly TableType[]) {
    this.types = new Map(types.map(type => [type.name, type]));
  }

  /**
   * Reads one folder of `<group>.<version>.<Kind>.{json,pb}`: kinds of the documents first, so that older kinds find
   * their parts with all numbers known.
   */
  learn(folder: string, which: 'documented' | 'other'): number {
    let count = 0;
    for (const name of readdirSync(folder).sort()) {
      if (!name.endsWith('.json')) continue;
      const base = name.slice(0, -'.json'.length);
      const parts = base.replace(/\.after_roundtrip$/, '').split('.');
      const kind = parts.pop()!;
      const version = parts.pop()!;
      const group = parts.join('.') === 'core' ? '' : parts.join('.');
      const documented = this.#find(group, version, kind);
      if ((documented !== undefined && documented.preview !== true) !== (which === 'documented')) continue;
      const json = JSON.parse(readFileSync(join(folder, name), 'utf8')) as JsonMap;
      const bytes = openEnvelope(readFileSync(join(folder, `${base}.pb`)));
      const type =
        documented ??
        this.#add(`${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`, [`${group}/${version}/${kind}`]);
      if (!this.#align(type, json, bytes, true)) this.problems.push(`${base}: does not align`);
      count++;
    }
    return count;
  }

  #find(group: string, version: string, kind: string): TableType | undefined {
    const key = `${group}/${version}/${kind}`;
    for (const type of this.types.values()) if (type.kinds.includes(key)) return type;
    return group === '' ? this.types.get(`meta.v1.${kind}`) : undefined;
  }

  #add(name: string, kinds: readonly string[]): TableType {
    const known = this.types.get(name);
    if (known) return known;
    const made: TableType = { name, kinds, atomic: false, preview: true, fields: [] };
    this.types.set(name, made);
    return made;
  }

  /** Matches the fields of a JSON object with the numbers of its message; true where every number found its field. */
  #align(type: TableType, json: JsonMap, bytes: Uint8Array, root = false): boolean {
    const virtual = new Map<string, TableField>();
    const present = Object.keys(json).filter(name => !(root && (name === 'apiVersion' || name === 'kind')));
    for (const name of present) {
      if (type.fields.some(field => field.name === name)) continue;
      if (this.strict) return false;
      const made: TableField = { name, type: '?', required: false, preview: true };
      if (this.growing) (type.fields as TableField[]).push(made);
      else virtual.set(name, made);
    }
    const embedded = EMBEDDED[type.name] ?? [];
    if (embedded.length === 0) {
      const tags = splitMessage(bytes);
      if (tags === undefined || new Set(tags.map(entry => entry.tag)).size !== present.length) return false;
    }
    const inside = (field: string): readonly number[] => {
      let path: readonly number[] = [];
      for (const one of embedded) {
        const within = 'except' in one.fields ? !one.fields.except.includes(field) : one.fields.includes(field);
        if (within) path = one.path;
      }
      return path;
    };
    return this.#level(type, json, present, bytes, [], inside, virtual);
  }

  /** Learning may add fields; trying whether a type fits may not. */
  growing = true;

  /** While a known type is sought for a new field: it must have every field, at every depth. */
  strict = false;

  #level(
    type: TableType,
    json: JsonMap,
    present: readonly string[],
    bytes: Uint8Array,
    path: readonly number[],
    inside: (field: string) => readonly number[],
    virtual: ReadonlyMap<string, TableField>,
  ): boolean {
    const entries = splitMessage(bytes);
    if (entries === undefined) return false;
    const groups = new Map<number, WireEntry[]>();
    for (const entry of entries) groups.set(entry.tag, [...(groups.get(entry.tag) ?? []), entry]);
    const here = present.filter(name => inside(name).join('.') === path.join('.'));
    const deeper = new Set(
      present
        .map(inside)
        .filter(one => one.length > path.length && path.every((tag, i) => one[i] === tag))
        .map(one => one[path.length]!),
    );
    for (const tag of deeper) {
      const inner = groups.get(tag)?.[0]?.value;
      groups.delete(tag);
      if (!(inner instanceof Uint8Array)) return false;
      if (!this.#level(type, json, present, inner, [...path, tag], inside, virtual)) return false;
    }
    const assigned = this.#assign(type, json, here, groups, path, virtual);
    return assigned;
  }

  #assign(
    type: TableType,
    json: JsonMap,
    here: readonly string[],
    groups: Map<number, WireEntry[]>,
    path: readonly number[],
    virtual: ReadonlyMap<string, TableField>,
  ): boolean {
    const fields = here.map(name => type.fields.find(field => field.name === name) ?? virtual.get(name)!);
    const candidates = new Map(
      fields.map(field => {
        const wanted = this.#known(type, field, path);
        const tags = [...groups.keys()].filter(
          tag =>
            (wanted === undefined || wanted === tag) &&
            this.#fits(type, field, json[field.name]!, groups.get(tag)!, false),
        );
        return [field, tags.sort((left, right) => left - right)];
      }),
    );
    const open = new Set(fields);
    const take = (field: TableField, tag: number): void => {
      open.delete(field);
      for (const tags of candidates.values()) {
        const at = tags.indexOf(tag);
        if (at >= 0) tags.splice(at, 1);
      }
      const value = [...path, tag].join('.');
      if (this.growing) {
        if (field.tag !== undefined && field.tag !== value)
          this.problems.push(`${type.name}.${field.name}: ${field.tag} and ${value}`);
        field.tag ??= value;
        this.#fits(type, field, json[field.name]!, groups.get(tag)!, true);
      }
      groups.delete(tag);
    };
    while (open.size > 0) {
      const single = [...open].find(field => candidates.get(field)!.length === 1);
      if (single) {
        take(single, candidates.get(single)![0]!);
        continue;
      }
      const first = [...open].find(field => candidates.get(field)!.length > 0);
      if (first === undefined) return false;
      take(first, candidates.get(first)![0]!);
    }
    return groups.size === 0;
  }

  #known(type: TableType, field: TableField, path: readonly number[]): number | undefined {
    const fact = new Map((TAGS[type.name] ?? '').split(' ').map(one => one.split('=') as [string, string])).get(
      field.name,
    );
    const found = fact ?? field.tag;
    return found === undefined ? undefined : Number(found.split('.')[path.length] ?? Number.NaN);
  }

  #fits(owner: TableType, field: TableField, value: JsonValue, entries: readonly WireEntry[], learn: boolean): boolean {
    if (field.type === '?') {
      const before = this.growing;
      this.growing = learn && before;
      const guessed = this.#guess(owner, field.name, value, entries);
      this.growing = before;
      if (guessed === undefined) return false;
      if (learn) (field as { type: string }).type = guessed;
      return true;
    }
    const growing = this.growing;
    this.growing = learn && growing;
    const fit = this.growing
      ? this.#expressionFits(field.type, value, entries)
      : this.#remembered(field.type, value, entries);
    this.growing = growing;
    return fit;
  }

  #memory = new WeakMap<object, Map<string, boolean>>();

  /** Trying is repeated at every level of a message, so outcomes are kept by value and place. */
  #remembered(expression: string, value: JsonValue, entries: readonly WireEntry[]): boolean {
    const first = entries[0]?.value;
    if (typeof value !== 'object' || value === null || !(first instanceof Uint8Array)) {
      return this.#expressionFits(expression, value, entries);
    }
    const known = this.#memory.get(value) ?? new Map<string, boolean>();
    this.#memory.set(value, known);
    const key = `${this.strict} ${expression} ${first.byteOffset} ${first.length} ${entries.length}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const fit = this.#expressionFits(expression, value, entries);
    known.set(key, fit);
    return fit;
  }

  #expressionFits(expression: string, value: JsonValue, entries: readonly WireEntry[]): boolean {
    if (expression.startsWith('[]')) {
      return (
        Array.isArray(value) &&
        value.length === entries.length &&
        value.every((item, i) => this.#expressionFits(expression.slice(2), item, [entries[i]!]))
      );
    }
    if (expression.startsWith('{}')) {
      if (!isMap(value) || Object.keys(value).length !== entries.length) return false;
      return Object.entries(value).every(([key, item], i) => {
        const pair =
          entries[i]!.value instanceof Uint8Array ? splitMessage(entries[i]!.value as Uint8Array) : undefined;
        const name = pair?.find(entry => entry.tag === 1)?.value;
        const rest = pair?.filter(entry => entry.tag === 2) ?? [];
        return (
          name instanceof Uint8Array && text(name) === key && this.#expressionFits(expression.slice(2), item, rest)
        );
      });
    }
    if (entries.length !== 1) return false;
    const wire = entries[0]!.value;
    if (expression.startsWith('<>')) {
      const inner = wire instanceof Uint8Array ? splitMessage(wire) : undefined;
      return inner !== undefined && this.#expressionFits(`[]${expression.slice(2)}`, value, inner);
    }
    return this.#scalarFits(expression, value, wire, entries[0]!.wire);
  }

  #scalarFits(expression: string, value: JsonValue, wire: bigint | Uint8Array, kind: number): boolean {
    switch (expression) {
      case 'b':
        return typeof value === 'boolean' && wire === (value ? 1n : 0n);
      case 'i32':
      case 'i64':
        return typeof value === 'number' && typeof wire === 'bigint' && BigInt.asIntN(64, wire) === BigInt(value);
      case 'f64':
        return typeof value === 'number' && kind === 1;
      default:
    }
    if (!(wire instanceof Uint8Array)) return false;
    const message = (): WireEntry[] | undefined => splitMessage(wire);
    switch (expression) {
      case 's':
        return value === text(wire);
      case 'bytes':
        return value === Buffer.from(wire).toString('base64');
      case 'time':
      case 'microtime': {
        if (value === null) return wire.length === 0;
        const seconds = message()?.find(entry => entry.tag === 1)?.value;
        return (
          typeof value === 'string' && TIME.test(value) && seconds === BigInt(Math.floor(Date.parse(value) / 1000))
        );
      }
      case 'q': {
        const inner = message()?.[0]?.value;
        return inner instanceof Uint8Array && text(inner) === String(value);
      }
      case 'x': {
        const parts = message();
        const string = parts?.find(entry => entry.tag === 3)?.value;
        return (
          parts?.length === 3 &&
          (typeof value === 'number'
            ? parts[1]?.value === BigInt(value)
            : string instanceof Uint8Array && text(string) === value)
        );
      }
      case 'raw':
      case 'fields':
      case 'json':
        return message()?.length === 1 && isMap(value);
      default: {
        const type = this.types.get(expression);
        return type !== undefined && isMap(value) && this.#align(type, value, wire);
      }
    }
  }

  /** A type expression for a field no document names. */
  #guess(owner: TableType, name: string, value: JsonValue, entries: readonly WireEntry[]): string | undefined {
    if (Array.isArray(value)) {
      const item =
        value.length > 0 && entries.length === value.length
          ? this.#guess(owner, name, value[0]!, [entries[0]!])
          : undefined;
      return item === undefined ? undefined : `[]${item}`;
    }
    if (isMap(value) && Object.keys(value).length === 1 && Object.keys(value)[0] === `${name}Key`) {
      const pair = entries[0]?.value instanceof Uint8Array ? splitMessage(entries[0].value) : undefined;
      const key = pair?.find(entry => entry.tag === 1)?.value;
      if (!(key instanceof Uint8Array) || text(key) !== `${name}Key`) return undefined;
      const inner = this.#guessMapValue(
        owner,
        name,
        value[`${name}Key`]!,
        pair!.filter(entry => entry.tag === 2),
      );
      return inner === undefined ? undefined : `{}${inner}`;
    }
    for (const scalar of ['b', 'i64', 'f64', 's', 'bytes', 'time', 'q', 'x']) {
      if (!this.#expressionFits(scalar, value, entries)) continue;
      return scalar === 'time' && String(value).includes('.') ? 'microtime' : scalar;
    }
    const wire = entries.length === 1 ? entries[0]!.value : undefined;
    if (value === null && wire instanceof Uint8Array && wire.length === 0) return 'time';
    if (!isMap(value) || !(wire instanceof Uint8Array)) return undefined;
    return this.#guessMessage(owner, name, value, wire);
  }

  /** The nearest known type a message fits; outcomes are kept by value and place. */
  #search(
    keys: readonly string[],
    value: JsonMap,
    wire: Uint8Array,
    rank: (type: TableType) => number,
  ): TableType | undefined {
    const known = this.#memory.get(value) ?? new Map<string, boolean>();
    this.#memory.set(value, known);
    const place = `${wire.byteOffset} ${wire.length}`;
    if (known.get(`none ${place}`)) return undefined;
    const tags = new Set(splitMessage(wire)?.map(entry => entry.tag)).size;
    const found = [...this.types.values()]
      .filter(
        type =>
          keys.length > 0 &&
          type.kinds.length === 0 &&
          !/^(apiextensions|apiregistration)\.|^meta\.v1\.APIResource/.test(type.name) &&
          (tags === keys.length || EMBEDDED[type.name] !== undefined) &&
          keys.every(key => type.fields.some(field => field.name === key)),
      )
      .sort((left, right) => rank(left) - rank(right) || left.fields.length - right.fields.length)
      .find(type => this.#remembered(type.name, value, [{ tag: 0, wire: 2, value: wire }]));
    if (found === undefined) known.set(`none ${place}`, true);
    return found;
  }

  #guessMapValue(owner: TableType, name: string, value: JsonValue, entries: readonly WireEntry[]): string | undefined {
    if (Array.isArray(value) && this.#expressionFits('<>s', value, entries)) return '<>s';
    return this.#guess(owner, name, value, entries);
  }

  #guessMessage(owner: TableType, name: string, value: JsonMap, wire: Uint8Array): string | undefined {
    const parts = splitMessage(wire);
    if (parts === undefined) return undefined;
    if (
      parts.length === 1 &&
      parts[0]!.tag === 1 &&
      parts[0]!.value instanceof Uint8Array &&
      holdsJson(parts[0]!.value, value)
    ) {
      return 'raw';
    }
    const keys = Object.keys(value);
    const family = owner.name.split('.').slice(0, -1).join('.');
    const group = owner.name.split('.')[0]!;
    const rank = (type: TableType): number =>
      type.name.startsWith(`${family}.`)
        ? 0
        : type.name.startsWith(`${group}.`)
          ? 1
          : type.name.startsWith('meta.')
            ? 2
            : 3;
    const growing = this.growing;
    this.growing = false;
    const strict = this.strict;
    this.strict = true;
    const found = this.#search(keys, value, wire, rank);
    this.strict = strict;
    this.growing = growing;
    if (found) return found.name;
    const made = `${family}.${owner.name.split('.').at(-1)}${name[0]!.toUpperCase()}${name.slice(1)}`;
    if (!this.growing) {
      const known = this.#memory.get(value) ?? new Map<string, boolean>();
      this.#memory.set(value, known);
      const key = `new ${wire.byteOffset} ${wire.length}`;
      const before = known.get(key);
      const trial: TableType = this.types.get(made) ?? {
        name: made,
        kinds: [],
        atomic: false,
        preview: true,
        fields: [],
      };
      const fits = before ?? this.#align(trial, value, wire);
      known.set(key, fits);
      return fits ? made : undefined;
    }
    const type = this.#add(made, []);
    return this.#align(type, value, wire) ? made : undefined;
  }
}

/** Numbers that hold for every list, and the facts for types without fixtures. */
export function settleTags(types: Iterable<TableType>): void {
  for (const type of types) {
    const facts = new Map((TAGS[type.name] ?? '').split(' ').map(one => one.split('=') as [string, string]));
    const isList = type.name.endsWith('List') && type.kinds.length > 0;
    for (const field of type.fields) {
      const fact = facts.get(field.name);
      if (fact !== undefined) field.tag = fact;
      else if (isList && field.name === 'metadata') field.tag ??= '1';
      else if (isList && field.name === 'items') field.tag ??= '2';
    }
  }
}
