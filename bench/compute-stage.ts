/** The launcher of `process` containers by itself: no node, no keeper and no API around it. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lowerContainer } from '../src/compute/dialects/process/lower.ts';
import { type Cgroups, openCgroups } from '../src/compute/drivers/cgroup.ts';
import type { Launch } from '../src/compute/drivers/launcher.ts';
import { installStage, stageLaunch, stageSandbox } from '../src/compute/drivers/stage.ts';
import type { ContainerSpec, SandboxSpec } from '../src/compute/model.ts';

const GONE_TRIES_MAX = 500;

interface Pod {
  readonly folder: string;
  readonly sandbox: SandboxSpec;
  readonly container: ContainerSpec;
}

function sandboxOf(id: string, folder: string): SandboxSpec {
  return {
    id,
    pod: { namespace: 'default', name: id, uid: id },
    attempt: 0,
    hostname: id,
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    sharedPid: false,
    sysctls: {},
    logFolder: folder,
    cgroup: `pods/besteffort/${id}`,
    labels: {},
    annotations: {},
    createdAt_ms: 0,
  };
}

function containerOf(id: string, folder: string, lower: string, args: readonly string[]): ContainerSpec {
  return {
    id: `c-${id}`,
    sandboxId: id,
    name: 'c',
    attempt: 0,
    image: 'busybox',
    imageId: 'busybox',
    rootfs: { kind: 'overlay', lower: [lower], upper: join(folder, 'upper'), work: join(folder, 'work') },
    args,
    environment: [['PATH', '/bin']],
    workingFolder: '/',
    account: { uid: 0, gid: 0, groups: [] },
    mounts: [],
    devices: [],
    security: {
      privileged: false,
      readOnlyRootfs: false,
      noNewPrivileges: false,
      capabilities: { add: [], drop: [] },
      seccomp: 'default',
      procMount: 'default',
    },
    resources: {},
    tty: false,
    stdin: false,
    stdinOnce: false,
    stopSignal: 'TERM',
    logPath: join(folder, 'log'),
    labels: {},
    annotations: {},
    createdAt_ms: 0,
  };
}

/** Starts commands at once from a shell, as a person would, and waits for all: milliseconds. */
async function allAtOnce(commands: readonly (readonly string[])[]): Promise<number> {
  const start = commands.map(words => `${words.map(word => `'${word}'`).join(' ')} & all="$all $!"`);
  const lines = [...start, 'for one in $all; do wait $one || exit 1; done'];
  const begun = performance.now();
  const child = spawn('sh', ['-c', lines.join('\n')], { stdio: 'ignore' });
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('exit', resolve));
  if (code !== 0) throw new Error(`stage alone ended with ${String(code)}`);
  return performance.now() - begun;
}

const commandOf = ({ request }: Launch): string[] => [request.path, ...request.args];
/** What the launcher started, as the machine counts. */
const pidOf = ({ request }: Launch): number => readFileSync(request.pidFile).readInt32LE(0);

function containerLaunch(stage: string, pod: Pod, cgroups: Cgroups, sandboxPid: number): Launch {
  const { sandbox, container, folder } = pod;
  const [errorFile, pidFile] = [join(folder, 'error'), join(folder, 'pid')];
  const program = lowerContainer(container, {
    errorFile,
    pidFile,
    rootFolder: join(folder, 'root'),
    cgroup: cgroups.plan(`${sandbox.cgroup}/${container.id}`, {}),
    rootless: undefined,
    sandboxPid,
    // That of its holder: it was made with it.
    sandbox: { ...sandbox, netnsPath: `/proc/${sandboxPid}/ns/net` },
    groupMounts: cgroups.mounts(),
    mountIsFolder: [],
  });
  return stageLaunch(stage, program, folder, errorFile, pidFile);
}

/**
 * Starts `count` containers of the program at once, each with what it has in a pod of ours: namespaces of its own (network
 * too, without devices), control groups, an overlay root with its mounts, capabilities and system call filter. First all
 * holders of namespaces, then all programs in them; what is written between is not counted. Milliseconds.
 */
export async function stageAtOnce(scratch: string, count: number, tag: string, args: readonly string[]) {
  const base = join(scratch, `bare-process-${tag}`);
  const stage = installStage(base);
  const cgroups = openCgroups(`tenon-bare-${process.pid}-${tag}`);
  const pods = Array.from({ length: count }, (_, index): Pod => {
    const id = `tenon-bare-${process.pid}-${tag}-${index}`;
    const folder = join(base, String(index));
    for (const name of ['sandbox', 'upper', 'work', 'root']) mkdirSync(join(folder, name), { recursive: true });
    const container = containerOf(id, folder, join(scratch, 'build/root'), args);
    return { folder, sandbox: sandboxOf(id, folder), container };
  });
  const pids: number[] = [];
  try {
    const holders = pods.map(({ sandbox, folder }) => stageSandbox(stage, sandbox, join(folder, 'sandbox'), cgroups));
    let took_ms = await allAtOnce(holders.map(launch => ['unshare', '--net', ...commandOf(launch)]));
    pids.push(...holders.map(pidOf));
    const programs = pods.map((pod, index) => containerLaunch(stage, pod, cgroups, pids[index]!));
    took_ms += await allAtOnce(programs.map(commandOf));
    pids.push(...programs.map(pidOf));
    const failure = [...holders, ...programs].map(launch => launch.failure()).find(words => words !== undefined);
    if (failure !== undefined) throw new Error(`stage alone: ${failure}`);
    return took_ms;
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    for (let tries = 0; tries < GONE_TRIES_MAX && pids.some(pid => existsSync(`/proc/${pid}`)); tries++)
      await pause(10);
    await cgroups.remove('');
  }
}
