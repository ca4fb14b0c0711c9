/** Files under granted folders: every path is walked one name at a time from an open folder, so that nothing leads out. */
import { closeSync, constants, lstatSync, openSync, readlinkSync } from 'node:fs';

/** open(2) O_PATH, which node:fs does not name. */
const O_PATH = 0o10000000;
const FOLDER = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const LINKS_MAX = 32;
const PATH_BYTES_MAX = 4096;

/** WASI preview 1 `errno`, those that are used. */
export const ERRNO = {
  SUCCESS: 0,
  TOOBIG: 1,
  ACCES: 2,
  BADF: 8,
  EXIST: 20,
  INVAL: 28,
  IO: 29,
  ISDIR: 31,
  LOOP: 32,
  MFILE: 33,
  NAMETOOLONG: 37,
  NOENT: 44,
  NOSPC: 51,
  NOSYS: 52,
  NOTDIR: 54,
  NOTEMPTY: 55,
  NOTSOCK: 57,
  NOTSUP: 58,
  PERM: 63,
  ROFS: 69,
  SPIPE: 70,
  XDEV: 75,
} as const;

export class WasiError extends Error {
  readonly errno: number;
  constructor(errno: number) {
    super(`errno ${errno}`);
    this.errno = errno;
  }
}

/** The errno of whatever a call threw. */
export function errnoOf(error: unknown): number {
  if (error instanceof WasiError) return error.errno;
  const name = ((error as NodeJS.ErrnoException).code ?? '').slice(1);
  if (error instanceof RangeError) return ERRNO.INVAL;
  return Object.hasOwn(ERRNO, name) ? ERRNO[name as keyof typeof ERRNO] : ERRNO.IO;
}

/** The last step of a path: a name in an open folder. `at` is a path for calls that do not follow links. */
export interface Place {
  readonly at: string;
  /** The path asked for a folder: it ended with a slash, or names the folder it begins in. */
  readonly isFolder: boolean;
  close(): void;
}

const named = (folder: number, name: string): string => `/proc/self/fd/${folder}/${name}`;

/** The target of a symbolic link, undefined where there is none. */
function linkAt(path: string): string | undefined {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return undefined;
  const target = readlinkSync(path);
  // An absolute link names a place of the host, not of the grant.
  if (target.startsWith('/')) throw new WasiError(ERRNO.PERM);
  return target;
}

/** Finds a path below an open folder; `..` and links are followed inside it and refused where they lead out. */
export function locate(root: number, path: string, followLast: boolean): Place {
  if (path === '') throw new WasiError(ERRNO.NOENT);
  if (path.includes('\0')) throw new WasiError(ERRNO.INVAL);
  if (path.length > PATH_BYTES_MAX) throw new WasiError(ERRNO.NAMETOOLONG);
  if (path.startsWith('/')) throw new WasiError(ERRNO.PERM);
  const folders = [root];
  const close = (): void => {
    for (const folder of folders.splice(1)) closeSync(folder);
  };
  const here = (): number => folders.at(-1)!;
  try {
    let isFolder = /(^|\/)\.{0,2}$/.test(path);
    const names = path.split('/').filter(name => name !== '' && name !== '.');
    for (let links = 0; names.length > 0; ) {
      const name = names.shift()!;
      if (name === '..') {
        if (folders.length === 1) throw new WasiError(ERRNO.PERM);
        closeSync(folders.pop()!);
        continue;
      }
      const at = named(here(), name);
      const isLast = names.length === 0;
      const target = !isLast || followLast || isFolder ? linkAt(at) : undefined;
      if (target !== undefined) {
        if (++links > LINKS_MAX) throw new WasiError(ERRNO.LOOP);
        if (isLast && target.endsWith('/')) isFolder = true;
        names.unshift(...target.split('/').filter(part => part !== '' && part !== '.'));
        continue;
      }
      if (isLast) return { at, isFolder, close };
      folders.push(openSync(at, FOLDER));
    }
    return { at: named(here(), '.'), isFolder: true, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Opens a granted folder. */
export const openGrant = (path: string): number => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
