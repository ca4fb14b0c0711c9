import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/index.ts';
import { computeFaults } from '../faults.ts';
import type {
  ContainerSpec,
  ContainerStats,
  ContainerStatus,
  Exit,
  Resources,
  RuntimeEvent,
  SandboxSpec,
  SandboxStatus,
} from '../model.ts';
import type { ContainerRuntime, ExecOptions, ProcessStreams, Subscription } from '../ports.ts';
import { ContainerLog } from './container-log.ts';
import { signalNumber } from './signals.ts';
import { placeOf, readProgram } from './wasm-program.ts';
import { findWasmHost, openWasmHost, type WasmHost, type WasmHostOptions } from './wasm-client.ts';
import type { WasmContainer, WasmExit } from './wasm-protocol.ts';

interface Record {
  readonly spec: ContainerSpec;
  readonly log: ContainerLog;
  readonly listeners: Set<{ data(stream: 1 | 2, bytes: Buffer): void; ended(exit: WasmExit): void }>;
  startedAt_ms: number | undefined;
  exit: (WasmExit & { readonly failed?: boolean }) | undefined;
}

export interface WasmRuntimeOptions {
  readonly clock: Clock;
  readonly folder: string;
  /** wasm-host-main, where a bundle has moved it. */
  readonly entry?: string;
  readonly logBytes_max?: number;
  readonly logFiles_max?: number;
}

/** Opens the `wasm` runtime. Its host process is started with the first container. */
export async function openWasmRuntime(options: WasmRuntimeOptions): Promise<WasmRuntime> {
  mkdirSync(join(options.folder, 'sandboxes'), { recursive: true, mode: 0o711 });
  const runtime = new WasmRuntime(options);
  await runtime.open();
  return runtime;
}

/** WebAssembly as containers: WASI preview 1 commands, WASI 0.2 commands and wasi:http servers. They share no kernel namespace: a sandbox is an address and a record. */
export class WasmRuntime implements ContainerRuntime {
  readonly handler = 'wasm';
  /** Programs hold no account at all. */
  readonly userNamespaces = true;
  readonly #options: WasmRuntimeOptions;
  readonly #sandboxes = new Map<string, { spec: SandboxSpec; stopped: boolean }>();
  readonly #containers = new Map<string, Record>();
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  #host: WasmHost | undefined;
  #connecting: Promise<WasmHost> | undefined;

  constructor(options: WasmRuntimeOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const folder = join(this.#options.folder, 'sandboxes');
    for (const name of readdirSync(folder)) {
      const saved = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { spec: SandboxSpec; stopped: boolean };
      this.#sandboxes.set(saved.spec.id, saved);
    }
    this.#host = await findWasmHost(this.#hostOptions());
    for (const known of (await this.#host?.list()) ?? []) this.#take(known);
  }

  #hostOptions(): WasmHostOptions {
    const { folder, entry } = this.#options;
    return {
      folder,
      ...(entry === undefined ? {} : { entry }),
      output: (id, stream, bytes) => this.#output(id, stream, bytes),
      exited: (id, exit) => this.#exited(id, exit),
      lost: () => this.#lost(),
    };
  }

  /** The running host, or a new one; starts that come together share it. */
  #connected(): Promise<WasmHost> {
    if (this.#host?.alive) return Promise.resolve(this.#host);
    this.#connecting ??= openWasmHost(this.#hostOptions())
      .then(host => {
        this.#host = host;
        return host;
      })
      .finally(() => {
        this.#connecting = undefined;
      });
    return this.#connecting;
  }

  #take({ spec, startedAt_ms, exit }: WasmContainer): void {
    const record = this.#containers.get(spec.id) ?? this.#record(spec);
    record.startedAt_ms = startedAt_ms;
    if (exit) record.exit ??= exit;
  }

  /** The host died: every container with it, but not us. The next start brings up another. */
  #lost(): void {
    const at_ms = this.#options.clock.now();
    for (const record of this.#containers.values())
      if (record.startedAt_ms !== undefined && !record.exit)
        this.#exited(record.spec.id, { exitCode: 137, at_ms, message: 'The wasm host ended' });
  }

  #record(spec: ContainerSpec): Record {
    const { logBytes_max = 10 * 1024 * 1024, logFiles_max = 5 } = this.#options;
    const log = new ContainerLog(spec.logPath, logBytes_max, logFiles_max);
    const record: Record = { spec, log, listeners: new Set(), startedAt_ms: undefined, exit: undefined };
    this.#containers.set(spec.id, record);
    return record;
  }

  #output(id: string, stream: 1 | 2, bytes: Buffer): void {
    const record = this.#containers.get(id);
    record?.log.write(stream, bytes);
    for (const listener of record?.listeners ?? []) listener.data(stream, bytes);
  }

  #exited(id: string, exit: WasmExit): void {
    const record = this.#containers.get(id);
    if (!record || record.exit) return;
    record.exit = exit;
    record.log.flush();
    for (const listener of record.listeners) listener.ended(exit);
    this.#emit('exited', record);
  }

  #emit(kind: RuntimeEvent['kind'], { spec }: Record): void {
    const event = { kind, sandboxId: spec.sandboxId, containerId: spec.id, at_ms: this.#options.clock.now() };
    for (const listener of this.#listeners) listener(event);
  }

  check(): Promise<{ readonly version: string }> {
    return Promise.resolve({ version: `node ${process.version}` });
  }

  #save(spec: SandboxSpec, stopped: boolean): void {
    writeFileSync(join(this.#options.folder, 'sandboxes', `${spec.id}.json`), JSON.stringify({ spec, stopped }), {
      mode: 0o600,
    });
    this.#sandboxes.set(spec.id, { spec, stopped });
  }

  runSandbox(spec: SandboxSpec): Promise<void> {
    if (!this.#sandboxes.has(spec.id)) this.#save(spec, false);
    return Promise.resolve();
  }

  #inside(id: string): Record[] {
    return [...this.#containers.values()].filter(({ spec }) => spec.sandboxId === id);
  }

  async stopSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return;
    for (const { spec } of this.#inside(id)) await this.stopContainer(spec.id, 0);
    this.#save(sandbox.spec, true);
  }

  async removeSandbox(id: string): Promise<void> {
    await this.stopSandbox(id);
    for (const { spec } of this.#inside(id)) await this.removeContainer(spec.id);
    rmSync(join(this.#options.folder, 'sandboxes', `${id}.json`), { force: true });
    this.#sandboxes.delete(id);
  }

  createContainer(spec: ContainerSpec): Promise<void> {
    if (!this.#sandboxes.has(spec.sandboxId))
      return Promise.reject(computeFaults.error('sandbox-unknown', { id: spec.sandboxId }));
    if (spec.rootfs.kind !== 'wasm')
      return Promise.reject(
        computeFaults.error('image-kind', { image: spec.image, found: 'an OCI root file system', handler: 'wasm' }),
      );
    if (spec.devices.length > 0)
      return Promise.reject(
        computeFaults.error('runtime-failed', { handler: 'wasm', detail: `no device ${spec.devices[0]!.target}` }),
      );
    if (spec.hooks) return Promise.reject(computeFaults.error('hooks-unsupported', { handler: 'wasm' }));
    if (!this.#containers.has(spec.id)) this.#record(spec);
    return Promise.resolve();
  }

  async startContainer(id: string): Promise<void> {
    const record = this.#get(id);
    if (record.startedAt_ms !== undefined || record.exit || record.spec.rootfs.kind !== 'wasm') return;
    try {
      const host = await this.#connected();
      const { rootfs, imageId } = record.spec;
      await host.provide(imageId, () => readProgram(rootfs));
      const place = placeOf(record.spec, this.#sandboxes.get(record.spec.sandboxId)?.spec);
      const { startedAt_ms } = await host.start(record.spec, imageId, place);
      record.startedAt_ms = startedAt_ms;
      this.#emit('started', record);
    } catch (error) {
      const message = (error as Error).message;
      record.exit = { exitCode: 128, at_ms: this.#options.clock.now(), message, failed: true };
      throw computeFaults.error('runtime-failed', { handler: 'wasm', detail: message });
    }
  }

  /**
   * WASI has no signals: a stop ends a command at once, and a server when it has answered, with the code a signal's
   * default action would give.
   */
  async stopContainer(id: string, timeout_ms: number): Promise<void> {
    const record = this.#containers.get(id);
    if (!record || record.exit || record.startedAt_ms === undefined) return;
    const exitCode = 128 + (timeout_ms > 0 ? signalNumber(record.spec.stopSignal) : 9);
    await this.#host?.kill(id, exitCode, timeout_ms);
    this.#exited(id, { exitCode, at_ms: this.#options.clock.now() });
  }

  async removeContainer(id: string): Promise<void> {
    const record = this.#containers.get(id);
    if (!record) return;
    await this.stopContainer(id, 0);
    if (this.#host?.alive) await this.#host.forget(id);
    record.log.close();
    this.#containers.delete(id);
    this.#emit('removed', record);
  }

  updateResources(_id: string, _resources: Resources): Promise<void> {
    return Promise.resolve();
  }

  #get(id: string): Record {
    const record = this.#containers.get(id);
    if (!record) throw computeFaults.error('container-unknown', { id });
    return record;
  }

  // eslint-disable-next-line require-await
  async status(id: string): Promise<ContainerStatus> {
    return this.#status(this.#get(id));
  }

  #status({ spec, startedAt_ms, exit }: Record): ContainerStatus {
    const failed = exit?.failed === true;
    const reason = failed ? 'StartError' : exit?.exitCode === 0 ? 'Completed' : 'Error';
    return {
      spec,
      handler: this.handler,
      state: exit ? 'exited' : startedAt_ms === undefined ? 'created' : 'running',
      ...(startedAt_ms === undefined ? {} : { startedAt_ms }),
      ...(exit ? { finishedAt_ms: exit.at_ms, exitCode: exit.exitCode, reason } : {}),
      ...(exit?.message === undefined ? {} : { message: exit.message }),
    };
  }

  listSandboxes(): Promise<readonly SandboxStatus[]> {
    const of = ({ spec, stopped }: { spec: SandboxSpec; stopped: boolean }): SandboxStatus => ({
      spec,
      handler: this.handler,
      state: stopped ? 'notready' : 'ready',
    });
    return Promise.resolve([...this.#sandboxes.values()].map(of));
  }

  listContainers(): Promise<readonly ContainerStatus[]> {
    return Promise.resolve([...this.#containers.values()].map(record => this.#status(record)));
  }

  exec(id: string, _options: ExecOptions, _streams: ProcessStreams): Promise<Exit> {
    return Promise.reject(
      computeFaults.error('runtime-failed', {
        handler: 'wasm',
        detail: `container "${id}" is a WebAssembly module: no command can be run in it`,
      }),
    );
  }

  attach(id: string, streams: ProcessStreams): Promise<Exit> {
    const record = this.#get(id);
    if (record.exit) return Promise.reject(computeFaults.error('container-not-running', { id }));
    return new Promise(resolve => {
      const listener = {
        data: (stream: 1 | 2, bytes: Buffer) => void (stream === 1 ? streams.stdout : streams.stderr)?.write(bytes),
        ended: ({ exitCode }: WasmExit) => {
          record.listeners.delete(listener);
          resolve({ exitCode });
        },
      };
      record.listeners.add(listener);
      streams.signal.addEventListener('abort', () => listener.ended({ exitCode: 0, at_ms: 0 }), { once: true });
    });
  }

  async stats(): Promise<readonly ContainerStats[]> {
    if (!this.#host?.alive) return [];
    const at_ms = this.#options.clock.now();
    return (await this.#host.stats()).map(({ id, cpu_ns, memory_bytes }) => ({
      id,
      at_ms,
      cpu_ns,
      memory_bytes,
      workingSet_bytes: memory_bytes,
      rss_bytes: memory_bytes,
      pids: 1,
    }));
  }

  reopenLog(id: string): Promise<void> {
    this.#containers.get(id)?.log.reopen();
    return Promise.resolve();
  }

  subscribe(deliver: (event: RuntimeEvent) => void): Subscription {
    this.#listeners.add(deliver);
    return { close: () => void this.#listeners.delete(deliver) };
  }

  /** Lets go of the host, which runs on. */
  dispose(): void {
    this.#host?.close();
    for (const { log } of this.#containers.values()) log.close();
  }

  /** Ends the host process. */
  async shutdown(): Promise<void> {
    await this.#host?.shutdown();
  }
}
