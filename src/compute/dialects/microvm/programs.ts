import type { ContainerSpec, Resources, SandboxSpec } from '../../model.ts';
import { unifiedValues } from '../../engine/cgroup-values.ts';
import { AT_EMPTY_PATH, AT_RECURSIVE, capture, mountRoot, place, setReadOnly } from '../process/filesystem.ts';
import { forkAndReport, joinNamespaces, lowerContainer, lowerExec, lowerSandbox } from '../process/lower.ts';
import { type Argument, Program } from '../process/program.ts';
import { begin, makeFolders, type Surroundings, writeFile } from '../process/steps.ts';
import { MS, NEW, OPEN, SYS } from '../process/syscalls.ts';
import { type GuestNetwork, networkMessages } from './network.ts';

const NO_GROUP = { steps: [], procs: [] };
const MNT_DETACH = 2;
const SIGCHLD = 17;
const SIGKILL = 9;
/** Where the shared folder is in the guest. */
const SHARE = '/share';
const GROUPS = '/sys/fs/cgroup';
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
/** random(4): adds bytes that count as random, and makes the generator use them at once. */
const RNDADDENTROPY = 0x4008_5203;
const RNDRESEEDCRNG = 0x5207;
/** Largest file a statistics program reads. */
const STATISTIC_BYTES_MAX = 8192;

/** Files by which the guest's first process learns of a program: its failure and the pid of what it left behind. */
const filesOf = (id: number) => ({ errorFile: `/run/${id}.err`, pidFile: `/run/${id}.pid` });

/** On the machine: starts a virtual machine where only it sees the files it shares, in the pod's network. */
export function lowerMachineStart(
  spec: { readonly path: string; readonly args: readonly string[]; readonly netnsPath?: string },
  around: Pick<Surroundings, 'errorFile' | 'pidFile' | 'cgroup'>,
): Program {
  const program = new Program();
  begin(program, around);
  program.may(SYS.umask, 0o22);
  if (spec.netnsPath === undefined) program.must('unshare the network', SYS.unshare, NEW.net);
  else {
    program.must('open the network namespace', SYS.open, program.text(spec.netnsPath), OPEN.closeOnExec, 0);
    program.must('enter the network namespace', SYS.setns, { held: program.keep() }, NEW.net);
  }
  program.must('unshare mounts', SYS.unshare, NEW.mount | NEW.ipc);
  const flags = MS.recursive | MS.private;
  program.must('make mounts private', SYS.mount, program.text('none'), program.text('/'), 0, flags, 0);
  forkAndReport(program, around);
  program.may(SYS.setsid);
  const path = program.text(spec.path);
  const argv = program.pointers([path, ...spec.args.map(argument => program.text(argument))]);
  program.must(`exec: "${spec.path}"`, SYS.execve, path, argv, program.pointers([program.text('PATH=/usr/bin:/bin')]));
  return program;
}

/** On the machine: shows a container's root and mounts in the folder its virtual machine shares. */
export function lowerShare(
  spec: ContainerSpec,
  around: {
    readonly errorFile: string;
    readonly machinePid: number;
    readonly folder: string;
    readonly mountIsFolder: readonly boolean[];
  },
): Program {
  const program = new Program();
  begin(program, { errorFile: around.errorFile, cgroup: NO_GROUP });
  const captured = spec.mounts.map(mount =>
    mount.kind === 'bind' ? capture(program, mount.source, mount.target) : undefined,
  );
  joinNamespaces(program, around.machinePid, NEW.mount);
  makeFolders(program, `${around.folder}/root`);
  mountRoot(program, spec.rootfs, `${around.folder}/root`, false);
  for (const [index, mount] of spec.mounts.entries()) {
    const from = captured[index];
    if (from === undefined) continue;
    if (mount.readOnly) {
      const flags = AT_EMPTY_PATH | (mount.shallow ? 0 : AT_RECURSIVE);
      setReadOnly(program, from, '', flags, `make ${mount.target} read-only`);
    }
    place(program, from, `${around.folder}/m${index}`, around.mountIsFolder[index] ?? true, true);
  }
  program.must('exit', SYS.exit_group, 0);
  return program;
}

/** On the machine: takes what lowerShare showed away again. */
export function lowerUnshare(
  spec: ContainerSpec,
  around: { readonly errorFile: string; readonly machinePid: number; readonly folder: string },
): Program {
  const program = new Program();
  begin(program, { errorFile: around.errorFile, cgroup: NO_GROUP });
  joinNamespaces(program, around.machinePid, NEW.mount);
  for (const name of [...spec.mounts.keys().map(index => `m${index}`), 'root'])
    program.may(SYS.umount2, program.text(`${around.folder}/${name}`), MNT_DETACH);
  program.must('exit', SYS.exit_group, 0);
  return program;
}

/**
 * In the guest, once: its time, randomness that no copy of the same snapshot shares, its network, the shared folder, the
 * controllers. `seed`: 32 bytes or more.
 */
export function lowerGuestSetup(
  id: number,
  guest: { readonly now_ms: number; readonly seed: Uint8Array; readonly network?: GuestNetwork },
): Program {
  const program = new Program();
  begin(program, { ...filesOf(id), cgroup: NO_GROUP });
  const time = new Uint8Array(16);
  const view = new DataView(time.buffer);
  view.setBigInt64(0, BigInt(Math.floor(guest.now_ms / 1000)), true);
  view.setBigInt64(8, BigInt(Math.floor(guest.now_ms % 1000) * 1_000_000), true);
  program.must('set the time', SYS.clock_settime, 0, program.bytes(time));
  // struct rand_pool_info { bits, bytes, data }
  const pool = new Uint8Array(8 + guest.seed.length);
  new DataView(pool.buffer).setInt32(0, guest.seed.length * 8, true);
  new DataView(pool.buffer).setInt32(4, guest.seed.length, true);
  pool.set(guest.seed, 8);
  program.must('open /dev/urandom', SYS.open, program.text('/dev/urandom'), OPEN.write | OPEN.closeOnExec, 0);
  const random = { held: program.keep() };
  program.must('add randomness', SYS.ioctl, random, RNDADDENTROPY, program.bytes(pool));
  program.must('use it', SYS.ioctl, random, RNDRESEEDCRNG, 0);
  program.must('open netlink', SYS.socket, AF_NETLINK, SOCK_RAW_CLOEXEC, 0);
  const netlink = { held: program.keep() };
  const none: GuestNetwork = { mac: '02:00:00:00:00:01', mtu: 1500, addresses: [], routes: [], neighbours: [] };
  for (const bytes of networkMessages(guest.network ?? none))
    program.must('set up the network', SYS.write, netlink, program.bytes(bytes), bytes.length);
  const options = 'trans=virtio,version=9p2000.L,msize=262144,cache=mmap,posixacl';
  const type = program.text('9p');
  program.must(
    'mount the shared folder',
    SYS.mount,
    program.text('share'),
    program.text(SHARE),
    type,
    MS.noDev,
    program.text(options),
  );
  for (const controller of ['memory', 'cpu', 'pids', 'cpuset'])
    writeFile(program, `${GROUPS}/cgroup.subtree_control`, `+${controller}`);
  program.must('exit', SYS.exit_group, 0);
  return program;
}

/** What a pod is inside its own machine: the network is the guest's. */
function guestSandbox(sandbox: SandboxSpec): SandboxSpec {
  const { netnsPath: _netns, usernsPath: _userns, ...rest } = sandbox;
  return rest;
}

/** In the guest: the process that holds the pod's namespaces. */
export function lowerGuestSandbox(id: number, sandbox: SandboxSpec): Program {
  return lowerSandbox(guestSandbox(sandbox), { ...filesOf(id), cgroup: NO_GROUP, rootless: undefined });
}

/** A container as the guest sees it: its files are in the shared folder, and its devices the guest's. */
function guestContainer(spec: ContainerSpec): ContainerSpec {
  const mounts = spec.mounts.map((mount, index) => {
    const { propagation: _propagation, ...rest } = mount;
    return mount.kind === 'bind' ? { ...rest, source: `${SHARE}/${spec.id}/m${index}` } : rest;
  });
  return { ...spec, rootfs: { kind: 'folder', path: `${SHARE}/${spec.id}/root` }, mounts, devices: [] };
}

/** In the guest: a container. */
export function lowerGuestContainer(
  id: number,
  spec: ContainerSpec,
  around: {
    readonly sandbox: SandboxSpec;
    readonly sandboxPid: number;
    readonly targetPid?: number;
    readonly mountIsFolder: readonly boolean[];
  },
): Program {
  const folder = `${GROUPS}/${spec.id}`;
  const values = unifiedValues(spec.resources).map(([file, value]) => ({
    file: `${folder}/${file}`,
    value: String(value),
  }));
  const rootFolder = `/run/${spec.id}`;
  const { resources, ...rest } = guestContainer(spec);
  const { oomScoreAdj: _score, ...limits } = resources;
  return lowerContainer(
    { ...rest, resources: limits },
    {
      ...filesOf(id),
      ...around,
      sandbox: guestSandbox(around.sandbox),
      groupMounts: [{ type: 'cgroup2', folder: '', options: '' }],
      // The folder the root is mounted on is made on the way: nothing else is there to make it.
      cgroup: { steps: [{ folder }, { folder: rootFolder }, ...values], procs: [`${folder}/cgroup.procs`] },
      rootless: undefined,
      rootFolder,
    },
  );
}

/** In the guest: a further command in a container. */
export function lowerGuestExec(
  id: number,
  spec: ContainerSpec,
  command: readonly string[],
  tty: boolean,
  around: { readonly containerPid: number; readonly sandbox: SandboxSpec },
): Program {
  return lowerExec(guestContainer(spec), command, tty, {
    errorFile: filesOf(id).errorFile,
    cgroup: { steps: [], procs: [`${GROUPS}/${spec.id}/cgroup.procs`] },
    rootless: undefined,
    containerPid: around.containerPid,
    deviceController: false,
    sandbox: guestSandbox(around.sandbox),
  });
}

/** In the guest: prints files of containers' groups, each after a line `=id file`; those that are gone are empty. */
export function lowerRead(id: number, groups: readonly string[], files: readonly string[]): Program {
  const program = new Program();
  begin(program, { ...filesOf(id), cgroup: NO_GROUP });
  const buffer = program.bytes(new Uint8Array(STATISTIC_BYTES_MAX));
  for (const group of groups)
    for (const file of files) {
      const head = new TextEncoder().encode(`=${group} ${file}\n`);
      program.must('tell the file', SYS.write, 1, program.bytes(head), head.length);
      const done = program.label();
      program.may(SYS.open, program.text(`${GROUPS}/${group}/${file}`), OPEN.closeOnExec, 0);
      program.jumpIfNegative(done);
      const fd = { held: program.keep() };
      program.may(SYS.read, fd, buffer, STATISTIC_BYTES_MAX);
      program.jumpIfNegative(done);
      const length = { held: program.keep() };
      program.may(SYS.write, 1, buffer, length);
      program.may(SYS.close, fd);
      program.here(done);
    }
  program.must('exit', SYS.exit_group, 0);
  return program;
}

/** In the guest: changes a container's limits. */
export function lowerUpdate(id: number, group: string, resources: Resources): Program {
  const program = new Program();
  begin(program, { ...filesOf(id), cgroup: NO_GROUP });
  for (const [file, value] of unifiedValues(resources))
    writeFile(program, `${GROUPS}/${group}/${file}`, String(value), `set ${file}`);
  program.must('exit', SYS.exit_group, 0);
  return program;
}

/** In the guest: ends everything in a container's group, or removes the group of one that has ended. */
export function lowerGroup(id: number, group: string, what: 'kill' | 'remove'): Program {
  const program = new Program();
  begin(program, { ...filesOf(id), cgroup: NO_GROUP });
  if (what === 'kill') writeFile(program, `${GROUPS}/${group}/cgroup.kill`, '1');
  else program.may(SYS.rmdir, program.text(`${GROUPS}/${group}`));
  program.must('exit', SYS.exit_group, 0);
  return program;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SHUT_WR = 1;
const RELAY_BYTES = 16_384;

/** struct sockaddr_in or sockaddr_in6 of the loopback address. */
function loopback(family: typeof AF_INET | typeof AF_INET6, port: number): Uint8Array {
  const bytes = new Uint8Array(family === AF_INET ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  if (family === AF_INET) bytes.set([127, 0, 0, 1], 4);
  else bytes[23] = 1;
  return bytes;
}

/** Copies from one descriptor to another until its end; the label is where it goes then. */
function copyAll(program: Program, from: Argument, to: Argument): void {
  const buffer = program.bytes(new Uint8Array(RELAY_BYTES));
  const [again, some, ended] = [program.label(), program.label(), program.label()];
  program.here(again);
  program.may(SYS.read, from, buffer, RELAY_BYTES);
  program.jumpIfNotZero(some);
  program.jump(ended);
  program.here(some);
  program.jumpIfNegative(ended);
  const length = { held: program.keep() };
  program.may(SYS.write, to, buffer, length);
  program.jumpIfNegative(ended);
  program.jump(again);
  program.here(ended);
}

/** In the guest: its standard streams become a connection to a port of its own. */
export function lowerRelay(id: number, port: number): Program {
  const program = new Program();
  begin(program, { ...filesOf(id), cgroup: NO_GROUP });
  const connected = program.label();
  const second = program.label();
  program.must('make a socket', SYS.socket, AF_INET, SOCK_STREAM, 0);
  const socket = program.keep();
  program.may(SYS.connect, { held: socket }, program.bytes(loopback(AF_INET, port)), 16);
  program.jumpIfNegative(second);
  program.jump(connected);
  program.here(second);
  program.must('make a socket', SYS.socket, AF_INET6, SOCK_STREAM, 0);
  program.keepIn(socket);
  const what = `connect to port ${port}`;
  program.must(what, SYS.connect, { held: socket }, program.bytes(loopback(AF_INET6, port)), 28);
  program.here(connected);
  const parent = program.label();
  program.must('fork', SYS.clone, SIGCHLD, 0, 0, 0, 0);
  program.jumpIfNotZero(parent);
  copyAll(program, 0, { held: socket });
  program.may(SYS.shutdown, { held: socket }, SHUT_WR);
  program.must('exit', SYS.exit_group, 0);
  program.here(parent);
  const child = { held: program.keep() };
  copyAll(program, { held: socket }, 1);
  program.may(SYS.kill, child, SIGKILL);
  program.must('exit', SYS.exit_group, 0);
  return program;
}
