import { type AdmissionAttributes, runMutation, runValidation } from '../admission/admission.ts';
import type { KubeObject, ObjectKey, ResourceRef } from '../object.ts';
import type { RegistryParts } from './ports.ts';
import type { RequestContext } from './registry.ts';
import { admissionOf, settling, targetOf } from './write.ts';

/**
 * Admission of a connection to a subresource (exec, attach, portforward, proxy): the object admission sees is the connection's
 * options, `PodExecOptions` and its kin. Nothing is stored. A refusal is thrown as a StatusError.
 */
export async function connect(
  parts: RegistryParts,
  context: RequestContext,
  ref: ResourceRef,
  key: ObjectKey,
  subresource: string,
  options: KubeObject,
): Promise<void> {
  const target = targetOf(parts, context, ref, { subresource });
  const { steps, attributes: made } = admissionOf(parts, target, 'CONNECT', key, options, undefined);
  if (steps.length === 0) return;
  const kind = { group: '', version: 'v1', kind: options.kind! };
  const attributes: AdmissionAttributes = { ...made, kind, options: {} };
  await settling({ steps, attributes, mutated: false, stored: false }, async () => {
    await runMutation(steps, attributes, () => undefined);
    await runValidation(steps, attributes);
  });
}
