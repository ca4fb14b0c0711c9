import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { lowerWrapped } from '../dialects/process/wrap.ts';
import type { OciDialect } from '../dialects/oci.ts';
import { lowerSpec, refusesWorkingFolder } from '../dialects/runc/spec.ts';
import { pidsOf } from '../engine/pids.ts';
import { CAPABILITIES } from '../engine/capabilities.ts';
import { computeFaults } from '../faults.ts';
import type { ContainerSpec, Mount, SandboxSpec } from '../model.ts';
import type { ExecOptions } from '../ports.ts';
import type { ProcessEvent } from '../process-events.ts';
import type { Cgroups } from './cgroup.ts';
import type { Keeper } from './keeper-client.ts';
import { KeptRuntime } from './kept-runtime.ts';
import type { Launch, Launcher, RunningContainer, SandboxRecord } from './launcher.ts';
import {
  hasKernel,
  type KernelOptions,
  kernelId,
  networkFlags,
  startKernel,
  stopKernel,
  WAITER,
} from './oci-pod-kernel.ts';
import { OciTrace } from './oci-trace.ts';
import type { ProcessRuntimeOptions } from './runtime-process.ts';
import { deviceNodes } from './devices.ts';
import { failureOf, installStage, stageExec, stageSandbox } from './stage.ts';

const COMMAND_MS_MAX = 30_000;
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
/** Longest path of a unix socket with room for its NUL. */
const SOCKET_PATH_MAX = 107;

/** Finds a binary on PATH and the usual folders of administrators. */
export function findBinary(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  for (const folder of folders.filter(entry => entry.startsWith('/'))) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** An OCI runtime driven by its command line; needs root. */
export async function openOciRuntime(dialect: OciDialect, options: ProcessRuntimeOptions): Promise<KeptRuntime> {
  const binary = findBinary(dialect.binary);
  const { handler, install } = dialect;
  if (!binary) throw computeFaults.error('runtime-missing', { handler, binary: dialect.binary, install });
  const stage = installStage(options.folder);
  return KeptRuntime.open({ ...options, launcher: new OciLauncher(dialect, binary, stage, options) });
}

let profiledExecs = 0;

class OciLauncher implements Launcher {
  readonly handler: string;
  readonly ownNetwork: boolean;
  readonly restores: boolean;
  readonly checkpoint?: NonNullable<Launcher['checkpoint']>;
  readonly trace?: NonNullable<Launcher['trace']>;
  readonly begun?: NonNullable<Launcher['begun']>;
  readonly over?: NonNullable<Launcher['over']>;
  readonly kernelOf?: NonNullable<Launcher['kernelOf']>;
  #trace: OciTrace | undefined;
  readonly #dialect: OciDialect;
  readonly #binary: string;
  readonly #stage: string;
  readonly #keeper: Keeper;
  readonly #cgroups: Cgroups;
  readonly #root: string;
  readonly #capabilities: ReadonlySet<string>;

  constructor(dialect: OciDialect, binary: string, stage: string, options: ProcessRuntimeOptions) {
    this.handler = dialect.handler;
    this.ownNetwork = dialect.ownNetwork ?? false;
    this.restores = dialect.restores ?? false;
    this.#dialect = dialect;
    this.#binary = binary;
    this.#stage = stage;
    this.#keeper = options.keeper;
    this.#cgroups = options.cgroups;
    this.#root = join(options.folder, 'runtime');
    this.#capabilities = ownCapabilities();
    if (dialect.podKernel) {
      this.begun = (sandbox, folder) =>
        hasKernel(dialect, sandbox.spec) ? startKernel(this.#kernel(), sandbox, folder) : Promise.resolve();
      this.over = spec => (hasKernel(dialect, spec) ? stopKernel(this.#kernel(), spec) : Promise.resolve());
      this.kernelOf = spec => (hasKernel(dialect, spec) ? kernelId(spec.id) : undefined);
    }
    if (dialect.trace) this.trace = (...asked) => this.#startTrace(dialect.trace!, ...asked);
    if (dialect.checkpoint) this.checkpoint = (...asked) => this.#checkpoint(...asked);
  }

  #flags(log: string): string[] {
    return ['--root', this.#root, '--log', log, '--log-format', 'json', ...this.#dialect.globalFlags];
  }

  async #command(
    args: readonly string[],
    timeout_ms = COMMAND_MS_MAX,
    verb = args.at(-2) ?? '',
  ): Promise<{ exitCode: number; output: string }> {
    const chunks: Uint8Array[] = [];
    const sink = {
      write: (chunk: Uint8Array) => Promise.resolve(void chunks.push(Buffer.from(chunk))),
      end: () => Promise.resolve(),
    };
    const exit = await this.#keeper.run(
      {
        path: this.#binary,
        args,
        environment: ENVIRONMENT,
        cwd: '/',
        stdin: false,
        terminal: false,
        timeout_ms,
      },
      { stdout: sink, stderr: sink, signal: new AbortController().signal },
    );
    if (exit.timedOut)
      throw computeFaults.error('runtime-timeout', {
        handler: this.handler,
        verb,
        limit: timeout_ms,
      });
    return { exitCode: exit.exitCode, output: Buffer.concat(chunks).toString() };
  }

  #kernel(): KernelOptions {
    const flags = (log: string): string[] => [...this.#flags(log), ...(this.#trace?.flags ?? [])];
    return {
      dialect: this.#dialect,
      binary: this.#binary,
      stage: this.#stage,
      keeper: this.#keeper,
      cgroups: this.#cgroups,
      environment: ENVIRONMENT,
      flags,
      command: args => this.#command(args),
    };
  }

  async check(): Promise<{ readonly version: string }> {
    const { output } = await this.#command(['--version']);
    return { version: /\d+\.\d+[^\s]*/.exec(output)?.[0] ?? output.trim() };
  }

  sandbox(spec: SandboxSpec, folder: string): Promise<Launch> {
    return Promise.resolve(stageSandbox(this.#stage, spec, folder, this.#cgroups));
  }

  container(spec: ContainerSpec, sandbox: SandboxRecord, folder: string, targetPid?: number): Promise<Launch> {
    if (refusesWorkingFolder(spec.workingFolder))
      throw computeFaults.error('start-failed', {
        step: `working folder "${spec.workingFolder}"`,
        detail: 'not a folder of the container',
      });
    if (spec.security.apparmor !== undefined && !this.#dialect.appArmor)
      throw computeFaults.error('start-failed', {
        step: `AppArmor profile "${spec.security.apparmor}"`,
        detail: `profiles do not hold for containers of ${this.handler}`,
      });
    const rootFolder = join(folder, 'root');
    const errorFile = join(folder, 'error');
    const log = join(folder, 'runtime.log');
    const pidFile = join(folder, 'pid');
    mkdirSync(rootFolder, { recursive: true, mode: 0o711 });
    this.#writeConfig(spec, sandbox, folder, rootFolder, targetPid);
    const socket = spec.tty ? consolePath(folder, spec.id) : undefined;
    const program = lowerWrapped({
      errorFile,
      rootfs: spec.rootfs,
      rootFolder,
      unmount: this.#dialect.unmount,
      ...this.#started(spec, sandbox.spec, { bundle: folder, log, pidFile, socket }),
      environment: Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`),
      ...this.#group(spec, sandbox),
      peers: spec.mounts.flatMap((mount, index) =>
        isPeer(mount) ? [{ source: mount.source, folder: peerFolder(folder, index) }] : [],
      ),
      shared: spec.mounts.some(mount => (mount.propagation ?? 'private') !== 'private'),
    });
    const path = join(folder, 'program');
    writeFileSync(path, program.encode(), { mode: 0o600 });
    return Promise.resolve({
      request: {
        path: this.#stage,
        args: [path],
        environment: {},
        cwd: '/',
        terminal: socket ? { socket } : 'none',
        pidFile,
        pidFormat: 'text',
        timeout_ms: this.#dialect.start_ms_max,
      },
      failure: () => failureOf(program, errorFile) ?? (existsSync(pidFile) ? undefined : loggedError(log)),
      words: () => loggedError(log),
    });
  }

  /** The command that starts a container: on a kernel of its own, or of its pod. */
  #started(
    spec: ContainerSpec,
    sandbox: SandboxSpec,
    { bundle, log, pidFile, socket }: { bundle: string; log: string; pidFile: string; socket: string | undefined },
  ): { readonly path: string; readonly args: readonly string[] } {
    const [path, flags] = [this.#binary, this.#flags(log)];
    if (hasKernel(this.#dialect, sandbox)) {
      const shared = { id: spec.id, handler: this.handler };
      if (spec.restore !== undefined) throw computeFaults.error('kernel-shared', shared);
      const words = [path, spec.id, pidFile, bundle, socket ?? '', ...flags];
      return { path: '/bin/sh', args: ['sh', '-c', WAITER, 'sh', ...words] };
    }
    const verb = spec.restore === undefined ? ['run'] : ['restore', '--image-path', spec.restore];
    const console = socket ? ['--console-socket', socket] : [];
    const files = ['--detach', '--bundle', bundle, '--pid-file', pidFile];
    const more = [...networkFlags(this.#dialect, sandbox), ...(this.#trace?.flags ?? [])];
    return { path, args: [path, ...flags, ...more, ...verb, ...files, ...console, spec.id] };
  }

  #writeConfig(
    spec: ContainerSpec,
    sandbox: SandboxRecord,
    folder: string,
    rootFolder: string,
    targetPid: number | undefined,
  ): void {
    const mounts = spec.mounts.map((mount, index) => asPeer(withoutDepth(mount), index, folder));
    const around = {
      rootFolder,
      cgroupsPath: this.#cgroups.absolute(`${sandbox.spec.cgroup}/${spec.id}`),
      cgroupMode: this.#cgroups.mode,
      sandboxPid: sandbox.pid,
      ...(targetPid === undefined ? {} : { targetPid }),
      devices: deviceNodes(spec),
      sandbox: sandbox.spec,
      capabilities: this.#capabilities,
      canLowerOomScore: this.#capabilities.has('SYS_RESOURCE'),
    };
    const { memorySwap_bytes: _swap, ...counted } = spec.resources;
    const resources = this.#cgroups.countsSwap ? spec.resources : counted;
    const config = lowerSpec({ ...spec, mounts, resources }, around);
    const id = kernelId(sandbox.spec.id);
    const sharesProcesses = pidsOf(spec, sandbox.spec) === 'pod';
    const kernel = hasKernel(this.#dialect, sandbox.spec) ? { id, sharesProcesses } : undefined;
    const text = JSON.stringify(this.#dialect.adapt?.(config, sandbox.spec.hostname, kernel) ?? config);
    writeFileSync(join(folder, 'config.json'), text, { mode: 0o600 });
  }

  exec(spec: ContainerSpec, sandbox: SandboxSpec, pid: number, options: ExecOptions, folder: string) {
    if (this.#dialect.execsItself) return Promise.resolve(this.#ownExec(spec, options, folder));
    // Profiles of the user's own are carried out by the runtime alone.
    const profiled = typeof spec.security.seccomp === 'object' || spec.security.apparmor !== undefined;
    if (profiled) return Promise.resolve(this.#profiledExec(spec, options, folder));
    return Promise.resolve(stageExec(this.#stage, spec, sandbox, pid, options, folder, true));
  }

  #group(spec: ContainerSpec, sandbox: SandboxRecord) {
    const path = `${sandbox.spec.cgroup}/${spec.id}`;
    if (!this.#dialect.execsItself) return { cgroup: this.#cgroups.beside(path) };
    return { cgroup: this.#cgroups.plan(path, spec.resources) };
  }

  async signal(spec: ContainerSpec, signal: number): Promise<boolean> {
    if (!this.#dialect.execsItself) return false;
    const { exitCode } = await this.#command([...this.#flags('/dev/null'), 'kill', spec.id, String(signal)]);
    return exitCode === 0;
  }

  #ownExec(spec: ContainerSpec, options: ExecOptions, folder: string) {
    const pidFile = join(folder, `exec-${++profiledExecs}.pid`);
    const { uid, gid } = spec.account;
    const environment = spec.environment.flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const inside = ['--user', `${uid}:${gid}`, '--cwd', spec.workingFolder || '/', ...environment];
    const args = [
      ...this.#flags('/dev/null'),
      'exec',
      '--internal-pid-file',
      pidFile,
      ...inside,
      spec.id,
      ...options.command,
    ];
    const abandon = async (): Promise<void> => {
      const pid = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').trim() : '';
      if (/^[1-9]\d*$/.test(pid))
        await this.#command([...this.#flags('/dev/null'), 'kill', '--pid', pid, spec.id, 'KILL']);
      rmSync(pidFile, { force: true });
    };
    const failure = (): undefined => rmSync(pidFile, { force: true }) as undefined;
    return { run: { path: this.#binary, args, environment: ENVIRONMENT, cwd: '/' }, failure, abandon };
  }

  /** The container's own process, with another command. */
  #profiledExec(spec: ContainerSpec, options: ExecOptions, folder: string) {
    const { process } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as { process: object };
    const path = join(folder, `exec-${++profiledExecs}.json`);
    const inside = { ...process, terminal: options.tty, args: options.command };
    writeFileSync(path, JSON.stringify(inside), { mode: 0o600 });
    const log = join(folder, 'exec.log');
    const args = [...this.#flags(log), 'exec', '--process', path, spec.id];
    const failure = (): undefined => rmSync(path, { force: true }) as undefined;
    return { run: { path: this.#binary, args, environment: ENVIRONMENT, cwd: '/' }, failure };
  }

  /** `checkpoint/` as the runtime writes it, and beside it the specification it ran by (`spec.dump`). */
  async #checkpoint(spec: ContainerSpec, folder: string, into: string, timeout_ms: number): Promise<void> {
    const { handler } = this;
    if (this.#dialect.checkpoint === 'criu' && !findBinary('criu'))
      throw computeFaults.error('runtime-missing', { handler, binary: 'criu', install: 'apt-get install criu' });
    const [images, log] = [join(into, 'checkpoint'), join(into, 'runtime.log')];
    mkdirSync(images, { recursive: true, mode: 0o700 });
    const asked = ['checkpoint', '--image-path', images, '--leave-running', spec.id];
    const { exitCode, output } = await this.#command([...this.#flags(log), ...asked], timeout_ms, 'checkpoint');
    const detail = loggedError(log) ?? output.trim();
    if (exitCode !== 0) throw computeFaults.error('runtime-failed', { handler, detail });
    rmSync(log, { force: true });
    copyFileSync(join(folder, 'config.json'), join(into, 'spec.dump'));
  }

  async #startTrace(
    trace: NonNullable<OciDialect['trace']>,
    running: () => readonly RunningContainer[],
    deliver: (events: readonly ProcessEvent[]) => void,
  ): Promise<AsyncDisposable> {
    const command = (args: readonly string[]) =>
      this.#command([...this.#flags('/dev/null'), ...args], COMMAND_MS_MAX, args[0]);
    const { handler } = this;
    const folder = join(this.#root, '..', 'trace');
    const opened = await OciTrace.open({ handler, trace, folder, command, running, deliver });
    this.#trace = opened;
    return {
      [Symbol.asyncDispose]: async () => {
        this.#trace = undefined;
        await opened[Symbol.asyncDispose]();
      },
    };
  }

  async release(spec: ContainerSpec, folder: string): Promise<void> {
    rmSync(join(folder, 'program'), { force: true });
    if (spec.tty) consolePath(folder, spec.id);
    if (!existsSync(join(this.#root, spec.id))) return;
    await this.#command([...this.#flags('/dev/null'), 'delete', '--force', spec.id]);
  }
}

/** A path short enough for a unix socket; nothing is there, whatever was before. */
function consolePath(folder: string, id: string): string {
  const path = join(folder, 'console');
  const chosen = Buffer.byteLength(path) < SOCKET_PATH_MAX ? path : join(tmpdir(), `tenon-${id.slice(0, 48)}.tty`);
  rmSync(chosen, { force: true });
  return chosen;
}

/** The last error of a runtime's JSON log. */
function loggedError(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const errors = text.split('\n').flatMap(line => {
    try {
      const { level, msg, message = msg, err } = JSON.parse(line) as Readonly<Record<string, string | undefined>>;
      const isError = /^(error|fatal)$/i.test(level ?? '');
      return isError && message ? [err === undefined ? message : `${message}: ${err}`] : [];
    } catch {
      return [];
    }
  });
  // The last one tells what failed, the first one why, where a runtime logs each of its levels.
  const [first] = errors;
  const last = errors.at(-1);
  return first === last || first === undefined ? last : `${last} (${first})`;
}

const isPeer = (mount: Mount): boolean => mount.kind === 'bind' && mount.propagation === 'rshared';
const peerFolder = (folder: string, index: number): string => join(folder, `peer-${index}`);

/** Its source as the runtime's own mount namespace has it. */
function asPeer(mount: Mount, index: number, folder: string): Mount {
  return isPeer(mount) ? { ...mount, source: peerFolder(folder, index) } : mount;
}

/** A file has nothing mounted below it, and crun takes recursive flags for folders only. */
function withoutDepth(mount: Mount): Mount {
  const file = mount.kind === 'bind' && mount.readOnly && !statSync(mount.source).isDirectory();
  return file ? { ...mount, shallow: true } : mount;
}

/** What this process holds: a runtime it starts cannot give more. */
function ownCapabilities(): ReadonlySet<string> {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const held = BigInt(`0x${line?.[1] ?? '0'}`);
  return new Set(CAPABILITIES.filter((_, number) => ((held >> BigInt(number)) & 1n) === 1n));
}
