import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { imageFaults } from '../images/faults.ts';
import type { TranspileJob } from './image-wasm-worker.ts';

/** Raised when the transpiler's output changes, so that old output is not used. */
const OUTPUT_VERSION = 3;
const TRANSPILE_TIMEOUT_MS = 120_000;

const running = new Map<string, Promise<string>>();

/**
 * Turns a WebAssembly component into core modules and the JavaScript that links them (jco), once for each content; resolves
 * to the folder that holds `component.js`. A second or two for megabytes of code, on a thread of its own.
 */
export async function transpiledComponent(root: string, module: string): Promise<string> {
  const key = createHash('sha256')
    .update(await readFile(module))
    .digest('hex')
    .slice(0, 32);
  const home = join(root, 'components', `${key}-${OUTPUT_VERSION}`);
  if (existsSync(home)) return home;
  const present = running.get(home);
  if (present) return present;
  const work = transpile(join(root, 'components'), home, module).finally(() => running.delete(home));
  running.set(home, work);
  return work;
}

async function transpile(parent: string, home: string, module: string): Promise<string> {
  const folder = join(parent, `new-${randomUUID()}`);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  try {
    await runWorker({ module, folder });
    await rename(folder, home).catch((error: NodeJS.ErrnoException) => {
      // Another process was first.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return home;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runWorker(job: TranspileJob): Promise<void> {
  const worker = new Worker(new URL('./image-wasm-worker.ts', import.meta.url), {
    workerData: job,
    execArgv: [],
    // A hostile component must not take the API's memory with it.
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
  });
  return new Promise<void>((resolve, reject) => {
    const fail = (why: string): void =>
      reject(imageFaults.error('bad-manifest', { digest: job.module, why: `its component cannot be read: ${why}` }));
    const timer = setTimeout(() => fail('it took too long'), TRANSPILE_TIMEOUT_MS);
    worker.once('message', (reply: { done?: true; error?: string }) => {
      clearTimeout(timer);
      if (reply.done) resolve();
      else fail(reply.error?.split('\n')[0]?.slice(0, 300) ?? 'no reason was given');
    });
    worker.once('error', (error: Error) => {
      clearTimeout(timer);
      fail(error.message);
    });
    worker.once('exit', () => {
      clearTimeout(timer);
      fail('the transpiler ended');
    });
  }).finally(() => void worker.terminate());
}
