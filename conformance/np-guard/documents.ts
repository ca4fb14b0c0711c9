import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { KubeObject } from '../../src/kernel/index.ts';

function* filesUnder(folder: string): Generator<string> {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* filesUnder(path);
    else if (/\.(ya?ml|json)$/.test(name)) yield path;
  }
}

/** Items of a typed list need not repeat their kind. */
function expand(value: unknown): KubeObject[] {
  if (typeof value !== 'object' || value === null) return [];
  const object = value as KubeObject & { items?: unknown };
  if (typeof object.kind !== 'string') return [];
  if (!object.kind.endsWith('List')) return object.metadata ? [object] : [];
  const kind = object.kind.slice(0, -'List'.length);
  const items = Array.isArray(object.items) ? object.items : [];
  return items.flatMap(item =>
    expand(kind === '' ? item : { kind, apiVersion: object.apiVersion, ...(item as object) }),
  );
}

/** Indents the later lines of quoted scalars: other YAML readers do not ask for it, this one does. */
function indentQuoted(text: string): string {
  let inside = false;
  return text
    .split('\n')
    .map(line => {
      const before = inside;
      if (before) inside = !line.includes("'");
      else inside = /:\s+'[^']*$/.test(line);
      return before ? `${' '.repeat(64)}${line}` : line;
    })
    .join('\n');
}

/** Every object of a folder; of a file with a broken document those before it. */
export function readObjects(folder: string): KubeObject[] {
  const objects: KubeObject[] = [];
  for (const path of filesUnder(folder)) {
    for (const text of readFileSync(path, 'utf8')
      .replaceAll('\r', '')
      .split(/^---(?:[ \t].*)?$/m)) {
      let document = parseDocument(text, { logLevel: 'silent', uniqueKeys: false });
      if (document.errors.length > 0) {
        document = parseDocument(indentQuoted(text), { logLevel: 'silent', uniqueKeys: false });
      }
      // A stream of documents is read up to the first that is broken.
      if (document.errors.length > 0) break;
      objects.push(...expand(document.toJS()));
    }
  }
  return objects;
}
