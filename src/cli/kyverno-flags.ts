import { FaultError } from '../base/index.ts';
import { cliFaults } from './faults.ts';

/**
 * How a flag is read: `strings` may be given several times and hold several texts between commas; `ignored` ones say how
 * the real tool logs, which changes no answer; `refused` ones ask for what is not done here.
 */
export type FlagKind = 'boolean' | 'string' | 'strings' | 'number' | 'ignored' | 'ignored-value' | 'refused';

export interface Flag {
  readonly kind: FlagKind;
  readonly short?: string;
}

export type FlagTable = Readonly<Record<string, Flag>>;

/** What a line of flags comes to. */
export interface Flags {
  readonly words: readonly string[];
  readonly texts: Readonly<Record<string, readonly string[]>>;
  readonly on: ReadonlySet<string>;
}

const of = (kind: FlagKind, ...names: readonly string[]): FlagTable =>
  Object.fromEntries(
    names.map(name => {
      const [long = '', short] = name.split('|');
      return [long, { kind, ...(short === undefined ? {} : { short }) }];
    }),
  );

/** Flags of every verb: how it logs. */
const GLOBAL: FlagTable = {
  ...of('ignored', 'add_dir_header', 'alsologtostderr', 'legacy_stderr_threshold_behavior', 'logtostderr'),
  ...of('ignored', 'one_output', 'skip_headers', 'skip_log_headers'),
  ...of('ignored-value', 'alsologtostderrthreshold', 'log_backtrace_at', 'log_dir', 'log_file', 'log_file_max_size'),
  ...of('ignored-value', 'stderrthreshold', 'v|v', 'vmodule'),
};

/** `kyverno apply`. How many workers and how large pages are makes no difference to what is found. */
export const APPLY_FLAGS: FlagTable = {
  ...GLOBAL,
  ...of('boolean', 'audit-warn', 'cluster|c', 'cluster-wide-resources', 'detailed-results', 'policy-report|p'),
  ...of('boolean', 'exceptions-with-resources', 'exceptions-within-policies', 'exceptions-within-resources'),
  ...of('boolean', 'remove-color', 'stdin|i', 'table|t', 'warn-no-pass', 'warnings-as-errors', 'help|h'),
  ...of('boolean', 'generate-exceptions'),
  ...of('string', 'context', 'context-file', 'kubeconfig', 'namespace|n', 'output|o', 'output-format', 'userinfo|u'),
  ...of('string', 'values-file|f', 'generated-exception-ttl'),
  ...of('number', 'warn-exit-code'),
  ...of('strings', 'crd-paths', 'envoy-payload', 'exception|e', 'exceptions', 'http-payload', 'json'),
  ...of('strings', 'parameter-resource', 'resource|r', 'resources', 'set|s', 'target-resource', 'target-resources'),
  ...of('ignored', 'continue-on-error', 'continue-on-fail'),
  ...of('ignored-value', 'batch-size', 'concurrent'),
  ...of('refused', 'git-branch|b', 'password', 'registry', 'show-performance', 'username'),
};

/** `kyverno test`. */
export const TEST_FLAGS: FlagTable = {
  ...GLOBAL,
  ...of('boolean', 'detailed-results', 'fail-only', 'remove-color', 'require-tests', 'warnings-as-errors', 'help|h'),
  ...of('string', 'file-name|f', 'output-format|o', 'test-case-selector|t'),
  ...of('ignored-value', 'kubeconfig'),
  ...of('refused', 'git-branch|b', 'registry'),
};

/** `kyverno jp` and its own verbs. */
export const JP_FLAGS: FlagTable = {
  ...GLOBAL,
  ...of('boolean', 'compact|c', 'unquoted|u', 'help|h'),
  ...of('string', 'input|i'),
  ...of('strings', 'query|q', 'file|f'),
  ...of('ignored-value', 'kubeconfig'),
};

const bad = (verb: string, reason: string): FaultError =>
  cliFaults.error('bad-option', { command: `kyverno ${verb}`, reason });

function take(verb: string, name: string, kind: FlagKind, value: string | undefined, next: () => string): string {
  if (kind === 'refused') throw cliFaults.error('not-done', { flag: `--${name}`, command: `kyverno ${verb}` });
  if (kind === 'boolean' || kind === 'ignored') return value ?? 'true';
  const text = value ?? next();
  if (kind === 'number' && !/^-?\d+$/.test(text))
    throw bad(verb, `invalid argument "${text}" for "--${name}": not a whole number`);
  return text;
}

/** Reads a command line as the real tool does: `--flag value`, `--flag=value`, `-f value`, `-fvalue`. Throws a Fault. */
export function readFlags(verb: string, words: readonly string[], table: FlagTable): Flags {
  const shorts = new Map(Object.entries(table).flatMap(([name, { short }]) => (short ? [[short, name] as const] : [])));
  const plain: string[] = [];
  const texts: Record<string, string[]> = {};
  const on = new Set<string>();
  const rest = [...words];
  const set = (name: string, value: string | undefined): void => {
    const flag = Object.hasOwn(table, name) ? table[name] : undefined;
    if (flag === undefined) throw bad(verb, `unknown flag: --${name}`);
    const next = (): string => {
      const word = rest.shift();
      if (word === undefined) throw bad(verb, `flag needs an argument: --${name}`);
      return word;
    };
    const text = take(verb, name, flag.kind, value, next);
    if (flag.kind === 'boolean') {
      if (text === 'false') on.delete(name);
      else on.add(name);
    } else if (flag.kind === 'strings') (texts[name] ??= []).push(...text.split(','));
    else texts[name] = [text];
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') plain.push(...rest.splice(0));
    else if (word.startsWith('--')) {
      const at = word.indexOf('=');
      set(at < 0 ? word.slice(2) : word.slice(2, at), at < 0 ? undefined : word.slice(at + 1));
    } else if (/^-./.test(word) && word !== '-') {
      const name = shorts.get(word[1]!);
      if (name === undefined) throw bad(verb, `unknown shorthand flag: '${word[1]}' in ${word}`);
      const value = word.slice(2).replace(/^=/, '');
      const isSwitch = table[name]!.kind === 'boolean' || table[name]!.kind === 'ignored';
      set(name, value === '' || isSwitch ? undefined : value);
      // Switches may stand together behind one dash.
      if (isSwitch && value !== '') rest.unshift(`-${value}`);
    } else plain.push(word);
  }
  return { words: plain, texts, on };
}

/** The last value of a flag. */
export const textOf = ({ texts }: Flags, name: string): string | undefined =>
  Object.hasOwn(texts, name) ? texts[name]!.at(-1) : undefined;

/** Every value of several flags that say the same. */
export const textsOf = ({ texts }: Flags, ...names: readonly string[]): readonly string[] =>
  names.flatMap(name => (Object.hasOwn(texts, name) ? texts[name]! : []));
