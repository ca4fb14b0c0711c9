import {
  apiVersionOf,
  type Json,
  type KindRef,
  type ResourceCatalog,
  type ResourceDefinition,
  type SubresourceDefinition,
} from '../../kernel/index.ts';

/** A group served by somebody else (APIService); its documents are fetched, not made. */
interface GroupVersions {
  readonly group: string;
  readonly versions: Map<string, ResourceDefinition[]>;
}

/** Definitions by group and version, in the catalogue's order. */
function groupsOf(catalog: ResourceCatalog): GroupVersions[] {
  const groups = new Map<string, GroupVersions>();
  for (const definition of catalog.all()) {
    let group = groups.get(definition.group);
    if (!group) groups.set(definition.group, (group = { group: definition.group, versions: new Map() }));
    const known = group.versions.get(definition.version);
    if (known) known.push(definition);
    else group.versions.set(definition.version, [definition]);
  }
  return [...groups.values()];
}

const responseKind = (kind: KindRef): Json => ({ group: kind.group, version: kind.version, kind: kind.kind });

const kindOfSubresource = (definition: ResourceDefinition, subresource: SubresourceDefinition): KindRef =>
  subresource.kind ?? { group: definition.group, version: definition.version, kind: definition.kind };

function aggregatedResource(definition: ResourceDefinition): Json {
  return {
    resource: definition.resource,
    responseKind: responseKind(definition),
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: definition.singular,
    verbs: [...definition.verbs],
    ...(definition.shortNames.length > 0 ? { shortNames: [...definition.shortNames] } : {}),
    ...(definition.categories.length > 0 ? { categories: [...definition.categories] } : {}),
    ...(definition.subresources.length > 0
      ? {
          subresources: definition.subresources.map(subresource => ({
            subresource: subresource.name,
            responseKind: responseKind(kindOfSubresource(definition, subresource)),
            verbs: [...subresource.verbs],
          })),
        }
      : {}),
  };
}

/** apidiscovery.k8s.io APIGroupDiscoveryList of the core group or of all others. */
export function aggregatedDiscovery(catalog: ResourceCatalog, core: boolean, version: string): Json {
  const items = groupsOf(catalog)
    .filter(group => (group.group === '') === core)
    .map(group => ({
      metadata: { creationTimestamp: null, ...(core ? {} : { name: group.group }) },
      versions: [...group.versions].map(([name, definitions]) => ({
        version: name,
        resources: definitions.map(aggregatedResource),
        freshness: 'Current',
      })),
    }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
}

const groupVersion = (group: string, version: string): { groupVersion: string; version: string } => ({
  groupVersion: apiVersionOf({ group, version }),
  version,
});

const groupBody = (group: GroupVersions): { [key: string]: Json } => {
  const versions = [...group.versions.keys()].map(version => groupVersion(group.group, version));
  return { name: group.group, versions, preferredVersion: versions[0]! };
};

/** `/apis`: meta/v1 APIGroupList. */
export function groupList(catalog: ResourceCatalog): Json {
  const groups = groupsOf(catalog)
    .filter(group => group.group !== '')
    .map(groupBody);
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

/** `/apis/GROUP`: meta/v1 APIGroup, or undefined for a group nobody serves. */
export function oneGroup(catalog: ResourceCatalog, name: string): Json | undefined {
  const group = groupsOf(catalog).find(one => one.group === name);
  return group && { kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group) };
}

/** `/api`: meta/v1 APIVersions of the core group. */
export function coreVersions(address: string): Json {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  };
}

function legacySubresource(definition: ResourceDefinition, subresource: SubresourceDefinition): Json {
  const kind = kindOfSubresource(definition, subresource);
  return {
    name: `${definition.resource}/${subresource.name}`,
    singularName: '',
    namespaced: definition.namespaced,
    ...(kind.group !== definition.group || kind.version !== definition.version
      ? { group: kind.group, version: kind.version }
      : {}),
    kind: kind.kind,
    verbs: [...subresource.verbs],
  };
}

/** `/api/v1`, `/apis/GROUP/VERSION`: meta/v1 APIResourceList, or undefined when nothing is served there. */
export function resourceList(catalog: ResourceCatalog, group: string, version: string): Json | undefined {
  const definitions = [...catalog.all()].filter(one => one.group === group && one.version === version);
  if (definitions.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group, version }),
    resources: definitions.flatMap(definition => [
      {
        name: definition.resource,
        singularName: definition.singular,
        namespaced: definition.namespaced,
        kind: definition.kind,
        verbs: [...definition.verbs],
        ...(definition.shortNames.length > 0 ? { shortNames: [...definition.shortNames] } : {}),
        ...(definition.categories.length > 0 ? { categories: [...definition.categories] } : {}),
      },
      ...definition.subresources.map(subresource => legacySubresource(definition, subresource)),
    ]),
  };
}
