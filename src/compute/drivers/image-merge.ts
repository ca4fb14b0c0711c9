import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Layer } from './image-layers.ts';

/** How files come into a merged tree. */
export interface MergeOptions {
  readonly privileged: boolean;
  /** Hard links share the layer's bytes: only for trees nobody may write to. */
  readonly link: boolean;
}

/** Copies one folder level; existing entries of lower layers are replaced, folders are merged. Links are never followed. */
function mergeFolder(from: string, to: string, options: MergeOptions): void {
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    const present = fs.lstatSync(target, { throwIfNoEntry: false });
    if (entry.isDirectory()) {
      if (present && !present.isDirectory()) fs.rmSync(target);
      if (!present?.isDirectory()) fs.mkdirSync(target, 0o700);
      mergeFolder(source, target, options);
      copyMetadata(source, target, options);
      continue;
    }
    if (present) fs.rmSync(target, { recursive: true, force: true });
    if (entry.isSymbolicLink()) {
      fs.symlinkSync(fs.readlinkSync(source), target);
      if (options.privileged) {
        const { uid, gid } = fs.lstatSync(source);
        fs.lchownSync(target, uid, gid);
      }
    } else if (entry.isFile()) {
      if (options.link) fs.linkSync(source, target);
      else {
        fs.copyFileSync(source, target, fs.constants.COPYFILE_FICLONE | fs.constants.COPYFILE_EXCL);
        copyMetadata(source, target, options);
      }
    }
    // Devices, sockets and fifos have no content to share; overlay whiteouts are applied by name, not copied.
  }
}

function copyMetadata(source: string, target: string, options: MergeOptions): void {
  const from = fs.lstatSync(source);
  if (options.privileged) fs.chownSync(target, from.uid, from.gid);
  fs.chmodSync(target, from.mode & 0o7777);
  fs.utimesSync(target, from.atimeMs / 1000, from.mtimeMs / 1000);
}

/** Whether a path's parents are all real folders below `root`: a link there would let a marker reach outside. */
function hasRealParents(root: string, path: string): boolean {
  const parts = path.split('/').slice(0, -1);
  let folder = root;
  for (const part of parts) {
    folder = join(folder, part);
    if (!fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return false;
  }
  return true;
}

/** Flattens layers (lowest first) into one folder, applying whiteouts; for hosts without overlayfs. */
export function mergeLayers(layers: readonly Layer[], target: string, options: MergeOptions): void {
  fs.mkdirSync(target, { recursive: true, mode: 0o755 });
  for (const layer of layers) {
    for (const path of layer.opaques) {
      if (!hasRealParents(target, path)) continue;
      const folder = path === '' ? target : join(target, path);
      if (!fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) continue;
      for (const name of fs.readdirSync(folder)) fs.rmSync(join(folder, name), { recursive: true, force: true });
    }
    for (const path of layer.whiteouts)
      if (hasRealParents(target, path)) fs.rmSync(join(target, path), { recursive: true, force: true });
    mergeFolder(layer.folder, target, options);
    copyMetadata(layer.folder, target, options);
  }
}

/**
 * Finds a file of an image without mounting it: the topmost layer that has the path wins, whiteouts hide what is below,
 * links are resolved inside the image. Undefined when there is none.
 */
export function findInLayers(layers: readonly Layer[], path: string, links_max = 20): string | undefined {
  const parts = path.split('/').filter(part => part !== '' && part !== '.');
  let done = '';
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (part === '..') {
      done = done.includes('/') ? done.slice(0, done.lastIndexOf('/')) : '';
      continue;
    }
    const next = done === '' ? part : `${done}/${part}`;
    const at = topmost(layers, next);
    if (!at) return undefined;
    const found = fs.lstatSync(at);
    if (found.isSymbolicLink()) {
      if (links_max <= 0) return undefined;
      const target = fs.readlinkSync(at);
      const base = target.startsWith('/') ? target : `${done}/${target}`;
      return findInLayers(layers, [base, ...parts.slice(i + 1)].join('/'), links_max - 1);
    }
    if (i === parts.length - 1) return found.isFile() ? at : undefined;
    if (!found.isDirectory()) return undefined;
    done = next;
  }
  return undefined;
}

const hides = (markers: readonly string[], path: string): boolean =>
  markers.some(marker => path === marker || path.startsWith(`${marker}/`));

/** Only called with parents already known to be folders in the merged view. */
function topmost(layers: readonly Layer[], path: string): string | undefined {
  for (let i = layers.length - 1; i >= 0; i--) {
    const layer = layers[i]!;
    if (hides(layer.whiteouts, path)) return undefined;
    const full = join(layer.folder, path);
    // A lower layer's parent may be a link or a file there: then the path does not exist in that layer.
    if (hasRealParents(layer.folder, path) && fs.lstatSync(full, { throwIfNoEntry: false })) return full;
    if (layer.opaques.some(opaque => opaque === '' || path.startsWith(`${opaque}/`))) return undefined;
  }
  return undefined;
}
