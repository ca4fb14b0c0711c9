/** One WASI preview 1 command. */
import { WASI } from 'node:wasi';
import { parentPort } from 'node:worker_threads';
import type { webAssembly as Interface, WasmInstance, WasmMemory } from './webassembly.ts';
import type { WorkerMessage, WorkerTask } from './wasm-protocol.ts';

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: typeof Interface };

const SUCCESS = 0;
const INVALID = 28;
const tell = (message: WorkerMessage): void => parentPort!.postMessage(message);

type Call = (...args: number[]) => number;

/** fd_write for standard output and error goes to the host as messages: the worker holds no descriptor of a log. */
function redirect(imports: Record<string, unknown>, memory: () => WasmMemory): void {
  const write = imports.fd_write as Call;
  imports.fd_write = ((fd, vectors, count, written) => {
    if (fd !== 1 && fd !== 2) return write(fd!, vectors!, count!, written!);
    const buffer = memory().buffer;
    const view = new DataView(buffer);
    const parts: Uint8Array[] = [];
    try {
      for (let index = 0; index < count!; index++) {
        const at = view.getUint32(vectors! + index * 8, true);
        parts.push(new Uint8Array(buffer, at, view.getUint32(vectors! + index * 8 + 4, true)));
      }
      const bytes = new Uint8Array(Buffer.concat(parts));
      view.setUint32(written!, bytes.length, true);
      if (bytes.length > 0) tell({ kind: 'output', stream: fd, bytes });
      return SUCCESS;
    } catch {
      return INVALID;
    }
  }) satisfies Call;
}

export async function runModule(task: WorkerTask & { readonly kind: 'module' }): Promise<void> {
  const wasi = new WASI({
    version: 'preview1',
    args: [...task.args],
    env: Object.fromEntries(task.environment),
    preopens: { ...task.folders },
    returnOnExit: true,
  });
  let instance: WasmInstance | undefined;
  const imports = wasi.getImportObject() as Record<string, Record<string, unknown>>;
  redirect(imports.wasi_snapshot_preview1!, () => instance!.exports.memory as WasmMemory);
  instance = await WebAssembly.instantiate(task.module, imports);
  tell({ kind: 'exit', exitCode: Number(wasi.start(instance) ?? 0) });
}
