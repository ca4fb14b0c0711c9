import * as fs from 'node:fs';
import { LayerTree, type Marker, markerOf } from '../images/layer-tree.ts';
import { type TarEntry, TarError } from '../images/tar-header.ts';
import type { TarSink } from '../images/tar-reader.ts';
import { nodeCalls, S_IFCHR, S_IFIFO } from './unpack-syscalls.ts';

/** How a layer is written. */
export interface WriterOptions {
  /** An empty folder that nobody else can write to. */
  readonly root: string;
  /** True with root: owners are kept, and markers become overlayfs' own. Otherwise markers are only listed. */
  readonly privileged: boolean;
}

/** What a layer hides of the layers below, and what was left out of it. */
export interface LayerMarkers {
  readonly whiteouts: readonly string[];
  readonly opaques: readonly string[];
  readonly skippedDevices: number;
}

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
const CREATE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
const ID_MAX = 0xffff_fffe;
const HARDLINK_LIMIT_ERRNO = 'EMLINK';

/** Attributes an image may bring: file capabilities and the user's own; never overlayfs' or the kernel's control ones. */
const mayKeep = (name: string): boolean => name === 'security.capability' || name.startsWith('user.');

/** Writes a layer's members below one folder; every path comes from {@link LayerTree}, so no link is ever followed. */
export class LayerWriter implements TarSink {
  readonly #options: WriterOptions;
  readonly #tree = new LayerTree();
  readonly #folders = new Map<string, TarEntry>();
  readonly #markers = new Map<string, Marker>();
  #skippedDevices = 0;
  #fd = -1;
  #entry: TarEntry | undefined;
  #path = '';

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  entry(entry: TarEntry): void {
    this.#entry = undefined;
    if (entry.uid > ID_MAX || entry.gid > ID_MAX) throw new TarError(entry.name, 'its owner is out of range');
    const place = this.#tree.place(entry.name);
    if (!place) {
      if (entry.type === 'folder') this.#folders.set('', entry);
      return;
    }
    const marker = markerOf(place.path);
    if (marker === 'metadata') return;
    for (const folder of place.missing) this.#makeFolder(folder, true);
    if (marker) {
      this.#markers.set(`${marker.kind}:${marker.path}`, marker);
      return;
    }
    this.#write(entry, place.path);
  }

  data(piece: Buffer): void {
    if (this.#fd < 0) return;
    let at = 0;
    while (at < piece.length) at += fs.writeSync(this.#fd, piece, at, piece.length - at);
  }

  end(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    const entry = this.#entry!;
    this.#fd = -1;
    try {
      // chown clears set-id bits and capabilities, so it comes first.
      if (this.#options.privileged && (entry.uid !== 0 || entry.gid !== 0)) fs.fchownSync(fd, entry.uid, entry.gid);
      fs.fchmodSync(fd, this.#options.privileged ? entry.mode : entry.mode | 0o600);
      fs.futimesSync(fd, entry.mtime, entry.mtime);
    } finally {
      fs.closeSync(fd);
    }
    if (entry.xattrs.size > 0) this.#attributes(this.#path, entry);
  }

  /** Closes what a failure left open. */
  abort(): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Writes markers and folder metadata, innermost first; call once after the last entry. */
  finish(): LayerMarkers {
    const { whiteouts, opaques } = this.#resolveMarkers();
    if (this.#options.privileged) {
      for (const path of whiteouts) this.#check(path, nodeCalls().mknod(this.#full(path), S_IFCHR | 0, 0, 0));
      for (const path of opaques)
        this.#check(path, nodeCalls().setxattr(this.#full(path), 'trusted.overlay.opaque', Buffer.from('y')));
    }
    for (const [path, entry] of [...this.#folders].sort(([left], [right]) => right.length - left.length)) {
      const full = this.#full(path);
      if (this.#options.privileged) fs.lchownSync(full, entry.uid, entry.gid);
      // Without root we must still be able to read, copy and remove what we own.
      fs.chmodSync(full, this.#options.privileged ? entry.mode : entry.mode | 0o700);
      fs.utimesSync(full, entry.mtime, entry.mtime);
      if (entry.xattrs.size > 0) this.#attributes(path, entry);
    }
    return { whiteouts, opaques, skippedDevices: this.#skippedDevices };
  }

  #write(entry: TarEntry, path: string): void {
    const present = this.#tree.get(path);
    if (entry.type === 'folder') {
      if (present && present.kind !== 'folder') this.#remove(path);
      if (present?.kind !== 'folder') this.#makeFolder(path, false);
      this.#folders.set(path, entry);
      return;
    }
    if (entry.type === 'hardlink') {
      this.#hardlink(entry, path);
      return;
    }
    if (present) this.#remove(path);
    const full = this.#full(path);
    switch (entry.type) {
      case 'file':
        this.#fd = fs.openSync(full, CREATE, 0o600);
        this.#entry = entry;
        this.#path = path;
        this.#tree.set(path, { kind: 'file' });
        return;
      case 'symlink':
        fs.symlinkSync(entry.linkName, full);
        this.#tree.set(path, { kind: 'symlink', target: entry.linkName });
        if (this.#options.privileged && (entry.uid !== 0 || entry.gid !== 0)) fs.lchownSync(full, entry.uid, entry.gid);
        fs.lutimesSync(full, entry.mtime, entry.mtime);
        return;
      case 'fifo':
        this.#check(path, nodeCalls().mknod(full, S_IFIFO | entry.mode, 0, 0));
        this.#tree.set(path, { kind: 'other' });
        if (this.#options.privileged) fs.lchownSync(full, entry.uid, entry.gid);
        return;
      default:
        this.#device(entry, path);
    }
  }

  /** Runtimes mount a /dev of their own, so nodes there are left out; anywhere else they are an attack (or a smuggled whiteout). */
  #device(entry: TarEntry, path: string): void {
    if (!path.startsWith('dev/')) throw new TarError(entry.name, 'device nodes outside /dev are not allowed');
    this.#skippedDevices++;
  }

  #hardlink(entry: TarEntry, path: string): void {
    const target = this.#tree.linkTarget(entry.linkName, entry.name);
    if (target === path) return;
    const node = this.#tree.get(target)!;
    if (this.#tree.get(path)) this.#remove(path);
    try {
      fs.linkSync(this.#full(target), this.#full(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== HARDLINK_LIMIT_ERRNO) throw error;
      fs.copyFileSync(this.#full(target), this.#full(path), fs.constants.COPYFILE_EXCL);
    }
    this.#tree.set(path, node);
  }

  #makeFolder(path: string, implied: boolean): void {
    fs.mkdirSync(this.#full(path), 0o755);
    // Whatever the umask, a folder nobody described is readable.
    if (implied) fs.chmodSync(this.#full(path), 0o755);
    this.#tree.set(path, { kind: 'folder', implied });
  }

  #remove(path: string): void {
    fs.rmSync(this.#full(path), { recursive: true, force: true });
    this.#tree.remove(path);
    for (const key of this.#folders.keys()) if (key === path || key.startsWith(`${path}/`)) this.#folders.delete(key);
  }

  /** Markers speak of the layers below only: where this layer has the path itself, a folder becomes opaque. */
  #resolveMarkers(): { whiteouts: string[]; opaques: string[] } {
    const whiteouts: string[] = [];
    const opaques = new Set<string>();
    for (const marker of this.#markers.values()) {
      const node = this.#tree.get(marker.path);
      if (marker.kind === 'opaque') {
        if (node?.kind === 'folder' && marker.path !== '') opaques.add(marker.path);
        else if (marker.path === '') opaques.add('');
      } else if (!node) {
        // A parent may have been replaced by a file or a link since; then nothing below it can be hidden.
        const slash = marker.path.lastIndexOf('/');
        if (slash < 0 || this.#tree.get(marker.path.slice(0, slash))?.kind === 'folder') whiteouts.push(marker.path);
      } else if (node.kind === 'folder') opaques.add(marker.path);
    }
    return { whiteouts: whiteouts.sort(), opaques: [...opaques].sort() };
  }

  #attributes(path: string, entry: TarEntry): void {
    for (const [name, value] of entry.xattrs) {
      if (!mayKeep(name)) continue;
      // Without privilege, or on a file system without attributes, the file is still right without them.
      nodeCalls().setxattr(this.#full(path), name, value);
    }
  }

  #check(path: string, errno: number): void {
    if (errno !== 0) throw new TarError(path, `the kernel refused it with errno ${errno}`);
  }

  #full(path: string): string {
    return path === '' ? this.#options.root : `${this.#options.root}/${path}`;
  }
}
