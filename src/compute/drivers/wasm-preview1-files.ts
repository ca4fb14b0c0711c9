/** The calls of WASI preview 1 that take a descriptor of a file or a stream. */
import {
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  readdirSync,
  readSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { type Descriptor, fileType } from './wasm-descriptors.ts';
import { ERRNO, WasiError } from './wasm-files.ts';
import type { Calls, Program } from './wasm-preview1.ts';

/** Rights are no longer meaningful in preview 1's successors; all are told. */
const ALL_RIGHTS = 0x1fffffffn;
const APPEND = 1;
const DIRENT_BYTES = 24;
const TRANSFER_BYTES_MAX = 1024 * 1024;

/** `filestat`: 64 bytes. */
export function writeStat(program: Program, at: number, stat: Stats): void {
  const view = program.view();
  program.bytes(at, 64).fill(0);
  view.setBigUint64(at, BigInt(stat.dev), true);
  view.setBigUint64(at + 8, BigInt(stat.ino), true);
  view.setUint8(at + 16, fileType(stat));
  view.setBigUint64(at + 24, BigInt(stat.nlink), true);
  view.setBigUint64(at + 32, BigInt(stat.size), true);
  [stat.atimeMs, stat.mtimeMs, stat.ctimeMs].forEach((time_ms, index) =>
    view.setBigUint64(at + 40 + index * 8, BigInt(Math.round(time_ms * 1000)) * 1000n, true),
  );
}

/** Times to set, in seconds, from `fstflags`: given, now, or what the file has. */
export function timesOf(
  stat: Stats,
  accessed: bigint,
  modified: bigint,
  flags: number,
): [accessed_s: number, modified_s: number] {
  if ((flags & 3) === 3 || (flags & 12) === 12) throw new WasiError(ERRNO.INVAL);
  const choose = (given: bigint, old_ms: number, set: number, isNow: number): number =>
    flags & isNow ? Date.now() / 1000 : flags & set ? Number(BigInt.asUintN(64, given)) / 1e9 : old_ms / 1000;
  return [choose(accessed, stat.atimeMs, 1, 2), choose(modified, stat.mtimeMs, 4, 8)];
}

/** The pieces of memory an `iovec` list names. */
function* pieces(program: Program, at: number, count: number): Iterable<Uint8Array> {
  for (let index = 0; index < count; index++) {
    const view = program.view();
    yield program.bytes(view.getUint32(at + index * 8, true), view.getUint32(at + index * 8 + 4, true));
  }
}

function read(program: Program, open: Descriptor, vectors: number, count: number, from: bigint): number {
  if (!open.readable) throw new WasiError(ERRNO.BADF);
  if (open.kind === 'input') return 0;
  let done = 0;
  for (const piece of pieces(program, vectors, count)) {
    if (piece.length === 0) continue;
    const got = readSync(open.fd!, piece, 0, Math.min(piece.length, TRANSFER_BYTES_MAX), from + BigInt(done));
    done += got;
    if (got < piece.length) break;
  }
  return done;
}

function write(program: Program, number: number, open: Descriptor, vectors: number, count: number, to: bigint): number {
  if (!open.writable) throw new WasiError(ERRNO.BADF);
  let done = 0;
  for (const piece of pieces(program, vectors, count)) {
    if (open.kind === 'output') program.output(number === 2 ? 2 : 1, piece.slice());
    else if (piece.length > 0) {
      const given = writeSync(open.fd!, piece, 0, piece.length, open.append ? null : Number(to) + done);
      done += given;
      if (given < piece.length) break;
      continue;
    }
    done += piece.length;
  }
  return done;
}

function seek(open: Descriptor & { readonly fd: number }, offset: bigint, whence: number): bigint {
  const base = whence === 0 ? 0n : whence === 1 ? open.position : whence === 2 ? BigInt(fstatSync(open.fd).size) : -1n;
  if (base < 0n || base + offset < 0n) throw new WasiError(ERRNO.INVAL);
  open.position = base + offset;
  return open.position;
}

/** Fills the buffer with entries from `cookie` on; the last may be cut, which tells the program to ask again. */
function readFolder(
  program: Program,
  open: Descriptor & { readonly fd: number },
  at: number,
  size: number,
  cookie: number,
): number {
  if (cookie === 0 || !open.entries) {
    const path = `/proc/self/fd/${open.fd}`;
    const inode = BigInt(fstatSync(open.fd).ino);
    const listed = readdirSync(path, { withFileTypes: true });
    open.entries = [
      ['.', 3, inode],
      ['..', 3, inode],
      ...listed.map(entry => [entry.name, fileType(entry), 0n] as const),
    ];
  }
  const buffer = program.bytes(at, size);
  let used = 0;
  for (let index = cookie; index < open.entries.length && used < size; index++) {
    const [name, type, inode] = open.entries[index]!;
    const text = Buffer.from(name);
    const entry = Buffer.alloc(DIRENT_BYTES + text.length);
    entry.writeBigUInt64LE(BigInt(index + 1), 0);
    entry.writeBigUInt64LE(inode, 8);
    entry.writeUInt32LE(text.length, 16);
    entry.writeUInt8(type, 20);
    text.copy(entry, DIRENT_BYTES);
    buffer.set(entry.subarray(0, size - used), used);
    used += Math.min(entry.length, size - used);
  }
  return used;
}

function stateCalls(program: Program): Calls {
  const { descriptors } = program;
  const size = (fd: number, bytes: bigint): void => {
    const open = descriptors.file(fd);
    if (!open.writable) throw new WasiError(ERRNO.BADF);
    if (bytes < 0n) throw new WasiError(ERRNO.INVAL);
    ftruncateSync(open.fd, Number(bytes));
  };
  return {
    fd_close: (fd: number) => descriptors.close(fd),
    fd_renumber: (from: number, to: number) => descriptors.move(from, to),
    fd_advise: (fd: number) => void descriptors.file(fd),
    fd_allocate: () => ERRNO.NOTSUP,
    fd_datasync: (fd: number) => fdatasyncSync(descriptors.get(fd).fd ?? -1),
    fd_sync: (fd: number) => fsyncSync(descriptors.get(fd).fd ?? -1),
    fd_fdstat_get: (fd: number, at: number) => {
      const open = descriptors.get(fd);
      const type = open.fd === undefined ? 2 : fileType(fstatSync(open.fd));
      program.bytes(at, 24).fill(0);
      program.view().setUint8(at, type);
      program.view().setUint16(at + 2, open.flags | (open.append && open.fd !== undefined ? APPEND : 0), true);
      program.view().setBigUint64(at + 8, ALL_RIGHTS, true);
      program.view().setBigUint64(at + 16, ALL_RIGHTS, true);
    },
    fd_fdstat_set_flags: (fd: number, flags: number) => {
      const open = descriptors.get(fd);
      open.append = (flags & APPEND) !== 0;
      open.flags = flags;
    },
    fd_fdstat_set_rights: (fd: number) => void descriptors.get(fd),
    fd_filestat_get: (fd: number, at: number) => {
      const open = descriptors.get(fd);
      if (open.fd === undefined) {
        program.bytes(at, 64).fill(0);
        program.view().setUint8(at + 16, 2);
      } else writeStat(program, at, fstatSync(open.fd));
    },
    fd_filestat_set_size: size,
    fd_filestat_set_times: (fd: number, accessed: bigint, modified: bigint, flags: number) => {
      const open = descriptors.get(fd);
      if (open.readOnly) throw new WasiError(ERRNO.ROFS);
      const host = open.fd ?? -1;
      futimesSync(host, ...timesOf(fstatSync(host), accessed, modified, flags));
    },
    fd_prestat_get: (fd: number, at: number) => {
      const { grant } = descriptors.get(fd);
      if (grant === undefined) throw new WasiError(ERRNO.BADF);
      program.view().setUint32(at, 0, true);
      program.view().setUint32(at + 4, Buffer.byteLength(grant), true);
    },
    fd_prestat_dir_name: (fd: number, at: number, room: number) => {
      const { grant } = descriptors.get(fd);
      if (grant === undefined) throw new WasiError(ERRNO.BADF);
      const name = Buffer.from(grant);
      if (name.length > room) throw new WasiError(ERRNO.NAMETOOLONG);
      program.bytes(at, name.length).set(name);
    },
  };
}

export function fileCalls(program: Program): Calls {
  const { descriptors } = program;
  const told = (at: number, count: number): void => program.view().setUint32(at, count, true);
  return {
    ...stateCalls(program),
    fd_read: (fd: number, vectors: number, count: number, at: number) => {
      const open = descriptors.get(fd);
      if (open.kind === 'folder') throw new WasiError(ERRNO.ISDIR);
      const done = read(program, open, vectors, count, open.position);
      open.position += BigInt(done);
      told(at, done);
    },
    fd_pread: (fd: number, vectors: number, count: number, from: bigint, at: number) =>
      told(at, read(program, descriptors.file(fd), vectors, count, from)),
    fd_write: (fd: number, vectors: number, count: number, at: number) => {
      const open = descriptors.get(fd);
      const done = write(program, fd, open, vectors, count, open.position);
      if (open.fd !== undefined)
        open.position = open.append ? BigInt(fstatSync(open.fd).size) : open.position + BigInt(done);
      told(at, done);
    },
    fd_pwrite: (fd: number, vectors: number, count: number, to: bigint, at: number) =>
      told(at, write(program, fd, descriptors.file(fd), vectors, count, to)),
    fd_seek: (fd: number, offset: bigint, whence: number, at: number) =>
      program.view().setBigUint64(at, seek(descriptors.file(fd), offset, whence), true),
    fd_tell: (fd: number, at: number) => program.view().setBigUint64(at, descriptors.file(fd).position, true),
    fd_readdir: (fd: number, at: number, room: number, cookie: bigint, used: number) =>
      told(used, readFolder(program, descriptors.folder(fd), at, room, Number(cookie))),
  };
}
