import type { TransformerConfig } from './defaults.ts';
import { type FieldSpec, mergeSpecs } from './fields.ts';
import type { Files } from './files.ts';
import { readJsonPatch } from './json-patch.ts';
import { list, strings, text, tree, trees } from './kustomization.ts';
import { gvkOf } from './kinds.ts';
import { objectsIn } from './load.ts';
import type { MergeTypes } from './merge.ts';
import { applyOperations, patchByName, patchByOperations, patchResources } from './patches.ts';
import { readDocuments } from './read.ts';
import { refuse } from './refuse.ts';
import { replace } from './replacements.ts';
import { Resource, type ResourceMap } from './resource.ts';
import { readSelector, select } from './select.ts';
import { addAffix, setImages, setMapEntries, setNamespace, setReplicas } from './transforms.ts';
import { isTree, type Tree, type Value } from './tree.ts';

/** What every transformer of one kustomization works with. */
export interface Place {
  readonly map: ResourceMap;
  readonly config: TransformerConfig;
  readonly files: Files;
  readonly types: MergeTypes;
}

function patchesIn(content: string, file: string): Resource[] {
  const patches = objectsIn(content, file, false).map(
    ({ object, document }) => new Resource(object, { span: document.span }),
  );
  if (patches.length === 0) throw refuse('patch appears to be empty', file);
  return patches;
}

/** `patchesStrategicMerge`: files or inline text. */
export function mergePatches({ map, files, types }: Place, entries: readonly string[]): void {
  const patches = entries.flatMap(entry => {
    if (files.has(entry) || !entry.includes('\n')) {
      const { text: content, file } = files.read(entry);
      return patchesIn(content, file);
    }
    return patchesIn(entry, 'inline patch');
  });
  for (const patch of patches) patchByName(map, patch, types);
}

function patchText(entry: Tree, files: Files): { content: string; file: string } {
  const [path, inline] = [text(entry, 'path'), text(entry, 'patch') || text(entry, 'jsonOp')];
  if ((path === '') === (inline === '')) throw refuse('must specify one and only one of patch or path');
  if (path === '') return { content: inline, file: 'inline patch' };
  const found = files.read(path);
  return { content: found.text, file: found.file };
}

/** One entry of `patches`: a strategic merge or JSON patch, with or without a target. */
export function patchEntry({ map, files, types }: Place, entry: Tree): void {
  const { content, file } = patchText(entry, files);
  const target = readSelector(entry.target);
  const operations = readJsonPatch(content, file);
  if (operations) {
    if (!target) throw refuse('must specify a target for JSON patch', file);
    patchByOperations(map, target, operations);
    return;
  }
  const options = tree(entry, 'options');
  for (const patch of patchesIn(content, file)) {
    patch.allowNameChange = options.allowNameChange === true;
    patch.allowKindChange = options.allowKindChange === true;
    if (target) patchResources(map, select(map, target), patch, types);
    else patchByName(map, patch, types);
  }
}

/** One entry of `patchesJson6902`: its target is one object. */
export function patchOneByOperations({ map, files }: Place, entry: Tree): void {
  const target = tree(entry, 'target');
  const { content, file } = patchText(entry, files);
  const operations = readJsonPatch(content, file);
  if (!operations) throw refuse('a JSON patch is a list of operations', file);
  const api = text(target, 'group') ? `${text(target, 'group')}/${text(target, 'version')}` : text(target, 'version');
  const id = { ...gvkOf(api, text(target, 'kind')), name: text(target, 'name'), namespace: text(target, 'namespace') };
  applyOperations(map.only(id), operations);
}

/** `labels` and `commonLabels`. */
export function labelAll({ map, config }: Place, fields: Tree): void {
  for (const entry of trees(fields, 'labels')) {
    const own: FieldSpec[] = trees(entry, 'fields').map(spec => spec as unknown as FieldSpec);
    const usual = entry.includeSelectors
      ? config.commonLabels
      : [
          ...(entry.includeTemplates ? config.templateLabels : []),
          ...config.labels,
          { path: 'metadata/labels', create: true },
        ];
    setMapEntries(map, tree(entry, 'pairs'), mergeSpecs(mergeSpecs([], own), usual));
  }
  setMapEntries(map, tree(fields, 'commonLabels'), config.commonLabels);
}

/** `images`. */
export function imageAll({ map, config }: Place, entries: readonly Tree[]): void {
  for (const entry of entries) {
    const part = (name: string): string =>
      entry[name] === undefined || entry[name] === null ? '' : String(entry[name]);
    setImages(
      map,
      {
        name: part('name'),
        newName: part('newName'),
        newTag: part('newTag'),
        digest: part('digest'),
        tagSuffix: part('tagSuffix'),
      },
      config.images,
    );
  }
}

/** `replacements`: inline or in files. */
export function replaceAll({ map, files }: Place, entries: readonly Tree[]): void {
  for (const entry of entries) {
    const path = text(entry, 'path');
    if (path === '') {
      replace(map, entry);
      continue;
    }
    const { text: content, file } = files.read(path);
    for (const { value } of readDocuments(content, file)) {
      for (const one of Array.isArray(value) ? value : [value]) if (isTree(one)) replace(map, one);
    }
  }
}

const count = (value: Value | undefined): number => {
  if (typeof value !== 'number') throw refuse('replicas need a count');
  return value;
};

/** Everything a kustomization's own fields ask for, in the fixed order the fields have. */
export function transform(place: Place, fields: Tree): void {
  const { map, config } = place;
  mergePatches(place, strings(fields, 'patchesStrategicMerge'));
  for (const entry of trees(fields, 'patches')) patchEntry(place, entry);
  setNamespace(map, text(fields, 'namespace'), config.namespace);
  addAffix(map, text(fields, 'namePrefix'), config.namePrefix, 'prefix');
  addAffix(map, text(fields, 'nameSuffix'), config.nameSuffix, 'suffix');
  labelAll(place, fields);
  setMapEntries(map, tree(fields, 'commonAnnotations'), config.commonAnnotations);
  for (const entry of trees(fields, 'patchesJson6902')) patchOneByOperations(place, entry);
  for (const entry of trees(fields, 'replicas')) {
    setReplicas(map, { name: text(entry, 'name'), count: count(entry.count) }, config.replicas);
  }
  imageAll(place, [...trees(fields, 'images'), ...trees(fields, 'imageTags')]);
  replaceAll(place, trees(fields, 'replacements'));
}

export { list };
