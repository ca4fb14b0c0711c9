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

export function parseFlags(args: readonly string[], options: ParseArgsOptionsConfig): Flags {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...SHARED, ...options },
    allowPositionals: true,
  });
  return { values: values as Flags['values'], words: positionals };
}

export const versionOf = ({ values }: Flags): Version => (values['v0-compatible'] === true ? 'v0' : 'v1');
export const listOf = ({ values }: Flags, name: string): string[] => (values[name] as string[] | undefined) ?? [];
export const textOf = ({ values }: Flags, name: string): string | undefined => values[name] as string | undefined;

const FUEL = 10_000_000_000;

/** The world as the command line sees it. */
export function worldOf({ environment }: Invocation, strict: boolean): rego.BuiltinContext {
  const env = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined)) as {
    [name: string]: string;
  };
  return rego.builtinContext({
    fuel: FUEL,
    strict,
    now_ns: BigInt(Date.now()) * 1_000_000n,
    random: () => randomBytes(4).readUInt32BE() / 2 ** 32,
    crypto: nodeCrypto,
    environment: { env, version: '1.22.2', config: {} },
  });
}

/** One error as OPA tells it in JSON. */
export interface ErrorReport {
  readonly message: string;
  readonly code: string;
  readonly location?: { readonly file: string; readonly row: number; readonly col: number };
}

/** An error of ours in OPA's form; anything else is thrown on. */
export function reportOf(error: unknown, texts: ReadonlyMap<string, string>): ErrorReport {
  if (error instanceof rego.EvaluationError) return { message: error.message, code: error.code };
  if (!(error instanceof rego.RegoError)) throw error;
  const text = texts.get(error.file) ?? '';
  const { line, column } = rego.lineOf(text, error.at.start);
  return { message: error.message, code: error.code, location: { file: error.file, row: line, col: column } };
}

/** `file:row: code: message`, the line of OPA's commands. */
export const lineOfReport = ({ code, message, location }: ErrorReport): string =>
  location ? `${location.file}:${location.row}: ${code}: ${message}` : `${code}: ${message}`;
