import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** One file of a projected volume. */
export interface ProjectedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
}

/**
 * Replaces a folder's content at once, as Kubernetes' atomic writer lays it out: files live in a folder of their own,
 * `..data` points to it, top-level names point through `..data`. Readers see all of the old or all of the new.
 */
export async function writeAtomically(folder: string, files: readonly ProjectedFile[], group?: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o777 });
  const current = await readlink(join(folder, '..data')).catch(() => undefined);
  if (current !== undefined && (await same(join(folder, current), files))) return;
  const fresh = await mkdtemp(`${folder}/..`);
  await chmod(fresh, 0o755);
  const name = basename(fresh);
  for (const file of files) {
    const path = join(fresh, file.path);
    if (!path.startsWith(`${fresh}/`)) throw new Error(`Path "${file.path}" leaves the volume`);
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(path, file.bytes, { mode: file.mode });
    await chmod(path, group === undefined ? file.mode : file.mode | ((file.mode & 0o400) >> 3));
    if (group !== undefined) await chown(path, 0, group).catch(() => {});
  }
  await rm(join(folder, '..data_tmp'), { force: true });
  await symlink(name, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  const wanted = new Set(files.map(file => file.path.split('/')[0]!));
  for (const top of wanted) await symlink(join('..data', top), join(folder, top)).catch(() => {});
  for (const entry of await readdir(folder)) {
    if (entry === '..data' || entry === name || wanted.has(entry)) continue;
    await rm(join(folder, entry), { recursive: true, force: true });
  }
}

async function same(folder: string, files: readonly ProjectedFile[]): Promise<boolean> {
  const count = (await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])).filter(entry =>
    entry.isFile(),
  );
  if (count.length !== files.length) return false;
  for (const file of files) {
    const bytes = await readFile(join(folder, file.path)).catch(() => undefined);
    if (!bytes || !bytes.equals(file.bytes)) return false;
  }
  return true;
}
