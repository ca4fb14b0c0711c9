import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { addressName } from './addresses.ts';
import { dns1035Label, dnsLabel, dnsSubdomain, labelValue, pathSegment, qualifiedName } from './names.ts';

/** Bytes all annotations of an object may take together. */
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

type NameRule = (text: string) => string[];

const NAME_RULES: ReadonlyMap<string, NameRule> = new Map<string, NameRule>([
  ['core.Namespace', dnsLabel],
  ['core.Service', dns1035Label],
  ['apps.StatefulSet', dnsLabel],
  ['rbac.Role', pathSegment],
  ['rbac.ClusterRole', pathSegment],
  ['rbac.RoleBinding', pathSegment],
  ['rbac.ClusterRoleBinding', pathSegment],
  ['certificates.ClusterTrustBundle', pathSegment],
  ['networking.IPAddress', addressName],
  // The older form of an event does not look at its own name.
  ['core.Event', pathSegment],
  ['policy.PodDisruptionBudget', pathSegment],
  ['apiregistration.APIService', pathSegment],
]);

/** How names of a kind are checked; `group` is the table's (`core`, `apps`, `rbac`). */
export const nameRuleOf = (group: string, kind: string): NameRule => NAME_RULES.get(`${group}.${kind}`) ?? dnsSubdomain;

const byKey = ([left]: [string, unknown], [right]: [string, unknown]): number => (left < right ? -1 : 1);

/** Label keys and values below `field`. */
export function validateLabels(labels: unknown, field: string, causes: Causes): void {
  if (!isDraft(labels)) return;
  for (const [key, value] of Object.entries(labels).toSorted(byKey)) {
    causes.invalidAll(field, key, qualifiedName(key));
    if (typeof value === 'string') causes.invalidAll(field, value, labelValue(value));
  }
}

/** Annotation keys and their size together. */
export function validateAnnotations(annotations: unknown, field: string, causes: Causes): void {
  if (!isDraft(annotations)) return;
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    causes.invalidAll(field, key, qualifiedName(key.toLowerCase()));
    size += key.length + String(value).length;
  }
  if (size > ANNOTATIONS_BYTES_MAX) causes.tooLong(field, ANNOTATIONS_BYTES_MAX);
}

function owners(metadata: Draft, causes: Causes): void {
  let controller: unknown;
  parts(metadata, 'ownerReferences').forEach(owner => {
    // The API server leaves the index out of it.
    const field = 'metadata.ownerReferences';
    if (!owner.apiVersion) causes.invalid(`${field}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty');
    if (!owner.kind) causes.invalid(`${field}.kind`, owner.kind ?? '', 'must not be empty');
    if (!owner.name) causes.invalid(`${field}.name`, owner.name ?? '', 'must not be empty');
    if (!owner.uid) causes.invalid(`${field}.uid`, owner.uid ?? '', 'must not be empty');
    if (owner.controller === true) {
      if (controller !== undefined) {
        causes.invalid(
          'metadata.ownerReferences',
          metadata.ownerReferences,
          `Only one reference can have Controller set to true. Found "true" in references for ${String(controller)} and ${String(owner.name)}`,
        );
      }
      controller = owner.name;
    }
  });
}

/** Finalizer names the API server knows without a domain. */
const OLD_FINALIZERS: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

function finalizers(metadata: Draft, builtin: boolean, causes: Causes): void {
  const list = Array.isArray(metadata.finalizers) ? metadata.finalizers : [];
  list.forEach((one, i) => {
    const wrong = qualifiedName(String(one));
    causes.invalidAll('metadata.finalizers', one, wrong);
    if (builtin && !String(one).includes('/') && !OLD_FINALIZERS.has(String(one))) {
      causes.invalid(
        `metadata.finalizers[${i}]`,
        one,
        'name is neither a standard finalizer name nor is it fully qualified',
      );
    }
  });
  if (list.includes('orphan') && list.includes('foregroundDeletion')) {
    causes.invalid('metadata.finalizers', list, 'finalizers orphan and foregroundDeletion cannot be both set');
  }
}

/** `metadata` of an object that is about to be stored. */
export function validateMeta(object: Draft, namespaced: boolean, rule: NameRule, causes: Causes, builtin = true): void {
  const metadata = part(object, 'metadata') ?? {};
  const name = typeof metadata.name === 'string' ? metadata.name : '';
  if (typeof metadata.generateName === 'string' && metadata.generateName !== '') {
    const masked = metadata.generateName.replace(/-$/, 'a');
    causes.invalidAll('metadata.generateName', metadata.generateName, rule(masked));
  }
  if (name === '') causes.required('metadata.name', 'name or generateName is required');
  else causes.invalidAll('metadata.name', name, rule(name));
  const namespace = typeof metadata.namespace === 'string' ? metadata.namespace : '';
  if (namespaced) {
    if (namespace === '') causes.required('metadata.namespace');
    else causes.invalidAll('metadata.namespace', namespace, dnsLabel(namespace));
  } else if (namespace !== '') causes.forbidden('metadata.namespace', 'not allowed on this type');
  if (typeof metadata.generation === 'number' && metadata.generation < 0) {
    causes.invalid('metadata.generation', metadata.generation, 'must be greater than or equal to 0');
  }
  validateLabels(metadata.labels, 'metadata.labels', causes);
  validateAnnotations(metadata.annotations, 'metadata.annotations', causes);
  owners(metadata, causes);
  finalizers(metadata, builtin, causes);
}

const IMMUTABLE = 'field is immutable';

/** What an update must leave as it was. */
export function validateMetaUpdate(object: Draft, old: Draft, causes: Causes): void {
  const metadata = part(object, 'metadata') ?? {};
  const before = part(old, 'metadata') ?? {};
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp'] as const) {
    if (before[field] !== undefined && metadata[field] !== before[field]) {
      causes.invalid(`metadata.${field}`, metadata[field] ?? '', IMMUTABLE);
    }
  }
}
