import koffi from 'koffi';

const libc = koffi.load('libc.so.6');

const prctl = libc.func('int prctl(int op, ulong a, ulong b, ulong c, ulong d)');
const waitpidCall = libc.func('int waitpid(int pid, _Out_ int *status, int options)');
const mkfifoCall = libc.func('int mkfifo(const char *path, uint mode)');
const posixOpenpt = libc.func('int posix_openpt(int flags)');
const grantpt = libc.func('int grantpt(int fd)');
const unlockpt = libc.func('int unlockpt(int fd)');
const ptsname = libc.func('const char *ptsname(int fd)');
const ioctl = libc.func('int ioctl(int fd, ulong request, void *argument)');
const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const bindCall = libc.func('int bind(int fd, const void *address, uint length)');
const listenCall = libc.func('int listen(int fd, int backlog)');
const acceptCall = libc.func('int accept4(int fd, void *address, void *length, int flags)');
const recvmsgCall = libc.func('long recvmsg(int fd, void *message, int flags)');
const setsockoptCall = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint length)');
const closeCall = libc.func('int close(int fd)');
const umountCall = libc.func('int umount2(const char *target, int flags)');
const mountCall = libc.func(
  'int mount(const char *source, const char *target, const char *type, ulong flags, const char *data)',
);

const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const O_RDWR_NOCTTY_CLOEXEC = 0o2 | 0o400 | 0o2000000;
const TIOCSWINSZ = 0x5414;
const MNT_DETACH = 2;
const EEXIST = 17;

const fail = (call: string): never => {
  const code = koffi.errno();
  throw Object.assign(new Error(`${call} failed with errno ${code}`), { errno: code, syscall: call });
};

/** Makes orphaned descendants children of this process (prctl(2) PR_SET_CHILD_SUBREAPER). */
export function becomeSubreaper(): void {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) !== 0) fail('prctl');
}

export type WaitResult = 'running' | 'foreign' | { readonly exitCode: number; readonly signal?: number };

/** Collects one child without waiting; `foreign` when it is not (or no longer) a child of ours. */
export function reap(pid: number): WaitResult {
  const status = [0];
  const result = waitpidCall(pid, status, WNOHANG) as number;
  if (result === 0) return 'running';
  if (result !== pid) return 'foreign';
  const word = status[0] as number;
  const signal = word & 0x7f;
  return signal === 0 ? { exitCode: (word >> 8) & 0xff } : { exitCode: 128 + signal, signal };
}

/** Makes a named pipe; one that is there already stays. */
export function makeFifo(path: string, mode: number): void {
  if (mkfifoCall(path, mode) !== 0 && koffi.errno() !== EEXIST) fail('mkfifo');
}

/** A new pseudo-terminal: the master's descriptor and the slave's path. */
export function openTerminal(): { readonly master: number; readonly slave: string } {
  const master = posixOpenpt(O_RDWR_NOCTTY_CLOEXEC) as number;
  if (master < 0 || grantpt(master) !== 0 || unlockpt(master) !== 0) fail('posix_openpt');
  return { master, slave: ptsname(master) as string };
}

/** Sets the window size of a terminal. */
export function resizeTerminal(master: number, width: number, height: number): void {
  const size = Buffer.alloc(8);
  size.writeUInt16LE(Math.min(0xffff, Math.max(0, height)), 0);
  size.writeUInt16LE(Math.min(0xffff, Math.max(0, width)), 2);
  ioctl(master, TIOCSWINSZ, size);
}

/** Detaches a mount and everything below; not being one is fine. */
export function detachMount(path: string): boolean {
  return umountCall(path, MNT_DETACH) === 0;
}

/** mount(2). */
export function mount(source: string, target: string, type: string | null, flags: number, data: string | null): void {
  if (mountCall(source, target, type, flags, data) !== 0) fail(`mount ${target}`);
}

/** A unix socket on which an OCI runtime hands over the terminal's master (runc docs/terminals.md, "--console-socket"). */
export interface ConsoleSocket {
  /** Waits (off the main thread) for the descriptor. */
  receive(): Promise<number>;
  close(): void;
}

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;

const callAsync = (action: { async: (...args: never[]) => void }, ...args: unknown[]): Promise<number> =>
  new Promise((resolve, reject) =>
    (action.async as (...all: unknown[]) => void)(...args, (error: Error | null, value: number) =>
      error ? reject(error) : resolve(Number(value)),
    ),
  );

/** A listening unix socket as a descriptor, to be inherited by a process that may not reach its path. */
export function listenUnix(path: string): number {
  const fd = socketCall(AF_UNIX, SOCK_STREAM_CLOEXEC, 0) as number;
  if (fd < 0) fail('socket');
  bindUnix(fd, path);
  if (listenCall(fd, 16) !== 0) fail('listen');
  return fd;
}

function bindUnix(fd: number, path: string): void {
  const address = Buffer.alloc(110);
  address.writeUInt16LE(AF_UNIX, 0);
  if (Buffer.byteLength(path) > 107) throw new Error(`Socket path "${path}" is longer than 107 bytes`);
  address.write(path, 2);
  if (bindCall(fd, address, 2 + Buffer.byteLength(path) + 1) !== 0) fail('bind');
}

/** Listens for a terminal; `receive` gives up after `timeout_ms`. */
export function openConsoleSocket(path: string, timeout_ms: number): ConsoleSocket {
  const fd = socketCall(AF_UNIX, SOCK_STREAM_CLOEXEC, 0) as number;
  if (fd < 0) fail('socket');
  const limit = Buffer.alloc(16);
  limit.writeBigInt64LE(BigInt(Math.ceil(timeout_ms / 1000)), 0);
  setsockoptCall(fd, SOL_SOCKET, SO_RCVTIMEO, limit, 16);
  bindUnix(fd, path);
  if (listenCall(fd, 1) !== 0) fail('listen');
  return {
    receive: async () => {
      const connection = await callAsync(acceptCall as never, fd, null, null, 0o2000000);
      if (connection < 0) throw new Error('No terminal was handed over in time');
      try {
        return await receiveDescriptor(connection);
      } finally {
        closeCall(connection);
      }
    },
    close: () => void closeCall(fd),
  };
}

/** recvmsg(2) of one SCM_RIGHTS descriptor; the structures are laid out for 64-bit Linux. */
async function receiveDescriptor(connection: number): Promise<number> {
  const data = Buffer.alloc(4096);
  const control = Buffer.alloc(64);
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(koffi.address(data) as bigint, 0);
  vector.writeBigUInt64LE(BigInt(data.length), 8);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(koffi.address(vector) as bigint, 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(koffi.address(control) as bigint, 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  const count = await callAsync(recvmsgCall as never, connection, message, 0x40000000);
  if (count < 0 || control.readUInt32LE(8) !== SOL_SOCKET || control.readUInt32LE(12) !== 1)
    throw new Error('The runtime closed the console socket without a terminal');
  return control.readInt32LE(16);
}
