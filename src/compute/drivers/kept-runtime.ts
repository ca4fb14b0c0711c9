import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, FaultError } from '../../base/index.ts';
import { computeFaults } from '../faults.ts';
import type {
  Account,
  ContainerSpec,
  ContainerStats,
  ContainerStatus,
  Exit,
  Resources,
  RuntimeEvent,
  SandboxSpec,
  SandboxStatus,
} from '../model.ts';
import { dialHost } from './dial-host.ts';
import type { ByteDuplex, ContainerRuntime, ExecOptions, ProcessStreams, Subscription } from '../ports.ts';
import type { Cgroups } from './cgroup.ts';
import type { Keeper } from './keeper-client.ts';
import type { KeptContainer, KeptExit, LaunchRequest } from './keeper-protocol.ts';
import type { Launch, Launcher, RunningContainer, SandboxRecord } from './launcher.ts';
import type { ProcessEvents } from '../process-events.ts';
import { SharedEvents } from './shared-events.ts';
import { signalName, signalNumber } from './signals.ts';
import { within } from './within.ts';

const KILL_WAIT_MS_MAX = 10_000;

/** `held`: the pod has a process of its own, without which nothing can be started in it. */
interface SavedSandbox {
  readonly spec: SandboxSpec;
  readonly held?: boolean;
  readonly stopped: boolean;
}

interface ContainerRecord {
  readonly spec: ContainerSpec;
  kept: KeptContainer | undefined;
  exit: ContainerExit | undefined;
  /** Resolved when the process is gone. */
  readonly gone: { promise: Promise<void>; resolve(): void };
  resources: Resources;
}

interface ContainerExit {
  readonly exitCode: number;
  readonly at_ms: number;
  readonly reason: 'Completed' | 'Error' | 'OOMKilled' | 'StartError';
  readonly message?: string;
}

export interface KeptRuntimeOptions {
  readonly keeper: Keeper;
  readonly cgroups: Cgroups;
  readonly clock: Clock;
  /** `<state>/<handler>`. */
  readonly folder: string;
  readonly launcher: Launcher;
  readonly logBytes_max?: number;
  readonly logFiles_max?: number;
}

/** Whose the standard streams are, by accounts of the machine. */
const ownerOf = ({ uid, gid }: Account, { users }: SandboxSpec): { uid: number; gid: number } => ({
  uid: uid + (users?.start ?? 0),
  gid: gid + (users?.start ?? 0),
});

const gate = (): { promise: Promise<void>; resolve(): void } => Promise.withResolvers<void>();

/** A ContainerRuntime over the keeper: bookkeeping, cgroups, stop and exec are the same for every OCI-like runtime. */
export class KeptRuntime implements ContainerRuntime {
  readonly handler: string;
  readonly checkpoint?: NonNullable<ContainerRuntime['checkpoint']>;
  readonly processEvents?: ProcessEvents;
  readonly restores: boolean;
  readonly userNamespaces: boolean;
  readonly dial?: (sandboxId: string, port: number, signal: AbortSignal) => Promise<ByteDuplex>;
  readonly #options: KeptRuntimeOptions;
  readonly #sandboxes = new Map<string, SandboxRecord>();
  readonly #containers = new Map<string, ContainerRecord>();
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  readonly #subscription: Subscription;

  private constructor(options: KeptRuntimeOptions) {
    this.#options = options;
    this.handler = options.launcher.handler;
    const { checkpoint } = options.launcher;
    if (checkpoint) this.checkpoint = (id, into, timeout_ms) => this.#checkpoint(id, into, timeout_ms);
    const { launcher } = options;
    this.restores = launcher.restores ?? false;
    this.userNamespaces = launcher.userNamespaces ?? false;
    if (launcher.trace)
      this.processEvents = new SharedEvents(deliver => launcher.trace!(() => this.#runningNow(), deliver));
    if (options.launcher.ownNetwork) this.dial = (id, port, signal) => this.#dial(id, port, signal);
    this.#subscription = options.keeper.onExit((id, exit) => this.#onExit(id, exit));
  }

  /** Opens the folder and takes up what runs. */
  static async open(options: KeptRuntimeOptions): Promise<KeptRuntime> {
    const runtime = new KeptRuntime(options);
    const kept = new Map((await options.keeper.list()).map(container => [container.id, container]));
    for (const { spec, held, stopped } of runtime.#saved<SavedSandbox>('sandboxes')) {
      const alive = kept.get(`s-${spec.id}`);
      const pid = alive && !alive.exit ? alive.pid : 0;
      // A keeper that was killed while it started the pod's own process knows nothing of it.
      const gone =
        (pid === 0 && (held === true || alive !== undefined)) || kept.get(`k-${spec.id}`)?.exit !== undefined;
      runtime.#sandboxes.set(spec.id, { spec, pid, stopped: stopped || gone });
    }
    for (const saved of runtime.#saved<{ spec: ContainerSpec; exit?: ContainerExit }>('containers')) {
      const alive = kept.get(`c-${saved.spec.id}`);
      const record = runtime.#record(saved.spec);
      record.kept = alive;
      record.exit = saved.exit;
      if (!record.exit && alive?.exit) await runtime.#finish(record, alive.exit);
      else if (record.exit) record.gone.resolve();
    }
    return runtime;
  }

  #runningNow(): RunningContainer[] {
    return [...this.#containers.values()].flatMap(({ spec: { id, sandboxId }, kept, exit }) => {
      const sandbox = this.#sandboxes.get(sandboxId);
      if (!kept?.pid || exit || !sandbox) return [];
      return [{ id, kernelId: this.#options.launcher.kernelOf?.(sandbox.spec) ?? id }];
    });
  }

  dispose(): void {
    this.#subscription.close();
  }

  check(): Promise<{ readonly version: string }> {
    return this.#options.launcher.check();
  }

  #saved<T>(kind: string): T[] {
    const folder = join(this.#options.folder, kind);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    return readdirSync(folder).flatMap(id => {
      try {
        const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, id, name), 'utf8'));
        const has = (name: string): boolean => existsSync(join(folder, id, name));
        const record = read('record.json') as object;
        return [
          { ...record, stopped: has('stopped.json'), ...(has('exit.json') ? { exit: read('exit.json') } : {}) } as T,
        ];
      } catch {
        rmSync(join(folder, id), { recursive: true, force: true });
        return [];
      }
    });
  }

  #folder(kind: 'sandboxes' | 'containers', id: string): string {
    return join(this.#options.folder, kind, id);
  }

  /** Files are written once and never replaced: a rename over an old one makes ext4 flush the new one's data. */
  #save(kind: 'sandboxes' | 'containers', id: string, value: unknown, name = 'record.json'): void {
    const folder = this.#folder(kind, id);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    const path = join(folder, name);
    writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  #record(spec: ContainerSpec): ContainerRecord {
    const record = { spec, kept: undefined, exit: undefined, gone: gate(), resources: spec.resources };
    this.#containers.set(spec.id, record);
    return record;
  }

  #cgroupOf(spec: ContainerSpec): string {
    const sandbox = this.#sandboxes.get(spec.sandboxId);
    return `${sandbox?.spec.cgroup ?? 'pods/unknown'}/${spec.id}`;
  }

  async runSandbox(spec: SandboxSpec): Promise<void> {
    if (this.#sandboxes.has(spec.id)) return;
    const record: SandboxRecord = { spec, pid: 0, stopped: false };
    const folder = this.#folder('sandboxes', spec.id);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    const launch = await this.#options.launcher.sandbox(spec, folder);
    this.#save('sandboxes', spec.id, { spec, held: launch !== undefined });
    // Known before it runs: its end can overtake the answer to launch.
    this.#sandboxes.set(spec.id, record);
    if (!launch) return;
    try {
      const kept = await this.#launch(`s-${spec.id}`, launch, { stdin: false, stdinOnce: false });
      if (!record.stopped) record.pid = kept.pid;
      await this.#options.launcher.begun?.(record, folder);
    } catch (error) {
      await this.#options.keeper.kill(`s-${spec.id}`, 9).catch(() => false);
      for (const kind of ['s', 'k']) await this.#options.keeper.forget(`${kind}-${spec.id}`).catch(() => {});
      await this.#options.cgroups.remove(spec.cgroup);
      this.#sandboxes.delete(spec.id);
      throw error;
    }
  }

  async #launch(
    id: string,
    launch: Launch,
    streams: Pick<LaunchRequest, 'stdin' | 'stdinOnce' | 'log' | 'owner'>,
  ): Promise<KeptContainer> {
    let kept: KeptContainer;
    try {
      kept = await this.#options.keeper.launch({ id, ...launch.request, ...streams });
    } catch (error) {
      if (error instanceof FaultError) throw error;
      const detail = launch.failure() ?? launch.words?.() ?? (error as Error).message;
      if (detail.startsWith('unshare the user namespace')) throw computeFaults.error('namespaces-refused', { detail });
      throw computeFaults.error('runtime-failed', { handler: this.handler, detail });
    }
    const failure = launch.failure();
    if (failure === undefined) return kept;
    await this.#options.keeper.forget(id);
    throw computeFaults.error('runtime-failed', { handler: this.handler, detail: failure });
  }

  async stopSandbox(id: string): Promise<void> {
    const record = this.#sandboxes.get(id);
    if (!record) return;
    const inside = [...this.#containers.values()].filter(({ spec }) => spec.sandboxId === id);
    await Promise.all(inside.map(({ spec }) => this.stopContainer(spec.id, 0)));
    await this.#options.launcher.over?.(record.spec);
    if (record.pid !== 0) await this.#options.keeper.kill(`s-${id}`, 9);
    record.stopped = true;
    this.#save('sandboxes', id, true, 'stopped.json');
  }

  async removeSandbox(id: string): Promise<void> {
    const record = this.#sandboxes.get(id);
    if (!record) return;
    await this.stopSandbox(id);
    const inside = [...this.#containers.values()].filter(({ spec }) => spec.sandboxId === id);
    await Promise.all(inside.map(({ spec }) => this.removeContainer(spec.id)));
    for (const kind of ['s', 'k']) await this.#options.keeper.forget(`${kind}-${id}`);
    await this.#options.cgroups.remove(record.spec.cgroup);
    await rm(this.#folder('sandboxes', id), { recursive: true, force: true });
    this.#sandboxes.delete(id);
  }

  createContainer(spec: ContainerSpec): Promise<void> {
    if (!this.#sandboxes.has(spec.sandboxId))
      return Promise.reject(computeFaults.error('sandbox-unknown', { id: spec.sandboxId }));
    if (this.#containers.has(spec.id)) return Promise.resolve();
    if (spec.rootfs.kind === 'wasm')
      return Promise.reject(
        computeFaults.error('image-kind', { image: spec.image, found: 'wasm', handler: this.handler }),
      );
    this.#save('containers', spec.id, { spec });
    this.#record(spec);
    return Promise.resolve();
  }

  async startContainer(id: string): Promise<void> {
    const record = this.#get(id);
    if (record.kept || record.exit) return;
    const { spec } = record;
    const sandbox = this.#sandboxes.get(spec.sandboxId);
    if (!sandbox || sandbox.stopped) throw computeFaults.error('sandbox-unknown', { id: spec.sandboxId });
    const folder = this.#folder('containers', id);
    try {
      const targetPid = spec.pidTarget === undefined ? undefined : this.#running(spec.pidTarget).pid;
      const asked = { ...spec, resources: record.resources };
      const launch = await this.#options.launcher.container(asked, sandbox, folder, targetPid);
      const kept = await this.#launch(`c-${id}`, launch, {
        stdin: spec.stdin,
        stdinOnce: spec.stdinOnce,
        log: {
          path: spec.logPath,
          bytes_max: this.#options.logBytes_max ?? 10 * 1024 * 1024,
          files_max: this.#options.logFiles_max ?? 5,
        },
        ...(process.getuid?.() === 0 ? { owner: ownerOf(spec.account, sandbox.spec) } : {}),
      });
      const early = record.kept as KeptContainer | undefined;
      record.kept = early ? { ...kept, ...(early.exit ? { exit: early.exit } : {}) } : kept;
      this.#deliver('started', record);
      if (record.kept.exit) await this.#finish(record, record.kept.exit);
    } catch (error) {
      await this.#failed(record, error as Error);
      throw error;
    }
  }

  async #failed(record: ContainerRecord, error: Error): Promise<void> {
    const { spec } = record;
    const at_ms = this.#options.clock.now();
    record.exit = { exitCode: 128, at_ms, reason: 'StartError', message: error.message };
    this.#save('containers', spec.id, record.exit, 'exit.json');
    record.gone.resolve();
    await this.#options.launcher.release(spec, this.#folder('containers', spec.id)).catch(() => {});
  }

  #onExit(id: string, exit: KeptExit): void {
    const bare = id.slice(2);
    // Its own process, or the kernel its containers run on.
    if (id.startsWith('s-') || id.startsWith('k-')) {
      const sandbox = this.#sandboxes.get(bare);
      if (!sandbox) return;
      if (id.startsWith('s-')) sandbox.pid = 0;
      if (!sandbox.stopped) {
        sandbox.stopped = true;
        this.#emit({ kind: 'exited', sandboxId: bare, containerId: '', at_ms: exit.at_ms });
      }
      return;
    }
    const record = this.#containers.get(bare);
    if (!record || record.exit) return;
    if (record.kept?.pid) void this.#finish(record, exit);
    // The end overtook the answer to launch: startContainer takes it from here.
    else record.kept = { id, pid: 0, ticks: 0, startedAt_ms: exit.at_ms, exit };
  }

  async #finish(record: ContainerRecord, exit: KeptExit): Promise<void> {
    if (record.exit) return;
    const { spec } = record;
    const cgroup = this.#cgroupOf(spec);
    const oom = this.#options.cgroups.oomKills(cgroup) > 0 && exit.exitCode !== 0;
    record.exit = {
      exitCode: exit.exitCode,
      at_ms: exit.at_ms,
      reason: oom ? 'OOMKilled' : exit.exitCode === 0 ? 'Completed' : 'Error',
      ...(exit.lost ? { message: 'Nobody saw how this container ended: its keeper had been killed' } : {}),
    };
    this.#options.cgroups.kill(cgroup);
    this.#save('containers', spec.id, record.exit, 'exit.json');
    record.gone.resolve();
    this.#deliver('exited', record);
    await this.#options.launcher.release(spec, this.#folder('containers', spec.id)).catch(() => {});
  }

  #deliver(kind: RuntimeEvent['kind'], { spec }: ContainerRecord): void {
    this.#emit({ kind, sandboxId: spec.sandboxId, containerId: spec.id, at_ms: this.#options.clock.now() });
  }

  #emit(event: RuntimeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async stopContainer(id: string, timeout_ms: number): Promise<void> {
    const record = this.#containers.get(id);
    if (!record?.kept || record.exit) return;
    const { clock, keeper } = this.#options;
    if (timeout_ms > 0) {
      const signal = signalNumber(record.spec.stopSignal);
      if (!(await this.#options.launcher.signal?.(record.spec, signal))) await keeper.kill(`c-${id}`, signal);
      if (await within(clock, record.gone.promise, timeout_ms)) return;
    }
    await keeper.kill(`c-${id}`, 9);
    if (await within(clock, record.gone.promise, KILL_WAIT_MS_MAX)) return;
    throw computeFaults.error('runtime-timeout', { handler: this.handler, verb: 'stop', limit: KILL_WAIT_MS_MAX });
  }

  async removeContainer(id: string): Promise<void> {
    const record = this.#containers.get(id);
    if (!record) return;
    await this.stopContainer(id, 0);
    await this.#options.launcher.release(record.spec, this.#folder('containers', id)).catch(() => {});
    await this.#options.keeper.forget(`c-${id}`);
    await this.#options.cgroups.remove(this.#cgroupOf(record.spec));
    await rm(this.#folder('containers', id), { recursive: true, force: true });
    this.#containers.delete(id);
    this.#deliver('removed', record);
  }

  async updateResources(id: string, resources: Resources): Promise<void> {
    const record = this.#get(id);
    record.resources = { ...record.resources, ...resources };
    this.#options.cgroups.update(this.#cgroupOf(record.spec), resources);
    await this.#options.launcher.update?.(record.spec, resources, this.#folder('containers', id));
  }

  #get(id: string): ContainerRecord {
    const record = this.#containers.get(id);
    if (!record) throw computeFaults.error('container-unknown', { id });
    return record;
  }

  status(id: string): Promise<ContainerStatus> {
    try {
      return Promise.resolve(this.#status(this.#get(id)));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  #status({ spec, kept, exit }: ContainerRecord): ContainerStatus {
    return {
      spec,
      handler: this.handler,
      state: exit ? 'exited' : kept ? 'running' : 'created',
      ...(kept ? { pid: kept.pid, startedAt_ms: kept.startedAt_ms } : {}),
      ...(exit ? { finishedAt_ms: exit.at_ms, exitCode: exit.exitCode, reason: exit.reason } : {}),
      ...(exit?.message === undefined ? {} : { message: exit.message }),
    };
  }

  listSandboxes(): Promise<readonly SandboxStatus[]> {
    return Promise.resolve(
      [...this.#sandboxes.values()].map(({ spec, stopped }) => ({
        spec,
        handler: this.handler,
        state: stopped ? ('notready' as const) : ('ready' as const),
      })),
    );
  }

  listContainers(): Promise<readonly ContainerStatus[]> {
    return Promise.resolve([...this.#containers.values()].map(record => this.#status(record)));
  }

  #running(id: string): { record: ContainerRecord; pid: number } {
    const record = this.#get(id);
    if (!record.kept?.pid || record.exit) throw computeFaults.error('container-not-running', { id });
    return { record, pid: record.kept.pid };
  }

  async exec(id: string, options: ExecOptions, streams: ProcessStreams): Promise<Exit> {
    const { record, pid } = this.#running(id);
    const sandbox = this.#sandboxes.get(record.spec.sandboxId);
    if (!sandbox) throw computeFaults.error('sandbox-unknown', { id: record.spec.sandboxId });
    const { run, failure, abandon } = await this.#options.launcher.exec(
      record.spec,
      sandbox.spec,
      pid,
      options,
      this.#folder('containers', id),
    );
    const timeout = options.timeout_ms === undefined ? {} : { timeout_ms: options.timeout_ms };
    const exit = await this.#options.keeper.run(
      { ...run, ...timeout, stdin: streams.stdin !== undefined, terminal: options.tty },
      streams,
    );
    if (exit.timedOut || streams.signal.aborted) await abandon?.();
    const words = failure();
    if (words !== undefined) throw computeFaults.error('runtime-failed', { handler: this.handler, detail: words });
    return exit.timedOut
      ? { exitCode: 124 }
      : { exitCode: exit.exitCode, ...(exit.signal ? { signal: exit.signal } : {}) };
  }

  async attach(id: string, streams: ProcessStreams): Promise<Exit> {
    const { record } = this.#running(id);
    const exit = await this.#options.keeper.attach(
      { id: `c-${id}`, stdin: streams.stdin !== undefined && record.spec.stdin },
      streams,
    );
    return exit.signal === undefined && exit.exitCode > 128
      ? { ...exit, signal: signalName(exit.exitCode - 128) }
      : exit;
  }

  stats(): Promise<readonly ContainerStats[]> {
    const at_ms = this.#options.clock.now();
    return Promise.resolve(
      [...this.#containers.values()].flatMap(record => {
        const sandbox = this.#sandboxes.get(record.spec.sandboxId);
        if (!record.kept || record.exit) return [];
        if (sandbox && this.#options.launcher.kernelOf?.(sandbox.spec)) return [];
        const usage = this.#options.cgroups.usage(this.#cgroupOf(record.spec));
        return usage ? [{ id: record.spec.id, at_ms, ...usage }] : [];
      }),
    );
  }

  async #checkpoint(id: string, into: string, timeout_ms: number): Promise<void> {
    const { spec } = this.#running(id).record;
    const sandbox = this.#sandboxes.get(spec.sandboxId);
    if (sandbox && this.#options.launcher.kernelOf?.(sandbox.spec))
      throw computeFaults.error('kernel-shared', { id, handler: this.handler });
    await this.#options.launcher.checkpoint?.(spec, this.#folder('containers', id), into, timeout_ms);
  }

  #dial(id: string, port: number, signal: AbortSignal): Promise<ByteDuplex> {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return Promise.reject(computeFaults.error('sandbox-unknown', { id }));
    return dialHost(sandbox.spec.address ?? '127.0.0.1', port, signal);
  }

  async reopenLog(id: string): Promise<void> {
    await this.#options.keeper.reopenLog(`c-${id}`);
  }

  subscribe(deliver: (event: RuntimeEvent) => void): Subscription {
    this.#listeners.add(deliver);
    return { close: () => void this.#listeners.delete(deliver) };
  }
}
