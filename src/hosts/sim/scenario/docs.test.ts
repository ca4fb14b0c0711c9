import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeDocuments, equalJson, type Json, type JsonObject } from '../../../kernel/index.ts';
import { DISRUPTION_KINDS } from '../disruptions/kinds.ts';
import { OBSERVABLE_NAMES } from './expression.ts';
import { scenarioSchema } from './schema.ts';
import { isObject } from './shape.ts';
import { scenarioOf, scenarioText } from './testhost.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/scenarios.md'), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(match => match[1]!);

/** A whole scenario of a block that shows a part of one. */
function whole(block: string): string {
  if (block.startsWith('apiVersion')) return block;
  if (block.startsWith('- ')) return scenarioText(`until: 24h\nsteps:\n${block.replaceAll(/^/gm, '  ')}`);
  return scenarioText(`until: 24h\nsteps: []\n${block}`);
}

/** What a JSON schema of the keywords we write says of a value: the first place that does not fit, or nothing. */
function misfit(schema: Json, value: Json, root: JsonObject, path = ''): string | undefined {
  if (typeof schema === 'boolean') return schema ? undefined : path;
  const rules = schema as JsonObject;
  if (typeof rules.$ref === 'string') {
    const found = misfit((root.$defs as JsonObject)[rules.$ref.replace('#/$defs/', '')]!, value, root, path);
    if (found !== undefined) return found;
  }
  const fits = (one: Json): boolean => misfit(one, value, root, path) === undefined;
  if (Array.isArray(rules.anyOf) && !rules.anyOf.some(fits)) return `${path} anyOf`;
  if (Array.isArray(rules.oneOf) && rules.oneOf.filter(fits).length !== 1) return `${path} oneOf`;
  if (Array.isArray(rules.enum) && !rules.enum.some(one => equalJson(one, value))) return `${path} enum`;
  if (rules.const !== undefined && !equalJson(rules.const, value)) return `${path} const`;
  const type = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  const types = rules.type === undefined ? [type] : [rules.type].flat();
  const integer = Number.isInteger(value) && types.includes('integer');
  if (!types.includes(type) && !integer) return `${path} type ${types.join()}`;
  if (typeof value === 'string' && typeof rules.pattern === 'string' && !new RegExp(rules.pattern).test(value))
    return `${path} pattern`;
  if (typeof value === 'number') {
    if (typeof rules.minimum === 'number' && value < rules.minimum) return `${path} minimum`;
    if (typeof rules.maximum === 'number' && value > rules.maximum) return `${path} maximum`;
  }
  if (Array.isArray(value) && rules.items !== undefined) {
    for (const [index, item] of value.entries()) {
      const found = misfit(rules.items, item, root, `${path}/${index}`);
      if (found !== undefined) return found;
    }
  }
  return isObject(value) ? misfitOf(rules, value, root, path) : undefined;
}

function misfitOf(rules: JsonObject, value: JsonObject, root: JsonObject, path: string): string | undefined {
  const properties = (rules.properties ?? {}) as JsonObject;
  for (const name of (rules.required ?? []) as string[]) if (value[name] === undefined) return `${path} needs ${name}`;
  for (const [name, inner] of Object.entries(value)) {
    const schema = Object.hasOwn(properties, name) ? properties[name]! : (rules.additionalProperties ?? true);
    const found = misfit(schema, inner, root, `${path}/${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

const schema = scenarioSchema();

test('every example of the page is read, and fits the schema', () => {
  assert.ok(blocks.length >= 6, `${blocks.length} blocks`);
  for (const block of blocks) {
    const text = whole(block);
    assert.ok(scenarioOf(text).name !== '');
    const value = decodeDocuments(text, { file: 'x' }).value[0]!.value;
    assert.equal(misfit(schema, value, schema), undefined, text);
  }
});

test('the page lists every name', () => {
  for (const [name] of OBSERVABLE_NAMES) {
    const [first = '', last = ''] = name.split(/\[…\]\.|\./);
    assert.ok(page.includes(`\`${first}`), name);
    assert.ok(last === '' || page.includes(`\`${last}\``), name);
  }
});

test('the page lists every disruption and its settings', () => {
  for (const [name, { settings }] of DISRUPTION_KINDS) {
    const row = page.split('\n').find(line => line.startsWith(`| \`${name}\` |`));
    assert.ok(row, name);
    for (const setting of Object.keys(settings)) assert.ok(row.includes(`\`${setting.replace(/_ms$/, '')}\``), setting);
  }
});

const MISFITS: readonly string[] = [
  'until: 5\nsteps: []',
  'until: 1h\nsteps: []\nsede: 1',
  'until: 1h\nsteps: [{at: 1m}]',
  'until: 1h\nsteps: [{apply: [], stop: x}]',
  'until: 1h\nsteps: [{send: {to: a/b}}]',
  'until: 1h\nsteps: [{expect: {from: a, expects: allow}}]',
  'until: 1h\nsteps: []\nworld: {nodes: [{name: UPPER}]}',
  'until: 1h\nsteps: []\nworld: {images: [{match: x, pull: {normal: {mean: 1s}}}]}',
];

test('the schema refuses what the reader refuses', () => {
  for (const spec of MISFITS) {
    const text = scenarioText(spec);
    assert.throws(() => scenarioOf(text), spec);
    const value = decodeDocuments(text, { file: 'x' }).value[0]!.value;
    assert.notEqual(misfit(schema, value, schema), undefined, spec);
  }
});

test('documents of tests fit the schema too', () => {
  const cases: Json = [
    { from: 'a/b', to: 'a/c:80', expect: 'allow' },
    { admit: 'deploy/a/b', expect: 'deny', message: 'x' },
    { mutate: 'deploy/a/b', set: { '/x': 1 } },
    { route: 'a.test/x', expect: 'a/b:80' },
  ];
  const document = (list: Json): Json => ({
    apiVersion: 'tenon.dev/v1',
    kind: 'Test',
    metadata: { name: 'x' },
    spec: { cases: list },
  });
  assert.equal(misfit(schema, document(cases), schema), undefined);
  assert.notEqual(misfit(schema, document([{ from: 'a/b', expect: 'allow' }]), schema), undefined);
});
