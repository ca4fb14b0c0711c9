import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lowerSettings, lowerSleeper } from '../dialects/process/lower.ts';
import { lowerWrapped } from '../dialects/process/wrap.ts';
import type { OciDialect } from '../dialects/oci.ts';
import { lowerSpec } from '../dialects/runc/spec.ts';
import { computeFaults } from '../faults.ts';
import type { ContainerSpec, SandboxSpec } from '../model.ts';
import type { Cgroups } from './cgroup.ts';
import type { Keeper } from './keeper-client.ts';
import type { SandboxRecord } from './launcher.ts';
import { failureOf } from './stage.ts';

/** The id of a pod's kernel, as the runtime and the keeper know it. */
export const kernelId = (sandboxId: string): string => `k-${sandboxId}`;

/** What a pod on the machine's own network needs when its kernel starts. */
export const networkFlags = (dialect: OciDialect, { hostNetwork }: SandboxSpec): readonly string[] =>
  hostNetwork ? (dialect.hostNetwork ?? []) : [];

/** Whether an id of a container is that of a pod's kernel: identifiers of containers have no such beginning. */
export const isKernel = (id: string): boolean => id.startsWith('k-');

/** Whether the pod's containers share a kernel; its settings are made before any of them starts. */
export const hasKernel = (dialect: OciDialect, sandbox: SandboxSpec): boolean =>
  dialect.podKernel === true && (sandbox.solitary !== true || Object.keys(sandbox.sysctls).length > 0);

/**
 * A container that joined a kernel has no process of the machine: this one waits for it and ends as it did. When the kernel is
 * gone first, it was killed.
 */
export const WAITER = [
  'bin=$1 id=$2 pid=$3 bundle=$4 socket=$5; shift 5',
  '"$bin" "$@" create --bundle "$bundle" ${socket:+--console-socket "$socket"} "$id" || exit 1',
  '"$bin" "$@" start "$id" || { "$bin" "$@" delete --force "$id"; exit 1; }',
  '(',
  '  said=$("$bin" "$@" wait "$id") || exit 137',
  '  code=${said##*\\"exitStatus\\":}',
  '  exit "${code%%[!0-9]*}"',
  ') </dev/null >/dev/null 2>&1 &',
  'echo $! >"$pid"',
].join('\n');

export interface KernelOptions {
  readonly dialect: OciDialect;
  readonly binary: string;
  /** Path of the program that carries out lists of system calls. */
  readonly stage: string;
  readonly keeper: Keeper;
  readonly cgroups: Cgroups;
  /** Before the verb. */
  readonly flags: (log: string) => readonly string[];
  command(args: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }>;
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts the kernel of a pod; it holds the pod's system settings and outlives its containers. `folder`: the sandbox's. */
export async function startKernel(options: KernelOptions, sandbox: SandboxRecord, folder: string): Promise<void> {
  const { dialect, binary, stage, keeper, cgroups } = options;
  const { spec } = sandbox;
  const [bundle, id] = [join(folder, 'kernel'), kernelId(spec.id)];
  const [rootfs, rootFolder] = [join(bundle, 'files'), join(bundle, 'root')];
  for (const path of [rootfs, rootFolder]) mkdirSync(path, { recursive: true, mode: 0o711 });
  copyFileSync(stage, join(rootfs, 'stage'));
  writeFileSync(join(rootfs, 'program'), lowerSleeper('/failure').encode(), { mode: 0o600 });
  writeFileSync(join(rootfs, 'settings'), lowerSettings(spec.sysctls, '/failure').encode(), { mode: 0o600 });
  const around = {
    rootFolder,
    cgroupsPath: cgroups.absolute(`${spec.cgroup}/kernel`),
    sandboxPid: sandbox.pid,
    devices: [],
    sandbox: spec,
    capabilities: new Set<string>(),
    canLowerOomScore: false,
  };
  const config = lowerSpec(holderSpec(spec, id), around);
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(dialect.adapt?.(config, spec.hostname, 'begin') ?? config));
  const [pidFile, errorFile, log] = [join(bundle, 'pid'), join(bundle, 'error'), join(bundle, 'runtime.log')];
  const program = lowerWrapped({
    errorFile,
    rootfs: { kind: 'folder', path: rootfs },
    rootFolder,
    unmount: dialect.unmount,
    path: binary,
    args: [
      binary,
      ...options.flags(log),
      ...networkFlags(dialect, spec),
      'run',
      '--detach',
      '--bundle',
      bundle,
      '--pid-file',
      pidFile,
      id,
    ],
    environment: Object.entries(options.environment).map(([name, value]) => `${name}=${value}`),
    cgroup: cgroups.plan(`${spec.cgroup}/kernel`, {}),
    peers: [],
    shared: false,
  });
  const path = join(bundle, 'program');
  writeFileSync(path, program.encode(), { mode: 0o600 });
  const failed = (detail: string): Error => computeFaults.error('runtime-failed', { handler: dialect.handler, detail });
  await keeper
    .launch({
      id,
      path: stage,
      args: [path],
      environment: {},
      cwd: '/',
      terminal: 'none',
      pidFile,
      pidFormat: 'text',
      timeout_ms: dialect.start_ms_max,
      stdin: false,
      stdinOnce: false,
    })
    .catch((error: Error) => {
      throw failed(failureOf(program, errorFile) ?? error.message);
    });
  if (Object.keys(spec.sysctls).length === 0) return;
  const { exitCode } = await options.command([...options.flags('/dev/null'), 'exec', id, '/stage', '/settings']);
  if (exitCode === 0) return;
  await stopKernel(options, spec);
  throw failed(`its kernel refuses one of the settings ${Object.keys(spec.sysctls).join(', ')}`);
}

/** Ends a pod's kernel, and whatever still runs on it. */
export async function stopKernel(options: KernelOptions, spec: SandboxSpec): Promise<void> {
  const id = kernelId(spec.id);
  await options.command([...options.flags('/dev/null'), 'delete', '--force', id]);
  await options.keeper.kill(id, 9);
}

/** The pod's first container: nothing but its process. */
function holderSpec(spec: SandboxSpec, id: string): ContainerSpec {
  return {
    id,
    sandboxId: spec.id,
    pids: 'own',
    name: '',
    attempt: 0,
    image: '',
    imageId: '',
    rootfs: { kind: 'folder', path: '' },
    args: ['/stage', '/program'],
    environment: [],
    workingFolder: '/',
    account: { uid: 0, gid: 0, groups: [] },
    mounts: [],
    devices: [],
    security: {
      privileged: false,
      readOnlyRootfs: false,
      noNewPrivileges: true,
      capabilities: { add: [], drop: [] },
      seccomp: 'unconfined',
      procMount: 'unmasked',
    },
    resources: {},
    tty: false,
    stdin: false,
    stdinOnce: false,
    stopSignal: 'SIGKILL',
    logPath: '/dev/null',
    labels: {},
    annotations: spec.annotations,
    createdAt_ms: spec.createdAt_ms,
  };
}
