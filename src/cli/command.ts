import type { ParseArgsOptionsConfig } from 'node:util';
import type { Language, Text } from '../base/index.ts';

/** Exit codes every command shares (CONTRACTS, "Faults"). */
export const EXIT = { yes: 0, no: 1, usage: 2, unknown: 3 } as const;

export type OutputFormat = 'text' | 'json' | 'yaml' | 'table';

/** One option of a command, as `--help` tells it and as the parser reads it. */
export interface OptionDefinition {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** What stands after the option in the help: `DIR`. */
  readonly value?: string;
  readonly help: Text;
}

export type OptionValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** What a command may use of the terminal; tests hand in their own. */
export interface Terminal {
  readonly language: Language;
  /** True only when standard output is a terminal and NO_COLOR is not set. */
  readonly color: boolean;
  out(text: string): void;
  err(text: string): void;
}

export interface Invocation {
  readonly positionals: readonly string[];
  readonly options: OptionValues;
  readonly output: OutputFormat;
  readonly terminal: Terminal;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** The checkout or installation folder: where examples/, console/ and docs/ lie. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Command {
  readonly name: string;
  readonly summary: Text;
  /** What follows the name: `[FOLDER] [--state DIR]`. */
  readonly usage: string;
  readonly options?: Readonly<Record<string, OptionDefinition>>;
  /** Values of `--output` beside those of every command; they come as option `output`. */
  readonly formats?: readonly string[];
  /** Shell lines shown under the options; the tour test runs those of README. */
  readonly examples?: readonly string[];
  /** How many words beside options it takes at most; none unless said. More is a fault, so that a slip does not run something else. */
  readonly words?: number;
  /** Everything after the name belongs to the command untouched (front ends of other tools' command lines). */
  readonly raw?: boolean;
  /** Resolves to the exit code. A FaultError becomes the fault's report and exit 2. */
  run(invocation: Invocation): Promise<number>;
}

/** Options every command has. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionDefinition>> = {
  help: { type: 'boolean', short: 'h', help: { en: 'Show this help', zh: '显示本帮助' } },
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    help: { en: 'text, json, yaml or table', zh: '输出格式:text、json、yaml 或 table' },
  },
};

/** The parser's form of a command's options. */
export function parserOptions(command: Command): ParseArgsOptionsConfig {
  const config: ParseArgsOptionsConfig = {};
  for (const [name, option] of Object.entries({ ...COMMON_OPTIONS, ...command.options })) {
    config[name] = {
      type: option.type,
      ...(option.short ? { short: option.short } : {}),
      ...(option.multiple ? { multiple: true } : {}),
    };
  }
  return config;
}

/** The value of a string option, or undefined. */
export function stringOption(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** Every value of an option that may be repeated. */
export function listOption(values: OptionValues, name: string): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? (value as readonly string[]) : typeof value === 'string' ? [value] : [];
}

/** One verb of `tenon gator`; the words after it are its own. */
export type GatorVerb = (words: readonly string[], invocation: Invocation) => number;
