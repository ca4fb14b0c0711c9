import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { CdiDocument } from '../engine/cdi.ts';
import type { ContainerConfig } from './generated/api.ts';

const FOLDERS = ['/etc/cdi', '/var/run/cdi'];
const FILE_BYTES_MAX = 1024 * 1024;
const FILES_MAX = 1000;
const ANNOTATION = 'cdi.k8s.io/';

async function readDocument(file: string, folder: number): Promise<CdiDocument> {
  try {
    if ((await stat(file)).size > FILE_BYTES_MAX) throw new Error('larger than 1 MiB');
    const text = await readFile(file, 'utf8');
    const value: unknown = file.endsWith('.json') ? JSON.parse(text) : parse(text, { maxAliasCount: 0 });
    return { file, folder, value };
  } catch {
    // What is not a document is refused by name where somebody asks for a device that it might have had.
    return { file, folder, value: undefined };
  }
}

/** Every file of devices on this machine; a folder that is not there has none. */
export async function readCdi(folders: readonly string[] = FOLDERS): Promise<CdiDocument[]> {
  const found: Promise<CdiDocument>[] = [];
  for (const [index, folder] of folders.entries()) {
    const names = await readdir(folder).catch(() => [] as string[]);
    const files = names.filter(name => /\.(json|yaml)$/.test(name)).sort();
    found.push(...files.slice(0, FILES_MAX).map(name => readDocument(join(folder, name), index)));
  }
  return Promise.all(found);
}

/** Devices a container asks for by name: in the field for them, and in the annotations older kubelets write. */
export function askedDevices({ CDIDevices, annotations }: ContainerConfig): string[] {
  const annotated = Object.entries(annotations)
    .filter(([key]) => key.startsWith(ANNOTATION))
    .flatMap(([, value]) => value.split(','));
  return [...CDIDevices.map(({ name }) => name), ...annotated.map(name => name.trim()).filter(Boolean)];
}
