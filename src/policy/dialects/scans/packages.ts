import { fields, isObject, text } from '../gatekeeper/read.ts';
import type { Entry } from './model.ts';

/** The system an image is built of, from os-release(5). */
export interface ImageSystem {
  readonly id: string;
  readonly version: string;
}

/** What was found in an image. `unread` names package databases that cannot be read here. */
export interface ImageInventory {
  readonly system: ImageSystem | undefined;
  readonly packages: readonly Entry[];
  readonly unread: readonly string[];
}

const DPKG = /^var\/lib\/dpkg\/(status|status\.d\/[^/]+)$/;
const APK = /^lib\/apk\/db\/installed$/;
const NPM = /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/;
const PYTHON = /\.(dist-info\/METADATA|egg-info\/PKG-INFO)$/;
const JAR = /\/([^/]+?)-(\d[\w.-]*)\.(jar|war|ear)$/;
const RPM = /^(var\/lib|usr\/lib\/sysimage)\/rpm\/(Packages|Packages\.db|rpmdb\.sqlite)$/;
const OS_RELEASE = /^(etc|usr\/lib)\/os-release$/;

/** Whether the text of a file tells of packages. */
export const isPackageFile = (path: string): boolean =>
  (DPKG.test(path) && !path.endsWith('.md5sums')) || [APK, NPM, PYTHON, OS_RELEASE].some(pattern => pattern.test(path));

/** Whether the name of a file alone tells of packages. */
export const isNamedPackage = (path: string): boolean => JAR.test(path) || RPM.test(path);

const entry = (type: string, name: string, version: string, path: string, purl: string): Entry => ({
  kind: 'package',
  packageType: type,
  packageName: name,
  packageVersion: version,
  path,
  purl,
});

/** Paragraphs of `Key: value` lines; lines that go on are left out. */
function* paragraphs(source: string, separator: RegExp): Generator<ReadonlyMap<string, string>> {
  for (const part of source.split(/\n\s*\n/)) {
    const found = new Map<string, string>();
    for (const line of part.split('\n')) {
      const match = separator.exec(line);
      if (match?.[1] && !found.has(match[1])) found.set(match[1], match[2]!.trim());
    }
    yield found;
  }
}

function* debian(source: string, path: string, system: ImageSystem | undefined): Generator<Entry> {
  for (const found of paragraphs(source, /^([A-Za-z-]+):(.*)$/)) {
    const [name, version] = [found.get('Package'), found.get('Version')];
    if (!name || !version || /deinstall|config-files/.test(found.get('Status') ?? '')) continue;
    // Advisories speak of source packages: `Source: name (version)`.
    const [, source = name, sourceVersion = version] =
      /^(\S+)(?:\s+\(([^)]+)\))?$/.exec(found.get('Source') ?? '') ?? [];
    yield {
      ...entry('deb', name, version, path, `pkg:deb/${system?.id ?? 'debian'}/${name}@${version}`),
      category: source,
      message: sourceVersion,
    };
  }
}

function* alpine(source: string, path: string): Generator<Entry> {
  for (const found of paragraphs(source, /^([A-Za-z]):(.*)$/)) {
    const [name, version] = [found.get('P'), found.get('V')];
    if (name && version)
      yield {
        ...entry('apk', name, version, path, `pkg:apk/alpine/${name}@${version}`),
        category: found.get('o') ?? name,
      };
  }
}

function* npm(source: string, path: string): Generator<Entry> {
  let document: unknown;
  try {
    document = JSON.parse(source);
  } catch {
    return;
  }
  if (!isObject(document)) return;
  const [name, version] = [text(fields(document).name), text(fields(document).version)];
  if (name && version) yield entry('npm', name, version, path, `pkg:npm/${name.replace('@', '%40')}@${version}`);
}

function* python(source: string, path: string): Generator<Entry> {
  const [found] = paragraphs(source, /^([A-Za-z-]+):(.*)$/);
  const [name, version] = [found?.get('Name'), found?.get('Version')];
  if (name && version) {
    const normal = name.toLowerCase().replace(/[-_.]+/g, '-');
    yield entry('python', normal, version, path, `pkg:pypi/${normal}@${version}`);
  }
}

/** The system of an os-release file. */
export function readSystem(source: string): ImageSystem {
  const value = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(source)?.[1] ?? '';
  return { id: value('ID'), version: value('VERSION_ID') };
}

/** Packages of an image from its files: texts by path, names of others, and what binaries say of themselves. */
export function readPackages(
  texts: ReadonlyMap<string, string>,
  names: Iterable<string>,
  modules: ReadonlyMap<string, string> = new Map(),
): ImageInventory {
  const release = texts.get('etc/os-release') ?? texts.get('usr/lib/os-release');
  const system = release === undefined ? undefined : readSystem(release);
  const packages: Entry[] = [];
  const unread: string[] = [];
  for (const [path, source] of texts) {
    if (DPKG.test(path)) packages.push(...debian(source, path, system));
    else if (APK.test(path)) packages.push(...alpine(source, path));
    else if (NPM.test(path)) packages.push(...npm(source, path));
    else if (PYTHON.test(path)) packages.push(...python(source, path));
  }
  for (const path of names) {
    const [, name, version] = JAR.exec(`/${path}`) ?? [];
    if (name && version) packages.push(entry('java', name, version, path, `pkg:maven/${name}@${version}`));
    else if (RPM.test(path)) unread.push(path);
  }
  for (const [path, info] of modules) packages.push(...goModules(info, path));
  return { system, packages, unread };
}

/** Modules of a Go binary's build information (runtime/debug.ParseBuildInfo): tab-separated lines. */
function* goModules(info: string, path: string): Generator<Entry> {
  for (const line of info.split('\n')) {
    const [word, name, version] = line.split('\t');
    if (word === 'go' && name) yield entry('go', 'stdlib', name.replace(/^go/, ''), path, `pkg:golang/stdlib@${name}`);
    if ((word === 'dep' || word === 'mod') && name && version && version !== '(devel)')
      yield entry('go', name, version, path, `pkg:golang/${name}@${version}`);
  }
}

const MAGIC = '\xff Go buildinf:';

/** The build information inside a Go binary (1.18 and later), read as latin1; undefined where there is none. */
export function goBuildInfo(binary: string): string | undefined {
  const at = binary.indexOf(MAGIC);
  if (at < 0 || (binary.charCodeAt(at + 15) & 2) === 0) return undefined;
  let position = at + 32;
  const take = (): string => {
    let [length, shift] = [0, 0];
    for (; shift < 35; shift += 7) {
      const byte = binary.charCodeAt(position++);
      length += (byte & 0x7f) * 2 ** shift;
      if (!(byte & 0x80)) break;
    }
    const taken = binary.slice(position, position + length);
    position += length;
    return taken;
  };
  const version = take();
  // Sixteen bytes on either side mark where the text is.
  return `go\t${version}\n${take().slice(16, -16)}`;
}
