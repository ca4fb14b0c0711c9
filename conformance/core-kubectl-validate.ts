import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { definitionsOf, ValidationRules } from '../src/kernel/custom/index.ts';
import type { CustomResourceDefinition } from '../src/kernel/custom/index.ts';
import { decodeDocuments, JsonSyntaxError, parseYaml } from '../src/kernel/decode/index.ts';
import { type Json, kindOf, type KubeObject } from '../src/kernel/object.ts';
import type { ResourceDefinition } from '../src/kernel/resource.ts';
import {
  builtinCatalog,
  defaultObject,
  prune,
  validateObject,
  validateStructure,
  validateValue,
} from '../src/kernel/schema/index.ts';
import type { StatusCause } from '../src/kernel/status.ts';
import { celRuleCompiler } from '../src/policy/index.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

interface Expected {
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly causes?: readonly StatusCause[];
  };
}

const SUCCESS: Expected = { status: 'Success' };

function internal(message: string): Expected {
  return {
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    code: 500,
    details: { causes: [{ message }] },
  };
}

function invalid(object: KubeObject | undefined, causes: readonly StatusCause[]): Expected {
  const lines = causes.map(cause => `${cause.field ?? ''}: ${cause.message ?? ''}`);
  const list = lines.length === 1 ? lines[0]! : `[${lines.join(', ')}]`;
  const group = object ? kindOf(object).group || 'core' : '';
  const name = object?.metadata?.name ?? '';
  const qualified = object ? `${object.kind}.${group}` : '';
  return {
    status: 'Failure',
    message: `${qualified} "${name}" is invalid: ${list}`,
    reason: 'Invalid',
    code: 422,
    details: { ...(name === '' ? {} : { name }), ...(object ? { group, kind: object.kind } : {}), causes },
  };
}

/** Custom kinds of every folder beside the manifests, by `group/version/Kind`. */
function customKinds(folder: string): Map<string, ResourceDefinition> {
  const kinds = new Map<string, ResourceDefinition>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/crds\/[^/]+\.ya?ml$/.test(file)) continue;
    for (const { value } of decodeDocuments(readFileSync(join(folder, file), 'utf8'), { file }).value) {
      const object = value as unknown as KubeObject;
      if (object?.kind !== 'CustomResourceDefinition') continue;
      for (const definition of definitionsOf(object as CustomResourceDefinition)) {
        kinds.set(`${definition.group}/${definition.version}/${definition.kind}`, definition);
      }
    }
  }
  return kinds;
}

const rules = new ValidationRules(celRuleCompiler);

/** Metadata is read before everything else, on its own. */
function metadataError(object: KubeObject): string | undefined {
  const schema = builtinCatalog()
    .kind({ group: '', version: 'v1', kind: 'ConfigMap' })!
    .schema.fields!.get('metadata')!.schema;
  return validateStructure(schema, object.metadata ?? {}).typeError;
}

function unique(causes: readonly StatusCause[]): StatusCause[] {
  return causes.filter((cause, i) => causes.findIndex(other => isDeepStrictEqual(other, cause)) === i);
}

/** What the validator says of one document; undefined for documents that hold nothing. */
function judge(text: string, custom: ReadonlyMap<string, ResourceDefinition>): Expected | undefined {
  let value: Json;
  try {
    const body = parseYaml(text);
    value = body.value;
    if (body.duplicates.length > 0) {
      const causes = body.duplicates.map(message => ({ message }));
      return {
        status: 'Failure',
        message: 'failed to unmarshal document to YAML',
        reason: 'BadRequest',
        code: 400,
        details: { causes },
      };
    }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return {
      status: 'Failure',
      message: 'failed to unmarshal document to YAML',
      reason: 'BadRequest',
      code: 400,
      details: { causes: [{ message: error.message }] },
    };
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const object = value as unknown as KubeObject;
  const kind = kindOf({ apiVersion: String(object.apiVersion ?? ''), kind: String(object.kind ?? '') });
  const definition = builtinCatalog().kind(kind) ?? custom.get(`${kind.group}/${kind.version}/${kind.kind}`);
  if (definition === undefined)
    return internal(`failed to retrieve validator: kind ${kind.kind} not found in ${object.apiVersion} groupversion`);
  const broken = metadataError(object);
  if (broken !== undefined) return internal(broken);
  return judgeObject(definition, object);
}

function judgeObject(definition: ResourceDefinition, object: KubeObject): Expected {
  const unknown = definition.custom
    ? prune(definition.schema, structuredClone(object))
    : validateStructure(definition.schema, object).unknownFields;
  if (unknown.length > 0) {
    return invalid(
      undefined,
      unknown.map(field => ({
        reason: 'FieldValueInvalid',
        message: 'Invalid value: value provided for unknown field',
        field,
      })),
    );
  }
  const filled = structuredClone(object);
  if (definition.namespaced) filled.metadata = { namespace: 'default', ...filled.metadata };
  const { metadata: _metadata, ...own } = filled;
  const typed = definition.custom ? [] : validateValue(definition.schema, own).list;
  defaultObject(definition.schema, filled);
  // The tool checks metadata as the shared machinery does, without the server's stricter rule for single finalizers.
  const checked = validateObject(definition, filled).filter(
    cause => !/^metadata\.finalizers\[\d+\]$/.test(cause.field ?? ''),
  );
  const causes = unique([
    ...typed,
    ...checked.filter(cause => !typed.some(one => one.field === cause.field && one.reason === cause.reason)),
  ]);
  if (causes.length === 0 && definition.custom) causes.push(...rules.check(definition, filled, undefined));
  return causes.length === 0 ? SUCCESS : invalid(object, causes);
}

/** The Status in the comment a document starts with. */
function expectedOf(text: string): Expected | readonly Expected[] | undefined {
  const lines = text.split('\n');
  const first = lines.findIndex(line => line.trim() !== '');
  let comment = '';
  for (let i = Math.max(first, 0); i < lines.length && lines[i]!.startsWith('#'); i++) {
    comment += `${lines[i]!.replace(/^#/, '')}\n`;
    try {
      return JSON.parse(comment) as Expected | Expected[];
    } catch {
      // The Status is not complete yet, or the comment is prose.
    }
  }
  return undefined;
}

const same = (got: Expected, expected: Expected): boolean =>
  expected.status === 'Success'
    ? got.status === 'Success'
    : got.message === expected.message &&
      got.reason === expected.reason &&
      got.code === expected.code &&
      isDeepStrictEqual(plain(got.details), plain(expected.details));

const plain = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);

/** Documents as the tool splits them: at every line of three dashes. */
const split = (text: string): string[] =>
  text.split(/^---[ \t]*\r?$/m).map((part, i) => (i === 0 ? part : part.replace(/^\n/, '')));

function runFile(
  path: string,
  custom: ReadonlyMap<string, ResourceDefinition>,
  mustFail: boolean,
): Omit<CaseResult, 'case'> {
  const pieces = split(readFileSync(path, 'utf8'));
  const expected: Expected[] = [];
  const got: Expected[] = [];
  for (const piece of pieces) {
    const wanted = expectedOf(piece);
    if (Array.isArray(wanted)) expected.push(...(wanted as Expected[]));
    const verdict = judge(piece, custom);
    if (verdict === undefined) continue;
    got.push(verdict);
    if (wanted !== undefined && !Array.isArray(wanted)) expected.push(wanted as Expected);
    else if (wanted === undefined && !mustFail) expected.push(SUCCESS);
  }
  if (mustFail && expected.length === 0)
    return { result: 'skipped', feature: 'prose', reason: 'the comment holds no Status' };
  const passed = got.length === expected.length && got.every((one, i) => same(one, expected[i]!));
  return passed
    ? { result: 'passed' }
    : { result: 'failed', expected: JSON.stringify(expected), got: JSON.stringify(got) };
}

async function* run(context: SuiteContext): AsyncIterable<CaseResult> {
  const home = existsSync(join(context.cases, 'testcases')) ? join(context.cases, 'testcases') : context.cases;
  const custom = customKinds(home);
  const folder = existsSync(join(home, 'manifests')) ? join(home, 'manifests') : home;
  for (const name of readdirSync(folder).sort()) {
    if (!/\.(ya?ml|json)$/.test(name) || context.signal.aborted) continue;
    yield { case: name.replace(/\.[a-z]+$/, ''), ...runFile(join(folder, name), custom, name.startsWith('error_')) };
  }
}

/** Manifests are accepted, or refused with the Status their leading comment holds. */
export const runner: SuiteRunner = { suite: 'core/kubectl-validate', run };
