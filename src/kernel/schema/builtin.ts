import { RESOURCE_TABLE } from '../generated/resourceTable.ts';
import { TYPE_TABLE } from '../generated/typeTable.ts';
import { apiVersionOf, type KindRef, type ResourceRef } from '../object.ts';
import type { ResourceCatalog, ResourceDefinition, SubresourceDefinition } from '../resource.ts';
import { factsOf } from './facts.ts';
import type { Schema } from './schema.ts';
import { TypeTable } from './table.ts';

let loaded: TypeTable | undefined;

/** The generated table of every built-in type; read on first use. */
export function typeTable(): TypeTable {
  loaded ??= new TypeTable(TYPE_TABLE, { previews: false });
  return loaded;
}

let loadedWithPreviews: TypeTable | undefined;

/** The same table with the fields and kinds of older and newer releases: what the protobuf codec must not lose. */
export function codecTable(): TypeTable {
  loadedWithPreviews ??= new TypeTable(TYPE_TABLE, { previews: true });
  return loadedWithPreviews;
}

/** Kinds every group shares, whatever apiVersion they are sent with. */
const SHARED_KINDS: ReadonlySet<string> = new Set([
  'DeleteOptions',
  'WatchEvent',
  'Status',
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
]);

/** The schema of a built-in kind, lists and option kinds included. */
export function schemaOf(kind: KindRef): Schema | undefined {
  return schemaIn(typeTable(), kind);
}

/** The schema the protobuf codec uses for a kind: a superset of {@link schemaOf}. */
export function codecSchemaOf(kind: KindRef): Schema | undefined {
  return schemaIn(codecTable(), kind);
}

function schemaIn(table: TypeTable, kind: KindRef): Schema | undefined {
  const name = table.typeOfKind(`${kind.group}/${kind.version}/${kind.kind}`);
  if (name !== undefined) return table.schema(name);
  return SHARED_KINDS.has(kind.kind) ? table.schema(`meta.v1.${kind.kind}`) : undefined;
}

/** Orders versions as the API server prefers them: v2, v1, v1beta2, v1beta1, v1alpha1, then others by name. */
export function compareVersions(left: string, right: string): number {
  const rank = (version: string): [number, number, number] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (match === null) return [0, 0, 0];
    return [match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1, Number(match[1]), Number(match[3] ?? 0)];
  };
  const [leftRank, rightRank] = [rank(left), rank(right)];
  for (let i = 0; i < 3; i++) if (leftRank[i] !== rightRank[i]) return rightRank[i]! - leftRank[i]!;
  return left < right ? -1 : left > right ? 1 : 0;
}

function subresource(text: string): SubresourceDefinition {
  const [name, verbs, kind] = text.split(':');
  if (kind === undefined) return { name: name!, verbs: verbs!.split(',') };
  const [group, version, kindName] = kind.split('/');
  return { name: name!, verbs: verbs!.split(','), kind: { group: group!, version: version!, kind: kindName! } };
}

function definition(line: string, storageVersions: ReadonlyMap<string, string>): ResourceDefinition {
  const [groupText, version, resource, kind, scope, verbs, ...subresources] = line.split(' ');
  const group = groupText === '-' ? '' : groupText!;
  const facts = factsOf(resource!, group);
  let schema: Schema | undefined;
  return {
    group,
    version: version!,
    resource: resource!,
    kind: kind!,
    singular: kind!.toLowerCase(),
    shortNames: facts.short ?? [],
    categories: facts.all ? ['all'] : [],
    namespaced: scope === 'ns',
    verbs: verbs!.split(','),
    subresources: subresources.map(subresource),
    get schema() {
      return (schema ??= schemaOf({ group, version: version!, kind: kind! })!);
    },
    storageVersion: facts.storage ?? storageVersions.get(`${group}/${resource}`)!,
    selectableFields: facts.selectable ?? [],
  };
}

/** Groups in the order `kubectl api-resources` and discovery list them; others follow by name. */
const GROUP_ORDER = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
];

const groupRank = (group: string): number => {
  const at = GROUP_ORDER.indexOf(group);
  return at < 0 ? GROUP_ORDER.length : at;
};

class BuiltinCatalog implements ResourceCatalog {
  readonly #resources = new Map<string, ResourceDefinition>();
  readonly #kinds = new Map<string, ResourceDefinition>();

  constructor() {
    const lines = RESOURCE_TABLE.split('\n').filter(line => line !== '');
    const storage = new Map<string, string>();
    for (const line of lines) {
      const [group, version, resource] = line.split(' ');
      const key = `${group === '-' ? '' : group}/${resource}`;
      const known = storage.get(key);
      if (known === undefined || compareVersions(version!, known) < 0) storage.set(key, version!);
    }
    const definitions = lines.map(line => definition(line, storage));
    definitions.sort(
      (left, right) =>
        groupRank(left.group) - groupRank(right.group) ||
        (left.group < right.group ? -1 : left.group > right.group ? 1 : 0) ||
        compareVersions(left.version, right.version) ||
        (left.resource < right.resource ? -1 : 1),
    );
    for (const one of definitions) {
      this.#resources.set(`${one.group}/${one.version}/${one.resource}`, one);
      this.#kinds.set(`${one.group}/${one.version}/${one.kind}`, one);
    }
  }

  resource(ref: ResourceRef): ResourceDefinition | undefined {
    return this.#resources.get(`${ref.group}/${ref.version}/${ref.resource}`);
  }

  kind(ref: KindRef): ResourceDefinition | undefined {
    return this.#kinds.get(`${ref.group}/${ref.version}/${ref.kind}`);
  }

  all(): Iterable<ResourceDefinition> {
    return this.#resources.values();
  }
}

let catalog: ResourceCatalog | undefined;

/** Every collection Kubernetes 1.35 serves, and MutatingAdmissionPolicy in v1 as 1.36 has it; groups and versions in order of preference. */
export function builtinCatalog(): ResourceCatalog {
  catalog ??= new BuiltinCatalog();
  return catalog;
}

/** `apps/v1, Kind=Deployment`: how the API server names a kind in its messages. */
export function describeKind(kind: KindRef): string {
  return `${apiVersionOf(kind)}, Kind=${kind.kind}`;
}
