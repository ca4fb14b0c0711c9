import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { type Fault, FaultError, languageOf, reportFault } from '../base/index.ts';
import {
  EXIT,
  parserOptions,
  stringOption,
  type Command,
  type Invocation,
  type OutputFormat,
  type Terminal,
} from './command.ts';
import { StatusError } from '../kernel/status.ts';
import { COMMANDS } from './commands.ts';
import { formatReport } from './fault-text.ts';
import { cliFaults } from './faults.ts';
import { commandHelp, overview } from './help.ts';

const root = process.env.TENON_ROOT ?? new URL('../..', import.meta.url).pathname;

function systemTerminal(): Terminal {
  return {
    language: languageOf(process.env),
    color: process.stdout.isTTY === true && !process.env.NO_COLOR,
    out: text => void process.stdout.write(`${text}\n`),
    err: text => void process.stderr.write(`${text}\n`),
  };
}

/** What disks refuse, whoever asked them. */
const DISK_REFUSALS: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** The fault an error carries, itself or as its cause; undefined for a defect of the program. */
function faultOf(error: unknown): Fault | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof FaultError) return each.fault;
    if (each instanceof StatusError)
      return cliFaults.make('cluster-refused', { code: each.code, reason: each.message });
    const { code, message } = each as NodeJS.ErrnoException;
    if (DISK_REFUSALS.has(code)) return cliFaults.make('disk-refused', { reason: message });
  }
  return undefined;
}

function printFailure(error: unknown, terminal: Terminal, output: OutputFormat): number {
  const known = faultOf(error);
  const fault = known ?? cliFaults.make('internal', { reason: error instanceof Error ? error.message : String(error) });
  const report = reportFault(fault, terminal.language);
  if (output === 'json') terminal.out(JSON.stringify({ faults: [report] }));
  else if (output === 'yaml') terminal.out(stringify({ faults: [report] }));
  else terminal.err(formatReport(report, terminal.language));
  if (process.env.TENON_DEBUG && error instanceof Error) terminal.err(error.stack ?? '');
  return known ? EXIT.usage : EXIT.no;
}

/** Edit distance 1 or a shared start: enough to guess a mistyped command. */
function nearest(name: string): string {
  const found = COMMANDS.find(entry => entry.name.startsWith(name.slice(0, 3)) || name.startsWith(entry.name));
  return found ? ` (${found.name}?)` : '';
}

function outputOf(value: string | undefined, formats: readonly string[] = []): OutputFormat {
  if (value !== undefined && formats.includes(value)) return 'text';
  if (value === undefined) return 'text';
  if (value === 'text' || value === 'json' || value === 'yaml' || value === 'table') return value;
  throw cliFaults.error('bad-output', { value });
}

function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  let asked = 0;
  const stop = (signal: NodeJS.Signals): void => {
    if (++asked > 1) process.exit(signal === 'SIGINT' ? 130 : 143);
    controller.abort(new Error(signal));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return controller.signal;
}

function invocationOf(command: Command, rest: readonly string[], terminal: Terminal): Invocation | 'help' {
  const shared = { terminal, root, environment: process.env };
  if (command.raw) return { ...shared, positionals: rest, options: {}, output: 'text', signal: abortOnSignals() };
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...rest], options: parserOptions(command), allowPositionals: true, strict: true });
  } catch (error) {
    throw cliFaults.error('bad-option', { command: command.name, reason: (error as Error).message.split('\n')[0]! });
  }
  const options = parsed.values as Invocation['options'];
  if (options.help) return 'help';
  const surplus = parsed.positionals[command.words ?? 0];
  if (surplus !== undefined) throw cliFaults.error('surplus-argument', { command: command.name, word: surplus });
  return {
    ...shared,
    positionals: parsed.positionals,
    options,
    output: outputOf(stringOption(options, 'output'), command.formats),
    signal: abortOnSignals(),
  };
}

/** Runs one command line; resolves to the exit code. */
export async function main(args: readonly string[], terminal: Terminal = systemTerminal()): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.out(overview(terminal));
    return EXIT.yes;
  }
  const jsonWanted = rest.some(
    (word, index) =>
      word === '-ojson' ||
      word === '--output=json' ||
      (word === 'json' && /^(-o|--output)$/.test(rest[index - 1] ?? '')),
  );
  try {
    const asked = name === '--version' ? 'version' : name;
    const entry = COMMANDS.find(candidate => candidate.name === asked);
    if (!entry) throw cliFaults.error('unknown-command', { name, nearest: nearest(name) });
    const { command } = await entry.load();
    const invocation = invocationOf(command, rest, terminal);
    if (invocation === 'help') {
      terminal.out(commandHelp(command, terminal));
      return EXIT.yes;
    }
    return await command.run(invocation);
  } catch (error) {
    return printFailure(error, terminal, jsonWanted ? 'json' : 'text');
  }
}

if (import.meta.main) {
  process.stdout.on('error', () => process.exit(0));
  const code = await main(process.argv.slice(2));
  // What a slow reader has not taken yet would be lost.
  await new Promise<void>(resolve => process.stdout.write('', () => resolve()));
  process.exit(code);
}
