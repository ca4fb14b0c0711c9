/** The JSON schema (2020-12) of Scenario and Test documents, from the table that reads them. */
import type { Json, JsonObject } from '../../../kernel/index.ts';
import { scenario } from './grammar.ts';
import { testCases } from './grammar-expect.ts';
import { isObject } from './shape.ts';

const SHARED_CHARACTERS_MIN = 120;

function bare(schema: JsonObject): JsonObject {
  const { description, ...rest } = schema;
  return description === undefined ? schema : rest;
}

/** How often each titled part is used, by its text. */
function count(schema: Json, counts: Map<string, number>): void {
  if (Array.isArray(schema)) for (const item of schema) count(item, counts);
  if (!isObject(schema)) return;
  if (typeof schema.title === 'string') {
    const text = JSON.stringify(bare(schema));
    const known = counts.get(text) ?? 0;
    counts.set(text, known + 1);
    // What is inside of a part that is shared is written once.
    if (known > 0) return;
  }
  for (const value of Object.values(schema)) count(value, counts);
}

/** Parts that are used more than once stand under `$defs`. */
function share(root: JsonObject): JsonObject {
  const counts = new Map<string, number>();
  count(root, counts);
  const names = new Map<string, string>();
  const definitions: JsonObject = {};
  const nameOf = (title: string): string => {
    const base = title.replace(/^an? /, '').replaceAll(' ', '-');
    for (let index = 1; ; index++) {
      const name = index === 1 ? base : `${base}-${index}`;
      if (!Object.hasOwn(definitions, name)) return name;
    }
  };
  const visit = (schema: Json): Json => {
    if (Array.isArray(schema)) return schema.map(visit);
    if (!isObject(schema)) return schema;
    const inner = (): JsonObject =>
      Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, visit(value)]));
    const text = typeof schema.title === 'string' ? JSON.stringify(bare(schema)) : '';
    if (text.length < SHARED_CHARACTERS_MIN || (counts.get(text) ?? 0) < 2) return inner();
    let name = names.get(text);
    if (name === undefined) {
      name = nameOf(String(schema.title));
      names.set(text, name);
      definitions[name] = {};
      definitions[name] = bare(inner());
    }
    const { description } = schema;
    return { ...(description === undefined ? {} : { description }), $ref: `#/$defs/${name}` };
  };
  const shared = visit(root) as JsonObject;
  return { ...shared, $defs: definitions };
}

const test: JsonObject = {
  title: 'a test',
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion', 'kind', 'spec'],
  properties: {
    apiVersion: { const: 'tenon.dev/v1' },
    kind: { const: 'Test' },
    metadata: { type: 'object' },
    spec: { type: 'object', required: ['cases'], properties: { cases: testCases.schema } },
  },
};

/** What docs/scenario.schema.json holds. */
export function scenarioSchema(): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://tenon.dev/schemas/scenario.json',
    title: 'tenon.dev/v1 Scenario and Test',
    ...share({ anyOf: [scenario.schema, test] }),
  };
}
