import type { ListOptions } from '../client.ts';
import type { KubeObject } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import {
  fieldText,
  matchFields,
  matchLabels,
  parseFieldSelector,
  parseLabelSelector,
  type FieldRequirement,
} from '../selector.ts';
import { badRequest } from '../status.ts';
import type { Selection } from '../store/collection.ts';
import { glanceFor } from './glance.ts';

/** Fields that have a secondary index in the store, by collection: the ones node agents and controllers list by. */
export const INDEXED_FIELDS: Readonly<Record<string, readonly string[]>> = { pods: ['spec.nodeName'] };

/** Reads a selectable field; a few are not plain paths (apiserver `ToSelectableFields` of each kind). */
export function selectableText(object: KubeObject, path: string): string {
  if (path === 'source' && object.kind === 'Event') {
    return fieldText(object, 'source.component') || fieldText(object, 'reportingComponent');
  }
  if (path === 'reportingComponent' && object.kind === 'Event') return fieldText(object, 'reportingComponent');
  if (path === 'status.podIPs') {
    const list = (object.status as { podIPs?: { ip?: string }[] } | undefined)?.podIPs ?? [];
    return list.map(entry => entry.ip ?? '').join(',');
  }
  const text = fieldText(object, path);
  if (text !== '') return text;
  return DEFAULTS.get(`${object.kind} ${path}`) ?? '';
}

/** What an absent field compares as, where that is not the empty text. */
const DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['Pod spec.hostNetwork', 'false'],
  ['Node spec.unschedulable', 'false'],
  ['ReplicaSet status.replicas', '0'],
  ['ReplicationController status.replicas', '0'],
  ['Job status.successful', '0'],
]);

/** Fields of a kind whose value stands in the object as it is asked for: not put together, and no other's default. */
const plainField =
  ({ kind }: ResourceDefinition) =>
  ({ path, value }: FieldRequirement): boolean =>
    !COMPOSED.has(path) && DEFAULTS.get(`${kind} ${path}`) !== value;

const COMPOSED: ReadonlySet<string> = new Set(['source', 'reportingComponent', 'reportingController', 'status.podIPs']);

/** Selectors work on what is stored: events.k8s.io names the fields of the core Event its own way. */
function storedField(definition: ResourceDefinition, field: FieldRequirement): FieldRequirement {
  if (definition.group !== 'events.k8s.io') return field;
  if (field.path === 'reportingController') return { ...field, path: 'reportingComponent' };
  return { ...field, path: field.path.replace(/^regarding\./, 'involvedObject.') };
}

/** A field nothing of a kind is selected by, in the words of each kind's conversion of field labels. */
function unsupportedField(definition: ResourceDefinition, path: string): string {
  const { group, version, kind } = definition;
  const plain = `field label not supported: ${path}`;
  if (definition.custom) return plain;
  if (!definition.selectableFields?.length)
    return `${JSON.stringify(path)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
  if (kind === 'Job') return `field label ${JSON.stringify(path)} not supported for Job`;
  if (kind === 'ResourceSlice') return `field label not supported for ${group}/${version}, Kind=${kind}: ${path}`;
  return plain;
}

function checkFields(definition: ResourceDefinition, fields: readonly FieldRequirement[]): void {
  // Kinds without fields of their own may be asked for a namespace even where they have none.
  const namespaced = definition.namespaced || (!definition.custom && !definition.selectableFields?.length);
  for (const { path } of fields) {
    if (path === 'metadata.name' || (path === 'metadata.namespace' && namespaced)) continue;
    if (definition.selectableFields?.includes(path.replace(/^\./, ''))) continue;
    throw badRequest(unsupportedField(definition, path));
  }
}

/**
 * What a list or watch asks the store for. `metadata.name=` and `metadata.namespace=` become a key range, not a filter; fields
 * that `only` does not take are left out.
 */
export function selectionOf(
  definition: ResourceDefinition,
  options: ListOptions,
  only: (path: string) => boolean = () => true,
): Selection {
  const labels = parseLabelSelector(options.labelSelector ?? '');
  const given = parseFieldSelector(options.fieldSelector ?? '');
  checkFields(definition, given);
  const asked = given.filter(({ path }) => only(path));
  let namespace = definition.namespaced ? options.namespace : undefined;
  let name: string | undefined;
  const fields = asked
    .map(field => storedField(definition, field))
    .filter(({ path, operator, value }) => {
      if (operator !== '=' || value === '') return true;
      if (path === 'metadata.namespace' && definition.namespaced && !namespace) namespace = value;
      else if (path === 'metadata.name' && name === undefined) name = value;
      else return true;
      return false;
    });
  const exact = name !== undefined && (!definition.namespaced || namespace !== undefined);
  if (name !== undefined && !exact) fields.push({ path: 'metadata.name', operator: '=', value: name });
  const glance = glanceFor(labels, fields, plainField(definition));
  const indexed = INDEXED_FIELDS[definition.resource];
  const hot = fields.find(({ path, operator, value }) => operator === '=' && value !== '' && indexed?.includes(path));
  return {
    prefix: exact ? (namespace ? `${namespace}/${name}` : name!) : namespace ? `${namespace}/` : '',
    ...(exact ? { exact } : {}),
    ...(labels.length + fields.length === 0
      ? {}
      : {
          matches: (object: KubeObject) =>
            (labels.length === 0 || matchLabels(labels, object.metadata.labels)) &&
            (fields.length === 0 || matchFields(fields, object, selectableText)),
          ...(glance ? { glance } : {}),
        }),
    ...(hot ? { index: { name: hot.path, value: hot.value } } : {}),
  };
}
