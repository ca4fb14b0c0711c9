import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { builtinCatalog, isObject, type Json, type JsonObject, schemaOf } from '../kernel/index.ts';
import { kyvernoPorts, type TestFiles, type TestPorts } from '../policy/index.ts';

const FILE_BYTES_MAX = 32 * 1024 * 1024;
const DOCUMENTS = /\.(?:ya?ml|json)$/;

/** Every document of a YAML or JSON text; broken ones are left out. */
export function documentsOf(text: string): JsonObject[] {
  if (/^\s*[{[]/.test(text)) {
    try {
      const value = JSON.parse(text) as Json;
      return Array.isArray(value) ? value.filter(isObject) : isObject(value) ? [value] : [];
    } catch {
      // Not JSON after all: YAML may start with a brace too.
    }
  }
  return parseAllDocuments(text, { merge: true, uniqueKeys: false, logLevel: 'silent' }).flatMap(document => {
    if (!('toJS' in document) || document.errors.length > 0) return [];
    const value = document.toJS({ maxAliasCount: 1000 }) as Json;
    return isObject(value) ? [value] : [];
  });
}

/** Files under a folder, each read once. */
export function filesUnder(folder: string, cache: Map<string, readonly JsonObject[]> = new Map()): TestFiles {
  const documents = (path: string): readonly JsonObject[] | undefined => {
    const file = resolve(folder, path);
    const known = cache.get(file);
    if (known !== undefined) return known;
    if (!existsSync(file)) return undefined;
    const stat = statSync(file);
    if (stat.isDirectory())
      return readdirSync(file)
        .filter(name => DOCUMENTS.test(name))
        .sort()
        .flatMap(name => documents(join(file, name)) ?? []);
    if (stat.size > FILE_BYTES_MAX) return undefined;
    const found = documentsOf(readFileSync(file, 'utf8'));
    cache.set(file, found);
    return found;
  };
  return { documents };
}

/** The machine's clock, digests and parsers, and the types Kubernetes knows. */
export const testPorts: TestPorts = {
  ...kyvernoPorts({ now: () => Date.now() }, { next: () => Math.random() }),
  resourceOf: kind => builtinCatalog().kind(kind),
  schemaOf,
};
