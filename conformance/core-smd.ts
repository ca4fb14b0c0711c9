import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  checkTyped,
  compareTyped,
  decodeFieldSet,
  eachMember,
  encodeFieldSet,
  equalJson,
  fieldSetOf,
  formatFieldPath,
  type Json,
  type JsonObject,
  type KubeObject,
  mergeTyped,
  removeItems,
  type Schema,
  serverSideApply,
  TypingError,
} from '../src/kernel/index.ts';
import { readTypes } from './smd/schema.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

type Verdict =
  | { readonly result: 'passed' }
  | { readonly result: 'failed'; readonly expected: string; readonly got: string };

const passed: Verdict = { result: 'passed' };
const failed = (expected: string, got: string): Verdict => ({ result: 'failed', expected, got });

/** The schema of schemas (the project's own `schema-schema`): what a schema document may look like. */
const SCHEMA_OF_SCHEMAS = ((): Schema => {
  const text: Schema = { type: 'string' };
  const ref: { -readonly [K in keyof Schema]: Schema[K] } = { type: 'object' };
  const fields = (of: Record<string, Schema>): ReadonlyMap<string, { name: string; schema: Schema }> =>
    new Map(Object.entries(of).map(([name, schema]) => [name, { name, schema }]));
  const keyed = (items: Schema): Schema => ({ type: 'list', listType: 'map', listMapKeys: ['name'], items });
  const list: Schema = {
    type: 'object',
    fields: fields({ elementType: ref, elementRelationship: text, keys: { type: 'list', items: text } }),
  };
  const union: Schema = {
    type: 'object',
    fields: fields({
      discriminator: text,
      deduceInvalidDiscriminator: { type: 'boolean' },
      fields: { type: 'list', items: { type: 'any' } },
    }),
  };
  const map: Schema = {
    type: 'object',
    fields: fields({
      fields: keyed({ type: 'object', fields: fields({ name: text, type: ref, default: { type: 'any' } }) }),
      unions: { type: 'list', items: union },
      elementType: ref,
      elementRelationship: text,
    }),
  };
  const untyped: Schema = { type: 'object', fields: fields({ elementRelationship: text }) };
  const atom = { scalar: text, list, map, untyped };
  ref.fields = fields({ namedType: text, elementRelationship: text, ...atom });
  return {
    type: 'object',
    fields: fields({ types: keyed({ type: 'object', fields: fields({ name: text, ...atom }) }) }),
  };
})();

function typed(schema: Schema, value: Json): string | undefined {
  try {
    checkTyped(schema, value, { duplicates: true });
    return undefined;
  } catch (error) {
    if (error instanceof TypingError) return error.message;
    throw error;
  }
}

/** A value is its own merge, equals itself, and its set takes everything out and survives the wire form. */
function lawsOf(schema: Schema, value: JsonObject): Verdict {
  const problem = typed(schema, value);
  if (problem) return failed('a typed value', problem);
  const set = fieldSetOf(schema, value);
  const again = decodeFieldSet(JSON.parse(JSON.stringify(encodeFieldSet(set))));
  if (again === undefined || !equalJson(again, set))
    return failed('the same set after a round trip', JSON.stringify(again).slice(0, 200));
  const merged = mergeTyped(schema, value, structuredClone(value));
  if (!equalJson(merged, value))
    return failed('a self-merge that changes nothing', JSON.stringify(merged).slice(0, 200));
  const same = compareTyped(schema, value, structuredClone(value));
  if (Object.keys(same.changed).length + Object.keys(same.removed).length > 0)
    return failed('no difference from itself', JSON.stringify(same).slice(0, 200));
  const fromNothing = mergeTyped(schema, {}, value);
  if (!equalJson(fromNothing, value))
    return failed('the value itself over nothing', JSON.stringify(fromNothing).slice(0, 200));
  const gone = compareTyped(schema, value, {});
  const rest = removeItems(schema, value, gone.removed);
  return rest === undefined ? passed : failed('nothing left', JSON.stringify(rest).slice(0, 200));
}

/** Applying an object twice with one manager changes nothing the second time. */
function appliesTwice(schema: Schema, value: JsonObject): Verdict {
  const { managedFields: _, ...metadata } = (value.metadata ?? {}) as JsonObject;
  const object = { ...value, metadata } as unknown as KubeObject;
  const terms = {
    schema,
    applied: object,
    manager: 'm',
    apiVersion: String(value.apiVersion),
    now: '2026-01-01T00:00:00Z',
  };
  const first = serverSideApply({ ...terms, live: undefined });
  if ('conflicts' in first) return failed('an object', 'conflicts');
  const second = serverSideApply({ ...terms, live: first.object, now: '2026-02-02T00:00:00Z' });
  return equalJson(second, first)
    ? passed
    : failed('no change on the second apply', JSON.stringify(second).slice(0, 200));
}

function setCase(fields: Json): Verdict {
  const set = decodeFieldSet(fields);
  if (set === undefined) return failed('a field set', 'not one');
  if (!equalJson(encodeFieldSet(set), fields))
    return failed('the same set after a round trip', JSON.stringify(encodeFieldSet(set)).slice(0, 200));
  let count = 0;
  eachMember(set, path => {
    count++;
    formatFieldPath(path);
  });
  return count > 0 ? passed : failed('members', 'none');
}

/** Paths as the comparing tool of the suite prints them. */
function compareFiles(left: JsonObject, right: JsonObject, wanted: string): Verdict {
  const { changed, removed } = compareTyped(SCHEMA_OF_SCHEMAS, left, right);
  const lines: string[] = [];
  const print = (title: string, set: typeof changed): void => {
    const paths: string[] = [];
    eachMember(set, path => paths.push(formatFieldPath(path)));
    if (paths.length > 0) lines.push(title, ...paths);
  };
  print('- Modified Fields:', changed);
  print('- Removed Fields:', removed);
  const got = `${lines.join('\n')}\n`;
  return got.trim() === wanted.trim() ? passed : failed(wanted, got);
}

function* casesOf(folder: string): Generator<{ name: string; verdict: () => Verdict }> {
  const names = readdirSync(folder).sort();
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const documents = new Map(
    names
      .filter(name => name.endsWith('.yaml'))
      .map(name => [name, parse(text(name), { uniqueKeys: false }) as JsonObject]),
  );
  const schemas = new Map<string, Map<string, Schema>>();
  for (const [name, document] of documents) {
    if (!Array.isArray(document.types)) continue;
    const bad = name.startsWith('bad-') && typed(SCHEMA_OF_SCHEMAS, document) !== undefined;
    if (!bad && !name.startsWith('bad-')) schemas.set(name, readTypes(document));
    yield {
      name,
      verdict: () => {
        const problem = typed(SCHEMA_OF_SCHEMAS, document);
        // A name that says bad promises a schema that the schema of schemas refuses, unless it is only another schema.
        if (problem) return name.startsWith('bad-') ? passed : failed('a schema', problem);
        return lawsOf(SCHEMA_OF_SCHEMAS, document);
      },
    };
  }
  for (const name of names.filter(each => each.endsWith('set.json')))
    yield { name, verdict: () => setCase(JSON.parse(text(name)) as Json) };
  for (const [name, document] of documents) {
    if (typeof document.kind !== 'string') continue;
    for (const [schemaName, types] of schemas) {
      const schema = types.get(typeNameOf(document, types));
      if (schema === undefined) continue;
      yield { name: `${name} as ${schemaName}`, verdict: () => lawsOf(schema, document) };
      yield { name: `${name} as ${schemaName} applied twice`, verdict: () => appliesTwice(schema, document) };
    }
    yield { name: `${name} untyped`, verdict: () => lawsOf({ type: 'any' }, document) };
  }
  for (const name of names.filter(each => each.endsWith('-compare-output.txt'))) {
    const base = name.slice(0, -'-compare-output.txt'.length);
    const [right, left] = [documents.get(`${base}.yaml`), documents.get(`bad-${base}.yaml`)];
    if (left && right) yield { name, verdict: () => compareFiles(left, right, text(name)) };
  }
}

/** `apps/v1 Deployment` -> `io.k8s.api.apps.v1.Deployment`, or the type that ends in version and kind. */
function typeNameOf(document: JsonObject, types: ReadonlyMap<string, Schema>): string {
  const [group, version] = String(document.apiVersion).includes('/')
    ? String(document.apiVersion).split('/')
    : ['core', String(document.apiVersion)];
  const ending = `.${version}.${String(document.kind)}`;
  const short = group!.split('.')[0]!;
  const names = [...types.keys()].filter(name => name.endsWith(ending));
  return names.find(name => name.includes(`.${short}.`)) ?? names[0] ?? '';
}

/** core/smd: schemas, objects and field sets of structured merge; the laws of merging hold for each. */
export const runner: SuiteRunner = {
  suite: 'core/smd',
  async *run(context: SuiteContext): AsyncIterable<CaseResult> {
    for (const { name, verdict } of casesOf(context.cases)) {
      try {
        yield { case: name, ...verdict() };
      } catch (error) {
        yield { case: name, result: 'failed', got: error instanceof Error ? error.message : String(error) };
      }
    }
  },
};
