import { readdirSync, readFileSync, lstatSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import { errorText, type Flags, parseFlags, versionOf } from './opa-flags.ts';
import { colouredDiff } from './text-diff.ts';

/** Exit of --fail when something would change. */
const CHANGED = 2;

/** Modules below a path, as they are read from disk. */
function modulesBelow(path: string): string[] {
  if (!lstatSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap(entry => {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) return modulesBelow(inner);
      return entry.name.endsWith('.rego') ? [inner] : [];
    });
}

function formatted(text: string, file: string, flags: Flags): string {
  const both = flags.values['v0-v1'] === true || flags.values['rego-v1'] === true;
  const options = {
    file,
    both,
    dropImports: flags.values['drop-v0-imports'] === true,
    version: both ? ('v0' as const) : versionOf(flags),
  };
  const once = rego.formatModule(text, options);
  if (flags.values['check-result'] !== 'false') rego.parseModule(once, options);
  return once;
}

/** One file; tells whether it would change. */
function formatFile(file: string, flags: Flags, { terminal }: Invocation): boolean {
  const text = readFileSync(file, 'utf8');
  const after = formatted(text, file, flags);
  const changed = after !== text;
  const { list, write, diff, fail } = flags.values;
  if (list === true) {
    if (changed) terminal.out(file);
  } else if (diff === true) {
    if (changed) terminal.out(colouredDiff(text, after));
  } else if (write === true) {
    if (changed) writeFileSync(file, after);
  } else if (fail !== true) terminal.out(after.trimEnd());
  if (list === true && write === true && changed) writeFileSync(file, after);
  return changed;
}

/** `fmt`: exit 2 under --fail when a file would change, 1 when one cannot be read. */
export async function format(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, {
    list: { type: 'boolean', short: 'l' },
    write: { type: 'boolean', short: 'w' },
    diff: { type: 'boolean', short: 'd' },
    fail: { type: 'boolean' },
    'v0-v1': { type: 'boolean' },
    'rego-v1': { type: 'boolean' },
    'drop-v0-imports': { type: 'boolean' },
    'check-result': { type: 'string' },
    capabilities: { type: 'string' },
  });
  const { terminal } = invocation;
  const texts = new Map<string, string>();
  const refuse = (error: unknown): number => {
    if (!(error instanceof rego.RegoError))
      terminal.err((error as Error).message.replace(/^ENOENT: (.*), lstat '(.*)'$/, 'lstat $2: $1'));
    else terminal.err(`failed to format Rego source file: ${errorText(error, texts)}`);
    return 1;
  };
  try {
    if (flags.words.length === 0) {
      const text = readFileSync(0, 'utf8');
      texts.set('stdin', text);
      terminal.out(formatted(text, 'stdin', flags).trimEnd());
      return 0;
    }
    let changed = false;
    for (const file of flags.words.flatMap(modulesBelow)) {
      texts.set(file, readFileSync(file, 'utf8'));
      if (formatFile(file, flags, invocation)) changed = true;
      if (!changed || flags.values.fail !== true) continue;
      terminal.err('unexpected diff');
      return CHANGED;
    }
    return 0;
  } catch (error) {
    return refuse(error);
  }
}
