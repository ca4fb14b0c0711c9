import type { JsonObject } from '../object.ts';
import { isObject } from './json.ts';

/**
 * A set of field paths in the FieldsV1 form of managedFields: keys are path elements (`f:name`, `k:{…}`, `v:…`, `i:0`),
 * a node is itself a member when it is empty or holds `.` (structured-merge-diff, fieldpath serialization).
 * Sets are immutable: every operation returns a new one and may share nodes.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}
type Draft = { [element: string]: FieldSet };

export const EMPTY_SET: FieldSet = Object.freeze({});
/** A node that is a member and has no children. */
export const MEMBER: FieldSet = EMPTY_SET;

const NODES_MAX = 100_000;

/** Reads FieldsV1; undefined when it is not one (foreign keys, too large). */
export function decodeFieldSet(fields: unknown): FieldSet | undefined {
  let nodes = 0;
  const check = (node: unknown, depth: number): boolean => {
    if (!isObject(node) || depth > 200) return false;
    for (const key of Object.keys(node)) {
      if (++nodes > NODES_MAX) return false;
      if (key === '.') {
        if (depth === 0) continue;
        continue;
      }
      const kind = key.charCodeAt(0);
      // f, k, v, i followed by a colon
      if (key.charCodeAt(1) !== 58 || (kind !== 102 && kind !== 107 && kind !== 118 && kind !== 105)) return false;
      if (!check(node[key], depth + 1)) return false;
    }
    return true;
  };
  return check(fields, 0) ? (fields as unknown as FieldSet) : undefined;
}

/** True when the set has no member. */
export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

const isMember = (node: FieldSet): boolean => {
  for (const key in node) return key === '.' || node['.'] !== undefined;
  return true;
};

/** Makes a node: `children` must have no `.`; returns undefined for a non-member without children. */
const finish = (draft: Draft, children: number, member: boolean): FieldSet | undefined => {
  if (children === 0) return member ? MEMBER : undefined;
  if (member) draft['.'] = MEMBER;
  return draft;
};

export function unionOf(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || isEmptySet(right)) return left;
  if (isEmptySet(left)) return right;
  return unionNode(left, right, false);
}

function unionNode(left: FieldSet, right: FieldSet, member: boolean): FieldSet {
  const draft: Draft = {};
  for (const key in left) {
    if (key === '.') continue;
    const a = left[key]!;
    const b = right[key];
    draft[key] = b === undefined || a === b ? a : unionNode(a, b, isMember(a) || isMember(b));
  }
  let children = false;
  for (const key in right) if (key !== '.' && left[key] === undefined) draft[key] = right[key]!;
  for (const _ in draft) {
    children = true;
    break;
  }
  if (!children) return MEMBER;
  if (member) draft['.'] = MEMBER;
  return draft;
}

/** Members of `left` that are not members of `right`. */
export function differenceOf(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(right) || isEmptySet(left)) return left;
  return differenceNode(left, right, false) ?? EMPTY_SET;
}

/** Answers `left` itself where nothing of it goes. */
function differenceNode(left: FieldSet, right: FieldSet, member: boolean): FieldSet | undefined {
  const draft: Draft = {};
  let children = 0;
  let same = true;
  for (const key in left) {
    if (key === '.') continue;
    const a = left[key]!;
    const b = right[key];
    const kept = b === undefined ? a : differenceNode(a, b, isMember(a) && !isMember(b));
    if (kept !== a) same = false;
    if (kept !== undefined) {
      draft[key] = kept;
      children++;
    }
  }
  if (same && children > 0 && member === (left['.'] !== undefined)) return left;
  return finish(draft, children, member);
}

/** Members of both. */
export function intersectionOf(left: FieldSet, right: FieldSet): FieldSet {
  return intersectionNode(left, right, false) ?? EMPTY_SET;
}

function intersectionNode(left: FieldSet, right: FieldSet, member: boolean): FieldSet | undefined {
  const draft: Draft = {};
  let children = 0;
  for (const key in left) {
    if (key === '.') continue;
    const b = right[key];
    if (b === undefined) continue;
    const a = left[key]!;
    const kept = intersectionNode(a, b, isMember(a) && isMember(b));
    if (kept !== undefined) {
      draft[key] = kept;
      children++;
    }
  }
  return finish(draft, children, member);
}

/** Removes the members of `right` and everything below them. */
export function recursiveDifferenceOf(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(right) || isEmptySet(left)) return left;
  return recursiveNode(left, right, false) ?? EMPTY_SET;
}

function recursiveNode(left: FieldSet, right: FieldSet, member: boolean): FieldSet | undefined {
  const draft: Draft = {};
  let children = 0;
  for (const key in left) {
    if (key === '.') continue;
    const a = left[key]!;
    const b = right[key];
    if (b !== undefined && isMember(b)) continue;
    const kept = b === undefined ? a : recursiveNode(a, b, isMember(a));
    if (kept !== undefined) {
      draft[key] = kept;
      children++;
    }
  }
  return finish(draft, children, member);
}

/** True when the path element below this node is itself a member. */
export function hasMember(set: FieldSet, element: string): boolean {
  const node = set[element];
  return node !== undefined && isMember(node);
}

export function equalSets(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true;
  let count = 0;
  for (const key in left) {
    count++;
    const other = right[key];
    if (other === undefined || !equalSets(left[key]!, other)) return false;
  }
  for (const _ in right) count--;
  return count === 0;
}

const RANK: Readonly<Record<string, number>> = { '.': 0, f: 1, k: 2, v: 3, i: 4 };

function compareElements(left: string, right: string): number {
  const byKind = RANK[left[0]!]! - RANK[right[0]!]!;
  if (byKind !== 0) return byKind;
  if (left[0] === 'i') return Number(left.slice(2)) - Number(right.slice(2));
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The set as managedFields show it: elements in order, `.` first. */
export function encodeFieldSet(set: FieldSet): JsonObject {
  const sorted: JsonObject = {};
  const keys = Object.keys(set);
  if (keys.length > 1) keys.sort(compareElements);
  for (const key of keys) sorted[key] = encodeFieldSet(set[key]!);
  return sorted;
}

/** Encoded nodes by a number that equal ones share, and numbers of path elements. Both are forgotten when they grow. */
const nodes = new Map<number, JsonObject>();
const numbers = new Map<string, number>();
/** Characters of path elements that both may hold: whoever writes objects chooses them. */
const KNOWN_CHARS_MAX = 4 * 2 ** 20;
let knownChars = 0;
/** The number of the node that {@link encodeShared} answered last. */
let lastNumber = 0;

/** What an entry takes beside its text. */
const ENTRY_CHARS = 64;

function numberOf(element: string): number {
  let number = numbers.get(element);
  if (number === undefined) {
    numbers.set(element, (number = Math.imul(numbers.size + 1, 0x9e3779b1) | 0));
    knownChars += element.length + ENTRY_CHARS;
  }
  return number;
}

/**
 * The same as {@link encodeFieldSet}, one object for equal nodes: the pods of one workload have the same owners of the same
 * fields, and what they would otherwise hold each is larger than the pods. Must not be changed.
 */
export function encodeShared(set: FieldSet): JsonObject {
  if (knownChars > KNOWN_CHARS_MAX) {
    nodes.clear();
    numbers.clear();
    knownChars = 0;
  }
  return encodeNode(set);
}

function encodeNode(set: FieldSet): JsonObject {
  const keys = Object.keys(set);
  if (keys.length === 0) {
    lastNumber = 1;
    return EMPTY_SET as unknown as JsonObject;
  }
  const children: JsonObject[] = [];
  // A sum, so that the order of elements does not count.
  let sum = keys.length;
  for (const key of keys) {
    children.push(encodeNode(set[key]!));
    const number = numberOf(key);
    sum = (sum + Math.imul(number ^ lastNumber, 0x85ebca6b) + (number >>> 7)) | 0;
  }
  lastNumber = sum;
  const known = nodes.get(sum);
  if (known !== undefined && hasChildren(known, keys, children)) return known;
  const sorted: JsonObject = {};
  const places = keys.map((_, at) => at).sort((left, right) => compareElements(keys[left]!, keys[right]!));
  for (const at of places) {
    sorted[keys[at]!] = children[at]!;
    knownChars += keys[at]!.length + ENTRY_CHARS;
  }
  nodes.set(sum, sorted);
  return sorted;
}

function hasChildren(node: JsonObject, keys: readonly string[], children: readonly JsonObject[]): boolean {
  for (let at = 0; at < keys.length; at++) if (node[keys[at]!] !== children[at]) return false;
  return Object.keys(node).length === keys.length;
}

/** Calls `visit` for every member path, in order. */
export function eachMember(set: FieldSet, visit: (path: readonly string[]) => void, path: string[] = []): void {
  for (const key of Object.keys(set).sort(compareElements)) {
    if (key === '.') continue;
    path.push(key);
    if (isMember(set[key]!)) visit(path);
    eachMember(set[key]!, visit, path);
    path.pop();
  }
}

/** A path as conflicts print it: `.spec.containers[name="web"].image`. */
export function formatFieldPath(path: readonly string[]): string {
  let text = '';
  for (const element of path) {
    const body = element.slice(2);
    if (element[0] === 'f') text += `.${body}`;
    else if (element[0] === 'i') text += `[${body}]`;
    else if (element[0] === 'v') text += `[=${body}]`;
    else {
      const key = JSON.parse(body) as JsonObject;
      text += `[${Object.keys(key)
        .map(name => `${name}=${JSON.stringify(key[name])}`)
        .join(',')}]`;
    }
  }
  return text;
}
