import { randomUUID } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import { queryRows } from './opa-eval.ts';
import { errorText, type Flags, listOf, parseFlags, reportOf, textOf, versionOf, worldOf } from './opa-flags.ts';
import { readDocument, readSources } from './opa-sources.ts';

interface Outcome {
  readonly path: string;
  readonly decision_id?: string;
  readonly result?: unknown;
  readonly error?: { readonly code?: string; readonly message: string };
}

/** The decision of a server without a configuration. */
const DEFAULT_DECISION = '/system/main';
const STDIN = '--stdin-input';

/** Documents below the paths; other files are passed over. */
function inputsOf(paths: readonly string[]): string[] {
  return paths.flatMap(path => {
    const files = statSync(path).isDirectory()
      ? (readdirSync(path, { recursive: true }) as string[]).sort().map(name => join(path, name))
      : [path];
    return files.filter(file => /\.(json|ya?ml)$/.test(file) && statSync(file).isFile());
  });
}

const queryOf = (decision: string): string =>
  decision
    .split('/')
    .filter(part => part !== '')
    .reduce((text, part) => `${text}[${JSON.stringify(part)}]`, 'data');

const isEmpty = (value: unknown): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value as object).length === 0);

/** Whether an outcome is one that a --fail option is about. */
const FAILING: Readonly<Record<string, (outcome: Outcome) => boolean>> = {
  fail: ({ error }) => error !== undefined,
  'fail-defined': ({ result }) => result !== undefined,
  'fail-non-empty': ({ result }) => result !== undefined && !isEmpty(result),
};

function failureOption(flags: Flags): string | undefined {
  const chosen = Object.keys(FAILING).filter(name => flags.values[name] === true);
  if (chosen.length > 1) throw new SyntaxError(`specify --${chosen[0]} or --${chosen[1]} but not both`);
  if (flags.words.length === 0 && flags.values['stdin-input'] !== true)
    throw new SyntaxError('requires at least 1 path arg, or the --stdin-input flag');
  return chosen[0];
}

/** Decides one document. What it says must not stop the others, so errors are outcomes. */
function decide(
  program: rego.Program,
  flags: Flags,
  data: rego.Value,
  path: string,
  builtins: rego.BuiltinContext,
): Outcome {
  const decision = textOf(flags, 'decision') ?? DEFAULT_DECISION;
  try {
    const input = readDocument(path === STDIN ? '-' : path);
    const version = versionOf(flags);
    const [row] = queryRows(program, queryOf(decision), { version }, { input, data, builtins });
    const value = row?.expressions[0]?.value;
    if (value === undefined)
      return { path, error: { code: 'opa_undefined_error', message: `${decision} decision was undefined` } };
    return { decision_id: randomUUID(), path, result: rego.toJson(value) };
  } catch (error) {
    const known = error instanceof rego.EvaluationError || error instanceof rego.RegoError;
    if (known) return { path, error: reportOf(error, new Map()) };
    return { path, error: { message: (error as Error).message } };
  }
}

/** `exec`: one decision for each input file; exit 1 when one is what a --fail option names, or cannot be read at all. */
export async function execute(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, {
    bundle: { type: 'string', short: 'b', multiple: true },
    decision: { type: 'string' },
    fail: { type: 'boolean' },
    'fail-defined': { type: 'boolean' },
    'fail-non-empty': { type: 'boolean' },
    'stdin-input': { type: 'boolean', short: 'I' },
  });
  const { terminal } = invocation;
  const texts = new Map<string, string>();
  try {
    const failing = failureOption(flags);
    const { modules, data } = readSources({
      paths: [],
      bundles: listOf(flags, 'bundle'),
      ignore: listOf(flags, 'ignore'),
      version: versionOf(flags),
    });
    for (const module of modules) texts.set(module.file, module.text);
    const program = rego.compileRego(modules, rego.BUILTINS);
    const builtins = worldOf(invocation, false);
    const paths = flags.values['stdin-input'] === true ? [STDIN] : inputsOf(flags.words);
    const result = paths.map(path => decide(program, flags, data, path, builtins));
    for (const line of builtins.printed) terminal.err(line);
    terminal.out(JSON.stringify({ result }, undefined, 2));
    return failing !== undefined && result.some(FAILING[failing]!) ? 1 : 0;
  } catch (error) {
    if (error instanceof rego.RegoError) terminal.err(errorText(error, texts));
    else terminal.err(`error: ${(error as Error).message}`);
    return 1;
  }
}
