import koffi from 'koffi';

/** The few system calls unpacking needs that node:fs does not offer. */
export interface NodeCalls {
  /** mknod(2) without following; `mode` has the S_IF bits. Returns errno, 0 when it worked. */
  mknod(path: string, mode: number, major: number, minor: number): number;
  /** lsetxattr(2). Returns errno. */
  setxattr(path: string, name: string, value: Buffer): number;
}

export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;

/** glibc's makedev(3). */
const makedev = (major: number, minor: number): bigint =>
  ((BigInt(major) & 0xfffff000n) << 32n) |
  ((BigInt(major) & 0xfffn) << 8n) |
  ((BigInt(minor) & 0xffffff00n) << 12n) |
  (BigInt(minor) & 0xffn);

let calls: NodeCalls | undefined;

/** Loads libc once; only layers with devices, whiteouts or attributes pay for it. */
export function nodeCalls(): NodeCalls {
  if (calls) return calls;
  const libc = koffi.load('libc.so.6');
  const mknod = libc.func('int mknod(const char *path, uint32_t mode, uint64_t dev)');
  const setxattr = libc.func(
    'int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)',
  );
  calls = {
    mknod: (path, mode, major, minor) => (mknod(path, mode, makedev(major, minor)) === 0 ? 0 : koffi.errno()),
    setxattr: (path, name, value) => (setxattr(path, name, value, value.length, 0) === 0 ? 0 : koffi.errno()),
  };
  return calls;
}
