import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Timer } from '../../base/index.ts';
import { lowerGuestContainer, lowerShare, lowerUnshare } from '../dialects/microvm/programs.ts';
import type { Program } from '../dialects/process/program.ts';
import { computeFaults } from '../faults.ts';
import type { ContainerSpec, ContainerStatus, Resources, SandboxSpec } from '../model.ts';
import { ContainerLog } from './container-log.ts';
import type { Keeper } from './keeper-client.ts';
import { failureOf } from './stage.ts';
import type { GuestExit, GuestLink, GuestProcess } from './vm-agent.ts';
import { areFolders, failureText } from './vm-machines.ts';
import { wasKilledForMemory } from './vm-statistics.ts';

const SHARE_MS_MAX = 30_000;
const HANDLER = 'microvm';

export interface ContainerEnd {
  readonly exitCode: number;
  readonly at_ms: number;
  readonly reason: 'Completed' | 'Error' | 'OOMKilled' | 'StartError';
  readonly message?: string;
}

export interface VmContainerOptions {
  readonly keeper: Keeper;
  readonly stage: string;
  readonly clock: Clock;
  readonly folder: string;
  /** Where the machine's process sees this container's files. */
  readonly shared: string;
  readonly logBytes_max?: number;
  readonly logFiles_max?: number;
  readonly started: (guestId: number, startedAt_ms: number) => void;
  readonly ended: (exit: ContainerEnd) => void;
}

/** Where a container is started. */
export interface ContainerPlace {
  readonly link: GuestLink;
  readonly machinePid: number;
  readonly holderPid: number;
  readonly sandbox: SandboxSpec;
  readonly targetPid?: number;
}

/** One container of a guest: its process, its log and its end. */
export class VmContainer {
  readonly spec: ContainerSpec;
  resources: Resources;
  pid = 0;
  process: GuestProcess | undefined;
  readonly #options: VmContainerOptions;
  readonly #log: ContainerLog;
  readonly #gone = Promise.withResolvers<void>();
  #starting = false;
  #startedAt_ms: number | undefined;
  #exit: ContainerEnd | undefined;
  #link: GuestLink | undefined;

  constructor(spec: ContainerSpec, options: VmContainerOptions) {
    this.spec = spec;
    this.resources = spec.resources;
    this.#options = options;
    const { logBytes_max = 10 * 1024 * 1024, logFiles_max = 5 } = options;
    this.#log = new ContainerLog(spec.logPath, logBytes_max, logFiles_max);
  }

  get state(): 'created' | 'running' | 'exited' {
    return this.#exit ? 'exited' : this.#startedAt_ms === undefined ? 'created' : 'running';
  }

  /** Ended before Tenon started. */
  resume(exit: ContainerEnd): void {
    this.#startedAt_ms ??= exit.at_ms;
    this.#exit = exit;
    this.#gone.resolve();
  }

  /** Runs since before Tenon started; where its machine is gone it has ended unseen. */
  async adopt(link: GuestLink | undefined, guestId: number, startedAt_ms: number): Promise<void> {
    this.#startedAt_ms = startedAt_ms;
    if (!link?.has(guestId)) return this.machineEnded();
    const process = link.process(guestId);
    process.listeners.add((stream, bytes) => this.#log.write(stream, bytes));
    this.#follow(link, process);
    this.pid = await process.started.promise.catch(() => 0);
  }

  #follow(link: GuestLink, process: GuestProcess): void {
    this.#link = link;
    this.process = process;
    process.exited.promise.then(
      exit => void this.#finish(exit),
      () => {},
    );
  }

  async start(place: ContainerPlace): Promise<void> {
    if (this.#starting) return;
    this.#starting = true;
    const { spec } = this;
    try {
      if (spec.devices.length > 0) throw failed(`device ${spec.devices[0]!.source}: a virtual machine has its own`);
      if (typeof spec.security.seccomp === 'object')
        throw failed('seccomp profile: this runtime has only the default profile; use runc or crun');
      if (spec.hooks) throw computeFaults.error('hooks-unsupported', { handler: 'microvm' });
      const mountIsFolder = areFolders(spec.mounts);
      await this.#share(place.machinePid, mountIsFolder);
      let program: Program | undefined;
      const asked = { ...spec, resources: this.resources };
      const { holderPid: sandboxPid, sandbox, targetPid, link } = place;
      const around = { sandbox, sandboxPid, mountIsFolder, ...(targetPid ? { targetPid } : {}) };
      const process = link.run(
        id => {
          program = lowerGuestContainer(id, asked, around);
          return program.encode();
        },
        { detached: true, input: spec.stdin, terminal: spec.tty },
        (stream, bytes) => this.#log.write(stream, bytes),
      );
      this.pid = await process.started.promise.catch(async () => {
        const { report, exitCode } = await process.exited.promise;
        link.forget(process);
        throw failed(failureText(program, report) ?? `ended with code ${exitCode} before it was started`);
      });
      this.#startedAt_ms = this.#options.clock.now();
      this.#options.started(process.id, this.#startedAt_ms);
      this.#follow(link, process);
    } catch (error) {
      this.#end({ exitCode: 128, reason: 'StartError', message: (error as Error).message });
      throw error;
    }
  }

  /** Shows the files to the machine's process. */
  async #share(machinePid: number, mountIsFolder: readonly boolean[]): Promise<void> {
    const errorFile = join(this.#options.folder, 'error');
    const around = { errorFile, machinePid, folder: this.#options.shared, mountIsFolder };
    const program = lowerShare(this.spec, around);
    const exitCode = await this.#onMachine(program, 'share');
    if (exitCode !== 0) throw failed(failureOf(program, errorFile) ?? `files were not shown: code ${exitCode}`);
  }

  async unshare(machinePid: number): Promise<void> {
    const errorFile = join(this.#options.folder, 'error');
    await this.#onMachine(lowerUnshare(this.spec, { errorFile, machinePid, folder: this.#options.shared }), 'unshare');
  }

  async #onMachine(program: Program, name: string): Promise<number> {
    const { folder, keeper, stage } = this.#options;
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    const path = join(folder, name);
    writeFileSync(path, program.encode(), { mode: 0o600 });
    const { exitCode } = await keeper.run(
      {
        path: stage,
        args: [path],
        environment: {},
        cwd: '/',
        stdin: false,
        terminal: false,
        timeout_ms: SHARE_MS_MAX,
      },
      { signal: new AbortController().signal },
    );
    return exitCode;
  }

  async #finish({ exitCode }: GuestExit): Promise<void> {
    const oom = exitCode !== 0 && this.#link !== undefined && (await wasKilledForMemory(this.#link, this.spec.id));
    this.#end({ exitCode, reason: oom ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error' });
  }

  /** Its machine is gone, and so is it. */
  machineEnded(): void {
    if (this.#startedAt_ms === undefined) return;
    this.#end({ exitCode: 137, reason: 'Error', message: 'The virtual machine of this pod ended' });
  }

  #end(exit: Omit<ContainerEnd, 'at_ms'>): void {
    if (this.#exit) return;
    this.#exit = { ...exit, at_ms: this.#options.clock.now() };
    this.#log.flush();
    this.#options.ended(this.#exit);
    this.#gone.resolve();
  }

  signal(signal: number): void {
    if (this.process) this.#link?.signal(this.process, signal);
  }

  /** Whether it ended in time. */
  within(clock: Clock, timeout_ms: number): Promise<boolean> {
    let timer: Timer | undefined;
    const late = new Promise<boolean>(resolve => {
      timer = clock.after(timeout_ms, () => resolve(false));
    });
    return Promise.race([this.#gone.promise.then(() => true), late]).finally(() => timer?.cancel());
  }

  /** Resolves with the end. */
  async ended(): Promise<ContainerEnd> {
    await this.#gone.promise;
    return this.#exit!;
  }

  status(handler: string): ContainerStatus {
    const exit = this.#exit;
    return {
      spec: this.spec,
      handler,
      state: this.state,
      ...(this.#startedAt_ms === undefined ? {} : { startedAt_ms: this.#startedAt_ms }),
      ...(exit ? { finishedAt_ms: exit.at_ms, exitCode: exit.exitCode, reason: exit.reason } : {}),
      ...(exit?.message === undefined ? {} : { message: exit.message }),
    };
  }

  reopenLog(): void {
    this.#log.reopen();
  }

  close(link: GuestLink | undefined): void {
    if (link && this.process) link.forget(this.process);
    this.#log.close();
  }
}

const failed = (detail: string): Error => computeFaults.error('runtime-failed', { handler: HANDLER, detail });
