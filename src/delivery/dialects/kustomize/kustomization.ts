import type { Files } from './files.ts';
import { readDocuments } from './read.ts';
import { refuse } from './refuse.ts';
import { isTree, newTree, type Tree, type Value } from './tree.ts';

const FIELDS = new Map(
  'apiVersion kind metadata openapi namePrefix nameSuffix namespace commonLabels labels commonAnnotations patchesStrategicMerge patchesJson6902 patches images imageTags replacements replicas vars sortOptions resources components crds bases configMapGenerator secretGenerator helmGlobals helmCharts helmChartInflationGenerator generatorOptions configurations generators transformers validators buildMetadata'
    .split(' ')
    .map(name => [name.toLowerCase(), name]),
);

const API = 'kustomize.config.k8s.io';

/** One kustomization.yaml as it was written, its fields under their proper names. */
export interface Kustomization {
  readonly file: string;
  readonly fields: Tree;
  readonly component: boolean;
}

/** Reads the kustomization of a folder. Unknown fields are refused: one of them may be a misspelt known one. */
export function readKustomization(files: Files): Kustomization {
  const { text, file } = files.kustomization();
  const documents = readDocuments(text, file, true);
  if (documents.length === 0) throw refuse('kustomization.yaml is empty', file);
  const { value, span } = documents[0]!;
  if (documents.length > 1 || !isTree(value)) throw refuse('a kustomization is one YAML map', span);
  const fields = newTree();
  for (const key of Object.keys(value)) {
    const name = FIELDS.get(key.toLowerCase());
    if (name === undefined) throw refuse(`invalid Kustomization: unknown field "${key}"`, span);
    if (name in fields) throw refuse(`invalid Kustomization: "${key}" is written twice`, span);
    fields[name] = value[key]!;
  }
  const kind = fields.kind ?? 'Kustomization';
  if (kind !== 'Kustomization' && kind !== 'Component') throw refuse(`kind should be Kustomization or Component`, span);
  const version = fields.apiVersion ?? `${API}/${kind === 'Component' ? 'v1alpha1' : 'v1beta1'}`;
  if (version !== `${API}/v1beta1` && version !== `${API}/v1alpha1` && version !== `${API}/v1`) {
    throw refuse(`apiVersion should be ${API}/v1beta1`, span);
  }
  return { file, fields, component: kind === 'Component' };
}

/** The items of a list field; absent is none. */
export function list(fields: Tree, name: string): readonly Value[] {
  const value = fields[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw refuse(`invalid Kustomization: "${name}" must be a list`);
  return value;
}

export function strings(fields: Tree, name: string): readonly string[] {
  return list(fields, name).map(item => {
    if (typeof item !== 'string') throw refuse(`invalid Kustomization: "${name}" must be a list of strings`);
    return item;
  });
}

export function trees(fields: Tree, name: string): readonly Tree[] {
  return list(fields, name).map(item => {
    if (!isTree(item)) throw refuse(`invalid Kustomization: "${name}" must be a list of maps`);
    return item;
  });
}

export function text(fields: Tree, name: string): string {
  const value = fields[name];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw refuse(`invalid Kustomization: "${name}" must be a string`);
  return value;
}

export function tree(fields: Tree, name: string): Tree {
  const value = fields[name];
  if (value === undefined || value === null) return newTree();
  if (!isTree(value)) throw refuse(`invalid Kustomization: "${name}" must be a map`);
  return value;
}
