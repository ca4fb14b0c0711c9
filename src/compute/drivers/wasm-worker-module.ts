/** One WASI preview 1 command. */
import { parentPort } from 'node:worker_threads';
import { preview1 } from './wasm-preview1.ts';
import type { WorkerMessage, WorkerTask } from './wasm-protocol.ts';
import { Exited } from './wasm-world.ts';
import type { webAssembly as Interface, WasmInstance, WasmMemory } from './webassembly.ts';

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: typeof Interface };

const tell = (message: WorkerMessage): void => parentPort!.postMessage(message);

export async function runModule(task: WorkerTask & { readonly kind: 'module' }): Promise<void> {
  let instance: WasmInstance | undefined;
  const memory = (): WasmMemory => instance!.exports.memory as WasmMemory;
  const grants = {
    args: task.args,
    environment: task.environment,
    folders: task.folders,
    output: (stream: 1 | 2, bytes: Uint8Array) => tell({ kind: 'output', stream, bytes }),
  };
  instance = await WebAssembly.instantiate(task.module, { wasi_snapshot_preview1: preview1(grants, memory) });
  const start = instance.exports._start;
  if (typeof start !== 'function') throw new Error('the module has no _start: it is no WASI command');
  tell({ kind: 'memory', bytes: memory()?.buffer.byteLength ?? 0 });
  try {
    start();
    tell({ kind: 'exit', exitCode: 0 });
  } catch (error) {
    if (!(error instanceof Exited)) throw error;
    tell({ kind: 'exit', exitCode: error.exitCode });
  }
}
