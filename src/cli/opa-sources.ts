import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { rego } from '../policy/index.ts';
import { type Bundle, bundleOf, unpackBundle } from './opa-bundle.ts';

/** What `--data` and `--bundle` name, read. */
export interface Sources {
  readonly modules: readonly rego.Module[];
  readonly data: rego.Value;
}

export type Version = 'v0' | 'v1';
type Tree = { [name: string]: unknown };

const tree = (): Tree => Object.create(null) as Tree;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A conflict of two documents, as OPA refuses it. */
export class MergeError extends Error {}

function mergeInto(target: Tree, value: Tree, where: string): void {
  for (const [name, item] of Object.entries(value)) {
    const old = Object.hasOwn(target, name) ? target[name] : undefined;
    if (old === undefined)
      Object.defineProperty(target, name, { value: item, enumerable: true, configurable: true, writable: true });
    else if (isTree(old) && isTree(item)) mergeInto(old, item, where);
    else throw new MergeError(`${where}: merge error`);
  }
}

function put(root: Tree, path: readonly string[], value: unknown, where: string): void {
  let wrapped: unknown = value;
  for (const name of [...path].reverse()) {
    const outer = tree();
    outer[name] = wrapped;
    wrapped = outer;
  }
  if (!isTree(wrapped)) throw new MergeError(`${where}: merge error`);
  mergeInto(root, wrapped, where);
}

/** Reads a JSON or YAML document with its exact numbers. */
export function readDocument(file: string): rego.Value {
  const text = readFileSync(file === '-' ? 0 : file, 'utf8');
  return (/\.ya?ml$/.test(file) ? parseYaml(text) : rego.fromJsonText(text)) as rego.Value;
}

const isData = (file: string): boolean => /\.(json|ya?ml)$/.test(file);

interface Found {
  readonly file: string;
  /** Path of data files: the folders between. */
  readonly path: readonly string[];
}

/** Files below a path; hidden ones are left out, as OPA does. */
function filesOf(path: string, ignore: readonly RegExp[], bundle: boolean): Found[] {
  if (!statSync(path).isDirectory()) return [{ file: path, path: [] }];
  return (readdirSync(path, { recursive: true }) as string[])
    .sort()
    .filter(name => !name.split(sep).some(part => part.startsWith('.') || ignore.some(pattern => pattern.test(part))))
    .map(name => join(path, name))
    .filter(
      file =>
        statSync(file).isFile() &&
        (file.endsWith('.rego') || (isData(file) && (!bundle || /^data\.(json|ya?ml)$/.test(basename(file))))),
    )
    .map(file => ({
      file,
      path: relative(path, dirname(file))
        .split(sep)
        .filter(part => part !== ''),
    }));
}

const globOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

export interface SourceOptions {
  readonly paths: readonly string[];
  readonly bundles?: readonly string[];
  readonly ignore?: readonly string[];
  readonly version: Version;
}

/** A bundle from an archive or a folder, every file of it. */
export function bundleFiles(path: string): Bundle {
  if (!statSync(path).isDirectory()) return unpackBundle(readFileSync(path));
  const files = new Map<string, Buffer>();
  for (const name of (readdirSync(path, { recursive: true }) as string[]).sort()) {
    const known =
      name.endsWith('.rego') || /^(?:data\.(?:json|ya?ml)|\.manifest|\.signatures\.json)$/.test(basename(name));
    if (known && statSync(join(path, name)).isFile())
      files.set(name.split(sep).join('/'), readFileSync(join(path, name)));
  }
  return bundleOf(files);
}

/** A bundle with the names its signature has: those of a folder's files begin with the folder's. */
export function signedFiles(path: string): Bundle {
  const bundle = bundleFiles(path);
  const { signatures, files, manifest, manifestText } = bundle;
  if (!signatures || !statSync(path).isDirectory()) return bundle;
  const named = [...files, ...(manifestText ? [['.manifest', manifestText] as const] : [])];
  return { manifest, signatures, files: new Map(named.map(([name, content]) => [join(path, name), content])) };
}

/** Modules, named below `name`, and data of a bundle; its manifest may say which version of the language they are in. */
export function bundleContents({ manifest, files }: Bundle, name: string, version: Version): Sources {
  const data = tree();
  const modules: rego.Module[] = [];
  const own = manifest.rego_version === undefined ? version : manifest.rego_version === 0 ? 'v0' : 'v1';
  for (const [path, content] of files) {
    const text = content.toString('utf8');
    if (path.endsWith('.rego')) modules.push(rego.parseModule(text, { file: `${name}/${path}`, version: own }));
    else if (/^data\.(?:json|ya?ml)$/.test(basename(path)))
      put(data, path.split('/').slice(0, -1), path.endsWith('.json') ? rego.fromJsonText(text) : parseYaml(text), path);
  }
  return { modules, data: data as rego.Value };
}

/** Reads policies and data. A path may carry a prefix: `a.b:file.json`. Throws RegoError of a module that cannot be read. */
export function readSources({ paths, bundles = [], ignore = [], version }: SourceOptions): Sources {
  const data = tree();
  const modules: rego.Module[] = [];
  const patterns = ignore.map(globOf);
  const all = [...paths.map(path => ({ path, bundle: false })), ...bundles.map(path => ({ path, bundle: true }))];
  for (const { path: given, bundle } of all) {
    if (bundle && existsSync(given) && !statSync(given).isDirectory()) {
      const found = bundleContents(unpackBundle(readFileSync(given)), given, version);
      modules.push(...found.modules);
      mergeInto(data, found.data as Tree, given);
      continue;
    }
    const prefixed = existsSync(given) ? undefined : /^([\w.-]+):(.+)$/.exec(given);
    const prefix = prefixed ? prefixed[1]!.split('.').filter(name => name !== 'data') : [];
    for (const { file, path } of filesOf((prefixed?.[2] ?? given).replace(/^file:\/\//, ''), patterns, bundle)) {
      if (extname(file) === '.rego') modules.push(rego.parseModule(readFileSync(file, 'utf8'), { file, version }));
      else if (isData(file)) put(data, [...prefix, ...path], readDocument(file), file);
    }
  }
  return { modules, data: data as rego.Value };
}
