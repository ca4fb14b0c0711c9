import type { Files } from './files.ts';
import { list, strings, text, tree } from './kustomization.ts';
import { refuse } from './refuse.ts';
import { type Behavior, Resource } from './resource.ts';
import { newTree, type Tree } from './tree.ts';

const KEY = /^[-._a-zA-Z0-9]+$/;
const BASE64_LINE = 70;

const unquote = (value: string): string =>
  value.length > 1 && (value[0] === '"' || value[0] === "'") && value.at(-1) === value[0] ? value.slice(1, -1) : value;

function literalPair(source: string): [string, string] {
  const equals = source.indexOf('=');
  if (equals < 1) throw refuse(`invalid literal source ${source}, expected key=value`);
  return [source.slice(0, equals), unquote(source.slice(equals + 1))];
}

function filePair(source: string, files: Files): [string, string] {
  const parts = source.split('=');
  if (parts.length > 2) throw refuse("key names or file paths cannot contain '='");
  const path = parts.at(-1)!;
  const key = parts.length === 2 ? parts[0]! : path.slice(path.lastIndexOf('/') + 1);
  if (key === '' || path === '') throw refuse(`missing key or file path in source "${source}"`);
  return [key, files.read(path).text];
}

function envPairs(path: string, files: Files): [string, string][] {
  const pairs: [string, string][] = [];
  for (const raw of files
    .read(path)
    .text.replace(/^\ufeff/, '')
    .split(/\r?\n/)) {
    const line = raw.trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    // Without a value the environment of whoever builds would be asked: a build that depends on that is no source.
    pairs.push(equals < 0 ? [line, ''] : [line.slice(0, equals), line.slice(equals + 1)]);
  }
  return pairs;
}

function pairsOf(args: Tree, files: Files): Tree {
  const envs = [...strings(args, 'envs'), ...(text(args, 'env') ? [text(args, 'env')] : [])];
  const pairs = [
    ...envs.flatMap(path => envPairs(path, files)),
    ...list(args, 'literals').map(literal => literalPair(String(literal))),
    ...strings(args, 'files').map(source => filePair(source, files)),
  ];
  const data = newTree();
  for (const [key, value] of pairs) {
    if (!KEY.test(key) || key.length > 253) throw refuse(`"${key}" is not a valid key name`);
    if (key in data) throw refuse(`cannot add key ${key}, another key by that name already exists`);
    data[key] = value;
  }
  return data;
}

/** Base64 in lines of 70, as the generator of the original writes long values. */
function base64(value: string): string {
  const encoded = Buffer.from(value, 'utf8').toString('base64');
  if (encoded.length <= BASE64_LINE) return encoded;
  return `${encoded.match(new RegExp(`.{1,${BASE64_LINE}}`, 'g'))!.join('\n')}\n`;
}

function options(args: Tree, global: Tree): { labels: Tree; annotations: Tree; noHash: boolean; immutable: boolean } {
  const own = tree(args, 'options');
  return {
    labels: Object.assign(newTree(), tree(global, 'labels'), tree(own, 'labels')),
    annotations: Object.assign(newTree(), tree(global, 'annotations'), tree(own, 'annotations')),
    noHash: global.disableNameSuffixHash === true || own.disableNameSuffixHash === true,
    immutable: global.immutable === true || own.immutable === true,
  };
}

function behaviorOf(args: Tree): Behavior {
  const behavior = text(args, 'behavior');
  return behavior === 'merge' || behavior === 'replace' ? behavior : 'create';
}

/** Makes a ConfigMap or Secret from an entry of `configMapGenerator` or `secretGenerator`. */
export function generate(
  kind: 'ConfigMap' | 'Secret',
  args: Tree,
  global: Tree,
  files: Files,
  namespace = '',
): Resource {
  const metadata = tree(args, 'metadata');
  const name = text(args, 'name') || text(metadata, 'name');
  if (name === '') throw refuse(`a ${kind} generator needs a name`);
  const object = newTree();
  object.apiVersion = 'v1';
  object.kind = kind;
  const meta = newTree();
  object.metadata = meta;
  meta.name = name;
  const placed = text(args, 'namespace') || text(metadata, 'namespace') || namespace;
  if (placed !== '') meta.namespace = placed;
  if (kind === 'Secret') object.type = text(args, 'type') || 'Opaque';
  const data = pairsOf(args, files);
  if (kind === 'Secret') for (const key of Object.keys(data)) data[key] = base64(String(data[key]));
  if (Object.keys(data).length > 0) object.data = data;
  const { labels, annotations, noHash, immutable } = options(args, global);
  const texts = (map: Tree): Tree => {
    for (const key of Object.keys(map)) map[key] = String(map[key]);
    return map;
  };
  if (Object.keys(labels).length > 0) meta.labels = texts(labels);
  if (Object.keys(annotations).length > 0) meta.annotations = texts(annotations);
  if (immutable) object.immutable = true;
  const resource = new Resource(object, { configuredBy: { apiVersion: 'builtin', kind: `${kind}Generator` } });
  resource.needsHash = !noHash;
  resource.behavior = behaviorOf(args);
  return resource;
}
