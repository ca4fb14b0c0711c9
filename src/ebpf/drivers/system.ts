import { closeSync, mkdirSync, openSync, readlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/** Names that Node does not know. */
const NAMES: Readonly<Record<number, string>> = { 67: 'ENOLINK' };

/** A system call that said no; `code` is the errno name (`EPERM`). */
export class SystemCallError extends Error {
  readonly call: string;
  readonly code: string;
  constructor(call: string, errno: number) {
    const code = NAMES[errno] ?? getSystemErrorName(-errno);
    super(`${call}: ${code}`);
    this.name = 'SystemCallError';
    this.call = call;
    this.code = code;
  }
}

const libc = koffi.load(null);
const syscall6 = libc.func('long syscall(long number, long a, _Inout_ uint8_t *b, long c, long d, long e, long f)');
const native = {
  setns: libc.func('int setns(int fd, int kind)'),
  unshare: libc.func('int unshare(int flags)'),
  mount: libc.func('int mount(str source, str target, str type, unsigned long flags, str data)'),
  umount2: libc.func('int umount2(str target, int flags)'),
  socket: libc.func('int socket(int family, int type, int protocol)'),
  bind: libc.func('int bind(int fd, _In_ uint8_t *address, uint32_t length)'),
  listen: libc.func('int listen(int fd, int backlog)'),
  setsockopt: libc.func('int setsockopt(int fd, int level, int name, _In_ uint8_t *value, uint32_t length)'),
  getsockopt: libc.func('int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)'),
  send: libc.func('long send(int fd, _In_ uint8_t *bytes, unsigned long length, int flags)'),
  sendto: libc.func(
    'long sendto(int fd, _In_ uint8_t *bytes, unsigned long length, int flags, _In_ uint8_t *address, uint32_t size)',
  ),
  recv: libc.func('long recv(int fd, _Out_ uint8_t *bytes, unsigned long length, int flags)'),
  close: libc.func('int close(int fd)'),
  mmap: libc.func('void *mmap(void *address, unsigned long length, int protection, int flags, int fd, long offset)'),
  munmap: libc.func('int munmap(void *address, unsigned long length)'),
};

/** The result of a call, or a SystemCallError. */
export function must(call: string, result: number): number {
  if (result < 0) throw new SystemCallError(call, koffi.errno());
  return result;
}

/** A raw system call with one buffer as its second argument (bpf(2) has this shape). */
export function systemCall(name: string, number: number, first: number, buffer: Uint8Array, length: number): number {
  return must(name, Number(syscall6(number, first, buffer, length, 0, 0, 0)));
}

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 4096;
const MNT_DETACH = 2;

const openSelf = (): number => openSync('/proc/thread-self/ns/net', 'r');

/**
 * Runs `action` with this thread inside a network namespace. `action` must be synchronous: sockets it makes and processes
 * it starts stay in that namespace, everything else is back where it was when this returns.
 */
export function inNetns<T>(path: string, action: () => T): T {
  const home = openSelf();
  try {
    const target = openSync(path, 'r');
    try {
      must('setns', native.setns(target, CLONE_NEWNET) as number);
    } finally {
      closeSync(target);
    }
    try {
      return action();
    } finally {
      must('setns', native.setns(home, CLONE_NEWNET) as number);
    }
  } finally {
    closeSync(home);
  }
}

/** Makes a network namespace that lives as long as the file at `path` (what `ip netns add` does). */
export function createNetns(path: string): void {
  const home = openSelf();
  try {
    closeSync(openSync(path, 'ax', 0o444));
    must('unshare', native.unshare(CLONE_NEWNET) as number);
    try {
      must('mount', native.mount('/proc/thread-self/ns/net', path, 'none', MS_BIND, null) as number);
    } finally {
      must('setns', native.setns(home, CLONE_NEWNET) as number);
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) tryUnlink(path);
    throw error;
  } finally {
    closeSync(home);
  }
}

function tryUnlink(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already.
  }
}

/** Lets go of a namespace made by {@link createNetns}; what is in it ends when its last process does. */
export function removeNetns(path: string): void {
  native.umount2(path, MNT_DETACH);
  tryUnlink(path);
}

/** Mounts a file system of its own at a folder (made when absent). */
export function mountAt(type: string, folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  must('mount', native.mount(type, folder, type, 0, null) as number);
}

export function unmount(folder: string): void {
  native.umount2(folder, MNT_DETACH);
}

/** Opens a socket; the caller owns the descriptor. */
export function openSocket(family: number, type: number, protocol = 0): number {
  const SOCK_CLOEXEC = 0o2000000;
  return must('socket', native.socket(family, type | SOCK_CLOEXEC, protocol) as number);
}

export function closeDescriptor(descriptor: number): void {
  native.close(descriptor);
}

export function bindSocket(descriptor: number, address: Uint8Array): void {
  must('bind', native.bind(descriptor, address, address.length) as number);
}

export function listenSocket(descriptor: number, backlog: number): void {
  must('listen', native.listen(descriptor, backlog) as number);
}

export function setOption(descriptor: number, level: number, name: number, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  must('setsockopt', native.setsockopt(descriptor, level, name, bytes, 4) as number);
}

/** Reads a socket option as bytes. */
export function getOption(descriptor: number, level: number, name: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length);
  must('getsockopt', native.getsockopt(descriptor, level, name, bytes, [length]) as number);
  return bytes;
}

export function sendBytes(descriptor: number, bytes: Uint8Array): void {
  must('send', Number(native.send(descriptor, bytes, bytes.length, 0)));
}

/** Sends one packet from a socket that is not connected. */
export function sendBytesTo(descriptor: number, bytes: Uint8Array, address: Uint8Array): void {
  must('sendto', Number(native.sendto(descriptor, bytes, bytes.length, 0, address, address.length)));
}

export function receiveBytes(descriptor: number, buffer: Uint8Array): number {
  return must('recv', Number(native.recv(descriptor, buffer, buffer.length, 0)));
}

/** Memory shared with the kernel through a descriptor; `unmap` must come after the last use of the view. */
export function mapMemory(
  descriptor: number,
  offset: number,
  length: number,
  writable: boolean,
): { readonly view: DataView; unmap(): void } {
  const PROT_READ = 1;
  const PROT_WRITE = 2;
  const MAP_SHARED = 1;
  const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const address = native.mmap(null, length, protection, MAP_SHARED, descriptor, offset) as bigint;
  if (BigInt.asIntN(64, koffi.address(address)) === -1n) throw new SystemCallError('mmap', koffi.errno());
  return {
    view: new DataView(koffi.view(address, length)),
    unmap: () => {
      native.munmap(address, length);
    },
  };
}

/** Writes a sysctl of the network namespace this thread is in. */
export function writeSysctl(name: string, value: string): void {
  writeFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, value);
}

/** `net:[4026531840]`: equal for equal namespaces. */
export function currentNetns(): string {
  return readlinkSync('/proc/thread-self/ns/net');
}
