import { DEVICES, type HiddenPaths, hiddenPaths } from '../../engine/paths.ts';
import type { ContainerSpec, Mount, Rootfs } from '../../model.ts';
import type { Argument, Place, Program } from './program.ts';
import { type ContainerSurroundings, type GroupMount, makeFolders } from './steps.ts';
import { MS, OPEN, SYS } from './syscalls.ts';

const AT_FDCWD = -100;
export const AT_RECURSIVE = 0x8000;
export const AT_EMPTY_PATH = 0x1000;
const OPEN_TREE_CLONE = 1;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const MOUNT_ATTR_RDONLY = 1;
const MOUNT_ATTR_NOSUID = 2;
const MOUNT_ATTR_NODEV = 4;
const MOUNT_ATTR_NOEXEC = 8;
const MOUNT_ATTR_IDMAP = 0x100000;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;
const MNT_DETACH = 2;
const S_IFCHR = 0o020000;
const SHM_BYTES = 64 * 1024 * 1024;

/** A pod's own accounts: their namespace, and the mount attributes by which files show their owners as them. */
export interface MappedUsers {
  readonly namespace: Argument;
  readonly mapping: Place;
}

/** struct mount_attr { attr_set, attr_clr, propagation, userns_fd }: the descriptor is known only when the program runs. */
export const MAPPING_NAMESPACE_OFFSET = 24;

/** That structure, but for its descriptor. */
export function accountMapping(): Uint8Array {
  const attributes = new Uint8Array(32);
  new DataView(attributes.buffer).setUint32(0, MOUNT_ATTR_IDMAP, true);
  return attributes;
}

/**
 * Makes the container's root and mounts. Every host source is captured as a detached mount first; then the root is
 * pivoted and the host's tree let go; only then are targets looked up. A hostile image's links can thus lead only into
 * the container itself.
 */
export function buildRoot(
  program: Program,
  spec: ContainerSpec,
  around: ContainerSurroundings,
  users?: MappedUsers,
): void {
  // Copied while still a peer of the machine's own mount: what is mounted below it inside is seen outside.
  const peers = spec.mounts.map(mount =>
    mount.kind === 'bind' && mount.propagation === 'rshared' ? capture(program, mount.source, mount.target) : undefined,
  );
  const slave = spec.mounts.some(mount => (mount.propagation ?? 'private') !== 'private');
  const none = program.text('none');
  program.must(
    'make mounts private',
    SYS.mount,
    none,
    program.text('/'),
    0,
    MS.recursive | (slave ? MS.slave : MS.private),
    0,
  );
  if (users === undefined) mountRoot(program, spec.rootfs, around.rootFolder, around.rootless !== undefined);
  else mountMappedRoot(program, spec.rootfs, around.rootFolder, users);
  const captured = spec.mounts.map((mount, index) =>
    mount.kind === 'bind' ? (peers[index] ?? capture(program, mount.source, mount.target)) : undefined,
  );
  if (users !== undefined)
    for (const [index, mount] of spec.mounts.entries())
      if (captured[index] !== undefined) mapAccounts(program, captured[index], users, mount.source);
  const devices = around.rootless
    ? DEVICES.map(([name]) => capture(program, `/dev/${name}`, `/dev/${name}`))
    : undefined;
  const asked = spec.devices.map(device => capture(program, device.source, device.target));
  // The kernel lets a user namespace mount these only where the machine's own are in sight.
  const processes = detached(program, 'proc', 0);
  const foreign = around.rootless && (around.sandbox.hostNetwork || around.sandbox.netnsPath === undefined);
  const system = foreign
    ? capture(program, '/sys', '/sys')
    : detached(program, 'sysfs', spec.security.privileged ? 0 : MOUNT_ATTR_RDONLY);
  program.must('enter the root', SYS.chdir, program.text(around.rootFolder));
  const here = program.text('.');
  program.must('pivot_root', SYS.pivot_root, here, here);
  program.must('let the host tree go', SYS.umount2, here, MNT_DETACH);
  program.must('enter the new root', SYS.chdir, program.text('/'));
  mountKernelFolders(program, processes, system);
  mountGroups(program, around.groupMounts, spec.security.privileged);
  makeDevices(program, spec, devices);
  for (const [index, device] of spec.devices.entries()) place(program, asked[index]!, device.target, false, true);
  for (const [index, mount] of spec.mounts.entries()) {
    placeMount(program, mount, captured[index], around.mountIsFolder[index] ?? true);
    if (slave && (mount.propagation ?? 'private') === 'private')
      program.may(SYS.mount, none, program.text(mount.target), 0, MS.recursive | MS.private, 0);
  }
  if (!spec.security.privileged) mask(program, hiddenPaths(spec.security));
  if (spec.security.readOnlyRootfs) setReadOnly(program, AT_FDCWD, '/', 0, 'make the root read-only');
}

/** Mounts a container's files on a folder. */
export function mountRoot(program: Program, rootfs: Rootfs, folder: string, rootless: boolean): void {
  const target = program.text(folder);
  if (rootfs.kind === 'overlay') {
    const escaped = (path: string): string => path.replace(/[\\:,]/g, '\\$&');
    const options = [
      `lowerdir=${rootfs.lower.map(escaped).join(':')}`,
      `upperdir=${escaped(rootfs.upper)}`,
      `workdir=${escaped(rootfs.work)}`,
      ...(rootless ? ['userxattr'] : []),
    ].join(',');
    const type = program.text('overlay');
    program.must('mount the image', SYS.mount, type, target, type, MS.noDev, program.text(options));
    return;
  }
  const path = rootfs.kind === 'folder' ? rootfs.path : (rootfs.files ?? '/nonexistent');
  program.must('mount the root folder', SYS.mount, program.text(path), target, 0, MS.bind | MS.recursive, 0);
}

/**
 * The same where root of the container is nobody on the machine: layers show their owners as accounts of the pod. What the
 * container writes is owned by those; overlayfs makes no file for an account its upper folder could not store.
 */
function mountMappedRoot(program: Program, rootfs: Rootfs, folder: string, users: MappedUsers): void {
  if (rootfs.kind !== 'overlay') {
    const path = rootfs.kind === 'folder' ? rootfs.path : (rootfs.files ?? '/nonexistent');
    const files = capture(program, path, folder);
    mapAccounts(program, files, users, path);
    return place(program, files, folder, true, true);
  }
  const type = program.text('tmpfs');
  program.must('make room for layers', SYS.mount, type, program.text(folder), type, MS.noDev, program.text('mode=711'));
  const lower = rootfs.lower.map((path, index) => {
    const target = `${folder}/${index}`;
    const layer = capture(program, path, target);
    mapAccounts(program, layer, users, path);
    place(program, layer, target, true, true);
    return target;
  });
  mountRoot(program, { ...rootfs, lower }, folder, false);
}

/** Shows a detached mount's owners as accounts of the pod (mount_setattr(2), MOUNT_ATTR_IDMAP); some file systems cannot. */
function mapAccounts(program: Program, mount: Argument, { mapping }: MappedUsers, source: string): void {
  const what = `map the accounts of ${source}`;
  program.must(what, SYS.mount_setattr, mount, program.text(''), AT_EMPTY_PATH, mapping, 32);
}

/** A detached copy of a mount, as a descriptor. */
export function capture(program: Program, source: string, target: string): Argument {
  program.must(
    `mount ${source} on ${target}`,
    SYS.open_tree,
    AT_FDCWD,
    program.text(source),
    OPEN_TREE_CLONE | OPEN.closeOnExec | AT_RECURSIVE,
  );
  return { held: program.keep() };
}

export function setReadOnly(program: Program, at: Argument, path: string, flags: number, what: string): void {
  // struct mount_attr { attr_set, attr_clr, propagation, userns_fd }
  const attributes = new Uint8Array(32);
  attributes[0] = MOUNT_ATTR_RDONLY;
  program.must(what, SYS.mount_setattr, at, program.text(path), flags, program.bytes(attributes), 32);
}

/** Makes the target and puts a captured mount there. */
export function place(program: Program, from: Argument, target: string, folder: boolean, required: boolean): void {
  const parent = target.slice(0, Math.max(1, target.lastIndexOf('/')));
  makeFolders(program, folder ? target : parent);
  const path = program.text(target);
  if (!folder) {
    program.may(SYS.open, path, OPEN.create | OPEN.closeOnExec, 0o644);
    program.may(SYS.close, { held: program.keep() });
  }
  const args = [from, program.text(''), AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH] as const;
  if (required) program.must(`mount on ${target}`, SYS.move_mount, ...args);
  else program.may(SYS.move_mount, ...args);
  program.may(SYS.close, from);
}

function placeMount(program: Program, mount: Mount, from: Argument | undefined, folder: boolean): void {
  if (from === undefined) {
    makeFolders(program, mount.target);
    const type = program.text('tmpfs');
    const options = program.text(`mode=1777${mount.size_bytes ? `,size=${mount.size_bytes}` : ''}`);
    const flags = MS.noSuid | MS.noDev | (mount.readOnly ? MS.readOnly : 0);
    program.must(
      `mount a memory file system on ${mount.target}`,
      SYS.mount,
      type,
      program.text(mount.target),
      type,
      flags,
      options,
    );
    return;
  }
  if (mount.readOnly) {
    const flags = AT_EMPTY_PATH | (mount.shallow ? 0 : AT_RECURSIVE);
    setReadOnly(program, from, '', flags, `make ${mount.target} read-only`);
  }
  place(program, from, mount.target, folder, true);
}

/** A new kernel file system as a detached mount (fsopen(2), fsmount(2)). */
function detached(program: Program, type: string, attributes: number): Argument {
  program.must(`open ${type}`, SYS.fsopen, program.text(type), FSOPEN_CLOEXEC);
  const context = { held: program.keep() };
  program.must(`create ${type}`, SYS.fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
  const none = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  program.must(`mount ${type}`, SYS.fsmount, context, FSMOUNT_CLOEXEC, none | attributes);
  const mount = { held: program.keep() };
  program.may(SYS.close, context);
  return mount;
}

function mountKernelFolders(program: Program, processes: Argument, system: Argument): void {
  const none = MS.noSuid | MS.noDev | MS.noExec;
  const put = (type: string, target: string, flags: number, options: string, required: boolean): void => {
    program.may(SYS.mkdir, program.text(target), 0o755);
    const args = [program.text(type), program.text(target), program.text(type), flags, program.text(options)] as const;
    if (required) program.must(`mount ${type}`, SYS.mount, ...args);
    else program.may(SYS.mount, ...args);
  };
  place(program, processes, '/proc', true, true);
  put('tmpfs', '/dev', MS.noSuid, 'mode=755,size=65536k', true);
  put('devpts', '/dev/pts', MS.noSuid | MS.noExec, 'newinstance,ptmxmode=0666,mode=0620', false);
  put('tmpfs', '/dev/shm', none, `mode=1777,size=${SHM_BYTES}`, false);
  put('mqueue', '/dev/mqueue', none, '', false);
  place(program, system, '/sys', true, false);
}

/** Only the container's own groups: it has a control group namespace by now. */
function mountGroups(program: Program, groups: readonly GroupMount[], writable: boolean): void {
  if (groups.length === 0) return;
  const none = MS.noSuid | MS.noDev | MS.noExec;
  const root = '/sys/fs/cgroup';
  const mount = (type: string, target: string, flags: number, options: string): void =>
    program.may(SYS.mount, program.text(type), program.text(target), program.text(type), flags, program.text(options));
  const access = writable ? 0 : MS.readOnly;
  if (groups.some(({ folder }) => folder !== '')) mount('tmpfs', root, none, 'mode=755,size=64k');
  for (const { type, folder, options } of groups) {
    const target = folder === '' ? root : `${root}/${folder}`;
    if (folder !== '') program.may(SYS.mkdir, program.text(target), 0o755);
    mount(type, target, none | access, options);
  }
}

function makeDevices(program: Program, spec: ContainerSpec, captured: readonly Argument[] | undefined): void {
  for (const [index, [name, major, minor]] of DEVICES.entries()) {
    if (captured) place(program, captured[index]!, `/dev/${name}`, false, false);
    else program.may(SYS.mknod, program.text(`/dev/${name}`), S_IFCHR | 0o666, major * 256 + minor);
  }
  for (const [target, name] of [
    ['pts/ptmx', 'ptmx'],
    ['/proc/self/fd', 'fd'],
    ['/proc/self/fd/0', 'stdin'],
    ['/proc/self/fd/1', 'stdout'],
    ['/proc/self/fd/2', 'stderr'],
    ...(spec.tty ? [['/proc/self/fd/0', 'console'] as const] : []),
  ] as const)
    program.may(SYS.symlink, program.text(target), program.text(`/dev/${name}`));
}

function mask(program: Program, paths: HiddenPaths): void {
  const none = program.text('tmpfs');
  for (const path of paths.masked) {
    // A folder takes an empty read-only file system; a file refuses that and takes /dev/null.
    const done = program.label();
    program.may(
      SYS.mount,
      none,
      program.text(path),
      none,
      MS.readOnly | MS.noSuid | MS.noDev | MS.noExec,
      program.text('size=0'),
    );
    const file = program.label();
    program.jumpIfNegative(file);
    program.jump(done);
    program.here(file);
    program.may(SYS.mount, program.text('/dev/null'), program.text(path), 0, MS.bind, 0);
    program.here(done);
  }
  for (const path of paths.readOnly) {
    const text = program.text(path);
    program.may(SYS.mount, text, text, 0, MS.bind | MS.recursive, 0);
    program.may(SYS.mount, text, text, 0, MS.bind | MS.remount | MS.readOnly | MS.noSuid | MS.noDev | MS.noExec, 0);
  }
}
