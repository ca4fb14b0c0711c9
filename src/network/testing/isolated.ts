import { spawnSync } from 'node:child_process';

/** Why a test that needs namespaces of its own cannot run here; undefined when it can. */
export function whyNotIsolated(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  for (const program of ['unshare', 'nft', 'ip']) {
    if (spawnSync(program, ['--version']).error && spawnSync(program, ['-V']).error) return `needs ${program}`;
  }
  return spawnSync('unshare', ['-n', '-m', 'true']).status === 0 ? undefined : 'needs network namespaces';
}

/** Scenarios last seconds; on a machine that has much else to do, minutes. */
const LIMIT_MS = 300_000;

/** Runs a scenario file in network and mount namespaces of its own: the machine's network is never touched. */
export function runIsolated(file: string, args: readonly string[] = []): { status: number | null; output: string } {
  // The folder of named namespaces is its own too: a test that runs beside removes files of the same names.
  const script = 'mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && exec "$@"';
  const start = performance.now();
  const child = spawnSync('unshare', ['-n', '-m', 'sh', '-ec', script, 'sh', process.execPath, file, ...args], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  // What was ended has no words of its own.
  const lasted_s = Math.round((performance.now() - start) / 1000);
  const end = child.signal === null ? '' : `ended by ${child.signal} after ${lasted_s} s of ${LIMIT_MS / 1000}`;
  return { status: child.status, output: `${child.stdout}${child.stderr}${end}` };
}
