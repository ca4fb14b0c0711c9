/** One container in the wasm host. */
import { accessSync, constants, statSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import type { ContainerSpec } from '../model.ts';
import type { Programs } from './wasm-host-code.ts';
import { WasmServer } from './wasm-host-server.ts';
import type { WorkerPool } from './wasm-host-workers.ts';
import type { WasmStores } from './wasm-store.ts';
import type { WasmEvent, WasmExit, WasmPlace, WasmUse, WorkerMessage, WorkerTask } from './wasm-protocol.ts';

export interface HostContext {
  readonly programs: Programs;
  readonly pool: WorkerPool;
  readonly stores: WasmStores;
  readonly tell: (event: WasmEvent) => void;
}

const STATS_MS_MAX = 100;

/**
 * WASI preview 1 opens folders beforehand, never files, and one that cannot be opened fails the whole program: pods have
 * files of their own (/etc/hosts) and folders only root may read, which a module that does not ask for them can do without.
 */
function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

const keyOf = (task: WorkerTask): string => (task.kind === 'module' ? '' : task.code.key);

/** What a worker is told that has compiled the script already. */
function withoutSource(task: WorkerTask): WorkerTask {
  if (task.kind === 'module') return task;
  const { source: _source, ...code } = task.code;
  return { ...task, code };
}

export class HostContainer {
  readonly spec: ContainerSpec;
  readonly startedAt_ms = Date.now();
  readonly #context: HostContext;
  readonly #digest: string;
  readonly #place: WasmPlace;
  #worker: Worker | undefined;
  #server: WasmServer | undefined;
  #memory_bytes = 0;
  exit: WasmExit | undefined;

  constructor(context: HostContext, spec: ContainerSpec, digest: string, place: WasmPlace) {
    this.#context = context;
    this.spec = spec;
    this.#digest = digest;
    this.#place = place;
  }

  async start(): Promise<void> {
    const { rootfs } = this.spec;
    if (rootfs.kind !== 'wasm') throw new Error('not a Wasm image');
    const task = await this.#task(rootfs);
    if (rootfs.world === 'http') {
      const { address, port } = this.#place;
      this.#server = new WasmServer({
        address,
        port: port ?? 0,
        // Asked again at every cold start: the code cache may have come meanwhile.
        worker: async () => this.#employ(await this.#task(rootfs)),
        message: message => this.#hear(message),
        failed: (exitCode, message) => this.end(exitCode, message),
      });
      await this.#server.listen();
    } else {
      this.#worker = this.#employ(task);
      this.#worker.on('message', (message: WorkerMessage) => this.#hear(message));
    }
  }

  async #task(rootfs: ContainerSpec['rootfs'] & { readonly kind: 'wasm' }): Promise<WorkerTask> {
    const { spec } = this;
    const { programs } = this.#context;
    const limit = spec.resources.memory_bytes;
    const base = { args: spec.args.length > 0 ? spec.args : ['main.wasm'], environment: spec.environment };
    if (rootfs.component === undefined) {
      const mounts = spec.mounts.filter(mount => mount.kind === 'bind' && mayOpen(mount.source));
      const folders = mounts.map(({ target, source, readOnly }) => ({ name: target, path: source, readOnly }));
      return { ...base, kind: 'module', module: await programs.module(this.#digest, limit), folders };
    }
    const { script, cached, modules } = await programs.component(this.#digest, limit);
    const key = `${this.#digest}/${limit ?? ''}`;
    const source = { key, script, ...(cached ? { cached } : {}) };
    this.#context.pool.expect(source);
    const { outgoing, sockets } = this.#place;
    return {
      ...base,
      kind: rootfs.world === 'http' ? 'server' : 'command',
      code: { key, source, isCached: cached !== undefined, modules },
      outgoing,
      sockets,
    };
  }

  #employ(task: WorkerTask): Worker {
    const worker = this.#context.pool.take();
    worker.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? this.end(137, error.message) : this.end(134, error.message),
    );
    worker.on('exit', () => this.end(137, 'The worker ended'));
    worker.postMessage(this.#context.pool.isPrepared(worker, keyOf(task)) ? withoutSource(task) : task);
    return worker;
  }

  #hear(message: WorkerMessage): void {
    if (message.kind === 'output') {
      const data = Buffer.from(message.bytes).toString('base64');
      this.#context.tell({ event: 'output', id: this.spec.id, stream: message.stream, data });
    } else if (message.kind === 'exit') this.end(message.exitCode, message.message);
    else if (message.kind === 'memory') this.#memory_bytes = message.bytes;
    else if (message.kind === 'store') this.#context.stores.serve(this.spec.sandboxId, message.port);
    else if (message.kind === 'cache') void this.#keepCache(message.bytes);
  }

  /** Scripts compile faster with what V8 knows of one that ran. */
  async #keepCache(cached: Uint8Array): Promise<void> {
    const limit = this.spec.resources.memory_bytes;
    const component = await this.#context.programs.component(this.#digest, limit);
    component.cached ??= cached;
    const key = `${this.#digest}/${limit ?? ''}`;
    this.#context.pool.expect({ key, script: component.script, cached: component.cached });
  }

  end(exitCode: number, message?: string): void {
    if (this.exit) return;
    this.exit = { exitCode, at_ms: Date.now(), ...(message ? { message } : {}) };
    this.#server?.close(message ?? 'the container ended');
    this.#worker?.removeAllListeners();
    this.#worker?.on('error', () => {});
    void this.#worker?.terminate();
    this.#worker = undefined;
    this.#context.tell({ event: 'exit', id: this.spec.id, exit: this.exit });
  }

  /** Servers answer what they were asked first. */
  async stop(exitCode: number, grace_ms: number): Promise<void> {
    if (!this.exit) await this.#server?.drain(grace_ms);
    this.end(exitCode);
  }

  async use(): Promise<WasmUse | undefined> {
    if (this.exit) return undefined;
    const worker = this.#server ? this.#server.worker : this.#worker;
    const { id } = this.spec;
    if (!worker) return { id, cpu_ns: 0, memory_bytes: 0 };
    const late = new Promise<undefined>(resolve => setTimeout(resolve, STATS_MS_MAX, undefined).unref());
    const [heap, cpu] = await Promise.all([
      Promise.race([worker.getHeapStatistics().catch(() => undefined), late]),
      Promise.race([worker.cpuUsage().catch(() => undefined), late]),
    ]);
    const linear = this.#server?.memory_bytes ?? this.#memory_bytes;
    return {
      id,
      cpu_ns: cpu ? (cpu.user + cpu.system) * 1000 : 0,
      memory_bytes: (heap?.total_heap_size ?? 0) + linear,
    };
  }
}
