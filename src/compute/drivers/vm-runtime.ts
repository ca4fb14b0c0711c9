import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/index.ts';
import { FaultError } from '../../base/index.ts';
import { machineShape } from '../dialects/microvm/machine.ts';
import { lowerGroup, lowerGuestSandbox, lowerUpdate } from '../dialects/microvm/programs.ts';
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
import type { ByteDuplex, ContainerRuntime, ExecOptions, ProcessStreams, Subscription } from '../ports.ts';
import { signalNumber } from './signals.ts';
import type { GuestLink } from './vm-agent.ts';
import { type ContainerEnd, VmContainer, type VmContainerOptions } from './vm-container.ts';
import { failureText, finish, Machines, type MachinesOptions, type MachineTimes } from './vm-machines.ts';
import { attachGuest, dialGuest, execGuest } from './vm-streams.ts';
import { readStatistics } from './vm-statistics.ts';

const KILL_WAIT_MS_MAX = 10_000;

export interface VmRuntimeOptions extends MachinesOptions, Pick<VmContainerOptions, 'logBytes_max' | 'logFiles_max'> {
  readonly clock: Clock;
  readonly measured?: (times: MachineTimes & { readonly sandboxId: string }) => void;
}

interface Sandbox {
  readonly spec: SandboxSpec;
  link: GuestLink | undefined;
  machinePid: number;
  /** The process of the guest that holds the pod's namespaces. */
  holderPid: number;
  stopped: boolean;
}

/** Pods in virtual machines: the machine is the keeper's child and outlives us; containers are processes of its guest. */
export class VmRuntime implements ContainerRuntime {
  readonly handler = 'microvm';
  /** Its accounts are those of another kernel. */
  readonly userNamespaces = true;
  readonly #options: VmRuntimeOptions;
  readonly #machines: Machines;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #containers = new Map<string, VmContainer>();
  readonly #listeners = new Set<(event: RuntimeEvent) => void>();
  readonly #subscription: Subscription;

  private constructor(options: VmRuntimeOptions) {
    this.#options = options;
    this.#machines = new Machines(options);
    this.#subscription = options.keeper.onExit(id => {
      if (id.startsWith('s-')) this.#machineEnded(id.slice(2));
    });
  }

  /** Opens the folder and takes up machines that run. */
  static async open(options: VmRuntimeOptions): Promise<VmRuntime> {
    const runtime = new VmRuntime(options);
    const kept = new Map((await options.keeper.list()).map(container => [container.id, container]));
    for (const { spec, holderPid } of runtime.#saved<{ spec: SandboxSpec; holderPid: number }>('sandboxes')) {
      const alive = kept.get(`s-${spec.id}`);
      const machinePid = alive && !alive.exit ? alive.pid : 0;
      const link = machinePid === 0 ? undefined : await runtime.#machines.adopt(spec.id).catch(() => undefined);
      runtime.#sandboxes.set(spec.id, { spec, link, machinePid, holderPid, stopped: link === undefined });
    }
    type Saved = { spec: ContainerSpec; guestId?: number; startedAt_ms?: number; exit?: ContainerEnd };
    for (const { spec, guestId, startedAt_ms, exit } of runtime.#saved<Saved>('containers')) {
      const container = runtime.#container(spec);
      if (exit) container.resume(exit);
      else if (guestId !== undefined)
        await container.adopt(runtime.#sandboxes.get(spec.sandboxId)?.link, guestId, startedAt_ms ?? 0);
    }
    return runtime;
  }

  #folder(kind: string, id: string): string {
    return join(this.#options.folder, kind, id);
  }

  #saved<T>(kind: string): T[] {
    const folder = join(this.#options.folder, kind);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    return readdirSync(folder).flatMap(id => {
      const parts = ['record', 'started', 'exit'].map(name => join(folder, id, `${name}.json`));
      try {
        return [
          Object.assign({}, ...parts.filter(existsSync).map(path => JSON.parse(readFileSync(path, 'utf8')))) as T,
        ];
      } catch {
        rmSync(join(folder, id), { recursive: true, force: true });
        return [];
      }
    });
  }

  #save(kind: string, id: string, name: string, value: unknown): void {
    const folder = this.#folder(kind, id);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    const path = join(folder, `${name}.json`);
    writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  #container(spec: ContainerSpec): VmContainer {
    const { keeper, stage, clock, logBytes_max, logFiles_max } = this.#options;
    const container = new VmContainer(spec, {
      keeper,
      stage,
      clock,
      folder: this.#folder('containers', spec.id),
      shared: join(this.#folder('sandboxes', spec.sandboxId), 'share', spec.id),
      ...(logBytes_max === undefined ? {} : { logBytes_max }),
      ...(logFiles_max === undefined ? {} : { logFiles_max }),
      started: (guestId, startedAt_ms) => {
        this.#save('containers', spec.id, 'started', { guestId, startedAt_ms });
        this.#emit('started', spec);
      },
      ended: exit => {
        this.#save('containers', spec.id, 'exit', { exit });
        this.#emit('exited', spec);
      },
    });
    this.#containers.set(spec.id, container);
    return container;
  }

  #emit(kind: RuntimeEvent['kind'], spec: { readonly sandboxId: string; readonly id: string }): void {
    const event = { kind, sandboxId: spec.sandboxId, containerId: spec.id, at_ms: this.#options.clock.now() };
    for (const listener of this.#listeners) listener(event);
  }

  #machineEnded(id: string): void {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return;
    sandbox.link?.close();
    sandbox.link = undefined;
    sandbox.machinePid = 0;
    for (const container of this.#inside(id)) container.machineEnded();
    if (sandbox.stopped) return;
    sandbox.stopped = true;
    this.#emit('exited', { sandboxId: id, id: '' });
  }

  #inside(id: string): VmContainer[] {
    return [...this.#containers.values()].filter(({ spec }) => spec.sandboxId === id);
  }

  async check(): Promise<{ readonly version: string }> {
    const { release } = await this.#machines.image();
    return { version: `${await this.#machines.version()}, kernel ${release}` };
  }

  async runSandbox(spec: SandboxSpec): Promise<void> {
    if (this.#sandboxes.has(spec.id)) return;
    const asked = spec.hostNetwork ? 'hostNetwork' : spec.hostPid ? 'hostPID' : spec.hostIpc ? 'hostIPC' : undefined;
    if (asked)
      throw computeFaults.error('runtime-failed', {
        handler: this.handler,
        detail: `${asked}: a pod in a virtual machine cannot share the namespaces of the node`,
      });
    const folder = this.#folder('sandboxes', spec.id);
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    const shape = machineShape(spec.annotations, spec.resources?.memory_bytes);
    try {
      const { pid, link, times } = await this.#machines.start(spec, folder, shape);
      const holder = link.run(id => lowerGuestSandbox(id, spec).encode(), { detached: true });
      const holderPid = await holder.started.promise.catch(async () => {
        const { report } = await holder.exited.promise;
        const detail = failureText(lowerGuestSandbox(holder.id, spec), report) ?? 'the pod did not start';
        throw computeFaults.error('runtime-failed', { handler: this.handler, detail });
      });
      this.#save('sandboxes', spec.id, 'record', { spec, holderPid });
      this.#sandboxes.set(spec.id, { spec, link, machinePid: pid, holderPid, stopped: false });
      this.#options.measured?.({ ...times, sandboxId: spec.id });
    } catch (error) {
      await this.#removeMachine(spec);
      if (error instanceof FaultError) throw error;
      throw computeFaults.error('runtime-failed', { handler: this.handler, detail: (error as Error).message });
    }
  }

  async #removeMachine(spec: SandboxSpec): Promise<void> {
    const { keeper, cgroups } = this.#options;
    await keeper.kill(`s-${spec.id}`, 9).catch(() => false);
    await keeper.forget(`s-${spec.id}`).catch(() => {});
    await cgroups.remove(spec.cgroup);
    this.#machines.clear(spec.id);
    await rm(this.#folder('sandboxes', spec.id), { recursive: true, force: true });
  }

  async stopSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return;
    sandbox.stopped = true;
    await Promise.all(this.#inside(id).map(({ spec }) => this.stopContainer(spec.id, 0)));
    if (sandbox.machinePid !== 0) await this.#options.keeper.kill(`s-${id}`, 9);
  }

  async removeSandbox(id: string): Promise<void> {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return;
    await this.stopSandbox(id);
    for (const { spec } of this.#inside(id)) await this.removeContainer(spec.id);
    sandbox.link?.close();
    await this.#removeMachine(sandbox.spec);
    this.#sandboxes.delete(id);
  }

  createContainer(spec: ContainerSpec): Promise<void> {
    if (!this.#sandboxes.has(spec.sandboxId))
      return Promise.reject(computeFaults.error('sandbox-unknown', { id: spec.sandboxId }));
    if (this.#containers.has(spec.id)) return Promise.resolve();
    const { handler } = this;
    if (spec.rootfs.kind === 'wasm')
      return Promise.reject(computeFaults.error('image-kind', { image: spec.image, found: 'wasm', handler }));
    this.#save('containers', spec.id, 'record', { spec });
    this.#container(spec);
    return Promise.resolve();
  }

  async startContainer(id: string): Promise<void> {
    const container = this.#get(id);
    if (container.state !== 'created') return;
    const sandbox = this.#sandboxes.get(container.spec.sandboxId);
    if (!sandbox?.link || sandbox.stopped)
      throw computeFaults.error('sandbox-unknown', { id: container.spec.sandboxId });
    const { pidTarget } = container.spec;
    const targetPid = pidTarget === undefined ? undefined : this.#get(pidTarget).pid;
    const { link, machinePid, holderPid, spec } = sandbox;
    await container.start({ link, machinePid, holderPid, sandbox: spec, ...(targetPid ? { targetPid } : {}) });
  }

  async stopContainer(id: string, timeout_ms: number): Promise<void> {
    const container = this.#containers.get(id);
    if (container?.state !== 'running') return;
    const { clock } = this.#options;
    if (timeout_ms > 0) {
      container.signal(signalNumber(container.spec.stopSignal));
      if (await container.within(clock, timeout_ms)) return;
    }
    container.signal(9);
    if (await container.within(clock, KILL_WAIT_MS_MAX)) return;
    throw computeFaults.error('runtime-timeout', { handler: this.handler, verb: 'stop', limit: KILL_WAIT_MS_MAX });
  }

  async removeContainer(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (!container) return;
    await this.stopContainer(id, 0);
    const sandbox = this.#sandboxes.get(container.spec.sandboxId);
    const { link, machinePid = 0 } = sandbox ?? {};
    if (link?.alive && machinePid !== 0) {
      await finish(link, guestId => lowerGroup(guestId, id, 'kill')).catch(() => {});
      await finish(link, guestId => lowerGroup(guestId, id, 'remove')).catch(() => {});
      await container.unshare(machinePid).catch(() => {});
    }
    container.close(link);
    await rm(this.#folder('containers', id), { recursive: true, force: true });
    this.#containers.delete(id);
    this.#emit('removed', container.spec);
  }

  async updateResources(id: string, resources: Resources): Promise<void> {
    const container = this.#get(id);
    container.resources = { ...container.resources, ...resources };
    const link = this.#sandboxes.get(container.spec.sandboxId)?.link;
    if (container.state === 'running' && link) await finish(link, guestId => lowerUpdate(guestId, id, resources));
  }

  #get(id: string): VmContainer {
    const container = this.#containers.get(id);
    if (!container) throw computeFaults.error('container-unknown', { id });
    return container;
  }

  #running(id: string): { container: VmContainer; link: GuestLink; sandbox: SandboxSpec } {
    const container = this.#get(id);
    const sandbox = this.#sandboxes.get(container.spec.sandboxId);
    if (container.state !== 'running' || !sandbox?.link) throw computeFaults.error('container-not-running', { id });
    return { container, link: sandbox.link, sandbox: sandbox.spec };
  }

  // eslint-disable-next-line require-await
  async status(id: string): Promise<ContainerStatus> {
    return this.#get(id).status(this.handler);
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
    return Promise.resolve([...this.#containers.values()].map(container => container.status(this.handler)));
  }

  async exec(id: string, options: ExecOptions, streams: ProcessStreams): Promise<Exit> {
    const { container, link, sandbox } = this.#running(id);
    return execGuest(link, container, sandbox, options, streams);
  }

  async attach(id: string, streams: ProcessStreams): Promise<Exit> {
    const { container, link } = this.#running(id);
    return attachGuest(link, container, streams);
  }

  dial(sandboxId: string, port: number, signal: AbortSignal): Promise<ByteDuplex> {
    const link = this.#sandboxes.get(sandboxId)?.link;
    if (!link) return Promise.reject(computeFaults.error('sandbox-unknown', { id: sandboxId }));
    return dialGuest(link, port, signal);
  }

  async stats(): Promise<readonly ContainerStats[]> {
    const at_ms = this.#options.clock.now();
    const all = [...this.#sandboxes.values()].map(({ spec, link }) => {
      const ids = this.#inside(spec.id).flatMap(container =>
        container.state === 'running' ? [container.spec.id] : [],
      );
      return link?.alive && ids.length > 0 ? readStatistics(link, ids, at_ms).catch(() => []) : [];
    });
    return (await Promise.all(all)).flat();
  }

  reopenLog(id: string): Promise<void> {
    this.#containers.get(id)?.reopenLog();
    return Promise.resolve();
  }

  subscribe(deliver: (event: RuntimeEvent) => void): Subscription {
    this.#listeners.add(deliver);
    return { close: () => void this.#listeners.delete(deliver) };
  }

  /** Lets go of the machines, which run on. */
  dispose(): void {
    this.#subscription.close();
    for (const { link } of this.#sandboxes.values()) link?.close();
    for (const container of this.#containers.values()) container.close(undefined);
  }
}
