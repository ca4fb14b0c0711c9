import { rememberObject } from '../../../base/index.ts';
import { isObject, type Json, type JsonObject, ownMember, setOwn } from '../../../kernel/index.ts';
import { anchorOf, isAhead, plainKey, plainOrder, withAnchor } from './anchors.ts';
import { matchesLeaf, patternOperator } from './leaf.ts';
import { hasWildcard, matchesWildcard } from './wildcard.ts';

/** Why a resource does not fit: `condition` and `global` mean the pattern does not apply to it. */
export interface PatternMismatch {
  readonly kind: 'condition' | 'global' | 'negation' | 'mismatch';
  readonly path: string;
  readonly why: string;
  /** A key that an anchor asks about was in none of the places looked at: Kyverno tells an error, not a violation. */
  readonly keyless?: boolean;
}

/** One comparison: the whole pattern, and the anchored keys met so far with whether the resource ever had them. */
interface Origin {
  readonly pattern: Json;
  readonly keys: Map<string, boolean>;
}

/** Compares a resource with a pattern; undefined when it fits. */
export function matchPattern(resource: Json, pattern: Json): PatternMismatch | undefined {
  const origin: Origin = { pattern, keys: new Map() };
  const found = element(resource, pattern, origin, '/');
  if (found?.kind !== 'mismatch') return found;
  return [...origin.keys.values()].includes(false) ? { ...found, keyless: true } : found;
}

const ASKING: ReadonlySet<string> = new Set(['condition', 'existence']);

/** Notes which keys of conditions and existence the resource has. */
function noteKeys(resource: JsonObject, pattern: JsonObject, { keys }: Origin): void {
  for (const key of orderOf(pattern).anchored) {
    const { kind, key: name } = anchorOf(key)!;
    if (ASKING.has(kind) && keys.get(key) !== true) keys.set(key, ownMember(resource, name) !== undefined);
  }
}

type Outcome = PatternMismatch | undefined;

const mismatch = (path: string, why: string): PatternMismatch => ({ kind: 'mismatch', path, why });

/** A value as Go prints it: `map[a:1 b:[x y]]`, `<nil>`. */
function goText(value: Json | undefined): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isObject(value)) return String(value);
  const pairs = Object.keys(value).sort();
  return `map[${pairs.map(key => `${key}:${goText(value[key])}`).join(' ')}]`;
}

const GO_TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  boolean: 'bool',
  number: 'int64',
  undefined: '<nil>',
};

function goType(value: Json | undefined): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  return GO_TYPES[typeof value] ?? 'map[string]interface {}';
}

const shapes = (path: string, resource: Json | undefined, pattern: Json): PatternMismatch =>
  mismatch(
    path,
    `pattern and resource have different structures. Path: ${path}. Expected ${goType(pattern)}, found ${goType(resource)}`,
  );

function element(resource: Json | undefined, pattern: Json, origin: Origin, path: string): Outcome {
  if (isObject(pattern)) {
    if (!isObject(resource)) return shapes(path, resource, pattern);
    noteKeys(resource, pattern, origin);
    return map(resource, pattern, origin, path);
  }
  if (Array.isArray(pattern))
    return Array.isArray(resource)
      ? list(resource, pattern, origin, path)
      : mismatch(
          path,
          `validation rule failed at path ${path}, resource does not satisfy the expected overlay pattern`,
        );
  const leaf =
    typeof pattern === 'string' && pattern.includes('$(') ? dereference(origin.pattern, pattern, path) : pattern;
  if (leaf === undefined) return mismatch(path, `cannot resolve reference ${String(pattern)}`);
  const fits = Array.isArray(resource) ? resource.every(item => matchesLeaf(item, leaf)) : matchesLeaf(resource, leaf);
  if (fits) return undefined;
  return mismatch(path, `resource value '${goText(resource)}' does not match '${goText(leaf)}' at path ${path}`);
}

const isSkip = (found: PatternMismatch): boolean => found.kind === 'condition' || found.kind === 'global';

/** Several reasons not to apply as one. */
const together = (skips: readonly PatternMismatch[]): Outcome =>
  skips[0] && { ...skips[0], why: skips.map(({ why }) => why).join('; ') };

/** The keys of a pattern in the order they are looked at: those with an anchor, and the fields without one. */
const orderOf = rememberObject((pattern: JsonObject) => {
  const keys = Object.keys(pattern).sort();
  return { anchored: keys.filter(isAhead), plain: plainOrder(pattern, keys) };
});

/** Conditions decide first whether the rest applies, then the other anchors, then plain fields. */
function map(resource: JsonObject, given: JsonObject, origin: Origin, path: string): Outcome {
  const pattern = expandMetadata(given, resource);
  const { anchored: keys, plain } = orderOf(pattern);
  if (keys.length === 0) return plainFields(resource, pattern, plain, origin, path);
  return (
    conditions(resource, pattern, keys, origin, path) ??
    otherAnchors(resource, pattern, keys, origin, path) ??
    plainFields(resource, pattern, plain, origin, path)
  );
}

const isCondition = (kind: string | undefined): boolean => kind === 'condition';

function conditions(
  resource: JsonObject,
  pattern: JsonObject,
  keys: readonly string[],
  origin: Origin,
  path: string,
): Outcome {
  const skips: PatternMismatch[] = [];
  for (const key of keys) {
    const anchor = anchorOf(key);
    if (anchor === undefined || !isCondition(anchor.kind)) continue;
    const found = anchored(anchor.kind, resource, anchor.key, pattern[key]!, origin, `${path}${anchor.key}/`);
    if (found !== undefined) skips.push(found);
  }
  return together(skips);
}

/** What does not apply leaves the decision to the anchors beside it; where none applies, neither does the map. */
function otherAnchors(
  resource: JsonObject,
  pattern: JsonObject,
  keys: readonly string[],
  origin: Origin,
  path: string,
): Outcome {
  const skips: PatternMismatch[] = [];
  let applied = keys.some(key => isCondition(anchorOf(key)?.kind));
  for (const key of keys) {
    const anchor = anchorOf(key);
    if (anchor === undefined || isCondition(anchor.kind)) continue;
    const found = anchored(anchor.kind, resource, anchor.key, pattern[key]!, origin, `${path}${anchor.key}/`);
    if (found === undefined) applied = true;
    else if (isSkip(found)) skips.push(found);
    else return found;
  }
  return applied ? undefined : together(skips);
}

function plainFields(
  resource: JsonObject,
  pattern: JsonObject,
  keys: readonly string[],
  origin: Origin,
  path: string,
): Outcome {
  for (const key of keys) {
    const anchor = anchorOf(key);
    const name = anchor?.key ?? key;
    const value = ownMember(resource, name);
    const wanted = pattern[key]!;
    const at = `${path}${name}/`;
    if (anchor?.kind === 'global') {
      const found = anchored('global', resource, name, wanted, origin, at);
      if (found !== undefined) return found;
      continue;
    }
    if (wanted === '*') {
      if (value === undefined || value === null) return mismatch(at, `field ${name} is absent`);
      continue;
    }
    const found = element(value, wanted, origin, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

const PREFIXES: Readonly<Record<string, string>> = {
  condition: 'conditional anchor mismatch: ',
  global: 'global anchor mismatch: ',
};

function anchored(
  kind: string,
  resource: JsonObject,
  key: string,
  pattern: Json,
  origin: Origin,
  path: string,
): Outcome {
  const value = ownMember(resource, key);
  if (kind === 'negation')
    return value === undefined
      ? undefined
      : { kind: 'negation', path, why: `negation anchor matched in resource: ${path} is not allowed` };
  if (value === undefined) {
    if (kind !== 'condition') return undefined;
    return { kind, path, why: `${PREFIXES.condition}conditional anchor key doesn't exist in the resource` };
  }
  if (kind === 'existence') return exists(value, pattern, origin, path);
  const found = element(value, pattern, origin, path);
  if (found === undefined || kind === 'equality') return found;
  const own = kind === 'global' ? 'global' : 'condition';
  return { kind: own, path: found.path, why: `${PREFIXES[own]}${found.why}` };
}

function exists(value: Json, pattern: Json, origin: Origin, path: string): Outcome {
  if (!Array.isArray(pattern) || !Array.isArray(value)) return mismatch(path, 'existence anchors need lists');
  for (const wanted of pattern) {
    if (!value.some((item, i) => element(item, wanted, origin, `${path}${i}/`) === undefined))
      return mismatch(path, `existence anchor validation failed at path ${path}`);
  }
  return undefined;
}

function list(resource: readonly Json[], pattern: readonly Json[], origin: Origin, path: string): Outcome {
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
function maps(resource: readonly Json[], pattern: JsonObject, origin: Origin, path: string): Outcome {
  let applied = 0;
  const skips: PatternMismatch[] = [];
  for (let i = 0; i < resource.length; i++) {
    const found = element(resource[i], pattern, origin, `${path}${i}/`);
    if (found === undefined) applied++;
    else if (isSkip(found)) skips.push(found);
    else return found;
  }
  return applied === 0 ? together(skips) : undefined;
}

/** The key of a pattern's metadata that holds keys with wildcards. */
const expandable = rememberObject((pattern: JsonObject): string | undefined => {
  const key = Object.keys(pattern).find(name => plainKey(name) === 'metadata');
  const metadata = key === undefined ? undefined : pattern[key];
  if (!isObject(metadata)) return undefined;
  const isWild = ([field, value]: [string, Json]): boolean =>
    ['labels', 'annotations'].includes(plainKey(field)) &&
    isObject(value) &&
    Object.keys(value).some(each => hasWildcard(plainKey(each)));
  return Object.entries(metadata).some(isWild) ? key : undefined;
});

/** Label and annotation keys with wildcards stand for the keys the resource has (Kyverno, "Wildcards"). */
function expandMetadata(pattern: JsonObject, resource: JsonObject): JsonObject {
  const key = expandable(pattern);
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
