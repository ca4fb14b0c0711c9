import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeCrypto } from '../src/policy/drivers/rego-crypto.ts';
import { BUILTINS } from '../src/policy/engine/rego/builtins/index.ts';
import { unmarshalYaml } from '../src/policy/engine/rego/builtins/json.ts';
import { compileRego } from '../src/policy/engine/rego/compile.ts';
import { builtinContext } from '../src/policy/engine/rego/context.ts';
import { parseModule } from '../src/policy/engine/rego/parser.ts';
import { EvaluationError } from '../src/policy/engine/rego/runtime.ts';
import { RegoError } from '../src/policy/engine/rego/syntax.ts';
import { compare, fromJsonText, jsonText, type Value } from '../src/policy/engine/rego/value.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

interface OpaCase {
  readonly note: string;
  readonly query: string;
  readonly modules?: readonly string[];
  readonly data?: unknown;
  readonly input?: unknown;
  readonly input_term?: string;
  readonly want_result?: readonly { readonly [name: string]: unknown }[];
  readonly want_error_code?: string;
  readonly want_error?: string;
  readonly sort_bindings?: boolean;
  readonly strict_error?: boolean;
  readonly data_path?: string;
  readonly input_path?: string;
  /** What `print` wrote, lines without their ends. */
  readonly want_output?: string;
  /** The query has some result. */
  readonly want_defined?: boolean;
}

const FUEL = 20_000_000;

/** A case file holds `cases`, as JSON or YAML. Values keep their exact numbers. */
function readCases(file: string): OpaCase[] {
  const text = readFileSync(file, 'utf8');
  let value: { cases?: OpaCase[] } | null;
  try {
    value = (file.endsWith('.json') ? fromJsonText(text) : unmarshalYaml(text)) as { cases?: OpaCase[] } | null;
  } catch {
    // Data beside the cases may be anything.
    return [];
  }
  const folder = join(file, '..');
  return (value?.cases ?? []).map(item => ({ ...item, ...linked(item, folder) }));
}

/** Cases may keep documents in files of their own; a module may be a path. */
function linked(item: OpaCase, folder: string): Partial<OpaCase> {
  const read = (name: string): unknown => fromJsonText(readFileSync(join(folder, name), 'utf8'));
  return {
    ...(item.data_path ? { data: read(item.data_path) } : {}),
    ...(item.input_path ? { input: read(item.input_path) } : {}),
    modules: (item.modules ?? []).map(text =>
      /^\S+\.rego$/.test(text.trim()) ? readFileSync(join(folder, text.trim()), 'utf8') : text,
    ),
  };
}

/** Arrays in any order: what `sort_bindings` asks for. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted).sort((left, right) => compare(left as Value, right as Value));
  return value;
}

/** Bindings as one comparable text: a set of rows, each a JSON object. */
function rowsText(rows: readonly { readonly [name: string]: unknown }[], sort: boolean): string {
  const texts = rows.map(row => {
    const plain = fromJsonText(jsonText(row as unknown as Value)) as { readonly [name: string]: unknown };
    return jsonText(
      Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, sort ? sorted(value) : value])) as Value,
    );
  });
  return `[${[...new Set(texts)].sort().join(',')}]`;
}

type Row = { readonly [name: string]: unknown };

/** One row written as an entry a binding (rego-cpp's files): the names of its entries are all different. */
function joined(rows: readonly Row[]): readonly Row[] {
  const names = rows.flatMap(row => Object.keys(row));
  return rows.length > 1 && new Set(names).size === names.length ? [Object.assign({}, ...rows) as Row] : rows;
}

interface Outcome {
  readonly rows?: string;
  readonly output?: string;
  readonly error?: string;
  readonly message?: string;
}

function runCase(item: OpaCase, version: 'v0' | 'v1'): Outcome {
  try {
    const modules = (item.modules ?? []).map((text, index) =>
      parseModule(text, { file: `module-${index}.rego`, version }),
    );
    const program = compileRego(modules, BUILTINS);
    const query = program.query(item.query, { version, imports: ['in', 'every', 'if', 'contains'] });
    const context = (): ReturnType<typeof builtinContext> =>
      builtinContext({
        fuel: FUEL,
        strict: item.strict_error ?? false,
        now_ns: BigInt(Date.now()) * 1_000_000n,
        crypto: nodeCrypto,
        random: () => Math.random(),
      });
    const input =
      item.input_term === undefined
        ? (item.input as Value | undefined)
        : (compileRego([], BUILTINS).query(`x = ${item.input_term}`, { version }).evaluate({ builtins: context() })[0]
            ?.x as Value);
    const builtins = context();
    const rows = query.evaluate({
      ...(input === undefined ? {} : { input }),
      ...(item.data === undefined ? {} : { data: item.data as Value }),
      builtins,
    });
    return { rows: rowsText(rows, item.sort_bindings ?? false), output: builtins.printed.join('\n') };
  } catch (error) {
    if (error instanceof RegoError || error instanceof EvaluationError)
      return { error: error.code, message: error.message };
    if (error instanceof RangeError) return { error: 'internal', message: error.message };
    return { error: 'internal', message: (error as Error).stack?.split('\n').slice(0, 3).join(' ') ?? '' };
  }
}

function judge(item: OpaCase, version: 'v0' | 'v1', name: string): CaseResult {
  const got = runCase(item, version);
  const wantsError = item.want_error_code !== undefined || item.want_error !== undefined;
  if (wantsError) {
    const expected = item.want_error_code ?? 'an error';
    const passed =
      got.error !== undefined &&
      got.error !== 'internal' &&
      (item.want_error_code === undefined || got.error === item.want_error_code);
    return {
      case: name,
      result: passed ? 'passed' : 'failed',
      expected,
      got: got.error ? `${got.error}: ${got.message}` : (got.rows ?? ''),
    };
  }
  const expected = rowsText(joined(item.want_result ?? []), item.sort_bindings ?? false);
  // A name without a family that no builtin of OPA has: the case's own host adds it.
  if (got.error === 'rego_type_error' && /^undefined function \w+$/.test(got.message ?? ''))
    return {
      case: name,
      result: 'skipped',
      feature: 'host builtins',
      reason: 'the case calls functions its own host adds',
    };
  const defined =
    item.want_defined === undefined || (got.rows !== undefined && (got.rows !== '[]') === item.want_defined);
  const fits = item.want_result === undefined && item.want_defined !== undefined ? defined : got.rows === expected;
  const printed = item.want_output === undefined || got.output === item.want_output;
  return {
    case: name,
    result: fits && printed ? 'passed' : 'failed',
    expected,
    got: got.rows === undefined ? `${got.error}: ${got.message}` : printed ? got.rows : `printed ${got.output}`,
  };
}

/** A runner over folders of OPA cases, all in one version of the language unless a case says otherwise. */
export function opaRunner(suite: string, version: 'v0' | 'v1'): SuiteRunner {
  return {
    suite,
    async *run({ cases, signal }: SuiteContext) {
      const files = (readdirSync(cases, { recursive: true }) as string[])
        .filter(name => /\.(json|ya?ml)$/.test(name))
        .sort();
      for (const file of files) {
        for (const [index, item] of readCases(join(cases, file)).entries()) {
          if (signal.aborted) return;
          yield judge(item, version, `${file}#${index} ${item.note}`);
        }
      }
    },
  };
}

export const runners: readonly SuiteRunner[] = [opaRunner('policy/opa-v1', 'v1'), opaRunner('policy/opa-v0', 'v0')];
