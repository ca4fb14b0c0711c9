import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Bench, type BenchContext, median, spread } from './runner.ts';

const run = promisify(execFile);

/** User and system CPU seconds of a command, as the shell's `times` counts its children. Throws when it fails. */
async function cpuOf(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ cpu_s: number; out: string }> {
  const script = 'out=$("$@") || { printf "%s" "$out" >&2; exit 1; }; printf "%s\\n" "$out"; times';
  const { stdout } = await run('bash', ['-c', script, 'bash', program, ...args], {
    signal,
    maxBuffer: 64 * 1024 * 1024,
  });
  const lines = stdout.trimEnd().split('\n');
  const seconds = [...lines.at(-1)!.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => Number(minutes) * 60 + Number(rest),
  );
  return { cpu_s: seconds.reduce((sum, each) => sum + each, 0), out: lines.slice(0, -2).join('\n') };
}

/** The number of suites a run says are good. */
const good = (out: string): number => out.split('\n').filter(line => line.startsWith('ok\t')).length;

async function measured(program: string, args: readonly string[], times: number, signal: AbortSignal) {
  const runs: { cpu_s: number; out: string }[] = [];
  for (let i = 0; i < times; i++) runs.push(await cpuOf(program, args, signal));
  return { cpu: runs.map(({ cpu_s }) => cpu_s), suites: good(runs[0]!.out) };
}

export const bench: Bench = {
  name: 'policy-gator',
  what: 'gator verify of the whole policy library, CPU seconds',
  async *run({ root, quick, signal }: BenchContext) {
    const suites = resolve(process.env.TENON_SUITES ?? join(root, '../shared/suites'));
    const library = join(suites, 'policy/gatekeeper-library');
    if (!existsSync(library)) return;
    const times = quick ? 2 : 5;
    const args = ['verify', `${library}/...`];
    // The first run fills the compile cache of Node.
    await cpuOf(join(root, 'tenon'), ['gator', ...args], signal);
    const ours = await measured(join(root, 'tenon'), ['gator', ...args], times, signal);
    const gator = join(process.env.TENON_PEERS ?? join(process.env.HOME ?? '/root', '.cache/tenon-peers'), 'bin/gator');
    const peer = existsSync(gator) ? await measured(gator, args, times, signal) : undefined;
    if (peer && peer.suites !== ours.suites)
      throw new Error(`gator passes ${peer.suites} suites, tenon ${ours.suites}`);
    yield {
      name: 'verify the library',
      unit: 'CPU s',
      ours: median(ours.cpu),
      ...(peer
        ? { peer: { value: median(peer.cpu), which: 'gator', version: await versionOf(gator) } }
        : { missingPeer: `no ${gator}` }),
      better: 'lower',
      n: times,
      spread: spread(ours.cpu),
      target: { kind: 'ratio', bound: 0.2 },
    };
  },
};

const versionOf = async (gator: string): Promise<string> => {
  const { stdout } = await run(gator, ['version']).catch(() => ({ stdout: '' }));
  return /v\d[\w.-]*/.exec(stdout)?.[0] ?? 'built from source';
};
