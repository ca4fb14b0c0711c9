import { type Random, seededRandom } from '../base/index.ts';
import { CborError, decodeCbor, encodeCbor } from './cbor/index.ts';
import { decodeDocuments, JsonSyntaxError, parseJson, parseYaml } from './decode/index.ts';
import type { Json, JsonObject, KubeObject } from './object.ts';
import { decodeProtobuf, encodeProtobuf, ProtoError } from './proto/index.ts';
import type { ResourceDefinition } from './resource.ts';
import { builtinCatalog, defaultObject, readBuiltin, validateObject } from './schema/index.ts';
import type { Schema } from './schema/schema.ts';

/** What one run found: how many bodies were tried, and the slowest of them. */
export interface FuzzReport {
  readonly bodies: number;
  readonly slowest_ms: number;
  /** The first failure, with the seed that repeats it. */
  readonly failure?: string;
}

const HOSTILE: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  '',
  ' ',
  '\u0000',
  '\ud800',
  '%s',
  '../..',
  'a'.repeat(300),
  '9'.repeat(40),
  'é',
  '1e999',
  'NaN',
  '-0',
];

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;
const chance = (random: Random, of: number): boolean => random.next() < of;

function scalar(schema: Schema, random: Random): Json {
  if (chance(random, 0.15)) return pick<Json>(random, [null, true, -1, 2 ** 53, 0.5, [], {}, ...HOSTILE]);
  switch (schema.type) {
    case 'integer':
      return Math.floor(random.next() * 70_000) - 100;
    case 'number':
      return random.next() * 1e6;
    case 'boolean':
      return chance(random, 0.5);
    case 'quantity':
      return pick(random, ['1', '500m', '1Gi', '-1', '1e9', '0.1', 'x']);
    case 'int-or-string':
      return pick<Json>(random, [80, 'http', '50%', 0, -3]);
    default:
      if (schema.format === 'date-time') return pick(random, ['2026-01-02T03:04:05Z', 'now', '2026-13-02T03:04:05Z']);
      if (schema.format === 'byte') return pick(random, ['aGk=', '????', '']);
      return pick(random, ['a', 'web', 'Always', 'TCP', 'a.b/c', 'x=y', '* * * * *', '@daily', '10.0.0.1', ...HOSTILE]);
  }
}

/** A value that mostly fits a schema: deep enough to reach every check, wrong often enough to try them. */
export function bodyOf(schema: Schema, random: Random, depth = 0): Json {
  if (schema.type === 'object') {
    const object: JsonObject = {};
    for (const field of schema.fields?.values() ?? []) {
      const wanted = field.required ? 0.95 : depth > 6 ? 0.05 : 0.35;
      if (chance(random, wanted)) object[field.name] = bodyOf(field.schema, random, depth + 1);
    }
    if (chance(random, 0.03)) {
      Object.defineProperty(object, pick(random, HOSTILE), {
        value: 1,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return object;
  }
  if (schema.type === 'list')
    return Array.from({ length: Math.floor(random.next() * 3) }, () => bodyOf(schema.items!, random, depth + 1));
  if (schema.type === 'map') {
    const keys = Array.from({ length: Math.floor(random.next() * 3) }, () =>
      pick(random, ['a', 'app', 'cpu', 'memory', 'k/v', ...HOSTILE]),
    );
    return JSON.parse(
      `{${[...new Set(keys)].map(key => `${JSON.stringify(key)}:${JSON.stringify(bodyOf(schema.items!, random, depth + 1))}`).join(',')}}`,
    ) as Json;
  }
  return scalar(schema, random);
}

const flip = (text: string, random: Random): string => {
  const at = Math.floor(random.next() * text.length);
  const insert = pick(random, [
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\n',
    '- ',
    '&a ',
    '*a',
    '<<: ',
    '!!binary ',
    '\t',
    '|',
    '\\u0000',
    '---\n',
  ]);
  return chance(random, 0.5)
    ? text.slice(0, at) + insert + text.slice(at)
    : text.slice(0, at) + text.slice(at + 1 + Math.floor(random.next() * 8));
};

function tryObject(definition: ResourceDefinition, body: Json): void {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return;
  const object = {
    ...structuredClone(body),
    apiVersion: apiVersion(definition),
    kind: definition.kind,
  } as unknown as KubeObject;
  const report = readBuiltin(definition.schema, object);
  if (report.typeError !== undefined) return;
  object.metadata ??= {};
  defaultObject(definition.schema, object);
  validateObject(definition, object, undefined);
  validateObject(definition, object, structuredClone(object));
  const bytes = encodeProtobuf(object)!;
  const again = encodeProtobuf(decodeProtobuf(bytes));
  if (again === undefined || !Buffer.from(bytes).equals(again))
    throw new Error('protobuf does not read back to the same bytes');
}

const apiVersion = (definition: ResourceDefinition): string =>
  definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;

/** Refusals are answers; anything else thrown is a bug. */
function refused(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof ProtoError || error instanceof CborError) return;
    throw error;
  }
}

function tryBytes(definition: ResourceDefinition, body: Json, random: Random): void {
  const bytes = encodeProtobuf({ ...(body as JsonObject), apiVersion: apiVersion(definition), kind: definition.kind })!;
  const broken = new Uint8Array(bytes);
  for (let i = 0; i < 3; i++)
    broken[4 + Math.floor(random.next() * (broken.length - 4))] = Math.floor(random.next() * 256);
  refused(() => void decodeProtobuf(broken));
  refused(() => void decodeProtobuf(bytes.subarray(0, Math.floor(random.next() * bytes.length))));
}

/** Bytes of CBOR come back as they were, and broken ones are refused. */
function tryCbor(definition: ResourceDefinition, body: Json, random: Random): void {
  const bytes = encodeCbor(body, definition.schema);
  const whole = decodeCbor(bytes).value;
  if (!encodeCbor(whole, definition.schema).equals(bytes)) throw new Error('CBOR changed on its way');
  const broken = Buffer.from(bytes);
  for (let i = 0; i < 3; i++)
    broken[3 + Math.floor(random.next() * (broken.length - 3))] = Math.floor(random.next() * 256);
  refused(() => void decodeCbor(broken));
  refused(() => void decodeCbor(bytes.subarray(0, Math.floor(random.next() * bytes.length))));
}

/** One generated body through every way in: JSON, YAML, protobuf, CBOR, each whole and broken, then defaulting and validation. */
function tryBody(definitions: readonly ResourceDefinition[], random: Random): void {
  const definition = pick(random, definitions);
  const body = bodyOf(definition.schema, random);
  tryObject(definition, body);
  const text = JSON.stringify(body);
  refused(() => void parseJson(flip(text, random), { duplicates: chance(random, 0.5), depth_max: 100 }));
  const wild = flip(flip(text.replaceAll(',"', ',\n"'), random), random);
  decodeDocuments(wild, { file: 'fuzz' });
  refused(() => void parseYaml(wild));
  tryBytes(definition, body, random);
  tryCbor(definition, JSON.parse(text) as Json, random);
}

/** Tries `bodies` generated bodies; the same seed tries the same ones. Stops at the first failure. */
export function fuzzDecode(options: {
  readonly seed: number;
  readonly bodies: number;
  readonly now: () => number;
}): FuzzReport {
  const definitions = [...builtinCatalog().all()].filter(definition => definition.verbs.includes('create'));
  let slowest_ms = 0;
  for (let i = 0; i < options.bodies; i++) {
    const seed = (options.seed + i) >>> 0;
    const start = options.now();
    try {
      tryBody(definitions, seededRandom(seed));
    } catch (error) {
      return {
        bodies: i + 1,
        slowest_ms,
        failure: `seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`,
      };
    }
    slowest_ms = Math.max(slowest_ms, options.now() - start);
  }
  return { bodies: options.bodies, slowest_ms };
}
