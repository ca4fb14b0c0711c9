/** The descriptor table of one WASI preview 1 program. */
import { closeSync, type Dirent, type Stats } from 'node:fs';
import { ERRNO, WasiError } from './wasm-files.ts';

const DESCRIPTORS_MAX = 4096;

export interface Descriptor {
  readonly kind: 'input' | 'output' | 'file' | 'folder';
  /** Of the host; absent for standard streams. */
  readonly fd?: number;
  /** Name the program knows a granted folder by. */
  readonly grant?: string;
  readonly readOnly: boolean;
  readonly readable: boolean;
  readonly writable: boolean;
  position: bigint;
  append: boolean;
  flags: number;
  entries?: readonly (readonly [name: string, type: number, inode: bigint])[];
}

export class Descriptors {
  readonly #table = new Map<number, Descriptor>();

  get(number: number): Descriptor {
    const found = this.#table.get(number);
    if (!found) throw new WasiError(ERRNO.BADF);
    return found;
  }

  folder(number: number): Descriptor & { readonly fd: number } {
    const found = this.get(number);
    if (found.kind !== 'folder') throw new WasiError(ERRNO.NOTDIR);
    return found as Descriptor & { readonly fd: number };
  }

  file(number: number): Descriptor & { readonly fd: number } {
    const found = this.get(number);
    if (found.kind === 'folder') throw new WasiError(ERRNO.ISDIR);
    if (found.fd === undefined) throw new WasiError(ERRNO.SPIPE);
    return found as Descriptor & { readonly fd: number };
  }

  add(descriptor: Descriptor): number {
    if (this.#table.size >= DESCRIPTORS_MAX) throw new WasiError(ERRNO.MFILE);
    let number = 0;
    while (this.#table.has(number)) number++;
    this.#table.set(number, descriptor);
    return number;
  }

  close(number: number): void {
    const { fd } = this.get(number);
    this.#table.delete(number);
    if (fd !== undefined) closeSync(fd);
  }

  /** Moves one descriptor over another, which is closed (fd_renumber). */
  move(from: number, to: number): void {
    const moved = this.get(from);
    this.get(to);
    if (from === to) return;
    this.close(to);
    this.#table.delete(from);
    this.#table.set(to, moved);
  }
}

/** WASI `filetype`. */
export function fileType(stats: Stats | Dirent): number {
  if (stats.isFile()) return 4;
  if (stats.isDirectory()) return 3;
  if (stats.isSymbolicLink()) return 7;
  if (stats.isCharacterDevice()) return 2;
  if (stats.isBlockDevice()) return 1;
  return 0;
}
