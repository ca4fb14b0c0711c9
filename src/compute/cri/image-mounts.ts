import { lstat, mkdir, readdir, realpath, rmdir } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import type { Mount } from '../model.ts';
import type { CriContext } from './context.ts';
import { invalid, notFound } from './errors.ts';
import type { Mount as CriMount } from './generated/api.ts';

/** Where images of a pod's containers are mounted, below its folder. */
const folderOf = (context: CriContext, sandboxId: string): string => join(context.folderOf(sandboxId), 'images');

/** A path inside an image, whose links must not lead out of it (CRI `Mount.image_sub_path`: one that is not there is refused). */
async function pathInside(root: string, inner: string): Promise<string> {
  const parts = inner.split('/').filter(part => part !== '' && part !== '.');
  if (inner.startsWith('/') || parts.includes('..')) throw invalid(`image sub path "${inner}" leads out of the image`);
  let path = root;
  for (const part of parts) {
    path = join(path, part);
    const found = await lstat(path).catch(() => undefined);
    if (!found) throw invalid(`image sub path "${inner}" does not exist in the image`);
    if (found.isSymbolicLink()) path = await realpath(path).catch(() => '');
    if (path !== root && !path.startsWith(`${root}/`))
      throw invalid(`image sub path "${inner}" leads out of the image`);
  }
  return path;
}

async function mountImage(context: CriContext, mount: CriMount, sandboxId: string, volume: string): Promise<Mount> {
  const { images, mountLayers } = context.options;
  const { containerPath, hostPath, imageSubPath } = mount;
  const reference = mount.image?.image ?? '';
  if (!containerPath) throw invalid('a mount has no container path');
  if (hostPath) throw invalid(`mount "${containerPath}": host_path and image cannot both be set`);
  const image = await images.resolve(reference);
  if (!image) throw notFound('image', reference);
  if (image.kind !== 'oci') throw invalid(`mount "${containerPath}": image "${reference}" has no files`);
  const rootfs = await images.prepareRootfs(image.id, volume);
  if (rootfs.kind === 'wasm') throw invalid(`mount "${containerPath}": image "${reference}" has no files`);
  let root = rootfs.kind === 'folder' ? rootfs.path : join(folderOf(context, sandboxId), volume);
  if (rootfs.kind === 'overlay') {
    await mkdir(root, { recursive: true, mode: 0o711 });
    // The empty upper folder goes on top of the layers: one layer alone is no overlay without it.
    await mountLayers(root, [rootfs.upper, ...rootfs.lower]);
  }
  root = await realpath(root);
  const source = imageSubPath ? await pathInside(root, imageSubPath) : root;
  return { source, target: normalize(join('/', containerPath)), kind: 'bind', readOnly: true, noExec: true };
}

/**
 * The images a container mounts (CRI `Mount.image`), each mounted read-only on the machine. Ids of what was made for it are
 * put into `volumes` as they are made, so that a caller whom a later one fails can let go of the earlier ones.
 */
export async function mountImages(
  context: CriContext,
  asked: readonly CriMount[],
  sandboxId: string,
  volumes: string[],
): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const mount of asked) {
    if (!mount.image?.image) {
      if (mount.imageSubPath) throw invalid(`mount "${mount.containerPath}": image_sub_path needs an image`);
      continue;
    }
    const volume = context.newId();
    volumes.push(volume);
    mounts.push(await mountImage(context, mount, sandboxId, volume));
  }
  return mounts;
}

/** Takes a container's own files and the images it mounted away. Those that are gone are fine. */
export async function releaseImages(
  context: CriContext,
  sandboxId: string,
  containerId: string,
  volumes: readonly string[],
): Promise<void> {
  const { images, unmount } = context.options;
  for (const volume of volumes) {
    const path = join(folderOf(context, sandboxId), volume);
    await unmount(path).catch(() => {});
    await rmdir(path).catch(() => {});
  }
  for (const id of [containerId, ...volumes]) await images.release(id);
}

/** Unmounts every image of a pod, also those whose container is not known any more. */
export async function unmountImages(context: CriContext, sandboxId: string): Promise<void> {
  const folder = folderOf(context, sandboxId);
  for (const volume of await readdir(folder).catch(() => []))
    await context.options.unmount(join(folder, volume)).catch(() => {});
}
