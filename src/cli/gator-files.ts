import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { reportFault } from '../base/index.ts';
import { decodeDocuments, type KubeObject } from '../kernel/index.ts';

const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);

/** A document with the file it came from. */
export interface FileObject {
  readonly file: string;
  readonly object: KubeObject;
}

/** Every object of a text; throws an Error in the first fault's words. */
export function objectsOf(source: string, file: string): KubeObject[] {
  const { value, faults } = decodeDocuments(source, { file });
  const [fault] = faults;
  if (fault) {
    const { message, where } = reportFault(fault, 'en');
    throw new Error(`${where ?? file}: ${message}`);
  }
  return value.flatMap(({ value: object }) => {
    const one = object as unknown as KubeObject & { items?: KubeObject[] };
    if (one === null || typeof one !== 'object') return [];
    return one.kind === 'List' && Array.isArray(one.items) ? one.items : [one];
  });
}

/** The files a name stands for: itself, or every manifest below a folder, in order of path. */
export function manifestFiles(name: string): string[] {
  if (!statSync(name).isDirectory()) return [name];
  return (readdirSync(name, { recursive: true }) as string[])
    .filter(path => EXTENSIONS.has(extname(path)))
    .sort()
    .map(path => join(name, path))
    .filter(path => statSync(path).isFile());
}

/** Every object of the named files and folders. */
export function readManifests(names: readonly string[]): FileObject[] {
  return names
    .flatMap(manifestFiles)
    .flatMap(file => objectsOf(readFileSync(file, 'utf8'), file).map(object => ({ file, object })));
}
