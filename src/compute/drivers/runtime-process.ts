import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../base/index.ts';
import { lowerContainer, lowerExec, lowerSandbox } from '../dialects/process/lower.ts';
import type { Program } from '../dialects/process/program.ts';
import { errnoText } from '../dialects/process/syscalls.ts';
import { computeFaults } from '../faults.ts';
import type { ContainerSpec, SandboxSpec } from '../model.ts';
import type { ExecOptions } from '../ports.ts';
import type { Cgroups } from './cgroup.ts';
import { STAGE_X64 } from './generated/stage.ts';
import type { Keeper } from './keeper-client.ts';
import { KeptRuntime, type Launch, type Launcher, type SandboxRecord } from './kept-runtime.ts';

const START_MS_MAX = 30_000;

export interface ProcessRuntimeOptions {
  readonly keeper: Keeper;
  readonly cgroups: Cgroups;
  readonly clock: Clock;
  readonly folder: string;
}

/**
 * The `process` runtime: containers made of namespaces by the system calls of dialects/process, carried out by stage.
 * Needs no root, no daemon and no binary of anyone else; x86-64 Linux 5.12 or later.
 */
export function openProcessRuntime(options: ProcessRuntimeOptions): Promise<KeptRuntime> {
  if (arch() !== 'x64') throw computeFaults.error('architecture-unsupported', { found: arch() });
  mkdirSync(options.folder, { recursive: true, mode: 0o711 });
  const stage = join(options.folder, 'stage');
  const image = Buffer.from(STAGE_X64, 'base64');
  if (!existsSync(stage) || !readFileSync(stage).equals(image)) {
    writeFileSync(`${stage}.new`, image, { mode: 0o755 });
    chmodSync(`${stage}.new`, 0o755);
    renameSync(`${stage}.new`, stage);
  }
  return KeptRuntime.open({ ...options, launcher: new ProcessLauncher(stage, options) });
}

class ProcessLauncher implements Launcher {
  readonly handler = 'process';
  readonly #stage: string;
  readonly #options: ProcessRuntimeOptions;
  readonly #rootless: { readonly uid: number; readonly gid: number } | undefined;
  #execs = 0;

  constructor(stage: string, options: ProcessRuntimeOptions) {
    this.#stage = stage;
    this.#options = options;
    const uid = process.getuid?.() ?? 0;
    this.#rootless = uid === 0 ? undefined : { uid, gid: process.getgid?.() ?? 0 };
  }

  check(): Promise<{ readonly version: string }> {
    return Promise.resolve({ version: release() });
  }

  #launch(program: Program, folder: string, errorFile: string, pidFile: string, timeout_ms = START_MS_MAX): Launch {
    const path = join(folder, 'program');
    writeFileSync(path, program.encode(), { mode: 0o600 });
    return {
      request: {
        path: this.#stage,
        args: [path],
        environment: {},
        cwd: '/',
        terminal: 'none',
        pidFile,
        pidFormat: 'binary',
        timeout_ms,
      },
      failure: () => failureOf(program, errorFile),
    };
  }

  sandbox(spec: SandboxSpec, folder: string): Promise<Launch> {
    const errorFile = join(folder, 'error');
    const pidFile = join(folder, 'pid');
    const cgroupProcs = this.#rootless ? [] : this.#sandboxProcs(spec);
    const program = lowerSandbox(spec, { errorFile, pidFile, cgroupProcs, rootless: this.#rootless });
    return Promise.resolve(this.#launch(program, folder, errorFile, pidFile));
  }

  /** The pause process has a leaf of its own: unified groups with processes cannot have groups below. */
  #sandboxProcs(spec: SandboxSpec): string[] {
    this.#options.cgroups.create(`${spec.cgroup}/pause`, {});
    return this.#options.cgroups.procs(`${spec.cgroup}/pause`);
  }

  container(spec: ContainerSpec, sandbox: SandboxRecord, folder: string): Promise<Launch> {
    const errorFile = join(folder, 'error');
    const pidFile = join(folder, 'pid');
    const rootFolder = join(folder, 'root');
    mkdirSync(rootFolder, { recursive: true, mode: 0o711 });
    const program = lowerContainer(spec, {
      errorFile,
      pidFile,
      rootFolder,
      cgroupProcs: this.#rootless ? [] : this.#options.cgroups.procs(`${sandbox.spec.cgroup}/${spec.id}`),
      rootless: this.#rootless,
      sandboxPid: sandbox.pid,
      sandbox: sandbox.spec,
      mountIsFolder: spec.mounts.map(mount => mount.kind === 'tmpfs' || statSync(mount.source).isDirectory()),
    });
    const launch = this.#launch(program, folder, errorFile, pidFile);
    return Promise.resolve({ ...launch, request: { ...launch.request, terminal: spec.tty ? 'slave' : 'none' } });
  }

  exec(spec: ContainerSpec, pid: number, options: ExecOptions, folder: string) {
    const name = `exec-${++this.#execs}`;
    const errorFile = join(folder, `${name}.error`);
    const path = join(folder, name);
    const program = lowerExec(spec, options.command, options.tty, {
      errorFile,
      cgroupProcs: this.#rootless ? [] : this.#execProcs(pid),
      rootless: this.#rootless,
      containerPid: pid,
    });
    writeFileSync(path, program.encode(), { mode: 0o600 });
    return Promise.resolve({
      run: { path: this.#stage, args: [path], environment: {}, cwd: '/' },
      failure: () => {
        const words = failureOf(program, errorFile);
        rmSync(errorFile, { force: true });
        rmSync(path, { force: true });
        return words;
      },
    });
  }

  /** The groups the container's own process is in. */
  #execProcs(pid: number): string[] {
    if (this.#options.cgroups.mode === 'none') return [];
    const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n').filter(Boolean);
    return lines.flatMap(line => {
      const [, controllers = '', ...path] = line.split(':');
      if (path.join(':') === '/') return [];
      const file = join('/sys/fs/cgroup', controllers.replace(/^name=/, ''), path.join(':'), 'cgroup.procs');
      return existsSync(file) ? [file] : [];
    });
  }

  release(_spec: ContainerSpec, folder: string): Promise<void> {
    rmSync(join(folder, 'program'), { force: true });
    return Promise.resolve();
  }
}

function failureOf(program: Program, errorFile: string): string | undefined {
  let report: Buffer;
  try {
    report = readFileSync(errorFile);
  } catch {
    return undefined;
  }
  const failure = program.failure(report);
  if (!failure) return undefined;
  return failure.what.startsWith('exec: ') && failure.what.endsWith('$PATH')
    ? failure.what
    : `${failure.what}: ${errnoText(failure.errno)}`;
}
