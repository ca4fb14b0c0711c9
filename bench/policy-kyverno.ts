import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Bench, type BenchContext, median, spread } from './runner.ts';

const run = promisify(execFile);

/** Seconds of CPU a command and its children take, and what it says. */
async function cpuOf(command: string, args: readonly string[]): Promise<{ cpu_s: number; said: string }> {
  const script = 'out=$("$@" 2>&1); echo "$out" | tail -n 8; echo "times:"; times';
  const { stdout } = await run('bash', ['-c', script, 'bash', command, ...args], { maxBuffer: 1 << 26 });
  const [said = '', times = ''] = stdout.split('times:');
  const children = times.trim().split('\n').at(-1) ?? '';
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  return { cpu_s: seconds.reduce((sum, each) => sum + each, 0), said };
}

/** The released tool: on PATH, or where bench/peers.sh puts peers. */
function findPeer(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(homedir(), '.cache/tenon-peers/bin')];
  return folders.map(folder => join(folder, 'kyverno')).find(path => existsSync(path));
}

function passed(said: string, pattern: RegExp): number {
  const found = pattern.exec(said);
  if (found === null || found[2] !== '0') throw new Error(`tests failed while measuring: ${said.slice(-300)}`);
  return Number(found[1]);
}

export const bench: Bench = {
  name: 'policy-kyverno',
  what: 'every test of the kyverno-policies suite, against kyverno test',
  async *run({ root, quick }: BenchContext) {
    const suites = resolve(process.env.TENON_SUITES ?? join(root, '../shared/suites'));
    const cases = join(suites, 'policy/kyverno-policies');
    if (!existsSync(cases)) return;
    const peer = findPeer();
    const rounds = quick ? 1 : 3;
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let i = 0; i < rounds; i++) {
      const own = await cpuOf(process.execPath, [join(root, 'src/cli/main.ts'), 'kyverno', 'test', cases]);
      if (passed(own.said, /(\d+) passed, (\d+) failed/) === 0) throw new Error('no test ran');
      ours.push(own.cpu_s);
      if (peer === undefined) continue;
      const other = await cpuOf(peer, ['test', cases, '--remove-color']);
      passed(other.said, /(\d+) tests passed and (\d+) tests failed/);
      theirs.push(other.cpu_s);
    }
    const version = peer ? (/v[\d.]+/.exec((await run(peer, ['version'])).stdout)?.[0] ?? '') : '';
    yield {
      name: 'policy-kyverno/suite-cpu',
      unit: 's',
      ours: median(ours),
      ...(peer ? { peer: { value: median(theirs), which: 'kyverno', version } } : { missingPeer: 'kyverno' }),
      better: 'lower',
      n: rounds,
      spread: spread(ours),
      cpu_s: ours.reduce((sum, each) => sum + each, 0),
      target: { kind: 'ratio', bound: 0.2 },
    };
  },
};
