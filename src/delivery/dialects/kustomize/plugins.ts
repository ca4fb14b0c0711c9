import { readSpec } from './config.ts';
import { generate } from './generators.ts';
import { list, strings, text, tree, trees } from './kustomization.ts';
import { addHashes } from './names.ts';
import { refuse } from './refuse.ts';
import type { Resource } from './resource.ts';
import { mergePatches, patchEntry, patchOneByOperations, type Place, replaceAll } from './transformers.ts';
import {
  addAffix,
  type RoleBindingSubjects,
  setImages,
  setMapEntries,
  setNamespace,
  setReplicas,
} from './transforms.ts';
import { sortResources } from './order.ts';
import { isTree, newTree, type Tree } from './tree.ts';

type Plugin = (place: Place, config: Tree) => void;

const specs = (config: Tree) => trees(config, 'fieldSpecs').map(readSpec);

function affix(place: Place, config: Tree, where: 'prefix' | 'suffix'): void {
  const given = specs(config);
  addAffix(place.map, text(config, where), given.length > 0 ? given : place.config.namePrefix, where);
}

/** Transformers that can be configured as objects of their own (`apiVersion: builtin`). */
const PLUGINS: Readonly<Record<string, Plugin>> = {
  AnnotationsTransformer: (place, config) => setMapEntries(place.map, tree(config, 'annotations'), specs(config)),
  LabelTransformer: (place, config) => setMapEntries(place.map, tree(config, 'labels'), specs(config)),
  HashTransformer: place => addHashes(place.map),
  ImageTagTransformer: (place, config) => {
    const entry = tree(config, 'imageTag');
    const part = (name: string): string =>
      entry[name] === undefined || entry[name] === null ? '' : String(entry[name]);
    const edit = {
      name: part('name'),
      newName: part('newName'),
      newTag: part('newTag'),
      digest: part('digest'),
      tagSuffix: part('tagSuffix'),
    };
    setImages(place.map, edit, specs(config));
  },
  LegacyOrderTransformer: place => {
    place.map.items = sortResources(place.map.items, undefined);
  },
  NamespaceTransformer: (place, config) =>
    setNamespace(
      place.map,
      text(config, 'namespace') || text(tree(config, 'metadata'), 'namespace'),
      specs(config),
      (text(config, 'setRoleBindingSubjects') || 'defaultOnly') as RoleBindingSubjects,
      config.unsetOnly === true,
    ),
  PatchJson6902Transformer: (place, config) => patchOneByOperations(place, config),
  PatchStrategicMergeTransformer: (place, config) =>
    mergePatches(place, [
      ...strings(config, 'paths'),
      ...(text(config, 'patches') ? [`${text(config, 'patches')}\n`] : []),
    ]),
  PatchTransformer: (place, config) => patchEntry(place, config),
  PrefixTransformer: (place, config) => affix(place, config, 'prefix'),
  SuffixTransformer: (place, config) => affix(place, config, 'suffix'),
  PrefixSuffixTransformer: (place, config) => {
    affix(place, config, 'prefix');
    affix(place, config, 'suffix');
  },
  ReplacementTransformer: (place, config) => replaceAll(place, trees(config, 'replacements')),
  ReplicaCountTransformer: (place, config) => {
    const entry = tree(config, 'replica');
    setReplicas(place.map, { name: text(entry, 'name'), count: Number(entry.count) }, specs(config));
  },
};

function checkBuiltin(resource: Resource, known: (kind: string) => boolean): string {
  const { kind } = resource.gvk;
  if (resource.object.apiVersion !== 'builtin' || !known(kind)) {
    const own = resource.object.apiVersion === 'builtin' ? 'unable to load builtin' : 'external plugins are not run:';
    throw refuse(`${own} ${kind}.${String(resource.object.apiVersion)}`, resource.origin.span);
  }
  return kind;
}

/** Runs a transformer or validator that is configured as an object. */
export function runPlugin(place: Place, resource: Resource): void {
  const kind = checkBuiltin(resource, name => Object.hasOwn(PLUGINS, name));
  PLUGINS[kind]!(place, resource.object);
}

/** Runs a generator that is configured as an object. */
export function runGeneratorPlugin(place: Place, resource: Resource): Resource {
  const kind = checkBuiltin(resource, name => name === 'ConfigMapGenerator' || name === 'SecretGenerator');
  const config = resource.object;
  const options = isTree(config.options) ? config.options : newTree();
  return generate(kind === 'SecretGenerator' ? 'Secret' : 'ConfigMap', config, options, place.files);
}

export { list };
