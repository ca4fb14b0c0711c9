import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Clock, type Random, sleep } from '../../base/index.ts';
import { openKernel } from '../kernel.ts';
import type { KubeObject } from '../object.ts';
import { sqliteLog } from './sqlite-log.ts';

/** What the victim said before it died. */
export interface VictimLog {
  readonly lines: readonly string[];
  readonly exit: number | null;
}

/** How a torture run goes; the folder must be empty or an earlier run's. */
export interface StoreTorture {
  readonly folder: string;
  readonly kills: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly writers?: number;
  readonly signal?: AbortSignal;
  readonly report?: (line: string) => void;
}

export interface StoreTortureResult {
  readonly kills: number;
  readonly acknowledged: number;
  /** Sentences about what was lost or went back; empty when all is well. */
  readonly violations: readonly string[];
  /** Longest time from opening the folder to a store that answers. */
  readonly restart_ms_max: number;
}

const VICTIM = fileURLToPath(new URL('./store-victim.ts', import.meta.url));

/** Runs the victim, optionally under another program (`strace …`), until `stop` resolves or it ends. */
export async function runVictim(
  folder: string,
  options: {
    writers?: number;
    writes?: number;
    under?: readonly string[];
    kill?: (lines: readonly string[]) => Promise<void> | undefined;
  } = {},
): Promise<VictimLog> {
  const command = [
    ...(options.under ?? []),
    process.execPath,
    VICTIM,
    folder,
    String(options.writers ?? 16),
    String(options.writes ?? 1_000_000),
  ];
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'ignore'] });
  const lines: string[] = [];
  const ended = new Promise<number | null>(resolve => child.on('close', resolve));
  const reader = createInterface({ input: child.stdout });
  let killing: Promise<void> | undefined;
  reader.on('line', line => {
    lines.push(line);
    killing ??= options.kill?.(lines)?.then(() => void child.kill('SIGKILL'));
  });
  const exit = await ended;
  await killing;
  return { lines, exit };
}

/** Last acknowledged and last tried count of each writer, and the highest acknowledged revision. */
export function readVictim(
  lines: readonly string[],
  into: Map<string, { acknowledged: number; tried: number }>,
): { highest: number; count: number } {
  let highest = 0;
  let count = 0;
  for (const line of lines) {
    const [word, name = '', n, revision] = line.split(' ');
    const known = into.get(name) ?? { acknowledged: 0, tried: 0 };
    if (word === 'try') into.set(name, { ...known, tried: Number(n) });
    if (word !== 'ack') continue;
    count++;
    into.set(name, { ...known, acknowledged: Number(n) });
    highest = Math.max(highest, Number(revision));
  }
  return { highest, count };
}

/** Opens what a victim left and compares it with what it was promised. */
export async function checkVictim(
  { folder, clock, random }: Pick<StoreTorture, 'folder' | 'clock' | 'random'>,
  known: ReadonlyMap<string, { acknowledged: number; tried: number }>,
  highest: number,
): Promise<{ violations: string[]; open_ms: number }> {
  const violations: string[] = [];
  const start = clock.monotonic();
  const kernel = await openKernel({ log: sqliteLog(folder), clock, random });
  const open_ms = clock.monotonic() - start;
  const { store } = kernel.journal;
  if (store.revision < highest) violations.push(`the revision went back from ${highest} to ${store.revision}`);
  for (const [name, { acknowledged, tried }] of known) {
    const object = store.collection('configmaps').get(`default/${name}`)?.object as
      | (KubeObject & { data: { n: string } })
      | undefined;
    const n = Number(object?.data.n ?? 0);
    if (n < acknowledged) violations.push(`${name}: ${acknowledged} was acknowledged, ${n} is there`);
    if (n > tried) violations.push(`${name}: ${n} is there, but only ${tried} was ever sent`);
  }
  await kernel[Symbol.asyncDispose]();
  return { violations, open_ms };
}

/** Kills a writing process at random moments, again and again on one folder, and looks for what it lost. */
export async function tortureStore(torture: StoreTorture): Promise<StoreTortureResult> {
  const { folder, kills, clock, random, writers = 16, signal, report } = torture;
  const known = new Map<string, { acknowledged: number; tried: number }>();
  const violations: string[] = [];
  let acknowledged = 0;
  let restart_ms_max = 0;
  let done = 0;
  for (; done < kills && !signal?.aborted; done++) {
    const wait_ms = random.next() * 250;
    const { lines } = await runVictim(folder, {
      writers,
      kill: said => (said.some(line => line.startsWith('ack')) ? sleep(clock, wait_ms) : undefined),
    });
    const { highest, count } = readVictim(lines, known);
    acknowledged += count;
    const { violations: found, open_ms } = await checkVictim(torture, known, highest);
    violations.push(...found.map(text => `kill ${done + 1}: ${text}`));
    restart_ms_max = Math.max(restart_ms_max, open_ms);
    report?.(
      `kill ${done + 1} after ${count} acknowledged writes: ${found.length === 0 ? 'nothing lost' : found.join('; ')}`,
    );
  }
  return { kills: done, acknowledged, violations, restart_ms_max };
}
