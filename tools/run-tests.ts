/**
 * Runs test files under `node --test` and adds up what the reporter counted.
 * Units share one process. An end-to-end file gets a process group of its own and a bound on its time, and nothing it
 * started in that group outlives it. Tests share one machine with everything they start, so a file that failed is run
 * once more, alone, after all others: what passes then is told as unsteady, never hidden; what fails again fails.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Finished {
  readonly code: number;
  readonly output: string;
}

/** A file's outcome: its counts, and what was printed beside them. */
export interface Outcome {
  readonly counts: Counts;
  readonly text: string;
}

/** Minutes one end-to-end file may take. The longest takes two on a quiet machine. */
const FILE_MINUTES = 8;

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    // The whole group has ended.
  }
}

/** Runs a program as the leader of a process group and bounds its time; what it left in the group is ended with it. */
export function run(
  command: string,
  args: readonly string[],
  options: { minutes?: number; env?: Record<string, string> } = {},
): Promise<Finished> {
  const minutes = options.minutes ?? 20;
  return new Promise((done, failed) => {
    const child = spawn(command, [...args], {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    let output = '';
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const limit = setTimeout(() => {
      output += `\nstopped after ${minutes} minutes\n`;
      killGroup(child);
    }, minutes * 60_000);
    child.on('error', failed);
    child.on('exit', () => killGroup(child));
    child.on('close', code => {
      clearTimeout(limit);
      done({ code: code ?? 1, output });
    });
  });
}

/** Adds up what the reporter printed; a run without counts, or one that ended badly without a failure, is a failure. */
export function outcome({ code, output }: Finished): Outcome {
  const lines = [...output.matchAll(/^#counts (.*)$/gm)];
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const line of lines) add(counts, JSON.parse(line[1]!) as Counts);
  if ((code !== 0 || lines.length === 0) && counts.failed === 0) counts.failed = 1;
  return { counts, text: output.replaceAll(/^#counts .*$/gm, '').trim() };
}

export function add(total: Counts, more: Counts): void {
  total.passed += more.passed;
  total.failed += more.failed;
  total.skipped += more.skipped;
}

async function testProcess(files: readonly string[], minutes: number): Promise<Outcome> {
  const args = [
    '--disable-warning=ExperimentalWarning',
    '--test',
    '--test-isolation=none',
    `--test-reporter=${join(root, 'tools/test-reporter.ts')}`,
    ...files,
  ];
  return outcome(await run(process.execPath, args, { minutes }));
}

/** Unit and property tests, in one process; files with a failure are run a second time, in one process of their own. */
export const unitTests = (files: readonly string[]): Promise<Counts> =>
  settleTogether(
    files,
    some => testProcess(some, 15),
    text => console.log(text),
  );

/** Runs all files by one call, then those whose tests failed; a run that broke off names no file and is not repeated. */
export async function settleTogether(
  files: readonly string[],
  all: (files: readonly string[]) => Promise<Outcome>,
  print: (text: string) => void,
): Promise<Counts> {
  const first = await all(files);
  if (first.text) print(first.text.slice(-20_000));
  const failures = [...first.text.matchAll(/^FAIL (.+?):\d+ /gm)].map(([, file]) => file!);
  if (failures.length === 0 || failures.length !== first.counts.failed) return first.counts;
  const again = [...new Set(failures)];
  const second = await all(again);
  if (second.counts.failed > 0) {
    print(second.text.slice(-20_000));
    return first.counts;
  }
  print(`UNSTEADY ${again.join(', ')}: failed at first, passed when run again alone`);
  return { ...first.counts, passed: first.counts.passed + failures.length, failed: 0 };
}

/** Runs each file by `one`; files that failed are run a second time after all others. */
export async function settle(
  files: readonly string[],
  one: (file: string) => Promise<Outcome>,
  print: (text: string) => void,
): Promise<Counts> {
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const again: { file: string; first: Outcome }[] = [];
  for (const file of files) {
    const first = await one(file);
    if (first.counts.failed > 0) again.push({ file, first });
    else {
      if (first.text) print(first.text);
      add(total, first.counts);
    }
  }
  for (const { file, first } of again) {
    const second = await one(file);
    const steady = second.counts.failed > 0;
    if (!steady) print(`UNSTEADY ${file}: failed at first, passed when run again alone; the failure was`);
    print(first.text.slice(-20_000));
    if (steady && second.text !== first.text) print(second.text.slice(-20_000));
    add(total, second.counts);
  }
  return total;
}

/** End-to-end tests, a process group a file. */
export const endToEndTests = (files: readonly string[]): Promise<Counts> =>
  settle(
    files.map(file => relative(root, resolve(root, file))),
    file => testProcess([file], FILE_MINUTES),
    text => console.log(text),
  );
