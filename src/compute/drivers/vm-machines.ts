import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KERNEL_ROOTS_VARIABLE, lowerMachine, type MachineSpec } from '../dialects/microvm/machine.ts';
import { bridgeScript, type GuestNetwork, readNetwork } from '../dialects/microvm/network.ts';
import { lowerGuestSetup, lowerMachineStart } from '../dialects/microvm/programs.ts';
import type { Program } from '../dialects/process/program.ts';
import { errnoText } from '../dialects/process/syscalls.ts';
import { computeFaults } from '../faults.ts';
import type { SandboxSpec } from '../model.ts';
import { type Cgroups, NO_CGROUP } from './cgroup.ts';
import type { Keeper } from './keeper-client.ts';
import { failureOf } from './stage.ts';
import { GuestLink, tryConnect } from './vm-agent.ts';
import { MachineControl } from './vm-control.ts';
import { type GuestImage, guestImage } from './vm-kernel.ts';

const run = promisify(execFile);
const START_MS_MAX = 60_000;
const RESTORE_MS_MAX = 15_000;
const COMMAND_MS_MAX = 10_000;
const SEED_BYTES = 64;
const LOG = { bytes_max: 1024 * 1024, files_max: 2 };
/** Longest path of a unix socket with room for its NUL. */
const SOCKET_PATH_MAX = 107;

/** How long each part of a start took, milliseconds. */
export interface MachineTimes {
  readonly restored: boolean;
  /** Machine started until its first process answers: the kernel's boot, or loading the snapshot. */
  readonly kernel_ms: number;
  /** Time, randomness, network and shared folder of the guest. */
  readonly agent_ms: number;
}

export interface MachinesOptions {
  readonly keeper: Keeper;
  readonly cgroups: Cgroups;
  readonly folder: string;
  readonly stage: string;
  readonly binary: string;
  /** Uses hardware virtualization; only where somebody said so, since some machines do not survive the attempt. */
  readonly accelerated: boolean;
  /** Starts every machine from its kernel, without snapshots. */
  readonly cold?: boolean;
}

export interface RunningMachine {
  readonly pid: number;
  readonly link: GuestLink;
  readonly times: MachineTimes;
}

/** What a machine is made of besides its image. */
export interface MachineShape {
  readonly memory_bytes: number;
  readonly processors: number;
}

/** Folders of kernels: those the variable names (unpacked packages), the one the set-up script fills, the machine's own. */
const kernelRoots = (): string[] => [
  ...(process.env[KERNEL_ROOTS_VARIABLE] ?? '').split(':').filter(Boolean),
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tenon/kernel'),
  '/',
];

/** Virtual machines of one node: started from snapshots where there is one, which the first start of a shape makes. */
export class Machines {
  readonly #options: MachinesOptions;
  readonly #templates = new Map<string, Promise<string | undefined>>();
  #image: Promise<GuestImage> | undefined;
  #version: Promise<string> | undefined;

  constructor(options: MachinesOptions) {
    this.#options = options;
  }

  /** The kernel in use; rejects where there is none. */
  image(): Promise<GuestImage> {
    this.#image ??= guestImage(join(this.#options.folder, 'images'), kernelRoots()).catch((error: unknown) => {
      this.#image = undefined;
      throw error;
    });
    return this.#image;
  }

  version(): Promise<string> {
    this.#version ??= run(this.#options.binary, ['--version'], { timeout: COMMAND_MS_MAX }).then(
      ({ stdout }) => /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? stdout.trim(),
    );
    return this.#version;
  }

  /** A folder for a machine's sockets, short enough for their paths. */
  #sockets(id: string): string {
    const near = join(this.#options.folder, 's', id.slice(0, 16));
    const short = Buffer.byteLength(near) + '/control'.length < SOCKET_PATH_MAX;
    const name = createHash('sha256').update(near).digest('hex').slice(0, 24);
    return short ? near : join(tmpdir(), `tenon-vm-${name}`);
  }

  #spec(id: string, folder: string, shape: MachineShape, image: GuestImage): MachineSpec {
    const sockets = this.#sockets(id);
    rmSync(sockets, { recursive: true, force: true });
    mkdirSync(sockets, { recursive: true, mode: 0o700 });
    mkdirSync(join(folder, 'share'), { recursive: true, mode: 0o711 });
    return {
      ...image,
      ...shape,
      agentSocket: join(sockets, 'agent'),
      controlSocket: join(sockets, 'control'),
      pidFile: join(folder, 'machine.pid'),
      console: join(folder, 'console.log'),
      shared: join(folder, 'share'),
      accelerated: this.#options.accelerated,
      incoming: false,
    };
  }

  /** Starts the process; resolves when it has been executed. */
  async #launch(keptId: string, folder: string, spec: MachineSpec, sandbox: SandboxSpec | undefined): Promise<number> {
    const { cgroups, keeper, stage, binary } = this.#options;
    const { cpuShares, cpuQuota_us, cpuPeriod_us } = sandbox?.resources ?? {};
    const limits = {
      ...(cpuShares === undefined ? {} : { cpuShares }),
      ...(cpuQuota_us === undefined ? {} : { cpuQuota_us }),
      ...(cpuPeriod_us === undefined ? {} : { cpuPeriod_us }),
    };
    const errorFile = join(folder, 'error');
    const pidFile = join(folder, 'pid');
    const program = lowerMachineStart(
      { path: binary, args: lowerMachine(spec), ...(sandbox?.netnsPath ? { netnsPath: sandbox.netnsPath } : {}) },
      { errorFile, pidFile, cgroup: sandbox ? cgroups.plan(`${sandbox.cgroup}/machine`, limits) : NO_CGROUP },
    );
    const path = join(folder, 'program');
    writeFileSync(path, program.encode(), { mode: 0o600 });
    const kept = await keeper
      .launch({
        id: keptId,
        path: stage,
        args: [path],
        environment: {},
        cwd: '/',
        stdin: false,
        stdinOnce: false,
        terminal: 'none',
        pidFile,
        pidFormat: 'binary',
        timeout_ms: START_MS_MAX,
        log: { path: join(folder, 'machine.log'), ...LOG },
      })
      .catch((error: Error) => {
        const detail = failureOf(program, errorFile) ?? error.message;
        throw computeFaults.error('runtime-failed', { handler: 'microvm', detail });
      });
    return kept.pid;
  }

  /** What a machine that did not start said. */
  #words(folder: string, error: Error): Error {
    const path = join(folder, 'machine.log');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
    const said = lines.at(-1)?.split(' ').slice(3).join(' ');
    return computeFaults.error('runtime-failed', { handler: 'microvm', detail: said || error.message });
  }

  /** Starts the machine of a pod. */
  async start(sandbox: SandboxSpec, folder: string, shape: MachineShape): Promise<RunningMachine> {
    const image = await this.image();
    const network = sandbox.netnsPath === undefined ? undefined : await attachNetwork(sandbox.netnsPath);
    const template = this.#options.cold ? undefined : await this.#template(shape, image);
    const started_ms = performance.now();
    const spec = this.#spec(sandbox.id, folder, shape, image);
    const memory = template ? { memory: { path: join(template, 'memory'), share: false } } : {};
    const pid = await this.#launch(`s-${sandbox.id}`, folder, { ...spec, ...memory, incoming: !!template }, sandbox);
    try {
      const link = template ? await restore(spec, template) : await boot(spec);
      const answered_ms = performance.now();
      await this.#setUp(link, network);
      const times = {
        restored: template !== undefined,
        kernel_ms: answered_ms - started_ms,
        agent_ms: performance.now() - answered_ms,
      };
      return { pid, link, times };
    } catch (error) {
      throw this.#words(folder, error as Error);
    }
  }

  /** The connection to a machine that runs already. */
  async adopt(id: string): Promise<GuestLink> {
    const link = await GuestLink.connect(join(this.#sockets(id), 'agent'), COMMAND_MS_MAX);
    await link.greet(COMMAND_MS_MAX);
    return link;
  }

  /** Takes a machine's sockets away. */
  clear(id: string): void {
    rmSync(this.#sockets(id), { recursive: true, force: true });
  }

  async #setUp(link: GuestLink, network: GuestNetwork | undefined): Promise<void> {
    const seed = randomBytes(SEED_BYTES);
    await finish(link, id =>
      lowerGuestSetup(id, { now_ms: Date.now(), seed, ...(network === undefined ? {} : { network }) }),
    );
  }

  /** The folder of a shape's snapshot, made at first need; undefined where none can be made. */
  async #template(shape: MachineShape, image: GuestImage): Promise<string | undefined> {
    const version = await this.version();
    const text = JSON.stringify([image.key, version, this.#options.accelerated, shape.memory_bytes, shape.processors]);
    const key = createHash('sha256').update(text).digest('hex').slice(0, 16);
    const made = this.#templates.get(key) ?? this.#make(key, shape, image);
    this.#templates.set(key, made);
    return made;
  }

  async #make(key: string, shape: MachineShape, image: GuestImage): Promise<string | undefined> {
    const folder = join(this.#options.folder, 'templates', key);
    if (existsSync(join(folder, 'state'))) return folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { keeper } = this.#options;
    const keptId = `t-${key}-${randomBytes(3).toString('hex')}`;
    try {
      const spec = this.#spec(keptId, folder, shape, image);
      const memory = { path: join(folder, 'memory'), share: true };
      await this.#launch(keptId, folder, { ...spec, memory }, undefined);
      const link = await boot(spec);
      const state = await snapshot(spec);
      link.close();
      writeFileSync(join(folder, 'state.new'), state, { mode: 0o600 });
      renameSync(join(folder, 'state.new'), join(folder, 'state'));
      return folder;
    } catch {
      // Without a snapshot machines start from their kernel: slower, and the reason is in machine.log there.
      return undefined;
    } finally {
      await keeper.kill(keptId, 9).catch(() => false);
      await keeper.forget(keptId).catch(() => {});
      this.clear(keptId);
    }
  }
}

/** Runs a program in the guest; rejects with the step that failed. */
export async function finish(link: GuestLink, lower: (id: number) => Program): Promise<Buffer> {
  let program: Program | undefined;
  const { exitCode, report, output } = await link.finish(id => {
    program = lower(id);
    return program.encode();
  });
  if (exitCode === 0) return output;
  throw new Error(failureText(program, report) ?? `a program of the guest ended with code ${exitCode}`);
}

/** The words of the step a program failed at. */
export function failureText(program: Program | undefined, report: Uint8Array): string | undefined {
  const failure = program?.failure(report);
  if (!failure) return undefined;
  return failure.what.endsWith('$PATH') ? failure.what : `${failure.what}: ${errnoText(failure.errno)}`;
}

/** Waits for a machine that starts from its kernel. */
async function boot(spec: MachineSpec): Promise<GuestLink> {
  const link = await GuestLink.connect(spec.agentSocket, START_MS_MAX);
  await link.heard(START_MS_MAX);
  await link.greet(COMMAND_MS_MAX);
  return link;
}

/** Stops a machine and takes its state, without the memory, which is in its file already. */
async function snapshot(spec: MachineSpec): Promise<Buffer> {
  const control = await MachineControl.open(spec.controlSocket, COMMAND_MS_MAX);
  const path = `${spec.controlSocket}-out`;
  const chunks: Buffer[] = [];
  const server = createServer(socket => socket.on('data', chunk => void chunks.push(chunk as Buffer)));
  await new Promise<void>(resolve => server.listen(path, () => resolve()));
  try {
    await control.execute('stop');
    await memoryStays(control);
    await control.execute('migrate', { uri: `unix:${path}` });
    await control.transferred();
    await new Promise<void>(resolve => server.close(() => resolve()));
    return Buffer.concat(chunks);
  } finally {
    server.close();
    control.close();
  }
}

const memoryStays = (control: MachineControl): Promise<unknown> =>
  control.execute('migrate-set-capabilities', { capabilities: [{ capability: 'x-ignore-shared', state: true }] });

/** Loads a snapshot into a machine that waits for one. The link is there before the guest runs, so it finds it open. */
async function restore(spec: MachineSpec, template: string): Promise<GuestLink> {
  const control = await MachineControl.open(spec.controlSocket, RESTORE_MS_MAX);
  try {
    const link = await GuestLink.connect(spec.agentSocket, RESTORE_MS_MAX);
    const path = `${spec.controlSocket}-in`;
    await memoryStays(control);
    await control.execute('migrate-incoming', { uri: `unix:${path}` });
    const socket = await tryConnect(path, RESTORE_MS_MAX);
    socket.on('error', () => {});
    socket.end(readFileSync(join(template, 'state')));
    await control.transferred();
    await control.execute('cont');
    await link.greet(RESTORE_MS_MAX);
    return link;
  } finally {
    control.close();
  }
}

/** Leads a pod's device to the machine's card and tells what address it has. */
async function attachNetwork(netnsPath: string): Promise<GuestNetwork | undefined> {
  const inside = async (command: string): Promise<string> => {
    const options = { timeout: COMMAND_MS_MAX };
    const { stdout } = await run('nsenter', [`--net=${netnsPath}`, '--', 'sh', '-c', command], options);
    return stdout;
  };
  const shown = await inside(
    'ip -j addr show; echo; ip -j -4 route show; echo; ip -j -6 route show; echo; ip -j neigh show',
  );
  const [links, four, six, neighbours] = shown
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => JSON.parse(line) as never[]);
  const network = readNetwork(links ?? [], { 4: four ?? [], 6: six ?? [] }, neighbours ?? []);
  if (network) await inside(bridgeScript(network.device, network.mtu));
  return network;
}

/** By mount: whether its source is a folder. */
export const areFolders = (mounts: readonly { readonly kind: string; readonly source: string }[]): boolean[] =>
  mounts.map(mount => mount.kind === 'tmpfs' || statSync(mount.source).isDirectory());
