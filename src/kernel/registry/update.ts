import type { WriteOptions } from '../client.ts';
import type { KubeObject, ObjectKey, ResourceRef } from '../object.ts';
import { badRequest, invalid, notFound } from '../status.ts';
import { copyBeside } from './copy.ts';
import { change } from './change.ts';
import { pathOf } from './collections.ts';
import { createDecoded } from './create-object.ts';
import { settleKey } from './metadata.ts';
import type { RegistryParts } from './ports.ts';
import type { RequestContext, StoredObject } from './registry.ts';
import { changeScale } from './scale.ts';
import { qualifiedName } from './strategy.ts';
import type { Refusal } from './strict.ts';
import { checkKind, pruneUnknown, type Target, targetOf, writerOf } from './write.ts';

/** Kinds an update may create (each strategy's AllowCreateOnUpdate). */
const CREATE_ON_UPDATE: ReadonlySet<string> = new Set([
  'endpoints',
  'events',
  'events.events.k8s.io',
  'limitranges',
  'services',
  'leases.coordination.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
  'runtimeclasses.node.k8s.io',
]);

/** Kinds that are only ever replaced at a named version (each strategy's AllowUnconditionalUpdate); so are all custom kinds. */
const CONDITIONAL: ReadonlySet<string> = new Set([
  'leases.coordination.k8s.io',
  'leasecandidates.coordination.k8s.io',
  'poddisruptionbudgets.policy',
  'customresourcedefinitions.apiextensions.k8s.io',
  'apiservices.apiregistration.k8s.io',
  'runtimeclasses.node.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
]);

function checkConditional({ definition }: Target, object: KubeObject): void {
  const { resourceVersion, name } = object.metadata;
  if (
    (resourceVersion && resourceVersion !== '0') ||
    !(definition.custom || CONDITIONAL.has(qualifiedName(definition)))
  )
    return;
  const message = 'Invalid value: 0: must be specified for an update';
  // Of all refusals this one names the resource where others name the kind.
  throw invalid(definition.resource, definition.group, name!, [
    { reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' },
  ]);
}

/** Brings a full object into the form `change` computes with: unknown fields out, defaults in, ownership tracked. */
export function decodeUpdate(
  parts: RegistryParts,
  target: Target,
  live: KubeObject,
  object: KubeObject,
  known?: KubeObject,
  refusal?: Refusal,
): KubeObject {
  pruneUnknown(parts, target, object, refusal, known);
  parts.schema.fill(target.definition, object, known);
  return parts.merge.track(target.definition, live, object, writerOf(parts, target), known !== undefined);
}

/** Of `object` only the top and the names in its metadata are changed. */
export async function update(
  parts: RegistryParts,
  context: RequestContext,
  ref: ResourceRef,
  key: ObjectKey,
  object: KubeObject,
  options: WriteOptions = {},
): Promise<{ stored: StoredObject; created: boolean }> {
  const target = targetOf(parts, context, ref, options);
  if (target.subresource === 'scale')
    return { stored: await changeScale(parts, target, key, () => object), created: false };
  checkKind(target.definition, object);
  if (!object.metadata.name)
    throw badRequest(`the name of the object (${key.name} based on URL) was undeterminable: name must be provided`);
  settleKey(target.definition, object, key);
  const path = pathOf(target.definition, key);
  await parts.journal.fresh?.();
  if (!target.subresource && CREATE_ON_UPDATE.has(qualifiedName(target.definition)) && !target.collection.head(path)) {
    if (object.metadata.resourceVersion) throw notFound(target.definition, key.name);
    const made = copyBeside(object, undefined, '');
    delete made.metadata.uid;
    pruneUnknown(parts, target, made);
    parts.schema.fill(target.definition, made);
    const tracked = parts.merge.track(target.definition, undefined, made, writerOf(parts, target));
    return { stored: await createDecoded(parts, target, tracked, key.namespace), created: true };
  }
  // What is not there is not found, whatever version was named.
  if (target.collection.head(path)) checkConditional(target, object);
  const stored = await change(parts, target, key, (live, known) =>
    decodeUpdate(parts, target, live, copyBeside(object, known, target.subresource), known),
  );
  return { stored, created: false };
}
