import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { randomBytes } from 'node:crypto';
import { nodeCrypto, rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import type { Version } from './opa-sources.ts';

/** Options of one sub-command after parsing. */
export interface Flags {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly words: readonly string[];
}

const SHARED: ParseArgsOptionsConfig = {
  'v0-compatible': { type: 'boolean' },
  'v1-compatible': { type: 'boolean' },
  ignore: { type: 'string', multiple: true },
  format: { type: 'string', short: 'f' },
};

/** Thrown where a sub-command is asked what it takes instead of being run. */
export class HelpAsked extends Error {
  readonly options: ParseArgsOptionsConfig;
  constructor(options: ParseArgsOptionsConfig) {
    super('help');
    this.options = options;
  }
}

/** Options may be switched as in Go: `--fail`, `--fail=true`, `--fail=false`. */
export function parseFlags(args: readonly string[], options: ParseArgsOptionsConfig): Flags {
  const ended = args.indexOf('--');
  const before = ended < 0 ? args : args.slice(0, ended);
  if (before.includes('--help') || before.includes('-h')) throw new HelpAsked({ ...options, ...SHARED });
  const known: ParseArgsOptionsConfig = { ...SHARED, ...options };
  const off: string[] = [];
  const written = before.flatMap((word): string[] => {
    const [, name, value] = /^--([\w-]+)=(true|false)$/.exec(word) ?? [];
    if (name === undefined || known[name]?.type !== 'boolean') return [word];
    if (value === 'true') return [`--${name}`];
    off.push(name);
    return [];
  });
  const { values, positionals } = parseArgs({
    args: [...written, ...args.slice(before.length)],
    options: known,
    allowPositionals: true,
  });
  return { values: { ...values, ...Object.fromEntries(off.map(name => [name, false])) }, words: positionals };
}

export const versionOf = ({ values }: Flags): Version => (values['v0-compatible'] === true ? 'v0' : 'v1');
export const listOf = ({ values }: Flags, name: string): string[] => (values[name] as string[] | undefined) ?? [];
/** A switch that is on or off where nothing is written. */
export const isOn = ({ values }: Flags, name: string, otherwise: boolean): boolean =>
  (values[name] as boolean | undefined) ?? otherwise;
export const textOf = ({ values }: Flags, name: string): string | undefined => values[name] as string | undefined;

/** The OPA whose language and builtins these are. */
export const OPA_VERSION = '1.22.2';

const FUEL = 10_000_000_000;

/** What `opa.runtime()` tells, read once for an environment. */
const RUNTIMES = new WeakMap<Invocation['environment'], rego.Value>();

/** The world as the command line sees it. */
export function worldOf({ environment }: Invocation, strict: boolean): rego.BuiltinContext {
  let runtime = RUNTIMES.get(environment);
  if (!runtime) {
    const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined)) as {
      [name: string]: string;
    };
    RUNTIMES.set(environment, (runtime = { env, version: OPA_VERSION, config: {} }));
  }
  return rego.builtinContext({
    fuel: FUEL,
    strict,
    now_ns: BigInt(Date.now()) * 1_000_000n,
    random: () => randomBytes(4).readUInt32BE() / 2 ** 32,
    crypto: nodeCrypto,
    environment: runtime,
  });
}

/** One error as OPA tells it in JSON. */
export interface ErrorReport {
  readonly message: string;
  readonly code: string;
  readonly location?: { readonly file: string; readonly row: number; readonly col: number };
}

/** Errors of ours in OPA's form with the lines that explain them; anything else is thrown on. */
function explained(
  error: unknown,
  texts: ReadonlyMap<string, string>,
): { readonly report: ErrorReport; readonly details: readonly string[] }[] {
  if (error instanceof rego.EvaluationError)
    return [{ report: { message: error.message, code: error.code }, details: [] }];
  if (!(error instanceof rego.RegoError)) throw error;
  return [error, ...error.others].map(each => {
    const { line, column } = rego.lineOf(texts.get(each.file) ?? '', each.at.start);
    const file = each.file === 'query' ? '' : each.file;
    const report = { message: each.message, code: each.code, location: { file, row: line, col: column } };
    return { report, details: each.details };
  });
}

/** Every error as data. */
export const reportsOf = (error: unknown, texts: ReadonlyMap<string, string>): ErrorReport[] =>
  explained(error, texts).map(({ report }) => report);

/** The first error as data. */
export const reportOf = (error: unknown, texts: ReadonlyMap<string, string>): ErrorReport =>
  reportsOf(error, texts)[0]!;

/** `file:row: code: message`, the line of OPA's commands; a query has no file. */
export const lineOfReport = ({ code, message, location }: ErrorReport): string =>
  location
    ? `${location.file || location.row}:${location.file ? location.row : location.col}: ${code}: ${message}`
    : `${code}: ${message}`;

/** All errors as OPA's commands print them. */
export function errorText(error: unknown, texts: ReadonlyMap<string, string>): string {
  const lines = explained(error, texts).map(({ report, details }) =>
    [lineOfReport(report), ...details.map(detail => `\t${detail}`)].join('\n'),
  );
  return lines.length === 1 ? `1 error occurred: ${lines[0]}` : `${lines.length} errors occurred:\n${lines.join('\n')}`;
}

/** One of a few words, or the first of them. */
export function oneOf<T extends string>(flags: Flags, name: string, words: readonly [T, ...T[]]): T {
  const given = textOf(flags, name) ?? words[0];
  const found = words.find(word => word === given);
  if (found === undefined) throw new SyntaxError(`--${name} "${given}": write ${words.join(', ')}`);
  return found;
}
