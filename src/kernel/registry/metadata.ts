import { joined, nameSuffix, uuid } from '../../base/index.ts';
import type { KubeObject, ObjectKey, ObjectMeta } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import { badRequest, conflict, invalid, type StatusCause } from '../status.ts';
import type { RegistryParts } from './ports.ts';
import { qualifiedName } from './strategy.ts';

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SERVICE = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** A generated name leaves room for its suffix (apiserver names.maxGeneratedNameLength). */
const GENERATED_PREFIX_MAX = 58;

let lastSecond = Number.NaN;
let lastText = '';

/** RFC 3339 in whole seconds, as metadata times are written. Writes of one second share the text. */
export function timestamp(time_ms: number): string {
  const second = Math.floor(time_ms / 1_000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = joined(new Date(second * 1_000).toISOString().slice(0, -5), 'Z');
  }
  return lastText;
}

/** Settles namespace and name between URL and body; a 400 when they disagree. What has no namespace loses the one it names. */
export function settleKey(
  definition: ResourceDefinition,
  object: KubeObject,
  asked: { namespace?: string; name?: string },
): ObjectKey {
  const meta = object.metadata;
  if (definition.namespaced) {
    if (meta.namespace && asked.namespace && meta.namespace !== asked.namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    const namespace = asked.namespace || meta.namespace;
    if (!namespace) throw badRequest('an empty namespace may not be set during creation');
    meta.namespace = namespace;
  } else {
    // Asked for without one, so it has none (rest.EnsureObjectNamespaceMatchesRequestNamespace).
    delete meta.namespace;
  }
  if (asked.name && meta.name && meta.name !== asked.name) {
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${asked.name})`);
  }
  if (asked.name) meta.name = asked.name;
  return { ...(definition.namespaced ? { namespace: meta.namespace! } : {}), name: meta.name ?? '' };
}

/** System fields of a new object (rest.FillObjectMetaSystemFields). */
export function fillSystemFields(parts: RegistryParts, meta: ObjectMeta): void {
  if (!meta.name && meta.generateName)
    meta.name = joined(meta.generateName.slice(0, GENERATED_PREFIX_MAX), nameSuffix(parts.random));
  meta.uid = uuid(parts.random);
  meta.creationTimestamp = timestamp(parts.clock.now());
  delete meta.resourceVersion;
  delete meta.selfLink;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
}

/** What is wrong with a name, in the words of apimachinery validation. */
function nameProblem(definition: ResourceDefinition, name: string): string | undefined {
  const kind = qualifiedName(definition);
  if (definition.group === 'rbac.authorization.k8s.io') {
    if (name === '.' || name === '..') return `may not be '${name}'`;
    return name.includes('/') ? "may not contain '/'" : name.includes('%') ? "may not contain '%'" : undefined;
  }
  if (kind === 'namespaces' && !LABEL.test(name)) {
    return (
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric " +
      "character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    );
  }
  if (kind === 'services' && !SERVICE.test(name)) {
    return (
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an " +
      "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
    );
  }
  if (PATH_NAMES.has(kind))
    return name.includes('/') ? "may not contain '/'" : name.includes('%') ? "may not contain '%'" : undefined;
  if (name.length > 253) return 'must be no more than 253 characters';
  if (!SUBDOMAIN.test(name)) {
    return (
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
      "alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    );
  }
  return undefined;
}

/** Kinds whose names are path segments, not DNS names. */
const PATH_NAMES: ReadonlySet<string> = new Set([
  'certificatesigningrequests.certificates.k8s.io',
  'ipaddresses.networking.k8s.io',
  'componentstatuses',
]);

/** Checks the name of an object that is about to be created. */
export function checkName(definition: ResourceDefinition, meta: ObjectMeta): readonly StatusCause[] {
  if (!meta.name) {
    return [
      {
        reason: 'FieldValueRequired',
        message: 'Required value: name or generateName is required',
        field: 'metadata.name',
      },
    ];
  }
  const problem = nameProblem(definition, meta.name);
  return problem
    ? [
        {
          reason: 'FieldValueInvalid',
          message: `Invalid value: ${JSON.stringify(meta.name)}: ${problem}`,
          field: 'metadata.name',
        },
      ]
    : [];
}

/** Throws the 422 of a kind when there is anything to tell. */
export function refuseInvalid(definition: ResourceDefinition, name: string, causes: readonly StatusCause[]): void {
  // Events are refused by the name of their older group, whichever they were sent to.
  const group = definition.group === 'events.k8s.io' ? '' : definition.group;
  if (causes.length > 0) throw invalid(definition.kind, group, name, causes);
}

/** Carries over what a writer left out and may not change (rest.BeforeUpdate, ValidateObjectMetaAccessorUpdate). */
export function carryMetadata(
  definition: ResourceDefinition,
  meta: ObjectMeta,
  old: ObjectMeta,
  patched: boolean,
): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  // Whatever is said of it, an object was made when it was made.
  if (old.creationTimestamp !== undefined) meta.creationTimestamp = old.creationTimestamp;
  for (const field of ['uid', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const) {
    if (meta[field] === undefined || meta[field] === null) {
      if (old[field] === undefined) delete meta[field];
      else Object.assign(meta, { [field]: old[field] });
    } else if (meta[field] !== old[field] && field !== 'uid') {
      causes.push({
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(meta[field])}: field is immutable`,
        field: `metadata.${field}`,
      });
    }
  }
  if (meta.uid !== old.uid) {
    if (patched)
      return [
        {
          reason: 'FieldValueInvalid',
          message: `Invalid value: ${JSON.stringify(meta.uid)}: field is immutable`,
          field: 'metadata.uid',
        },
        ...causes,
      ];
    throw conflict(
      definition,
      { name: old.name! },
      `Precondition failed: UID in precondition: ${meta.uid}, UID in object meta: ${old.uid}`,
    );
  }
  delete meta.selfLink;
  if (old.deletionTimestamp) {
    const added = (meta.finalizers ?? []).filter(name => !old.finalizers?.includes(name));
    if (added.length > 0) {
      causes.push({
        reason: 'FieldValueForbidden',
        message:
          'Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ' +
          `[]string{${added.map(name => JSON.stringify(name)).join(', ')}}`,
        field: 'metadata.finalizers',
      });
    }
  }
  return causes;
}
