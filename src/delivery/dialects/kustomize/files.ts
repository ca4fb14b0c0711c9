import type { SourceTree } from '../../model.ts';
import { refuse } from './refuse.ts';

const KUSTOMIZATION_FILES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** `a/./b/../c` as `a/c`; undefined when it leads out of the tree. */
export function normalise(path: string): string | undefined {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join('/');
}

export const join = (folder: string, path: string): string => (folder === '' ? path : `${folder}/${path}`);

/** The way from one folder to a file. */
export function relative(from: string, to: string): string {
  const a = from === '' ? [] : from.split('/');
  const b = to.split('/');
  let same = 0;
  while (same < a.length && same < b.length && a[same] === b[same]) same++;
  return [...a.slice(same).map(() => '..'), ...b.slice(same)].join('/');
}

/** Files as one kustomization may read them. */
export class Files {
  readonly tree: SourceTree;
  readonly folder: string;

  constructor(tree: SourceTree, folder: string) {
    this.tree = tree;
    this.folder = folder;
  }

  /** The path in the tree, or a refusal when it leads out of it. */
  resolve(path: string): string {
    if (path.startsWith('/')) throw refuse(`"${path}" is absolute; paths are relative to the kustomization`);
    const found = normalise(join(this.folder, path));
    if (found === undefined)
      throw refuse(`"${path}" leads out of "${this.tree.name}"`, join(this.folder, 'kustomization.yaml'));
    return found;
  }

  /** A file in or below this folder. Others may be shared only as a base. */
  read(path: string): { text: string; file: string } {
    const file = this.resolve(path);
    const text = this.tree.files.get(file);
    if (text === undefined)
      throw refuse(`no such file or directory: '${file}'`, join(this.folder, 'kustomization.yaml'));
    if (this.folder !== '' && !file.startsWith(`${this.folder}/`)) {
      throw refuse(`security; file '${file}' is not in or below '${this.folder}'`);
    }
    return { text, file };
  }

  has(path: string): boolean {
    const file = normalise(join(this.folder, path));
    return file !== undefined && !path.startsWith('/') && this.tree.files.has(file);
  }

  /** The kustomization of this folder. */
  kustomization(): { text: string; file: string } {
    const found = KUSTOMIZATION_FILES.map(name => join(this.folder, name)).filter(file => this.tree.files.has(file));
    if (found.length === 0) {
      throw refuse(
        `unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${this.folder || '.'}'`,
      );
    }
    if (found.length > 1)
      throw refuse(`found multiple kustomization files in '${this.folder || '.'}': ${found.join(', ')}`);
    return { text: this.tree.files.get(found[0]!)!, file: found[0]! };
  }
}

/** Whether a folder holds a kustomization. */
export function hasKustomization(tree: SourceTree, folder: string): boolean {
  const at = normalise(folder) ?? '';
  return KUSTOMIZATION_FILES.some(name => tree.files.has(join(at, name)));
}
