import { chownSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../base/index.ts';
import { lowerContainer } from '../dialects/process/lower.ts';
import { computeFaults } from '../faults.ts';
import type { ContainerSpec, SandboxSpec } from '../model.ts';
import type { ExecOptions } from '../ports.ts';
import { type Cgroups, NO_CGROUP } from './cgroup.ts';
import type { Keeper } from './keeper-client.ts';
import { KeptRuntime } from './kept-runtime.ts';
import type { Launch, Launcher, SandboxRecord } from './launcher.ts';
import { installStage, rootlessIds, stageExec, stageLaunch, stageSandbox } from './stage.ts';

export interface ProcessRuntimeOptions {
  readonly keeper: Keeper;
  readonly cgroups: Cgroups;
  readonly clock: Clock;
  readonly folder: string;
  readonly logBytes_max?: number;
  readonly logFiles_max?: number;
}

/**
 * The `process` runtime: containers made of namespaces by the system calls of dialects/process, carried out by stage.
 * Needs no root, no daemon and no binary of anyone else.
 */
export function openProcessRuntime(options: ProcessRuntimeOptions): Promise<KeptRuntime> {
  const stage = installStage(options.folder);
  return KeptRuntime.open({ ...options, launcher: new ProcessLauncher(stage, options.cgroups) });
}

class ProcessLauncher implements Launcher {
  readonly handler = 'process';
  readonly userNamespaces = rootlessIds() === undefined;
  readonly #stage: string;
  readonly #cgroups: Cgroups;

  constructor(stage: string, cgroups: Cgroups) {
    this.#stage = stage;
    this.#cgroups = cgroups;
  }

  check(): Promise<{ readonly version: string }> {
    return Promise.resolve({ version: release() });
  }

  sandbox(spec: SandboxSpec, folder: string): Promise<Launch> {
    return Promise.resolve(stageSandbox(this.#stage, spec, folder, this.#cgroups));
  }

  /** The pod's own process has a user namespace without accounts: only who is root outside may write them. */
  begun({ spec: { users }, pid }: SandboxRecord): Promise<void> {
    if (!users) return Promise.resolve();
    for (const file of ['gid_map', 'uid_map'])
      writeFileSync(`/proc/${pid}/${file}`, `0 ${users.start} ${users.length}`);
    return Promise.resolve();
  }

  container(spec: ContainerSpec, sandbox: SandboxRecord, folder: string, targetPid?: number): Promise<Launch> {
    // Its profiles are programs in another language; running unconfined instead would be worse than not running.
    if (typeof spec.security.seccomp === 'object')
      return Promise.reject(
        computeFaults.error('start-failed', {
          step: 'seccomp profile',
          detail: 'this runtime has only the default profile; use runc or crun',
        }),
      );
    // Without control of devices what is read could be written to.
    const readOnly = spec.devices.find(({ permissions }) => !permissions.includes('w'));
    if (readOnly)
      return Promise.reject(
        computeFaults.error('start-failed', {
          step: `device ${readOnly.target}`,
          detail: 'this runtime gives no devices that are only read; use runc or crun',
        }),
      );
    if (spec.hooks) return Promise.reject(computeFaults.error('hooks-unsupported', { handler: 'process' }));
    const errorFile = join(folder, 'error');
    const pidFile = join(folder, 'pid');
    const rootFolder = join(folder, 'root');
    mkdirSync(rootFolder, { recursive: true, mode: 0o711 });
    const rootless = rootlessIds();
    const { users } = sandbox.spec;
    // What the container writes is stored with accounts of the pod; its own folder has to be theirs.
    if (users && spec.rootfs.kind === 'overlay') chownSync(spec.rootfs.upper, users.start, users.start);
    const program = lowerContainer(spec, {
      errorFile,
      pidFile,
      rootFolder,
      cgroup: rootless ? NO_CGROUP : this.#cgroups.plan(`${sandbox.spec.cgroup}/${spec.id}`, spec.resources),
      rootless,
      sandboxPid: sandbox.pid,
      ...(targetPid === undefined ? {} : { targetPid }),
      sandbox: sandbox.spec,
      groupMounts: rootless ? [] : this.#cgroups.mounts(),
      mountIsFolder: spec.mounts.map(mount => mount.kind === 'tmpfs' || statSync(mount.source).isDirectory()),
    });
    const launch = stageLaunch(this.#stage, program, folder, errorFile, pidFile);
    return Promise.resolve({ ...launch, request: { ...launch.request, terminal: spec.tty ? 'slave' : 'none' } });
  }

  exec(spec: ContainerSpec, sandbox: SandboxSpec, pid: number, options: ExecOptions, folder: string) {
    return Promise.resolve(stageExec(this.#stage, spec, sandbox, pid, options, folder));
  }

  release(_spec: ContainerSpec, folder: string): Promise<void> {
    rmSync(join(folder, 'program'), { force: true });
    return Promise.resolve();
  }
}
