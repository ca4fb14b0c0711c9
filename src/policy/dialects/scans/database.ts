import type { JsonObject } from '../../../kernel/index.ts';
import { fields, isObject, list, text, texts } from '../gatekeeper/read.ts';
import type { Entry, Severity } from './model.ts';
import type { ImageInventory, ImageSystem } from './packages.ts';
import { versionOrder } from './versions.ts';

/** What a database says of one package. */
interface Advisory {
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  readonly description: string;
  readonly published: string;
  readonly modified: string;
  readonly references: readonly string[];
  /** Half-open ranges; no end while nothing fixes it. */
  readonly ranges: readonly { readonly from: string; readonly fixed?: string; readonly last?: string }[];
  readonly versions: readonly string[];
}

/** Advisories by ecosystem and package: `npm lodash`. */
export type Database = ReadonlyMap<string, readonly Advisory[]>;

const SEVERITIES: readonly Severity[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'NEGLIGIBLE', 'UNKNOWN'];

/** Severity from a word, else from a CVSS base score's bands (FIRST CVSS v3.1 §5). */
function severityOf(word: string, score: number | undefined): Severity {
  const upper = word.toUpperCase() === 'MODERATE' ? 'MEDIUM' : word.toUpperCase();
  const named = SEVERITIES.find(each => each === upper);
  if (named) return named;
  if (score === undefined || Number.isNaN(score)) return 'UNKNOWN';
  return score >= 9 ? 'CRITICAL' : score >= 7 ? 'HIGH' : score >= 4 ? 'MEDIUM' : score > 0 ? 'LOW' : 'NEGLIGIBLE';
}

function osvRanges(affected: JsonObject): Advisory['ranges'] {
  const ranges: { from: string; fixed?: string; last?: string }[] = [];
  for (const range of list(affected.ranges)) {
    if (fields(range).type === 'GIT') continue;
    for (const each of list(fields(range).events)) {
      const event = fields(each);
      const open = ranges.at(-1);
      if (typeof event.introduced === 'string') ranges.push({ from: event.introduced });
      else if (open && typeof event.fixed === 'string') open.fixed = event.fixed;
      else if (open && typeof event.last_affected === 'string') open.last = event.last_affected;
    }
  }
  return ranges;
}

/** An OSV record (ossf.github.io/osv-schema): advisories by ecosystem and name. */
function* osv(record: JsonObject): Generator<[string, Advisory]> {
  for (const each of list(record.affected)) {
    const affected = fields(each);
    const { ecosystem, name } = fields(affected.package);
    const own = text(fields(affected.ecosystem_specific).severity) || text(fields(record.database_specific).severity);
    const score = list(record.severity)
      .map(one => Number(fields(one).score))
      .find(one => !Number.isNaN(one));
    yield [
      `${text(ecosystem).toLowerCase()} ${text(name)}`,
      {
        id: list(record.aliases).find((alias): alias is string => text(alias).startsWith('CVE-')) ?? text(record.id),
        severity: severityOf(own, score),
        title: text(record.summary),
        description: text(record.details),
        published: text(record.published),
        modified: text(record.modified),
        references: list(record.references).map(one => text(fields(one).url)),
        ranges: osvRanges(affected),
        versions: texts(affected.versions),
      },
    ];
  }
}

/** A Grype record: a constraint such as `< 1.2.3`, or `>= 1, < 2 || >= 3, < 4`. */
function* grype(record: JsonObject): Generator<[string, Advisory]> {
  const fix = fields(record.fix);
  const ranges = text(record.versionConstraint)
    .split('||')
    .map(part => {
      const bound = (sign: string): string | undefined =>
        new RegExp(`(?:^|[\\s,])${sign}\\s*([^\\s,]+)`).exec(part)?.[1];
      const fixed = bound('<') ?? texts(fix.versions)[0];
      const last = bound('<=') ?? bound('=');
      return { from: bound('>=') ?? bound('=') ?? '0', ...(last ? { last } : fixed ? { fixed } : {}) };
    });
  const [ecosystem = '', ...distribution] = text(record.namespace).split(':distro:').reverse();
  yield [
    `${distribution.length > 0 ? ecosystem : (text(record.namespace).split(':').at(-1) ?? '')} ${text(record.packageName)}`.toLowerCase(),
    {
      id: text(record.id),
      severity: severityOf(text(record.severity), undefined),
      title: '',
      description: text(record.description),
      published: text(record.published),
      modified: text(record.modified),
      references: texts(record.urls),
      ranges,
      versions: [],
    },
  ];
}

/** Reads a database: a list of OSV or Grype records, or `{ "vulns": […] }`. */
export function readDatabase(document: unknown): Database {
  const records = isObject(document)
    ? list(document.vulns ?? document.vulnerabilities ?? document.matches)
    : list(document);
  const database = new Map<string, Advisory[]>();
  for (const record of records) {
    if (!isObject(record) || record.withdrawn) continue;
    for (const [key, advisory] of Array.isArray(record.affected) ? osv(record) : grype(record)) {
      const known = database.get(key);
      if (known) known.push(advisory);
      else database.set(key, [advisory]);
    }
  }
  return database;
}

const LANGUAGES: Readonly<Record<string, readonly string[]>> = {
  npm: ['npm', 'javascript'],
  python: ['pypi', 'python'],
  go: ['go'],
  java: ['maven', 'java'],
};

/** Names a database may have for a package's ecosystem: `debian:12`, `alpine:v3.19`. */
function ecosystems(type: string, system: ImageSystem | undefined): readonly string[] {
  if (Object.hasOwn(LANGUAGES, type)) return LANGUAGES[type]!;
  if (!system) return [];
  const { id, version } = system;
  const minor = version.split('.').slice(0, 2).join('.');
  const major = version.split('.')[0]!;
  return [...new Set([`${id}:${version}`, `${id}:v${minor}`, `${id}:${minor}`, `${id}:${major}`, id])];
}

/** The range a version lies in; undefined outside of all. */
function affects(advisory: Advisory, type: string, version: string): { fixed?: string } | undefined {
  const compare = versionOrder(type);
  for (const { from, fixed, last } of advisory.ranges) {
    if (from !== '0' && compare(version, from) < 0) continue;
    if (fixed !== undefined && compare(version, fixed) >= 0) continue;
    if (last !== undefined && compare(version, last) > 0) continue;
    return fixed === undefined ? {} : { fixed };
  }
  return advisory.versions.includes(version) ? {} : undefined;
}

/** Vulnerabilities of an image's packages. Distribution packages are looked up by their own and their source's name. */
export function matchPackages({ packages, system }: ImageInventory, database: Database): Entry[] {
  const found = new Map<string, Entry>();
  for (const item of packages) {
    const { packageType: type = '', packageName: name = '', packageVersion: version = '' } = item;
    const isSystem = type === 'deb' || type === 'apk';
    const asked = isSystem && item.category && item.category !== name ? [name, item.category] : [name];
    for (const ecosystem of ecosystems(type, system)) {
      for (const one of asked) {
        const own = one === name ? version : (item.message ?? version);
        for (const advisory of database.get(`${ecosystem} ${one}`) ?? []) {
          const hit = affects(advisory, type, own);
          if (hit) found.set(`${advisory.id} ${item.purl} ${item.path}`, vulnerability(advisory, item, hit.fixed));
        }
      }
    }
  }
  return [...found.values()].sort(
    (left, right) =>
      SEVERITIES.indexOf(left.severity!) - SEVERITIES.indexOf(right.severity!) ||
      ((left.id ?? '') < (right.id ?? '') ? -1 : 1),
  );
}

function vulnerability(advisory: Advisory, item: Entry, fixed: string | undefined): Entry {
  const { category: _category, message: _message, ...place } = item;
  return {
    ...place,
    kind: 'vulnerability',
    id: advisory.id,
    severity: advisory.severity,
    status: fixed === undefined ? 'affected' : 'fixed',
    fixedVersions: fixed === undefined ? [] : [fixed],
    references: advisory.references,
    ...(advisory.title ? { title: advisory.title } : {}),
    ...(advisory.description ? { description: advisory.description } : {}),
    ...(advisory.published ? { published: advisory.published } : {}),
    ...(advisory.modified ? { modified: advisory.modified } : {}),
  };
}
