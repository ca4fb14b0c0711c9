import { equalJson } from '../../../kernel/index.ts';
import type { Entry, EntryField, EntryKind, Json, JsonObject, ScanReport } from './model.ts';

/** Turns a document's value into the model's and back; undefined where it means nothing to the model. */
export interface Codec {
  read(raw: Json): unknown;
  write(value: unknown): Json;
}

/** Where a field of an entry stands, from the entry's own node. */
export interface FieldRule {
  readonly field: EntryField;
  readonly path: readonly (string | number)[];
  readonly codec: Codec;
}

/** Where entries of a kind stand in a document; `*` is every item or member. */
export interface ListRule {
  readonly kind: EntryKind;
  readonly path: readonly string[];
  readonly fields: readonly FieldRule[];
}

/** The place of a field that an entry holds. */
class Hole {
  readonly field: EntryField;
  readonly codec: Codec;
  constructor(field: EntryField, codec: Codec) {
    this.field = field;
    this.codec = codec;
  }
}

/** The place of an entry, with what the model has no field for. */
class Place {
  readonly entry: Entry;
  readonly rest: Frame;
  constructor(entry: Entry, rest: Frame) {
    this.entry = entry;
    this.rest = rest;
  }
}

type Frame = Json | Hole | Place | Frame[] | FrameObject;
interface FrameObject {
  [name: string]: Frame;
}

const isNode = (value: unknown): value is FrameObject =>
  typeof value === 'object' && value !== null && !(value instanceof Hole) && !(value instanceof Place);

const DEPTH_MAX = 200;

/** Reads a document with the rules of its format. The document is not changed. */
export function readReport(format: string, lists: readonly ListRule[], document: Json): ScanReport {
  const frame = structuredClone(document) as Frame;
  const entries: Entry[] = [];
  for (const rule of lists) visit(frame, rule, 0, entries);
  return { format, entries, frame };
}

function visit(node: Frame, rule: ListRule, at: number, entries: Entry[]): void {
  if (!isNode(node) || at >= rule.path.length) return;
  const step = rule.path[at]!;
  const names = step === '*' ? Object.keys(node) : Object.hasOwn(node, step) ? [step] : [];
  for (const name of names) {
    const child = node[name]!;
    if (at < rule.path.length - 1) visit(child, rule, at + 1, entries);
    else if (isNode(child) && !Array.isArray(child)) {
      const entry = take(child, rule);
      entries.push(entry);
      node[name] = new Place(entry, child);
    } else if (typeof child === 'string' && rule.fields.length === 1 && rule.fields[0]!.path.length === 0) {
      // A list of bare ids.
      const { field, codec } = rule.fields[0]!;
      const entry: Entry = { kind: rule.kind, [field]: codec.read(child) };
      entries.push(entry);
      node[name] = new Place(entry, new Hole(field, codec));
    }
  }
}

/** Moves what the model knows from a node into an entry; values that would not come back the same stay where they are. */
function take(node: FrameObject, rule: ListRule): Entry {
  const entry: { -readonly [K in keyof Entry]: Entry[K] } = { kind: rule.kind };
  for (const { field, path, codec } of rule.fields) {
    if (entry[field] !== undefined) continue;
    let parent: Frame = node;
    for (const step of path.slice(0, -1))
      parent = isNode(parent) && Object.hasOwn(parent, step) ? (parent as FrameObject)[step]! : null;
    const last = path.at(-1)!;
    if (!isNode(parent) || !Object.hasOwn(parent, last)) continue;
    const raw = (parent as FrameObject)[last] as Json;
    const value = isNode(raw) || raw === null || typeof raw !== 'object' ? codec.read(raw) : undefined;
    if (value === undefined || !equalJson(codec.write(value), raw)) continue;
    (entry as Record<string, unknown>)[field] = value;
    (parent as FrameObject)[last] = new Hole(field, codec);
  }
  return entry as Entry;
}

/** The document of a report. Entries that are no longer in it are left out; fields that entries no longer have, too. */
export function writeReport(report: ScanReport, replaced: ReadonlyMap<Entry, Entry> = new Map()): Json {
  const kept = new Set(report.entries);
  const build = (frame: Frame, entry: Entry | undefined, depth: number): Json | undefined => {
    if (depth > DEPTH_MAX) throw new RangeError('the report is nested too deeply');
    if (frame instanceof Place) {
      const now = replaced.get(frame.entry) ?? frame.entry;
      return kept.has(now) ? build(frame.rest, now, depth + 1) : undefined;
    }
    if (frame instanceof Hole) {
      const value = entry?.[frame.field];
      return value === undefined ? undefined : frame.codec.write(value);
    }
    if (Array.isArray(frame))
      return (frame as Frame[]).map(item => build(item, entry, depth + 1)).filter(item => item !== undefined);
    if (!isNode(frame)) return frame as Json;
    const object: JsonObject = {};
    for (const [name, part] of Object.entries(frame)) {
      const value = build(part, entry, depth + 1);
      if (value !== undefined)
        Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
    }
    return object;
  };
  return build(report.frame as Frame, undefined, 0) ?? null;
}

/** A node for an entry that came from nowhere: the fields its format has a place for. */
export function composeEntry(entry: Entry, rule: ListRule): JsonObject {
  const node: JsonObject = {};
  const written = new Set<EntryField>();
  for (const { field, path, codec } of rule.fields) {
    const value = entry[field];
    if (value === undefined || written.has(field) || path.length === 0 || path.some(step => typeof step === 'number'))
      continue;
    written.add(field);
    let parent = node;
    for (const step of path.slice(0, -1) as string[]) parent = (parent[step] ??= {}) as JsonObject;
    parent[path.at(-1)!] = codec.write(value);
  }
  return node;
}
