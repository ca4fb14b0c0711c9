import type { KubeObject } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import type { StatusCause } from '../status.ts';
import { isDraft } from './defaults/fill.ts';
import { validateValue } from './value.ts';
import { Causes } from './validation/causes.ts';
import { validationOf } from './validation/index.ts';
import { part } from './defaults/fill.ts';
import { STATUS_CHECKS } from './validation/status.ts';
import { nameRuleOf, validateMeta, validateMetaUpdate } from './validation/meta.ts';

/** Group and kind of a type name: `apps.v1.Deployment` -> `apps`, `Deployment`. */
function tableName(definition: ResourceDefinition): { group: string; kind: string } {
  const group = definition.schema.typeName?.split('.')[0] ?? definition.group;
  return { group, kind: definition.kind };
}

/**
 * What is wrong with an object that is about to be stored: metadata, then for built-in kinds the API server's own checks
 * and for custom kinds their schema. `old` is the stored object of an update. Nothing is changed.
 */
export function validateObject(
  definition: ResourceDefinition,
  object: KubeObject,
  old?: KubeObject,
  subresource?: string,
): readonly StatusCause[] {
  const causes = new Causes();
  const { group, kind } = tableName(definition);
  // Definitions of custom kinds are checked by their own server, whose finalizer has no slash.
  const core = definition.custom !== true && definition.group !== 'apiextensions.k8s.io';
  validateMeta(object, definition.namespaced, nameRuleOf(group, kind), causes, core);
  if (old !== undefined) validateMetaUpdate(object, old, causes);
  if (definition.custom) {
    const { apiVersion: _version, kind: _kind, metadata: _metadata, ...own } = object;
    causes.list.push(...validateValue(definition.schema, own).list.filter(cause => !isIdentity(cause)));
    return causes.list;
  }
  const validation = validationOf(group, definition.version, kind);
  if (validation !== undefined && isDraft(object)) {
    if (!subresource) validation.validate?.(object, causes);
    if (old === undefined) validation.create?.(object, causes);
    if (old !== undefined) validation.update?.(object, old, causes, subresource);
  }
  const check = subresource === 'status' ? STATUS_CHECKS.get(`${group}.${kind}`) : undefined;
  if (check && old !== undefined && isDraft(object)) check(part(object, 'status') ?? {}, object, old, causes);
  return causes.list;
}

const isIdentity = (cause: StatusCause): boolean =>
  cause.field === 'metadata' || cause.field === 'apiVersion' || cause.field === 'kind';
