import { parseArgs } from 'node:util';
import { isObject, type JsonObject, type KubeObject } from '../kernel/index.ts';
import { isTemplate } from '../policy/index.ts';
import { EXIT } from './command.ts';
import { cliFaults } from './faults.ts';
import type { GatorVerb } from './command.ts';
import { readManifests } from './gator-files.ts';

const ANNOTATION = 'metadata.gatekeeper.sh/requires-sync-data';

/** Kinds of which one is enough, each `group/version:Kind`. */
type Requirement = readonly string[];

const fields = (value: unknown): JsonObject => (isObject(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const kindName = (group: unknown, version: unknown, kind: unknown): string =>
  `${String(group ?? '')}/${String(version ?? '')}:${String(kind ?? '')}`;
const isOf = (object: KubeObject, kind: string, group: string): boolean =>
  object.kind === kind && String(object.apiVersion).startsWith(`${group}/`);

const CLAUSE = ['groups', 'versions', 'kinds'] as const;

/** What a template says it needs (Gatekeeper docs, "Syncing data"): all of a list, of each one kind of several. */
function requirementsOf(template: KubeObject): Requirement[] {
  const text = template.metadata.annotations?.[ANNOTATION];
  if (text === undefined) return [];
  const parsed = JSON.parse(text.replace(/^[\n"]+|[\n"]+$/g, '')) as unknown;
  return list(parsed).map(clauses =>
    list(clauses).flatMap(each => {
      const clause = fields(each);
      for (const name of Object.keys(clause))
        if (!(CLAUSE as readonly string[]).includes(name))
          throw new Error(`json: unknown field ${JSON.stringify(name)}`);
      return list(clause.groups).flatMap(group =>
        list(clause.versions).flatMap(version => list(clause.kinds).map(kind => kindName(group, version, kind))),
      );
    }),
  );
}

/** Kinds the documents sync, less those the cluster does not serve. */
function syncedKinds(objects: readonly KubeObject[]): Set<string> {
  const configs = objects.filter(object => isOf(object, 'Config', 'config.gatekeeper.sh'));
  if (configs.length > 1) throw new Error('checking: multiple configs found; Config is a singleton resource');
  const named = [
    ...configs.flatMap(({ spec }) => list(fields(fields(spec).sync).syncOnly)),
    ...objects
      .filter(object => isOf(object, 'SyncSet', 'syncset.gatekeeper.sh'))
      .flatMap(({ spec }) => list(fields(spec).gvks)),
  ];
  return new Set(named.map(each => kindName(fields(each).group, fields(each).version, fields(each).kind)));
}

/** Kinds a GVKManifest says the cluster serves; undefined without one. */
function servedKinds(objects: readonly KubeObject[]): Set<string> | undefined {
  const manifests = objects.filter(object => isOf(object, 'GVKManifest', 'gvkmanifest.gatekeeper.sh'));
  if (manifests.length > 1)
    throw new Error(
      'checking: multiple GVK manifests found; please provide one manifest enumerating the GVKs supported by the cluster',
    );
  const [manifest] = manifests;
  if (manifest === undefined) return undefined;
  return new Set(
    Object.entries(fields(fields(manifest.spec).groups)).flatMap(([group, versions]) =>
      Object.entries(fields(versions)).flatMap(([version, kinds]) =>
        list(kinds).map(kind => kindName(group, version, kind)),
      ),
    ),
  );
}

const KNOWN: readonly (readonly [string, string])[] = [
  ['SyncSet', 'syncset.gatekeeper.sh'],
  ['Config', 'config.gatekeeper.sh'],
  ['GVKManifest', 'gvkmanifest.gatekeeper.sh'],
];

const section = (head: string, parts: ReadonlyMap<string, string>): string =>
  `${head}: \n${[...parts].map(([name, text]) => `${name}:\n${text}\n`).join('\n')}`;

/** `gator sync test`: whether what templates look up is synced, by a Config or SyncSets, and served. */
export const gatorSync: GatorVerb = ([verb, ...words], { terminal }) => {
  if (verb !== 'test') throw cliFaults.error('surplus-argument', { command: 'gator sync', word: verb ?? '' });
  const { values } = parseArgs({
    args: words,
    options: {
      filename: { type: 'string', short: 'n', multiple: true },
      'force-omit-gvk-manifest': { type: 'boolean', short: 'f' },
      image: { type: 'string', short: 'i', multiple: true },
      tempdir: { type: 'string', short: 'd' },
    },
  });
  if (values.image !== undefined) throw cliFaults.error('not-done', { flag: '--image', command: 'gator sync test' });
  const objects = readManifests(values.filename ?? []).map(({ object }) => object);
  if (objects.length === 0) throw new Error('no input data identified');
  const templates = objects.filter(isTemplate);
  for (const object of objects)
    if (!isTemplate(object) && !KNOWN.some(([kind, group]) => isOf(object, kind, group)))
      terminal.out(
        `skipping unstructured "${object.metadata?.name ?? ''}" because it is not a syncset, config, gvk manifest, or template`,
      );
  const synced = syncedKinds(objects);
  const served = servedKinds(objects);
  const broken = new Map<string, string>();
  const unmet = new Map<string, string>();
  for (const template of templates) {
    const name = template.metadata.name ?? '';
    try {
      const lacking = requirementsOf(template).filter(
        kinds => !kinds.some(kind => synced.has(kind) && served?.has(kind) !== false),
      );
      if (lacking.length > 0) unmet.set(name, lacking.map(kinds => `- ${kinds.join(' OR ')}`).join('\n'));
    } catch (error) {
      broken.set(name, (error as Error).message);
    }
  }
  if (broken.size > 0) {
    terminal.err(section('encountered errors parsing the following templates', broken));
    return EXIT.no;
  }
  if (served === undefined) {
    if (values['force-omit-gvk-manifest'] !== true)
      throw new Error(
        'checking: no GVK manifest found; please provide a manifest enumerating the GVKs supported by the cluster',
      );
    terminal.out(
      'ignoring absence of supported GVK manifest due to --force-omit-gvk-manifest flag; will assume all synced GVKs are supported by cluster',
    );
  }
  if (unmet.size === 0) return EXIT.yes;
  terminal.err(section('the following requirements were not met', unmet));
  return EXIT.no;
};
