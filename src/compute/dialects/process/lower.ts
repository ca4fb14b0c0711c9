import { CAPABILITIES, capabilitiesOf } from '../../engine/capabilities.ts';
import { DEFAULT_PATH } from '../../engine/paths.ts';
import { pidsOf } from '../../engine/pids.ts';
import { UNPRIVILEGED_NETWORK } from '../../engine/user-ranges.ts';
import type { ContainerSpec, SandboxSpec } from '../../model.ts';
import { accountMapping, buildRoot, MAPPING_NAMESPACE_OFFSET, type MappedUsers } from './filesystem.ts';
import { Program } from './program.ts';
import { seccompFilter } from './seccomp.ts';
import { begin, type ContainerSurroundings, makeFolders, type Surroundings, writeFile } from './steps.ts';
import { NEW, OPEN, SYS } from './syscalls.ts';

const SIGCHLD = 17;
const TIOCSCTTY = 0x540e;
const PR_SET_DUMPABLE = 4;
const PR_SET_SECCOMP = 22;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const CLOSE_RANGE_CLOEXEC = 4;
/** ~0 as close_range's last descriptor. */
const LAST_DESCRIPTOR = 0xffff_ffff;

/** Forks; the parent writes the child's pid, waits until the child has executed (or failed), and ends. */
export function forkAndReport(program: Program, around: Pick<Surroundings, 'pidFile'>): void {
  const flags = OPEN.write | OPEN.create | OPEN.truncate | OPEN.closeOnExec;
  program.must('open the pid file', SYS.open, program.text(around.pidFile), flags, 0o600);
  const file = { held: program.keep() };
  const pipe = program.bytes(new Uint8Array(8));
  program.must('make a pipe', SYS.pipe2, pipe, OPEN.closeOnExec);
  const child = program.label();
  const parent = program.label();
  program.must('fork', SYS.clone, SIGCHLD, 0, 0, 0, 0);
  program.jumpIfNotZero(parent);
  program.jump(child);
  program.here(parent);
  const pid = program.keep();
  program.must('write the pid', SYS.write, file, pid, 4);
  program.may(SYS.close, { held: pipe, offset: 4 });
  program.may(SYS.read, { held: pipe }, pipe, 1);
  program.must('exit', SYS.exit_group, 0);
  program.here(child);
  program.may(SYS.close, { held: pipe });
}

/** Holds the namespaces a pod's containers share; sleeps and lets the kernel reap. */
export function lowerSandbox(spec: SandboxSpec, around: Surroundings): Program {
  const program = new Program();
  begin(program, around);
  if (spec.usernsPath !== undefined) {
    program.must('open the user namespace', SYS.open, program.text(spec.usernsPath), OPEN.closeOnExec, 0);
    program.must('enter the user namespace', SYS.setns, { held: program.keep() }, NEW.user);
    program.may(SYS.prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  } else if (around.rootless) enterUserNamespace(program, around.rootless);
  if (spec.netnsPath !== undefined) {
    program.must('open the network namespace', SYS.open, program.text(spec.netnsPath), OPEN.closeOnExec, 0);
    const fd = { held: program.keep() };
    program.must('enter the network namespace', SYS.setns, fd, NEW.net);
    program.may(SYS.close, fd);
  }
  const flags = (spec.hostIpc ? 0 : NEW.ipc) | (spec.hostNetwork ? 0 : NEW.uts) | (spec.sharedPid ? NEW.pid : 0);
  if (flags !== 0) program.must('unshare', SYS.unshare, flags);
  if (!spec.hostNetwork) {
    const length = new TextEncoder().encode(spec.hostname).length;
    program.must('set the host name', SYS.sethostname, program.text(spec.hostname), length);
  }
  const open = spec.users && !spec.hostNetwork ? UNPRIVILEGED_NETWORK : {};
  for (const [name, value] of Object.entries({ ...open, ...spec.sysctls }))
    writeFile(program, `/proc/sys/${name.replaceAll('.', '/')}`, value, `set sysctl ${name}`);
  ignoreChildren(program);
  // Made last: who is nobody yet could set nothing. Its accounts are written by who started this.
  if (spec.users) program.must('unshare the user namespace', SYS.unshare, NEW.user);
  forkAndReport(program, around);
  program.may(SYS.setsid);
  program.may(SYS.close_range, 0, LAST_DESCRIPTOR, 0);
  sleepForever(program);
  return program;
}

function sleepForever(program: Program): void {
  const sleep = program.label();
  program.here(sleep);
  program.may(SYS.pause);
  program.jump(sleep);
}

/** struct sigaction { SIG_IGN, flags, restorer, mask }: ended orphans vanish without anyone waiting for them. */
function ignoreChildren(program: Program): void {
  const ignore = new Uint8Array(32);
  ignore[0] = 1;
  program.must('ignore SIGCHLD', SYS.rt_sigaction, SIGCHLD, program.bytes(ignore), 0, 8);
}

/** The first process of a pod on a kernel of its own. */
export function lowerSleeper(errorFile: string): Program {
  const program = new Program();
  begin(program, { errorFile, cgroup: { steps: [], procs: [] } });
  ignoreChildren(program);
  sleepForever(program);
  return program;
}

/** Sets what the pod asks of such a kernel, and ends. */
export function lowerSettings(sysctls: SandboxSpec['sysctls'], errorFile: string): Program {
  const program = new Program();
  begin(program, { errorFile, cgroup: { steps: [], procs: [] } });
  for (const [name, value] of Object.entries(sysctls))
    writeFile(program, `/proc/sys/${name.replaceAll('.', '/')}`, value, `set sysctl ${name}`);
  program.must('exit', SYS.exit_group, 0);
  return program;
}

function enterUserNamespace(program: Program, ids: { readonly uid: number; readonly gid: number }): void {
  program.must('unshare the user namespace', SYS.unshare, NEW.user);
  // Gaining capabilities made the process unreadable: its maps and namespaces could not be used by others of this user.
  program.may(SYS.prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  writeFile(program, '/proc/self/setgroups', 'deny');
  writeFile(program, '/proc/self/uid_map', `0 ${ids.uid} 1`, 'map the user');
  writeFile(program, '/proc/self/gid_map', `0 ${ids.gid} 1`, 'map the group');
}

/** The namespaces a pod has of its own; entering the machine's would be refused without root. */
const podNamespaces = (sandbox: SandboxSpec): number =>
  (sandbox.netnsPath === undefined ? 0 : NEW.net) |
  (sandbox.hostNetwork ? 0 : NEW.uts) |
  (sandbox.hostIpc ? 0 : NEW.ipc);

export function joinNamespaces(program: Program, pid: number, flags: number): void {
  program.must("find the pod's namespaces", SYS.pidfd_open, pid, 0);
  const fd = { held: program.keep() };
  program.must("enter the pod's namespaces", SYS.setns, fd, flags);
  program.may(SYS.close, fd);
}

/** The user namespace of a process. */
function openUsers(program: Program, pid: number): MappedUsers {
  program.must('open the user namespace', SYS.open, program.text(`/proc/${pid}/ns/user`), OPEN.closeOnExec, 0);
  const namespace = { held: program.keep() };
  const mapping = program.bytes(accountMapping());
  program.keepIn({ ...mapping, offset: MAPPING_NAMESPACE_OFFSET });
  return { namespace, mapping };
}

/** One container: namespaces, root, mounts, then the least privilege the pod asks for, then its command. */
export function lowerContainer(spec: ContainerSpec, around: ContainerSurroundings): Program {
  const program = new Program();
  const { sandbox } = around;
  begin(program, around);
  if (spec.resources.oomScoreAdj !== undefined)
    writeFile(program, '/proc/self/oom_score_adj', String(spec.resources.oomScoreAdj));
  const users = sandbox.users && !around.rootless ? openUsers(program, around.sandboxPid) : undefined;
  const target = around.targetPid;
  const pids = pidsOf(spec, sandbox);
  const podProcesses = pids === 'pod' && target === undefined ? NEW.pid : 0;
  const shared = podNamespaces(sandbox) | podProcesses | (around.rootless ? NEW.user : 0);
  // Sources are captured before the host's tree is out of sight.
  joinNamespaces(program, around.sandboxPid, shared);
  if (target !== undefined) joinNamespaces(program, target, NEW.pid);
  else if (pids === 'own') program.must('unshare processes', SYS.unshare, NEW.pid);
  forkAndReport(program, around);
  program.may(SYS.setsid);
  if (spec.tty) program.may(SYS.ioctl, 0, TIOCSCTTY, 0);
  program.must('unshare mounts', SYS.unshare, NEW.mount | (around.rootless ? 0 : NEW.cgroup));
  buildRoot(program, spec, around, users);
  becomeAndExecute(program, spec, around.rootless !== undefined, {
    users,
    command: spec.args,
    workingFolder: spec.workingFolder,
    makeWorkingFolder: true,
  });
  return program;
}

interface ExecSurroundings extends Omit<Surroundings, 'pidFile'> {
  readonly containerPid: number;
  readonly sandbox: SandboxSpec;
  /** Whether the container's group decides about devices: it may then hold CAP_MKNOD. */
  readonly deviceController: boolean;
}

/** Another command inside a running container; stage stays as its parent and ends with its exit code. */
export function lowerExec(
  spec: ContainerSpec,
  command: readonly string[],
  tty: boolean,
  around: ExecSurroundings,
): Program {
  const program = new Program();
  begin(program, around);
  if (tty) program.may(SYS.ioctl, 0, TIOCSCTTY, 0);
  const { sandbox } = around;
  const own =
    NEW.mount |
    (pidsOf(spec, sandbox) === 'machine' && spec.pidTarget === undefined ? 0 : NEW.pid) |
    (around.rootless ? NEW.user : NEW.cgroup);
  const flags = own | podNamespaces(sandbox);
  const users = sandbox.users && !around.rootless ? openUsers(program, around.containerPid) : undefined;
  joinNamespaces(program, around.containerPid, flags);
  const parent = program.label();
  const child = program.label();
  program.must('fork', SYS.clone, SIGCHLD, 0, 0, 0, 0);
  program.jumpIfNotZero(parent);
  program.jump(child);
  program.here(parent);
  const pid = { held: program.keep() };
  const status = program.bytes(new Uint8Array(8));
  program.must('wait', SYS.wait4, pid, status, 0, 0);
  program.waitCode(status);
  const code = { held: program.keep() };
  program.must('exit', SYS.exit_group, code);
  program.here(child);
  becomeAndExecute(program, spec, around.rootless !== undefined, {
    users,
    command,
    workingFolder: spec.workingFolder,
    makeWorkingFolder: false,
    deviceController: around.deviceController,
  });
  return program;
}

interface Execution {
  /** The namespace of the pod's own accounts. */
  readonly users: MappedUsers | undefined;
  readonly command: readonly string[];
  readonly workingFolder: string;
  readonly makeWorkingFolder: boolean;
  readonly deviceController?: boolean;
}

function becomeAndExecute(program: Program, spec: ContainerSpec, rootless: boolean, execution: Execution): void {
  const folder = execution.workingFolder || '/';
  if (execution.users !== undefined) {
    program.must('enter the user namespace', SYS.setns, execution.users.namespace, NEW.user);
    // Until it is one of the accounts there, giving up an account would keep the capabilities.
    program.must('become a group of the pod', SYS.setresgid, 0, 0, 0);
    program.must('become a user of the pod', SYS.setresuid, 0, 0, 0);
  }
  if (execution.makeWorkingFolder) makeFolders(program, folder);
  program.must(`chdir to ${folder}`, SYS.chdir, program.text(folder));
  restrict(program, spec, rootless, execution.deviceController ?? false);
  program.may(SYS.umask, 0o22);
  program.may(SYS.close_range, 3, LAST_DESCRIPTOR, CLOSE_RANGE_CLOEXEC);
  const environment = spec.environment.map(([name, value]) => program.text(`${name}=${value}`));
  const args = execution.command.map(argument => program.text(argument));
  const argv = program.pointers(args);
  const envp = program.pointers(environment);
  const command = execution.command[0] ?? '';
  if (command.includes('/')) {
    program.must(`exec: "${command}"`, SYS.execve, program.text(command), argv, envp);
    return;
  }
  const path = spec.environment.find(([name]) => name === 'PATH')?.[1] ?? DEFAULT_PATH;
  for (const entry of path.split(':').filter(part => part.startsWith('/')))
    program.may(SYS.execve, program.text(`${entry}/${command}`), argv, envp);
  program.must(
    `exec: "${command}": executable file not found in $PATH`,
    SYS.execve,
    program.text('/proc/self/nothing/of/this/name'),
    argv,
    envp,
  );
}

function restrict(program: Program, spec: ContainerSpec, rootless: boolean, deviceController: boolean): void {
  const { security, account } = spec;
  const held = new Set(capabilitiesOf(security));
  // Without a device controller a container that makes device nodes reads the machine's disks.
  if (!security.privileged && !deviceController) held.delete('MKNOD');
  if (security.noNewPrivileges) program.must('set no_new_privs', SYS.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (security.seccomp === 'default' && !security.privileged) {
    const filter = program.bytes(seccompFilter());
    program.must('load the seccomp filter', SYS.prctl, PR_SET_SECCOMP, 2, program.filter(filter), 0, 0);
  }
  let low = 0;
  let high = 0;
  for (const [number, name] of CAPABILITIES.entries()) {
    if (!held.has(name)) program.may(SYS.prctl, PR_CAPBSET_DROP, number, 0, 0, 0);
    else if (number < 32) low = (low | (1 << number)) >>> 0;
    else high = (high | (1 << (number - 32))) >>> 0;
  }
  if (!rootless) {
    const groups = new Uint8Array(Math.max(1, account.groups.length) * 4);
    const view = new DataView(groups.buffer);
    for (const [index, group] of account.groups.entries()) view.setUint32(index * 4, group, true);
    program.must('set groups', SYS.setgroups, account.groups.length, program.bytes(groups));
  }
  program.must(`set group ${account.gid}`, SYS.setresgid, account.gid, account.gid, account.gid);
  program.must(`set user ${account.uid}`, SYS.setresuid, account.uid, account.uid, account.uid);
  if (account.uid !== 0) return;
  // _LINUX_CAPABILITY_VERSION_3, this process; effective, permitted, inheritable, twice 32 bits.
  const header = new Uint8Array(8);
  new DataView(header.buffer).setUint32(0, 0x2008_0522, true);
  const sets = new Uint8Array(24);
  const view = new DataView(sets.buffer);
  for (const [offset, value] of [
    [0, low],
    [4, low],
    [12, high],
    [16, high],
  ] as const)
    view.setUint32(offset, value, true);
  program.may(SYS.capset, program.bytes(header), program.bytes(sets));
}
