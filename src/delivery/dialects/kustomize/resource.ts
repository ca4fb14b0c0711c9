import type { Span } from '../../../base/index.ts';
import { describeId, type Gvk, gvkOf, type Id, idOf, sameId } from './kinds.ts';
import { refuse } from './refuse.ts';
import { clone, ensureTree, isTree, lookup, type Tree } from './tree.ts';

export type Behavior = 'create' | 'merge' | 'replace';

/** Where a resource comes from, for the origin annotation and for faults. */
export interface ResourceOrigin {
  readonly span?: Span;
  readonly path?: string;
  readonly configuredIn?: string;
  readonly configuredBy?: { readonly apiVersion: string; readonly kind: string; readonly name?: string };
}

/** One object on its way through a build, with the names it had and what was put around them. */
export class Resource {
  object: Tree;
  origin: ResourceOrigin;
  previous: Id[] = [];
  prefixes: string[] = [];
  suffixes: string[] = [];
  needsHash = false;
  behavior: Behavior = 'create';
  allowNameChange = false;
  allowKindChange = false;
  /** Names of the vars that read a field of this object. */
  variables: string[] = [];

  constructor(object: Tree, origin: ResourceOrigin = {}) {
    this.object = object;
    this.origin = origin;
  }

  get id(): Id {
    return idOf(this.object);
  }
  /** The id it was written with. */
  get originalId(): Id {
    return this.previous[0] ?? this.id;
  }
  get gvk(): Gvk {
    return gvkOf(this.object.apiVersion, this.object.kind);
  }
  get name(): string {
    return this.id.name;
  }
  set name(name: string) {
    ensureTree(this.object, 'metadata').name = name;
  }
  get namespace(): string {
    return this.id.namespace;
  }
  set namespace(namespace: string) {
    if (namespace !== '') ensureTree(this.object, 'metadata').namespace = namespace;
    else if (isTree(this.object.metadata)) delete this.object.metadata.namespace;
  }

  get ids(): Id[] {
    return [...this.previous, this.id];
  }

  rememberId(): void {
    this.previous.push(this.id);
  }

  get empty(): boolean {
    return Object.keys(this.object).length === 0;
  }

  annotation(name: string): string | undefined {
    const value = lookup(this.object, 'metadata', 'annotations', name);
    return value === undefined || value === null ? undefined : String(value);
  }

  copy(): Resource {
    const copy = new Resource(clone(this.object), this.origin);
    copy.previous = [...this.previous];
    copy.prefixes = [...this.prefixes];
    copy.suffixes = [...this.suffixes];
    copy.needsHash = this.needsHash;
    copy.behavior = this.behavior;
    copy.variables = [...this.variables];
    return copy;
  }
}

/** The objects of a build in their order; no two have the same id. */
export class ResourceMap {
  items: Resource[] = [];

  byCurrentId(id: Id): Resource[] {
    return this.items.filter(resource => sameId(resource.id, id));
  }

  byAnyId(id: Id): Resource[] {
    return this.items.filter(resource => resource.ids.some(one => sameId(one, id)));
  }

  /** The one object that has or had this id. */
  only(id: Id): Resource {
    const found = this.byAnyId(id);
    if (found.length === 1) return found[0]!;
    const many = found.length > 1 ? 'multiple matches' : 'no matches';
    throw refuse(`${many} for Id ${describeId(id)}; failed to find unique target for patch ${describeId(id)}`);
  }

  append(resource: Resource): void {
    if (this.byCurrentId(resource.id).length > 0) {
      throw refuse(
        `may not add resource with an already registered id: ${describeId(resource.id)}`,
        resource.origin.span,
      );
    }
    this.items.push(resource);
  }

  appendAll(other: ResourceMap): void {
    for (const resource of other.items) this.append(resource);
  }

  /** Takes in what a generator made: new objects, or data for those that are there. */
  absorb(resource: Resource): void {
    const found = this.byAnyId(resource.id);
    if (found.length === 0) {
      if (resource.behavior !== 'create') {
        throw refuse(`id ${describeId(resource.id)} does not exist; cannot merge or replace`);
      }
      this.append(resource);
      return;
    }
    if (found.length > 1) throw refuse(`found multiple objects that could accept merge of ${describeId(resource.id)}`);
    if (resource.behavior === 'create') {
      throw refuse(`id ${describeId(resource.id)} exists; behavior must be merge or replace`);
    }
    const old = found[0]!;
    takeOver(resource, old);
    this.items[this.items.indexOf(old)] = resource;
  }
}

function mergedMap(old: Tree, made: Tree, ...path: readonly string[]): void {
  const before = lookup(old, ...path);
  if (!isTree(before)) return;
  const after = ensureTree(made, ...path);
  for (const key of Object.keys(before)) if (!(key in after)) after[key] = before[key]!;
}

/** Metadata and identity stay those of the old object; with `merge` its data does too. */
function takeOver(made: Resource, old: Resource): void {
  mergedMap(old.object, made.object, 'metadata', 'labels');
  mergedMap(old.object, made.object, 'metadata', 'annotations');
  made.name = old.name;
  made.namespace = old.namespace;
  made.previous = [...old.previous];
  made.prefixes = [...old.prefixes];
  made.suffixes = [...old.suffixes];
  made.variables = [...old.variables];
  // A hash that either of the two does not want is not added.
  made.needsHash = made.needsHash && old.needsHash;
  if (made.behavior === 'merge') {
    mergedMap(old.object, made.object, 'data');
    mergedMap(old.object, made.object, 'binaryData');
    made.origin = old.origin;
  }
}
