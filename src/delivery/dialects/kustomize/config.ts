import { defaultConfig, type NameReference, type TransformerConfig } from './defaults.ts';
import { type FieldSpec, mergeSpecs } from './fields.ts';
import { trees } from './kustomization.ts';
import { refuse } from './refuse.ts';
import type { Tree } from './tree.ts';

const LISTS = [
  'namePrefix',
  'nameSuffix',
  'namespace',
  'labels',
  'commonLabels',
  'templateLabels',
  'commonAnnotations',
  'varReference',
  'images',
  'replicas',
] as const;

/** Reads one field spec of a configuration. */
export function readSpec(value: Tree): FieldSpec {
  if (typeof value.path !== 'string') throw refuse('a field spec needs a path');
  const part = (key: 'group' | 'version' | 'kind'): object =>
    typeof value[key] === 'string' ? { [key]: value[key] } : {};
  return { path: value.path, ...part('group'), ...part('version'), ...part('kind'), create: value.create === true };
}

/** Lays one configuration over another. */
export function mergeConfig(into: TransformerConfig, more: TransformerConfig): TransformerConfig {
  const merged = { ...into };
  for (const name of LISTS) merged[name] = mergeSpecs(into[name], more[name]);
  const references: NameReference[] = [...into.nameReference];
  for (const reference of more.nameReference) {
    const same = references.findIndex(
      one => one.kind === reference.kind && one.group === reference.group && one.version === reference.version,
    );
    if (same < 0) references.push(reference);
    else
      references[same] = { ...reference, fieldSpecs: mergeSpecs(references[same]!.fieldSpecs, reference.fieldSpecs) };
  }
  merged.nameReference = references;
  return merged;
}

export function emptyConfig(): TransformerConfig {
  const config = { nameReference: [] } as unknown as TransformerConfig;
  for (const name of LISTS) config[name] = [];
  return config;
}

/** Reads a file named in `configurations`. */
export function readConfig(fields: Tree): TransformerConfig {
  const config = emptyConfig();
  for (const name of LISTS) config[name] = trees(fields, name).map(readSpec);
  config.nameReference = trees(fields, 'nameReference').map(entry => ({
    ...(typeof entry.group === 'string' ? { group: entry.group } : {}),
    ...(typeof entry.version === 'string' ? { version: entry.version } : {}),
    ...(typeof entry.kind === 'string' ? { kind: entry.kind } : {}),
    fieldSpecs: trees(entry, 'fieldSpecs').map(readSpec),
  }));
  return config;
}

/** The defaults with the configurations of a kustomization laid over them. */
export function configWith(files: readonly Tree[]): TransformerConfig {
  const own = files.map(readConfig).reduce(mergeConfig, emptyConfig());
  const usual = defaultConfig();
  // Kinds that are named for prefixes or suffixes are the only ones that get them.
  for (const name of ['namePrefix', 'nameSuffix'] as const) {
    if (own[name].length > 0) usual[name] = usual[name].filter(spec => !own[name].some(one => one.path === spec.path));
  }
  return mergeConfig(usual, own);
}
