import { parentPort, workerData } from 'node:worker_threads';
import { readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { KEYVALUE_WAITING } from './wasm-world-keyvalue.ts';
import { transpileBytes } from '@bytecodealliance/jco-transpile';

/** What the worker is started with. */
export interface TranspileJob {
  readonly module: string;
  /** An empty folder. */
  readonly folder: string;
}

const { module, folder } = workerData as TranspileJob;

const stream = (method: string): string => `wasi:io/streams#[method]${method}`;

/** The calls of WASI 0.2 that may wait: they suspend the component's stack (JSPI) instead of a thread. */
const WAITING_IMPORTS = [
  'wasi:io/poll#poll',
  'wasi:io/poll#[method]pollable.block',
  ...KEYVALUE_WAITING,
  ...['read', 'skip'].map(verb => stream(`input-stream.blocking-${verb}`)),
  ...['write-and-flush', 'flush', 'write-zeroes-and-flush', 'splice'].map(verb =>
    stream(`output-stream.blocking-${verb}`),
  ),
];

const WAITING_EXPORTS = ['wasi:http/incoming-handler#handle', 'wasi:cli/run#run'];

async function transpile(): Promise<void> {
  const { files } = await transpileBytes(readFileSync(module), {
    name: 'component',
    instantiation: 'async',
    asyncMode: 'jspi',
    asyncImports: WAITING_IMPORTS,
    asyncExports: WAITING_EXPORTS,
  });
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
