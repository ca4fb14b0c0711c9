import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CelMap,
  type CelType,
  type CelValue,
  compileCel,
  declare,
  extendEnvironment,
  formatIssues,
  formatType,
  STANDARD_ENVIRONMENT,
  typeFromText,
} from '../src/policy/engine/cel/index.ts';
import { NETWORK } from '../src/policy/engine/cel/network.ts';
import { makeMap } from '../src/policy/engine/cel/runtime/access.ts';
import { equals } from '../src/policy/engine/cel/runtime/operators.ts';
import {
  Bytes,
  canonicalInt,
  doubleOf,
  Duration,
  Timestamp,
  doubleValue,
  isInt,
  typeName,
  TypeValue,
  Uint,
} from '../src/policy/engine/cel/values.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

interface Literal {
  readonly $lit?: string;
  readonly $int?: string;
  readonly $bytes_hex?: string;
}
type Wire = Record<string, unknown>;

/** One test of the CEL project (cel.expr.conformance.test.SimpleTest as JSON). */
interface Case extends Wire {
  readonly name: string;
  readonly section: string;
  readonly expr: string;
  readonly container?: string;
  readonly disable_check?: boolean;
  readonly disable_macros?: boolean;
  readonly check_only?: boolean;
  readonly type_env?: readonly Wire[];
  readonly bindings?: readonly { key: string; value: { value: Wire } }[];
  readonly value?: Wire;
  readonly typed_result?: { result?: Wire; deduced_type: Wire };
  readonly eval_error?: Wire;
  readonly $proto_free?: boolean;
}

class Unsupported extends Error {}

const integer = (value: unknown): bigint =>
  BigInt(typeof value === 'object' ? (value as Literal).$int! : (value as number));

function double(value: unknown): number {
  if (typeof value === 'number') return value;
  const { $lit, $int } = value as Literal;
  const text = $lit ?? $int ?? '';
  if (/^-?inf/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /nan/i.test(text) ? Number.NaN : Number(text);
}

function readValue(wire: Wire): CelValue {
  const [kind, value] = Object.entries(wire)[0] ?? ['none', undefined];
  switch (kind) {
    case 'int64_value':
      return canonicalInt(integer(value));
    case 'uint64_value':
      return new Uint(integer(value));
    case 'double_value':
      return doubleOf(double(value));
    case 'bool_value':
    case 'string_value':
      return value as boolean | string;
    case 'null_value':
      return null;
    case 'bytes_value':
      return new Bytes(Uint8Array.from(Buffer.from((value as Literal).$bytes_hex!, 'hex')));
    case 'type_value':
      return new TypeValue(value as string);
    case 'list_value':
      return ((value as { values?: Wire[] }).values ?? []).map(readValue);
    case 'map_value':
      return makeMap(
        ((value as { entries?: { key: Wire; value: Wire }[] }).entries ?? []).flatMap(entry => [
          readValue(entry.key),
          readValue(entry.value),
        ]),
      );
    case 'object_value':
      return readMessage(value as Wire);
    default:
      throw new Unsupported(kind);
  }
}

/** Messages that stand for plain values. */
function readMessage(wire: Wire): CelValue {
  const [url, body] = Object.entries(wire)[0] as [string, Wire];
  const name = /google\.protobuf\.(\w+)\]$/.exec(url)?.[1] ?? '';
  const { value, seconds = 0, nanos = 0 } = body;
  switch (name) {
    case 'Duration':
      return new Duration(integer(seconds) * 1_000_000_000n + integer(nanos));
    case 'Timestamp':
      return new Timestamp(Number(integer(seconds)), Number(integer(nanos)));
    case 'BoolValue':
    case 'StringValue':
      return value as boolean | string;
    case 'BytesValue':
      return typeof value === 'string' ? new Bytes(new TextEncoder().encode(value)) : readValue({ bytes_value: value });
    case 'Int32Value':
    case 'Int64Value':
      return canonicalInt(integer(value));
    case 'UInt32Value':
    case 'UInt64Value':
      return new Uint(integer(value));
    case 'FloatValue':
    case 'DoubleValue':
      return doubleOf(double(value));
    default:
      throw new Unsupported(url);
  }
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  BOOL: 'bool',
  INT64: 'int',
  UINT64: 'uint',
  DOUBLE: 'double',
  STRING: 'string',
  BYTES: 'bytes',
};

/** A declared type in the notation of declarations. */
function typeText(wire: Wire): string {
  const [kind, value] = Object.entries(wire)[0] ?? ['dyn', {}];
  const lit = (value as Literal).$lit;
  switch (kind) {
    case 'primitive':
      return PRIMITIVES[lit!]!;
    case 'well_known':
      return lit === 'TIMESTAMP' ? 'timestamp' : lit === 'DURATION' ? 'duration' : 'dyn';
    case 'list_type':
      return `list<${typeText((value as { elem_type: Wire }).elem_type)}>`;
    case 'map_type': {
      const map = value as { key_type: Wire; value_type: Wire };
      return `map<${typeText(map.key_type)},${typeText(map.value_type)}>`;
    }
    case 'type_param':
      return value as string;
    case 'abstract_type': {
      const named = value as { name: string; parameter_types?: Wire[] };
      const params = (named.parameter_types ?? []).map(typeText).join(',');
      return params ? `${named.name}<${params}>` : named.name;
    }
    case 'null':
      return 'null';
    case 'type':
      return Object.keys(value as Wire).length > 0 ? `type<${typeText(value as Wire)}>` : 'type';
    case 'dyn':
      return 'dyn';
    case 'message_type':
      if (value === 'google.protobuf.Duration') return 'duration';
      if (value === 'google.protobuf.Timestamp') return 'timestamp';
      if (/^google\.protobuf\.\w*Value$/.test(value as string)) return 'dyn';
      throw new Unsupported(value as string);
    default:
      throw new Unsupported(kind);
  }
}

function prepare(test: Case) {
  const variables: [string, CelType][] = [];
  const signatures: string[] = [];
  for (const entry of test.type_env ?? []) {
    const name = entry.name as string;
    if (entry.ident) variables.push([name, typeFromText(typeText((entry.ident as { type: Wire }).type))]);
    for (const overload of (entry.function as { overloads?: Wire[] })?.overloads ?? []) {
      const params = ((overload.params as Wire[]) ?? []).map(typeText).join(',');
      signatures.push(
        `${overload.is_instance_function ? '.' : ''}${name}(${params}) ${typeText(overload.result_type as Wire)}`,
      );
    }
  }
  const activation: Record<string, CelValue> = Object.create(null) as Record<string, CelValue>;
  for (const binding of test.bindings ?? []) {
    activation[binding.key] = readValue(binding.value.value);
    if (!variables.some(([name]) => name === binding.key)) variables.push([binding.key, typeFromText('dyn')]);
  }
  const environment = extendEnvironment(extendEnvironment(STANDARD_ENVIRONMENT, NETWORK), {
    variables,
    functions: declare(...signatures),
    container: test.container ?? '',
    check: test.disable_check !== true,
    syntax: test.disable_macros === true ? 'no-macros' : 'whole',
  });
  return { environment, activation };
}

const show = (value: CelValue | undefined): string =>
  value === undefined
    ? 'nothing'
    : `${typeName(value)} ${JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part instanceof CelMap ? [...part.entries.values()] : part))}`;

/** Equal and of one type all the way down; NaN equals NaN here. */
function same(left: CelValue, right: CelValue): boolean {
  if (typeName(left) !== typeName(right)) return false;
  if (Array.isArray(left))
    return (
      left.length === (right as CelValue[]).length &&
      left.every((item, i) => same(item as CelValue, (right as CelValue[])[i]!))
    );
  const number = doubleValue(left);
  if (number !== undefined) return Object.is(number, doubleValue(right));
  return isInt(left) ? left === right : equals(left, right);
}

function runCase(test: Case): Pick<CaseResult, 'result' | 'expected' | 'got' | 'feature' | 'reason'> {
  const { environment, activation } = prepare(test);
  const compiled = compileCel(test.expr, environment);
  const issues = compiled.faults.length > 0 ? formatIssues(test.expr, compiled.faults).split('\n')[0] : undefined;
  if (test.typed_result) {
    const wanted = formatType(typeFromText(typeText(test.typed_result.deduced_type)));
    const got = issues ?? formatType(compiled.value.type);
    if (got !== wanted) return { result: 'failed', expected: wanted, got };
    if (test.check_only) return { result: 'passed' };
  }
  const outcome = compiled.value.evaluate(activation);
  if (test.eval_error) {
    return 'error' in outcome
      ? { result: 'passed' }
      : { result: 'failed', expected: 'an error', got: show(outcome.value) };
  }
  const wanted = test.value
    ? readValue(test.value)
    : test.typed_result?.result
      ? readValue(test.typed_result.result)
      : true;
  if ('error' in outcome) return { result: 'failed', expected: show(wanted), got: issues ?? outcome.error };
  return same(outcome.value, wanted)
    ? { result: 'passed' }
    : { result: 'failed', expected: show(wanted), got: show(outcome.value) };
}

function judge(test: Case): Pick<CaseResult, 'result' | 'expected' | 'got' | 'feature' | 'reason'> {
  const skipped = {
    result: 'skipped',
    feature: 'protobuf messages',
    reason: 'Kubernetes has no protobuf messages in CEL',
  } as const;
  try {
    const outcome = runCase(test);
    return outcome.result === 'failed' && test.$proto_free !== true ? skipped : outcome;
  } catch (error) {
    if (error instanceof Unsupported) return skipped;
    return {
      result: 'failed',
      got: error instanceof Error ? `${error.message} ${error.stack?.split('\n')[1] ?? ''}` : String(error),
    };
  }
}

/** policy/cel-spec: the CEL project's own tests. */
export const runner: SuiteRunner = {
  suite: 'policy/cel-spec',
  async *run(context: SuiteContext): AsyncIterable<CaseResult> {
    for (const file of readdirSync(context.cases)
      .filter(name => name.endsWith('.json'))
      .sort()) {
      const { cases } = JSON.parse(readFileSync(join(context.cases, file), 'utf8')) as { cases: Case[] };
      for (const test of cases) yield { case: `${file.slice(0, -5)}/${test.section}/${test.name}`, ...judge(test) };
    }
  },
};
