/** The calls of WASI preview 1 that take a path below a folder. */
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { ERRNO, locate, type Place, WasiError } from './wasm-files.ts';
import { timesOf, writeStat } from './wasm-preview1-files.ts';
import type { Calls, Program } from './wasm-preview1.ts';

const FOLLOW = 1;
const OPEN = { create: 1, folder: 2, exclusive: 4, truncate: 8 } as const;
const RIGHT_READ = 1n << 1n;
const RIGHT_WRITE = 1n << 6n;
const RIGHT_READDIR = 1n << 14n;
const APPEND = 1;

interface Opening {
  readonly flags: number;
  readonly rights: bigint;
  readonly state: number;
}

function open(
  program: Program,
  folder: { readonly fd: number; readonly readOnly: boolean },
  place: Place,
  how: Opening,
): number {
  const wantsFolder = (how.flags & OPEN.folder) !== 0 || place.isFolder;
  const isThere = lstatSync(place.at, { throwIfNoEntry: false });
  const isFolder = isThere?.isDirectory() ?? false;
  if (wantsFolder && isThere && !isFolder) throw new WasiError(ERRNO.NOTDIR);
  const writable = (how.rights & RIGHT_WRITE) !== 0n && !wantsFolder;
  const readable = (how.rights & (RIGHT_READ | RIGHT_READDIR)) !== 0n || !writable;
  if (isFolder && (writable || (how.flags & (OPEN.create | OPEN.exclusive)) === (OPEN.create | OPEN.exclusive)))
    throw new WasiError(how.flags & OPEN.exclusive ? ERRNO.EXIST : ERRNO.ISDIR);
  if (wantsFolder && how.flags & OPEN.create) throw new WasiError(ERRNO.INVAL);
  if (folder.readOnly && (writable || how.flags & (OPEN.create | OPEN.truncate))) throw new WasiError(ERRNO.ROFS);
  const mode =
    (writable || how.flags & OPEN.truncate ? (readable ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY) |
    constants.O_NOFOLLOW |
    // A pipe or a device must not stop the thread.
    constants.O_NONBLOCK |
    (how.flags & OPEN.create ? constants.O_CREAT : 0) |
    (how.flags & OPEN.exclusive ? constants.O_EXCL : 0) |
    (how.flags & OPEN.truncate ? constants.O_TRUNC : 0) |
    (wantsFolder ? constants.O_DIRECTORY : 0) |
    (how.state & APPEND ? constants.O_APPEND : 0);
  const fd = openSync(place.at, mode, 0o666);
  const stat = fstatSync(fd);
  if (!stat.isFile() && !stat.isDirectory()) {
    closeSync(fd);
    throw new WasiError(ERRNO.ACCES);
  }
  return program.descriptors.add({
    kind: stat.isDirectory() ? 'folder' : 'file',
    fd,
    readOnly: folder.readOnly,
    readable,
    writable,
    position: 0n,
    append: (how.state & APPEND) !== 0,
    flags: how.state,
  });
}

/** Removing and naming calls must not take a trailing slash for a file. */
const plain = (place: Place): string => {
  if (place.isFolder && !lstatSync(place.at, { throwIfNoEntry: false })?.isDirectory())
    throw new WasiError(ERRNO.NOTDIR);
  return place.at;
};

interface Walks {
  within<T>(fd: number, at: number, size: number, follow: boolean, act: (place: Place) => T): T;
  /** The same, refused below a folder that is granted for reading. */
  changing<T>(fd: number, at: number, size: number, act: (place: Place) => T): T;
}

function walksOf(program: Program): Walks {
  const within = <T>(fd: number, at: number, size: number, follow: boolean, act: (place: Place) => T): T => {
    const place = locate(program.descriptors.folder(fd).fd, program.text(at, size), follow);
    try {
      return act(place);
    } finally {
      place.close();
    }
  };
  const changing = <T>(fd: number, at: number, size: number, act: (place: Place) => T): T => {
    if (program.descriptors.folder(fd).readOnly) throw new WasiError(ERRNO.ROFS);
    return within(fd, at, size, false, act);
  };
  return { within, changing };
}

function linkCalls(program: Program, { within, changing }: Walks): Calls {
  return {
    path_symlink: (textAt: number, textSize: number, fd: number, at: number, size: number) => {
      const target = program.text(textAt, textSize);
      // It could never be followed here, and others who read the volume might.
      if (target.startsWith('/')) throw new WasiError(ERRNO.PERM);
      if (target === '' || target.includes('\0')) throw new WasiError(ERRNO.INVAL);
      changing(fd, at, size, place => {
        if (lstatSync(place.at, { throwIfNoEntry: false })) throw new WasiError(ERRNO.EXIST);
        if (place.isFolder) throw new WasiError(ERRNO.NOENT);
        symlinkSync(target, place.at);
      });
    },
    path_readlink: (fd: number, at: number, size: number, to: number, room: number, used: number) =>
      within(fd, at, size, false, place => {
        const target = Buffer.from(readlinkSync(place.at)).subarray(0, room);
        program.bytes(to, target.length).set(target);
        program.view().setUint32(used, target.length, true);
      }),
    path_filestat_get: (fd: number, look: number, at: number, size: number, to: number) =>
      within(fd, at, size, (look & FOLLOW) !== 0, place => writeStat(program, to, lstatSync(plain(place)))),
    path_filestat_set_times: (
      fd: number,
      look: number,
      at: number,
      size: number,
      accessed: bigint,
      modified: bigint,
      flags: number,
    ) => {
      if (program.descriptors.folder(fd).readOnly) throw new WasiError(ERRNO.ROFS);
      within(fd, at, size, (look & FOLLOW) !== 0, place =>
        lutimesSync(place.at, ...timesOf(lstatSync(plain(place)), accessed, modified, flags)),
      );
    },
  };
}

export function pathCalls(program: Program): Calls {
  const walks = walksOf(program);
  const { within, changing } = walks;
  return {
    ...linkCalls(program, walks),
    path_open: (
      fd: number,
      look: number,
      at: number,
      size: number,
      flags: number,
      rights: bigint,
      _inherited: bigint,
      state: number,
      result: number,
    ) => {
      const folder = program.descriptors.folder(fd);
      const follow = (look & FOLLOW) !== 0 && (flags & OPEN.exclusive) === 0;
      const opened = within(fd, at, size, follow, place => open(program, folder, place, { flags, rights, state }));
      program.view().setUint32(result, opened, true);
    },
    path_create_directory: (fd: number, at: number, size: number) =>
      changing(fd, at, size, place => mkdirSync(place.at)),
    path_remove_directory: (fd: number, at: number, size: number) =>
      changing(fd, at, size, place => rmdirSync(place.at)),
    path_unlink_file: (fd: number, at: number, size: number) =>
      changing(fd, at, size, place => {
        if (lstatSync(plain(place)).isDirectory()) throw new WasiError(ERRNO.ISDIR);
        unlinkSync(place.at);
      }),
    path_rename: (fd: number, at: number, size: number, toFd: number, toAt: number, toSize: number) =>
      changing(fd, at, size, from => changing(toFd, toAt, toSize, to => renameSync(plain(from), renamed(from, to)))),
    path_link: (fd: number, look: number, at: number, size: number, toFd: number, toAt: number, toSize: number) => {
      if (look & FOLLOW) throw new WasiError(ERRNO.INVAL);
      if (program.descriptors.folder(fd).readOnly) throw new WasiError(ERRNO.ROFS);
      within(fd, at, size, false, from =>
        changing(toFd, toAt, toSize, to => {
          if (to.isFolder) throw new WasiError(ERRNO.NOENT);
          linkSync(plain(from), to.at);
        }),
      );
    },
  };
}

/** A file cannot be renamed to a name that ends with a slash. */
function renamed(from: Place, to: Place): string {
  if (to.isFolder && !lstatSync(from.at).isDirectory()) throw new WasiError(ERRNO.NOTDIR);
  return to.at;
}
