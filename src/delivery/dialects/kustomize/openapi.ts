import type { Files } from './files.ts';
import { text } from './kustomization.ts';
import type { MergeType, MergeTypes } from './merge.ts';
import { readDocuments } from './read.ts';
import { refuse } from './refuse.ts';
import { isTree, lookup, type Tree, type Value } from './tree.ts';

/** Versions of the Kubernetes schema one can name; all of them mean the built-in kinds. */
const VERSIONS = new Set(['v1.20.4', 'v1.21.2']);

function typeOf(node: Value | undefined, definitions: Tree): MergeType | undefined {
  if (!isTree(node)) return undefined;
  const reference = node.$ref;
  if (typeof reference === 'string') return typeOf(definitions[reference.split('/').at(-1)!], definitions);
  const strategy = String(node['x-kubernetes-patch-strategy'] ?? '');
  const key = node['x-kubernetes-patch-merge-key'];
  const keys = node['x-kubernetes-list-map-keys'];
  const merges = strategy.split(',').includes('merge');
  const all = Array.isArray(keys) && typeof key === 'string' && keys.includes(key) ? keys.map(String) : undefined;
  return {
    ...(merges ? { mergeKeys: all ?? [typeof key === 'string' ? key : ''] } : {}),
    fields: name =>
      typeOf(
        lookup(node, 'properties', name) ?? (isTree(node.additionalProperties) ? node.additionalProperties : undefined),
        definitions,
      ),
    items: () => typeOf(node.items, definitions),
  };
}

/** Reads the `openapi` field: how lists of custom kinds merge. */
export function readOpenApi(field: Tree, files: Files, into: Map<string, MergeType>): void {
  const [version, path] = [text(field, 'version'), text(field, 'path')];
  if (version !== '' && path !== '') throw refuse('builtin version and path provided to openapi, cannot use both');
  if (version !== '' && !VERSIONS.has(version)) throw refuse('the specified OpenAPI version is not built in');
  if (path === '') return;
  const { text: content, file } = files.read(path);
  const document = readDocuments(content, file)[0]?.value;
  const definitions = isTree(document) ? document.definitions : undefined;
  if (!isTree(definitions)) throw refuse('an OpenAPI document needs definitions', file);
  for (const name of Object.keys(definitions)) {
    const kinds = lookup(definitions[name], 'x-kubernetes-group-version-kind');
    const type = typeOf(definitions[name], definitions);
    for (const gvk of Array.isArray(kinds) ? kinds : []) {
      if (type && isTree(gvk)) into.set(`${String(gvk.group ?? '')}/${String(gvk.version)}/${String(gvk.kind)}`, type);
    }
  }
}

export type { MergeTypes };
