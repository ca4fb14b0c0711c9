import type { Fault, Origin } from '../../base/index.ts';
import {
  builtinCatalog,
  type Client,
  connectKubeconfig,
  type KubeObject,
  type ResourceCatalog,
  type ResourceRef,
  StatusError,
} from '../../kernel/index.ts';
import type { Loaded } from './documents.ts';
import { hostFaults } from './faults.ts';

/** `file:line:column` of delivered objects, from the inventory delivery keeps. */
async function origins(client: Client): Promise<Map<string, string>> {
  const list = await client.list<KubeObject & { data?: Record<string, string> }>(
    { group: '', version: 'v1', resource: 'configmaps' },
    { namespace: 'kube-system', labelSelector: 'tenon.dev/source' },
  );
  const found = new Map<string, string>();
  for (const { data } of list.items) {
    for (const line of (data?.objects ?? '').split('\n').filter(Boolean)) {
      const item = JSON.parse(line) as { kind: string; namespace?: string; name: string; origin: string };
      found.set(`${item.kind}/${item.namespace ?? ''}/${item.name}`, item.origin);
    }
  }
  return found;
}

function originOfText(text: string): Origin | undefined {
  const found = /^(.*):(\d+):(\d+)$/.exec(text);
  return found ? { span: { file: found[1]!, line: Number(found[2]), column: Number(found[3]) } } : undefined;
}

/** Kinds that no answer depends on: never read, so that nobody need be allowed to. */
const UNASKED = new Set(['events', 'leases', 'secrets', 'controllerrevisions', 'componentstatuses', 'podtemplates']);
/** Built-in kinds without which a verdict cannot be exact; custom kinds are all of that sort. */
const DECIDING = new Set(['pods', 'services', 'namespaces', 'networkpolicies']);
const DECIDING_GROUPS = new Set(['admissionregistration.k8s.io', 'apiextensions.k8s.io', 'networking.k8s.io']);
const AT_ONCE = 8;

interface Collection {
  readonly ref: ResourceRef;
  readonly kind: string;
  readonly custom: boolean;
}

interface Reading {
  readonly objects: KubeObject[];
  readonly faults: Fault[];
}

async function readCollection(client: Client, { ref, kind, custom }: Collection, into: Reading): Promise<void> {
  const apiVersion = ref.group ? `${ref.group}/${ref.version}` : ref.version;
  try {
    const { items } = await client.list(ref);
    for (const item of items)
      into.objects.push({ ...item, apiVersion: item.apiVersion ?? apiVersion, kind: item.kind ?? kind });
  } catch (error) {
    if (!(error instanceof StatusError) || (error.code !== 404 && error.code !== 403 && error.code !== 405))
      throw error;
    const decides = custom || DECIDING.has(ref.resource) || DECIDING_GROUPS.has(ref.group);
    if (error.code === 403 && decides)
      into.faults.push(
        hostFaults.make('kind-forbidden', { kind: ref.group ? `${ref.resource}.${ref.group}` : ref.resource }),
      );
  }
}

/** Reads collections, a few at a time, in the order they are given. */
async function readAll(client: Client, collections: readonly Collection[], into: Reading): Promise<void> {
  const parts: Reading[] = collections.map(() => ({ objects: [], faults: [] }));
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < collections.length; at = next++)
      await readCollection(client, collections[at]!, parts[at]!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const part of parts) {
    into.objects.push(...part.objects);
    into.faults.push(...part.faults);
  }
}

function builtinCollections(catalog: ResourceCatalog): Collection[] {
  const found = new Map<string, Collection>();
  for (const { group, version, storageVersion, resource, kind, verbs } of catalog.all()) {
    const key = `${group}/${resource}`;
    if (found.has(key) || !verbs.includes('list') || UNASKED.has(resource) || version !== storageVersion) continue;
    found.set(key, { ref: { group, version, resource }, kind, custom: false });
  }
  return [...found.values()];
}

/** Collections that the definitions of custom kinds bring, in a version that is served. */
function customCollections(objects: readonly KubeObject[]): Collection[] {
  return objects.flatMap(({ kind, spec }) => {
    if (kind !== 'CustomResourceDefinition') return [];
    const {
      group,
      names,
      versions = [],
    } = spec as {
      group: string;
      names: { plural: string; kind: string };
      versions?: { name: string; served?: boolean; storage?: boolean }[];
    };
    const version = versions.find(each => each.storage && each.served !== false) ?? versions.find(each => each.served);
    return version
      ? [{ ref: { group, version: version.name, resource: names.plural }, kind: names.kind, custom: true }]
      : [];
  });
}

/** Everything a cluster holds that questions are about, custom kinds among it; reads only, and no Secrets. */
export async function loadCluster(client: Client, catalog: ResourceCatalog = builtinCatalog()): Promise<Loaded> {
  const reading: Reading = { objects: [], faults: [] };
  await readAll(client, builtinCollections(catalog), reading);
  await readAll(client, customCollections(reading.objects), reading);
  const { objects, faults } = reading;
  const known = await origins(client).catch(() => new Map<string, string>());
  return {
    objects,
    faults,
    live: true,
    originOf: object => {
      const text = known.get(`${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`);
      const origin = text === undefined ? undefined : originOfText(text);
      return (
        origin ?? {
          object: `${object.kind} ${object.metadata.namespace ? `${object.metadata.namespace}/` : ''}${object.metadata.name}`,
        }
      );
    },
  };
}

/** The cluster a kubeconfig names. */
export async function loadKubeconfig(file: string): Promise<Loaded> {
  await using connection = connectKubeconfig(file);
  return await loadCluster(connection.client);
}
