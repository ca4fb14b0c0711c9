import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Random } from '../../base/index.ts';
import { type Kernel, memoryLog, openKernel } from '../../kernel/index.ts';
import { type ApiOptions, roleGuard, type RunningApi, startApi } from '../index.ts';

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay_ms, action) => {
    const timer = setTimeout(action, delay_ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

export const realRandom: Random = { next: Math.random, bytes: count => randomBytes(count) };

/** A whole API server over a kernel in memory, in a folder of its own. */
export interface TestServer extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly api: RunningApi;
  readonly state: string;
}

/** Starts one on a free port; disposing removes its folder. */
export async function testServer(options: Partial<ApiOptions> = {}): Promise<TestServer> {
  const state = mkdtempSync(join(tmpdir(), 'tenon-api-'));
  const guard = roleGuard();
  const kernel = await openKernel({ log: memoryLog(), clock: realClock, random: realRandom, admission: [guard.step] });
  const api = await startApi({
    registry: kernel.registry,
    catalog: kernel.catalog,
    clock: realClock,
    random: realRandom,
    state,
    port: 0,
    guard,
    ...options,
  });
  return {
    kernel,
    api,
    state,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await kernel[Symbol.asyncDispose]();
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** Where tools/get-kubectl.sh puts the real clients. */
export const toolPath = (name: string): string =>
  join(
    process.env.TENON_TOOLS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tenon', 'tools'),
    name,
  );

/** Undefined when the tool is there, else why a test is skipped. */
export const missingTool = (name: string): string | undefined =>
  existsSync(toolPath(name)) ? undefined : `${name} is not in the tools folder: run tools/get-kubectl.sh`;

/** What a command did. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a real client to its end. */
export function run(
  command: string,
  args: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return new Promise(resolve => {
    const child = execFile(
      command,
      args,
      { timeout: 60_000, maxBuffer: 32 * 1024 * 1024, env: { ...process.env, ...env } },
      (error, out, err) => resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, out, err }),
    );
    child.stdin?.end(input);
  });
}
