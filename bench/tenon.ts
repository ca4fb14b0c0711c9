/** Starts the real program, as a person would, and takes it down again: shared by benches and end-to-end tests. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface RunningTenon extends AsyncDisposable {
  readonly state: string;
  readonly kubeconfig: string;
  readonly pid: number;
  /** From `spawn` to the line `ready in`. */
  readonly ready_ms: number;
  readonly lines: readonly string[];
  readonly process: ChildProcess;
  status(): Promise<Record<string, unknown>>;
}

const READY_MS_MAX = 60_000;

/** Resident memory of a process in MiB, from /proc. */
export function residentMiB(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}

/** CPU seconds a process has used (utime + stime). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** `tenon up` on free ports and a state folder of its own; resolves at `ready in`. */
export async function startTenon(root: string, state: string, args: readonly string[] = []): Promise<RunningTenon> {
  mkdirSync(state, { recursive: true });
  const started = performance.now();
  const child = spawn(
    join(root, 'tenon'),
    ['up', '--state', state, '--api-port', '0', '--console-port', '0', '--ingress-port', '0', ...args],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: false },
  );
  const lines: string[] = [];
  const ready_ms = await new Promise<number>((resolve, reject) => {
    const limit = setTimeout(
      () => reject(new Error(`not ready after ${READY_MS_MAX} ms:\n${lines.join('\n')}`)),
      READY_MS_MAX,
    );
    const take = (chunk: Buffer): void => {
      lines.push(...chunk.toString().split('\n').filter(Boolean));
      if (!lines.some(line => line.startsWith('ready in'))) return;
      clearTimeout(limit);
      resolve(performance.now() - started);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('exit', code => {
      clearTimeout(limit);
      reject(new Error(`tenon up ended with ${code}:\n${lines.join('\n')}`));
    });
  });
  return {
    state,
    kubeconfig: join(state, 'kubeconfig'),
    pid: child.pid!,
    ready_ms,
    lines,
    process: child,
    status: async () =>
      JSON.parse(
        (
          await run(join(root, 'tenon'), ['status', '--state', state, '-o', 'json']).catch(
            (error: { stdout: string }) => error,
          )
        ).stdout,
      ) as Record<string, unknown>,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise(resolve => child.once('exit', resolve));
      child.kill('SIGTERM');
      const limit = setTimeout(() => child.kill('SIGKILL'), 30_000);
      await ended;
      clearTimeout(limit);
    },
  };
}

/** kubectl of the given minor version, where `tools/get-kubectl.sh` put it, else the one on PATH. */
export function kubectlPath(minor = '1.35'): string {
  return (
    process.env.TENON_KUBECTL ??
    join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '/root', '.cache'), 'tenon/tools', `kubectl-${minor}`)
  );
}

/** Runs kubectl against a running Tenon; rejects with its error output. */
export async function kubectl(
  tenon: Pick<RunningTenon, 'kubeconfig'>,
  args: readonly string[],
  minor?: string,
): Promise<string> {
  const { stdout } = await run(kubectlPath(minor), ['--kubeconfig', tenon.kubeconfig, ...args], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}
