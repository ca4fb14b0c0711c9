import { isObject, type Json, type JsonObject, ownMember, setOwn } from '../../../kernel/index.ts';
import { anchorOf, plainKey, withAnchor } from './anchors.ts';
import { matchesLeaf, patternOperator } from './leaf.ts';
import { hasWildcard, matchesWildcard } from './wildcard.ts';

/** Why a resource does not fit: `condition` and `global` mean the pattern does not apply to it. */
export interface PatternMismatch {
  readonly kind: 'condition' | 'global' | 'negation' | 'mismatch';
  readonly path: string;
  readonly why: string;
}

/** Compares a resource with a pattern; undefined when it fits. */
export function matchPattern(resource: Json, pattern: Json): PatternMismatch | undefined {
  return element(resource, pattern, pattern, '/');
}

type Outcome = PatternMismatch | undefined;

const mismatch = (path: string, why: string): PatternMismatch => ({ kind: 'mismatch', path, why });

function element(resource: Json | undefined, pattern: Json, origin: Json, path: string): Outcome {
  if (isObject(pattern)) {
    if (!isObject(resource))
      return mismatch(path, `pattern and resource have different structures: expected an object`);
    return map(resource, pattern, origin, path);
  }
  if (Array.isArray(pattern)) {
    if (!Array.isArray(resource))
      return mismatch(path, 'pattern and resource have different structures: expected a list');
    return list(resource, pattern, origin, path);
  }
  const leaf = typeof pattern === 'string' && pattern.includes('$(') ? dereference(origin, pattern, path) : pattern;
  if (leaf === undefined) return mismatch(path, `cannot resolve reference ${String(pattern)}`);
  if (Array.isArray(resource)) {
    const at = resource.findIndex(item => !matchesLeaf(item, leaf));
    return at < 0 ? undefined : mismatch(`${path}${at}/`, `value does not match '${String(leaf)}'`);
  }
  return matchesLeaf(resource, leaf) ? undefined : mismatch(path, `value does not match '${String(leaf)}'`);
}

function map(resource: JsonObject, given: JsonObject, origin: Json, path: string): Outcome {
  const pattern = expandMetadata(given, resource);
  const keys = Object.keys(pattern).sort();
  // Lists of which no element counts do not decide where others do.
  let skipped: PatternMismatch | undefined;
  let applied = false;
  const stops = (found: Outcome, value: Json | undefined): boolean => {
    if (found === undefined) applied ||= value !== undefined;
    else if (found.kind === 'condition' && Array.isArray(value)) skipped ??= found;
    else return true;
    return false;
  };
  for (const key of keys) {
    const anchor = anchorOf(key);
    if (anchor === undefined || anchor.kind === 'add') continue;
    const found = anchored(anchor.kind, resource, anchor.key, pattern[key]!, origin, `${path}${anchor.key}/`);
    if (anchor.kind !== 'equality' ? found !== undefined : stops(found, ownMember(resource, anchor.key))) return found;
  }
  const plain = keys.filter(key => {
    const anchor = anchorOf(key);
    return anchor === undefined || anchor.kind === 'add';
  });
  // What holds conditions decides first whether the rest applies.
  plain.sort((left, right) => Number(holdsConditions(pattern[right]!)) - Number(holdsConditions(pattern[left]!)));
  for (const key of plain) {
    const name = plainKey(key);
    const value = ownMember(resource, name);
    const wanted = pattern[key]!;
    const at = `${path}${name}/`;
    if (wanted === '*') {
      if (value === undefined || value === null) return mismatch(at, `field ${name} is absent`);
      continue;
    }
    const found = element(value, wanted, origin, at);
    if (stops(found, holdsConditions(wanted) ? value : undefined)) return found;
  }
  return applied ? undefined : skipped;
}

function holdsConditions(pattern: Json): boolean {
  if (Array.isArray(pattern)) return pattern.some(holdsConditions);
  if (!isObject(pattern)) return false;
  return Object.entries(pattern).some(([key, value]) => {
    const kind = anchorOf(key)?.kind;
    return kind === 'condition' || kind === 'global' || holdsConditions(value);
  });
}

function anchored(kind: string, resource: JsonObject, key: string, pattern: Json, origin: Json, path: string): Outcome {
  const value = ownMember(resource, key);
  if (kind === 'negation')
    return value === undefined ? undefined : { kind: 'negation', path, why: `${path} is not allowed` };
  if (value === undefined) {
    if (kind !== 'condition') return undefined;
    return { kind: 'condition', path, why: "conditional anchor key doesn't exist in the resource" };
  }
  if (kind === 'existence') return exists(value, pattern, origin, path);
  const found = element(value, pattern, origin, path);
  if (found === undefined || kind === 'equality') return found;
  return { kind: kind === 'global' ? 'global' : 'condition', path: found.path, why: found.why };
}

function exists(value: Json, pattern: Json, origin: Json, path: string): Outcome {
  if (!Array.isArray(pattern) || !Array.isArray(value)) return mismatch(path, 'existence anchors need lists');
  for (const wanted of pattern) {
    if (!value.some((item, i) => element(item, wanted, origin, `${path}${i}/`) === undefined))
      return mismatch(path, 'existence anchor validation failed');
  }
  return undefined;
}

function list(resource: readonly Json[], pattern: readonly Json[], origin: Json, path: string): Outcome {
  const first = pattern[0];
  if (first === undefined) return mismatch(path, 'pattern list is empty');
  if (isObject(first)) return maps(resource, first, origin, path);
  if (!Array.isArray(first) && pattern.length === 1) return element(resource as Json, first, origin, path);
  if (resource.length < pattern.length) return mismatch(path, 'list is shorter than the pattern');
  for (const [i, wanted] of pattern.entries()) {
    const found = element(resource[i], wanted, origin, `${path}${i}/`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Every element must fit; those whose conditions do not hold do not count. */
function maps(resource: readonly Json[], pattern: JsonObject, origin: Json, path: string): Outcome {
  let applied = 0;
  let skipped: PatternMismatch | undefined;
  for (const [i, item] of resource.entries()) {
    const found = element(item, pattern, origin, `${path}${i}/`);
    if (found === undefined) applied++;
    else if (found.kind === 'condition' || found.kind === 'global') skipped ??= found;
    else return found;
  }
  return applied === 0 ? skipped : undefined;
}

/** Label and annotation keys with wildcards stand for the keys the resource has (Kyverno, "Wildcards"). */
function expandMetadata(pattern: JsonObject, resource: JsonObject): JsonObject {
  const key = Object.keys(pattern).find(name => plainKey(name) === 'metadata');
  const wanted = key === undefined ? undefined : pattern[key];
  const metadata = ownMember(resource, 'metadata');
  if (!isObject(wanted) || !isObject(metadata)) return pattern;
  const changed: JsonObject = {};
  for (const [name, value] of Object.entries(wanted)) {
    const field = plainKey(name);
    const actual = ownMember(metadata, field);
    const expands = (field === 'labels' || field === 'annotations') && isObject(value) && isObject(actual);
    setOwn(changed, name, expands ? expandKeys(value, actual) : value);
  }
  return { ...pattern, [key!]: changed };
}

function expandKeys(pattern: JsonObject, actual: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(pattern)) {
    const anchor = anchorOf(key);
    const name = anchor?.key ?? key;
    const found = hasWildcard(name) ? Object.keys(actual).find(each => matchesWildcard(name, each)) : undefined;
    setOwn(out, found === undefined ? key : anchor ? withAnchor(anchor.kind, found) : found, value);
  }
  return out;
}

/** `<=$(./../limits/memory)`: the value the pattern has at another place. */
function dereference(origin: Json, pattern: string, path: string): Json | undefined {
  const operator = patternOperator(pattern);
  const sign = operator === '=' || operator === '-' ? '' : operator;
  const reference = /\$\(([^()]*)\)/.exec(pattern)?.[1]?.trim();
  if (reference === undefined) return pattern;
  const steps = reference.startsWith('/') ? [] : path.split('/').filter(step => step !== '');
  for (const step of reference.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '.' && step !== '') steps.push(step);
  }
  let node: Json | undefined = origin;
  for (const step of steps) {
    if (Array.isArray(node)) node = node[0];
    if (/^\d+$/.test(step) && !isObject(node)) continue;
    if (Array.isArray(node)) node = node[Number(step)];
    else if (isObject(node)) {
      const key: string | undefined = Object.keys(node).find(name => plainKey(name) === step);
      if (key === undefined && /^\d+$/.test(step)) continue;
      node = key === undefined ? undefined : node[key];
    } else return undefined;
  }
  if (node === undefined || isObject(node) || Array.isArray(node)) return undefined;
  return sign === '' && pattern.trim() === `$(${reference})` ? node : pattern.replace(/\$\([^()]*\)/, String(node));
}
