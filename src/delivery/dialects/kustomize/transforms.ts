import { type FieldSpec, visitField } from './fields.ts';
import { gvkOf, isClusterScoped, selectedBy } from './kinds.ts';
import { refuse } from './refuse.ts';
import type { Resource, ResourceMap } from './resource.ts';
import { select, type Selector } from './select.ts';
import { ensureTree, isTree, newTree, type Tree, type Value } from './tree.ts';

const NO_AFFIX = [
  { kind: 'CustomResourceDefinition' },
  { group: 'apiregistration.k8s.io', kind: 'APIService' },
  { kind: 'Namespace' },
];

/** Puts a prefix or suffix around names; what refers to them follows at the end of the build. */
export function addAffix(
  map: ResourceMap,
  affix: string,
  specs: readonly FieldSpec[],
  where: 'prefix' | 'suffix',
): void {
  for (const resource of map.items) {
    const id = resource.originalId;
    if (NO_AFFIX.some(spec => selectedBy(id, spec))) continue;
    for (const spec of specs) {
      if (!selectedBy(id, spec)) continue;
      if (spec.path === 'metadata/name' && affix !== '') {
        (where === 'prefix' ? resource.prefixes : resource.suffixes).push(affix);
        resource.rememberId();
      }
      const { group: _g, version: _v, kind: _k, ...anywhere } = spec;
      visitField(resource.object, anywhere, 'scalar', slot =>
        slot.set(where === 'prefix' ? `${affix}${String(slot.get())}` : `${String(slot.get())}${affix}`),
      );
    }
  }
}

export type RoleBindingSubjects = 'defaultOnly' | 'allServiceAccounts' | 'none';

/** Puts everything that can have a namespace into one. */
export function setNamespace(
  map: ResourceMap,
  namespace: string,
  specs: readonly FieldSpec[],
  subjects: RoleBindingSubjects = 'defaultOnly',
  unsetOnly = false,
): void {
  if (namespace === '') return;
  const write = (get: Value | undefined, set: (value: Value) => void): void => {
    if (!unsetOnly || get === undefined || get === null || get === '') set(namespace);
  };
  for (const resource of map.items) {
    resource.rememberId();
    const gvk = resource.gvk;
    if (!isClusterScoped(gvk)) {
      const metadata = ensureTree(resource.object, 'metadata');
      write(metadata.namespace, value => (metadata.namespace = value));
    }
    const binding = gvk.kind === 'RoleBinding' || gvk.kind === 'ClusterRoleBinding';
    if (binding) setSubjects(resource.object, subjects, write);
    for (const spec of specs) {
      if (spec.path === 'metadata/namespace' || (binding && spec.path.startsWith('subjects'))) continue;
      // `Namespace` of another API group is another kind of thing.
      if (spec.kind === 'Namespace' && spec.path === 'metadata/name' && gvk.group !== '') continue;
      visitField(resource.object, spec, 'scalar', slot => write(slot.get(), value => slot.set(value)));
    }
    if (map.byCurrentId(resource.id).length !== 1) {
      throw refuse(
        `namespace transformation produces ID conflict: ${resource.id.kind} ${resource.name}`,
        resource.origin.span,
      );
    }
  }
}

function setSubjects(
  object: Tree,
  mode: RoleBindingSubjects,
  write: (get: Value | undefined, set: (value: Value) => void) => void,
): void {
  if (mode === 'none' || !Array.isArray(object.subjects)) return;
  for (const subject of object.subjects) {
    if (!isTree(subject)) continue;
    const meant = mode === 'defaultOnly' ? subject.name === 'default' : subject.kind === 'ServiceAccount';
    if (meant) write(subject.namespace, value => (subject.namespace = value));
  }
}

/** Sets labels or annotations in the given maps. */
export function setMapEntries(map: ResourceMap, entries: Tree, specs: readonly FieldSpec[]): void {
  const keys = Object.keys(entries).sort();
  if (keys.length === 0) return;
  for (const resource of map.items) {
    for (const spec of specs) {
      visitField(resource.object, spec, 'map', slot => {
        const current = slot.get();
        const tree = isTree(current) ? current : newTree();
        if (tree !== current) slot.set(tree);
        for (const key of keys) tree[key] = entries[key] === null ? '' : String(entries[key]);
      });
    }
  }
}

/** One entry of `images`. */
export interface ImageEdit {
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
  readonly digest?: string;
  readonly tagSuffix?: string;
}

/** Splits an image name into name, tag and digest; the port of a registry is no tag. */
function splitImage(text: string): { name: string; tag: string; digest: string } {
  const at = text.indexOf('@');
  const digest = at < 0 ? '' : text.slice(at + 1);
  const rest = at < 0 ? text : text.slice(0, at);
  const colon = rest.lastIndexOf(':');
  if (colon > 0 && colon > rest.lastIndexOf('/'))
    return { name: rest.slice(0, colon), tag: rest.slice(colon + 1), digest };
  return { name: rest, tag: '', digest };
}

function editImage(text: string, edit: ImageEdit): string {
  const image = splitImage(text);
  if (image.name !== edit.name) return text;
  let { tag, digest } = image;
  if (edit.newTag && edit.digest) [tag, digest] = [edit.newTag, edit.digest];
  else if (edit.newTag) [tag, digest] = [edit.newTag, ''];
  else if (edit.digest) [tag, digest] = ['', edit.digest];
  if (edit.tagSuffix) tag += edit.tagSuffix;
  return `${edit.newName || image.name}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`;
}

function editContainers(value: Value, edit: ImageEdit): void {
  if (Array.isArray(value)) for (const item of value) editContainers(item, edit);
  else if (isTree(value)) {
    for (const key of Object.keys(value)) {
      const field = value[key]!;
      if ((key === 'containers' || key === 'initContainers') && Array.isArray(field)) {
        for (const item of field) {
          if (isTree(item) && typeof item.image === 'string') item.image = editImage(item.image, edit);
        }
      } else editContainers(field, edit);
    }
  }
}

/** Changes image names wherever containers are, and in the configured fields. */
export function setImages(map: ResourceMap, edit: ImageEdit, specs: readonly FieldSpec[]): void {
  for (const resource of map.items) {
    const before = specs.length === 0 ? '' : undefined;
    if (resource.gvk.kind !== 'CustomResourceDefinition') editContainers(resource.object, edit);
    if (before !== undefined) continue;
    for (const spec of specs) {
      // The walk above has been to the usual places: an image that was just renamed must not be renamed again.
      if (/(^|\/)(containers|initContainers)\[\]\/image$/.test(spec.path)) continue;
      visitField(resource.object, { ...spec, create: false }, 'none', slot => {
        const text = slot.get();
        if (typeof text === 'string') slot.set(editImage(text, edit));
      });
    }
  }
}

/** One entry of `replicas`. */
export interface ReplicaEdit {
  readonly name: string;
  readonly count: number;
}

/** Sets the count of the workload of that name; refuses when there is none. */
export function setReplicas(map: ResourceMap, edit: ReplicaEdit, specs: readonly FieldSpec[]): void {
  let found = false;
  for (const spec of specs) {
    for (const resource of map.items) {
      const named = resource.ids.some(id => id.name === edit.name && selectedBy(id, spec));
      if (!named) continue;
      found = true;
      visitField(resource.object, spec, 'scalar', slot => slot.set(edit.count));
    }
  }
  if (!found) throw refuse(`resource with name ${edit.name} does not match a config with the following GVK`);
}

/** Objects the selector of a transformer names, as a map of their own; without a selector all. */
export function subset(map: ResourceMap, selector: Selector | undefined): readonly Resource[] {
  return selector === undefined ? map.items : select(map, selector);
}

export { gvkOf };
