import { parentPort, workerData } from 'node:worker_threads';
import { readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { transpileBytes } from '@bytecodealliance/jco-transpile';

/** What the worker is started with. */
export interface TranspileJob {
  readonly module: string;
  /** An empty folder. */
  readonly folder: string;
}

const { module, folder } = workerData as TranspileJob;

async function transpile(): Promise<void> {
  const { files } = await transpileBytes(readFileSync(module), { name: 'component', instantiation: 'async' });
  for (const [name, bytes] of Object.entries(files)) {
    const path = normalize(name);
    // Names come from the component's own interfaces; declarations are for editors.
    if (path.startsWith('..') || path.startsWith('/') || path.endsWith('.d.ts')) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes as Uint8Array);
  }
}

transpile().then(
  () => parentPort?.postMessage({ done: true }),
  (error: unknown) => parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) }),
);
