import type { TransformerConfig } from './defaults.ts';
import { type FieldSpec, type Slot, visitField } from './fields.ts';
import { describeId, type Gvk, gvkOf, isClusterScoped, sameNamespace, selectedBy } from './kinds.ts';
import { refuse } from './refuse.ts';
import { sha256 } from '../../engine/sha256.ts';
import type { Resource, ResourceMap } from './resource.ts';
import { goJson, isScalar, isTree, lookup, newTree, type Tree, type Value } from './tree.ts';

/** Letters that make no words replace some of the hex digits. */
const SAFE: Readonly<Record<string, string>> = { 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' };

/** What a generated name ends with: ten letters of the content. */
export function contentHash(object: Tree): string {
  const field = (...path: string[]): Value => {
    const value = lookup(object, ...path);
    return value === undefined || value === null ? '' : isScalar(value) ? String(value) : value;
  };
  const hashed = newTree();
  hashed.kind = object.kind ?? '';
  // The original looks the name up where it never is; the hash everybody has is that of an empty name.
  hashed.name = '';
  hashed.data = field('data');
  if (object.kind === 'ConfigMap') {
    if (isTree(object.binaryData)) hashed.binaryData = object.binaryData;
  } else if (object.kind === 'Secret') {
    hashed.type = field('type');
    if (isTree(object.stringData)) hashed.stringData = object.stringData;
  }
  const known = object.kind === 'ConfigMap' || object.kind === 'Secret';
  return sha256(goJson(known ? hashed : object))
    .slice(0, 10)
    .replace(/[013ae]/g, digit => SAFE[digit]!);
}

/** Names of generated objects get the hash of their content. */
export function addHashes(map: ResourceMap): void {
  for (const resource of map.items) {
    if (!resource.needsHash) continue;
    const hash = contentHash(resource.object);
    resource.rememberId();
    resource.name = `${resource.name}-${hash}`;
  }
}

function roleBindingNamespaces(referrer: Resource): Set<string> {
  const found = new Set<string>();
  if (referrer.gvk.kind !== 'RoleBinding' || !Array.isArray(referrer.object.subjects)) return found;
  for (const subject of referrer.object.subjects) {
    if (!isTree(subject) || subject.kind !== 'ServiceAccount' || !('namespace' in subject)) continue;
    if (typeof subject.namespace !== 'string') {
      throw refuse(`Invalid Input: namespace is blank for resource "${describeId(referrer.id)}"`, referrer.origin.span);
    }
    found.add(subject.namespace);
  }
  return found;
}

/** What a resource could refer to: its own namespace, what has none, and service accounts a binding names. */
function candidatesFor(map: ResourceMap, referrer: Resource): Resource[] {
  const id = referrer.id;
  if (isClusterScoped(id)) return map.items;
  const others = roleBindingNamespaces(referrer);
  return map.items.filter(target => {
    const other = target.id;
    return isClusterScoped(other) || sameNamespace(id, other) || others.has(target.namespace);
  });
}

function endsAlike(left: readonly string[], right: readonly string[]): boolean {
  const count = Math.min(left.length, right.length);
  for (let i = 1; i <= count; i++) if (left.at(-i) !== right.at(-i)) return false;
  return true;
}

function affixesMatch(left: Resource, right: Resource, allowEmpty: boolean): boolean {
  const match = (a: readonly string[], b: readonly string[]): boolean => {
    if (allowEmpty) return a.length === 0 || b.length === 0 || endsAlike(a, b);
    if (a.length === 0 && b.length === 0) return true;
    return a.length > 0 && b.length > 0 && endsAlike(a, b);
  };
  return match(left.prefixes, right.prefixes) && match(left.suffixes, right.suffixes);
}

class Referrer {
  readonly resource: Resource;
  readonly spec: FieldSpec;
  readonly target: Partial<Gvk>;
  readonly candidates: readonly Resource[];

  constructor(resource: Resource, spec: FieldSpec, target: Partial<Gvk>, candidates: readonly Resource[]) {
    this.resource = resource;
    this.spec = spec;
    this.target = target;
    this.candidates = candidates;
  }

  update(): void {
    visitField(this.resource.object, { ...this.spec, create: false }, 'none', slot => this.#set(slot));
  }

  #set(slot: Slot): void {
    const value = slot.get();
    if (value === null || value === undefined) return;
    if (Array.isArray(value)) {
      value.forEach((item, index) => {
        const set = (name: Value): void => {
          value[index] = name;
        };
        if (isTree(item)) this.#setMap(item);
        else this.#setName(String(item), set);
      });
    } else if (isTree(value)) this.#setMap(value);
    else this.#setName(String(value), name => slot.set(name));
  }

  #setName(old: string, set: (name: Value) => void): void {
    const found = this.#select(old, this.candidates, false);
    if (found && found.name !== old) set(found.name);
  }

  #setMap(map: Tree): void {
    const name = map.name;
    if (!isScalar(name)) throw refuse("path config error; no 'name' field in node");
    const found = this.#select(String(name), this.#byNamespace(map), true);
    if (!found || (found.name === name && found.namespace === '')) return;
    map.name = found.name;
    if (found.namespace !== '') map.namespace = found.namespace;
  }

  #byNamespace(map: Tree): readonly Resource[] {
    if (!('namespace' in map)) return this.candidates;
    const namespace = isScalar(map.namespace) ? String(map.namespace) : '';
    const effective = (id: { namespace: string } & Gvk): string =>
      isClusterScoped(id) ? '_non_namespaceable_' : id.namespace || 'default';
    const originally = this.candidates.filter(one => effective(one.originalId) === namespace);
    if (originally.length > 0) return originally;
    return this.candidates.filter(one => effective(one.id) === namespace);
  }

  #select(old: string, from: readonly Resource[], withNamespace: boolean): Resource | undefined {
    const me = this.resource.id;
    const roleRef = this.#roleRef();
    let found = from.filter(
      one =>
        one.previous.some(id => id.name === old) &&
        one.previous.some(id => selectedBy(id, this.target)) &&
        (roleRef === undefined || one.previous.some(id => selectedBy(id, roleRef))) &&
        (isClusterScoped(me) ||
          isClusterScoped(one.id) ||
          one.gvk.kind === 'ServiceAccount' ||
          sameNamespace(me, one.id)),
    );
    if (found.length <= 1) return found[0];
    found = found.filter(one => affixesMatch(one, this.resource, true));
    if (found.length <= 1) return found[0];
    const strict = found.filter(one => affixesMatch(one, this.resource, false));
    if (strict.length === 1) return strict[0];
    const first = found[0]!;
    if (found.every(one => one.name === first.name && (!withNamespace || one.namespace === first.namespace)))
      return first;
    const names = found.map(one => describeId(one.id)).join(', ');
    throw refuse(
      `updating name reference in '${this.spec.path}' field of '${describeId(me)}': found multiple possible referrals: ${names}`,
      this.resource.origin.span,
    );
  }

  #roleRef(): Partial<Gvk> | undefined {
    if (!this.spec.path.endsWith('roleRef/name')) return undefined;
    const roleRef = this.resource.object.roleRef;
    if (!isTree(roleRef)) return undefined;
    return { group: String(roleRef.apiGroup ?? ''), kind: String(roleRef.kind ?? '') };
  }
}

/** Names that changed are changed wherever they are referred to. */
export function fixReferences(map: ResourceMap, config: TransformerConfig): void {
  for (const resource of map.items) {
    let candidates: readonly Resource[] | undefined;
    for (const reference of config.nameReference) {
      for (const spec of reference.fieldSpecs) {
        const id = resource.originalId;
        if (!selectedBy(id, spec)) continue;
        candidates ??= candidatesFor(map, resource);
        // The kind may have been changed by a patch: the field is looked for in what the object is now.
        const { group: _g, version: _v, kind: _k, ...field } = spec;
        new Referrer(resource, field, reference, candidates).update();
      }
    }
  }
}

export { gvkOf };
