import { equalJson, type Json, type JsonObject, type KubeObject, kindOf } from '../../../kernel/index.ts';
import { readExternal } from './external.ts';
import { DocumentError } from './faults.ts';
import { assignImage, imagePartsFault } from './image.ts';
import { isPrefix, isWhole, type Location, parseLocation } from './location.ts';
import { type Match, type Matchable, matchesObject, readMatch } from './match.ts';
import { fields, isObject, list, member, text, texts } from './read.ts';
import { type Change, changeAt, type PathTest } from './set-value.ts';

const GROUP = 'mutations.gatekeeper.sh';
const KINDS = new Set(['Assign', 'AssignMetadata', 'AssignImage', 'ModifySet']);

export const isMutator = (object: KubeObject): boolean =>
  text(object.apiVersion).startsWith(`${GROUP}/`) && KINDS.has(object.kind);

/** Types an object may be of, each list empty for none. */
export interface ApplyTo {
  readonly groups: readonly string[];
  readonly versions: readonly string[];
  readonly kinds: readonly string[];
}

/** A mutator, ready to run. */
export interface Mutator {
  readonly id: string;
  readonly object: KubeObject;
  readonly location: Location;
  /** Absent for AssignMetadata, which is for objects of every type. */
  readonly applyTo: readonly ApplyTo[] | undefined;
  matches(target: Matchable): boolean;
  /** The object after the change, the same one where there is none. Throws an Error where it cannot be made. */
  mutate(target: Matchable): KubeObject;
}

export const readApplyTo = (value: unknown): ApplyTo[] =>
  list(value).map(each => ({
    groups: texts(fields(each).groups),
    versions: texts(fields(each).versions),
    kinds: texts(fields(each).kinds),
  }));

/** Whether an object is of one of the types; there are no wildcards in them. */
export function appliesTo(applyTo: readonly ApplyTo[], object: KubeObject): boolean {
  const { group, version, kind } = kindOf(object);
  return applyTo.some(
    each => each.groups.includes(group) && each.versions.includes(version) && each.kinds.includes(kind),
  );
}

type ValueOf = (target: Matchable, old: Json | undefined) => Json | undefined;

/** Where an assigned value comes from: written down, the object's own name or namespace, or a provider. */
function readValue(assign: JsonObject, kind: string, fail: (why: string) => never): ValueOf {
  const external = member(assign, 'externalData');
  if (['value', 'fromMetadata', 'externalData'].filter(name => member(assign, name) !== undefined).length > 1)
    fail('only one of assign.value, assign.fromMetadata and assign.externalData can be set');
  if (external !== undefined) {
    const source = readExternal(external, fail);
    if (kind === 'AssignMetadata' && source.dataSource !== 'Username')
      fail('only username data source is supported by AssignMetadata');
    return ({ external: values, username = '' }, old) => values?.mark(source, old, username);
  }
  const from = member(assign, 'fromMetadata');
  if (isObject(from)) {
    const field = text(from.field);
    if (field !== 'name' && field !== 'namespace')
      fail(`spec.parameters.assign.fromMetadata.field "${field}" is unknown`);
    return ({ object }) => text(object.metadata?.[field as 'name' | 'namespace']);
  }
  const value = member(assign, 'value');
  if (value === undefined || value === null)
    fail('assign must set one of `externalData`, `value` or `fromMetadata`: invalid assign field');
  return () => value as Json;
}

function readTests(parameters: JsonObject, location: Location, fail: (why: string) => never): PathTest[] {
  const tests = list(parameters.pathTests).map(each => {
    const { subPath, condition } = fields(each);
    // Without a path it is about the object itself, which is there.
    const prefix = text(subPath) === '' ? [] : parseLocation(text(subPath));
    if (!isPrefix(prefix, location)) fail(`all subpaths must be a prefix of the \`location\` value of the mutation`);
    if (condition !== 'MustExist' && condition !== 'MustNotExist') fail(`unknown condition "${text(condition)}"`);
    const last = prefix.at(-1);
    return {
      depth: prefix.length - 1,
      whole: last !== undefined && isWhole(last, location[prefix.length - 1]!),
      condition: condition as PathTest['condition'],
    };
  });
  for (const { depth, whole, condition } of tests)
    if (tests.some(other => other.depth === depth && other.whole === whole && other.condition !== condition))
      fail('conflicting path test conditions: a path is marked both MustExist and MustNotExist');
  return tests;
}

const LAST_STEPS_METADATA = 3;

/** What a mutator of each kind makes of the value at its location. */
function readChange(
  kind: string,
  location: Location,
  parameters: JsonObject,
  fail: (why: string) => never,
): (target: Matchable) => Change {
  if (kind === 'AssignImage') {
    const parts = {
      domain: text(parameters.assignDomain),
      path: text(parameters.assignPath),
      tag: text(parameters.assignTag),
    };
    const fault = imagePartsFault(parts);
    if (fault) fail(fault);
    return () => old => {
      const before = old ?? '';
      if (typeof before !== 'string')
        throw new Error(`expected value at AssignImage location to be a string, got ${JSON.stringify(old)}`);
      const image = assignImage(before, parts);
      return image === old ? undefined : image;
    };
  }
  if (kind === 'ModifySet') {
    // The definition of the kind has a default; where it does not stand behind, nothing is assumed.
    const operation = text(parameters.operation);
    const given = fields(parameters.values).fromList;
    if (given !== undefined && given !== null && !Array.isArray(given)) fail('cannot restore slice from another value');
    return () => old => {
      if (operation !== 'merge' && operation !== 'prune')
        throw new Error(`unrecognized operation for modifyset: ${operation}`);
      return modifySet(old, given as readonly Json[] | undefined, operation);
    };
  }
  const value = readValue(fields(parameters.assign), kind, fail);
  const last = location.at(-1);
  const assign = fields(parameters.assign);
  if (kind === 'Assign' && last?.type === 'list') checkListItem(last, assign, fail);
  if (kind === 'AssignMetadata') {
    const [root, section] = location;
    const named = root?.field === 'metadata' && (section?.field === 'labels' || section?.field === 'annotations');
    if (!named || location.length !== LAST_STEPS_METADATA || location.some(({ type }) => type !== 'object'))
      fail('invalid location: it must be a label or an annotation');
    const given = member(assign, 'value');
    if (given !== undefined && typeof given !== 'string')
      fail('spec.parameters.assign.value field must be a string for AssignMetadata');
    // Metadata is added, never changed.
    return target => old => {
      if (old !== undefined) return undefined;
      const assigned = value(target, old);
      if (assigned !== undefined && typeof assigned !== 'string') throw new Error('value must be a string');
      return assigned;
    };
  }
  return target => old => {
    const assigned = value(target, old);
    return assigned === undefined || (old !== undefined && equalJson(old, assigned)) ? undefined : assigned;
  };
}

/** What is put into a keyed list must be an object with that key. */
function checkListItem(
  { key, value: wanted }: Extract<Location[number], { type: 'list' }>,
  assign: JsonObject,
  fail: (why: string) => never,
): void {
  if (member(assign, 'fromMetadata') !== undefined) fail('cannot assign a metadata field to a list');
  if (member(assign, 'externalData') !== undefined) fail('cannot assign external data response to a list');
  const value = member(assign, 'value');
  if (!isObject(value)) fail('only objects can be added to keyed lists');
  const own = member(value, key);
  if (own !== wanted || typeof wanted === 'number')
    fail(`adding object to list with different key ${key}: list key ${wanted}, object key ${JSON.stringify(own)}`);
}

function modifySet(
  old: Json | undefined,
  given: readonly Json[] | undefined,
  operation: 'merge' | 'prune',
): Json | undefined {
  const values = given ?? [];
  if (old !== undefined && old !== null && !Array.isArray(old))
    throw new Error(`mismatch: wanted a list, got ${JSON.stringify(old)}`);
  const items = Array.isArray(old) ? old : [];
  if (operation === 'prune') {
    const kept = items.filter(item => !values.some(value => equalJson(item, value)));
    return kept.length === items.length ? undefined : kept;
  }
  if (old === undefined && values.length === 0) return given === undefined ? null : [];
  const added = values.filter(value => !items.some(item => equalJson(item, value)));
  return added.length === 0 ? undefined : [...items, ...added];
}

/** Reads a mutator. Throws a {@link DocumentError}. */
export function readMutator(object: KubeObject): Mutator {
  const fail = (why: string): never => {
    throw new DocumentError(object, why);
  };
  const spec = fields(object.spec);
  const parameters = fields(spec.parameters);
  let location: Location = [];
  let tests: PathTest[] = [];
  try {
    location = parseLocation(text(spec.location));
    tests = readTests(parameters, location, fail);
  } catch (error) {
    fail(`invalid location format: ${(error as Error).message}`);
  }
  const last = location.at(-1);
  if (last?.type === 'list' && last.value === undefined) fail("can't append to a globbed list");
  const isMetadata = object.kind === 'AssignMetadata';
  if (!isMetadata && location[0]?.field === 'metadata') fail(`${object.kind} can't change metadata`);
  const applyTo = isMetadata ? undefined : readApplyTo(spec.applyTo);
  if (applyTo?.length === 0) fail('applyTo required for a mutator of fields');
  const match: Match = readMatch(spec.match);
  const change = readChange(object.kind, location, parameters, fail);
  return {
    id: `${object.kind}/${text(object.metadata?.name)}`,
    object,
    location,
    applyTo,
    matches: target => (applyTo === undefined || appliesTo(applyTo, target.object)) && matchesObject(match, target),
    mutate: target =>
      changeAt(target.object as unknown as JsonObject, location, tests, change(target)) as unknown as KubeObject,
  };
}
