import type { ResourceDefinition, SubresourceDefinition } from '../resource.ts';
import type { CustomResourceDefinition, CustomVersion } from './document.ts';
import { readCustomSchema } from './schema.ts';

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'] as const;

const known = new WeakMap<CustomResourceDefinition, readonly ResourceDefinition[]>();

/** What the catalogue serves for a definition: one entry a served version; names as accepted. Made once a document. */
export function definitionsOf(crd: CustomResourceDefinition): readonly ResourceDefinition[] {
  let definitions = known.get(crd);
  if (definitions === undefined) {
    definitions = readDefinitions(crd);
    known.set(crd, definitions);
  }
  return definitions;
}

function readDefinitions(crd: CustomResourceDefinition): ResourceDefinition[] {
  const { group, scope, versions } = crd.spec;
  const names = crd.status?.acceptedNames?.plural ? crd.status.acceptedNames : crd.spec.names;
  const storageVersion = versions.find(version => version.storage)?.name ?? versions[0]!.name;
  return versions
    .filter(version => version.served || version.storage)
    .map(version => ({
      group,
      version: version.name,
      resource: names.plural,
      kind: names.kind,
      singular: names.singular || names.kind.toLowerCase(),
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      namespaced: scope === 'Namespaced',
      verbs: version.served ? VERBS : [],
      ...(version.served ? {} : { served: false }),
      subresources: subresourcesOf(version),
      schema: schemaOfVersion(version),
      storageVersion,
      columns: columnsOf(version),
      selectableFields: (version.selectableFields ?? []).map(field => field.jsonPath.replace(/^\./, '')),
      custom: true,
    }));
}

const schemas = new WeakMap<object, ReturnType<typeof readCustomSchema>>();

/** The schema of a version, read once a document. */
export function schemaOfVersion(version: CustomVersion): ReturnType<typeof readCustomSchema> {
  let schema = schemas.get(version);
  if (schema === undefined) {
    schema = readCustomSchema(version.schema?.openAPIV3Schema);
    schemas.set(version, schema);
  }
  return schema;
}

function subresourcesOf(version: CustomVersion): SubresourceDefinition[] {
  const list: SubresourceDefinition[] = [];
  if (version.subresources?.status) list.push({ name: 'status', verbs: ['get', 'patch', 'update'] });
  const scale = version.subresources?.scale;
  if (scale) {
    list.push({
      name: 'scale',
      verbs: ['get', 'patch', 'update'],
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      scalePaths: {
        specReplicas: scale.specReplicasPath,
        statusReplicas: scale.statusReplicasPath,
        ...(scale.labelSelectorPath ? { labelSelector: scale.labelSelectorPath } : {}),
      },
    });
  }
  return list;
}

/** Columns of `kubectl get`; without any, the age alone. */
function columnsOf(version: CustomVersion): NonNullable<ResourceDefinition['columns']> {
  const columns = version.additionalPrinterColumns ?? [];
  if (columns.length === 0) return [{ name: 'Age', type: 'date', path: '.metadata.creationTimestamp' }];
  return columns.map(({ jsonPath, ...column }) => ({ ...column, path: jsonPath }));
}
