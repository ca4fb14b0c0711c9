import {
  applyConflictError,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMerge,
  serverSideApply,
  updateManagedFields,
} from '../merge/index.ts';
import { apiVersionOf, type KubeObject } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import { defaultObject } from '../schema/default.ts';
import { prune } from '../schema/prune.ts';
import { readBuiltin } from '../schema/structure.ts';
import { badRequest } from '../status.ts';
import type { MergePort, SchemaPort, Writer } from './ports.ts';

/** Paths a verb never owns: the status belongs to its subresource, everything else never does. */
function resetFields(definition: ResourceDefinition, writer: Writer): { resetFields?: string[][] } {
  if (writer.subresource === 'status') return { resetFields: [['spec'], ['data'], ['stringData']] };
  const hasStatus = definition.subresources.some(({ name }) => name === 'status');
  return hasStatus && definition.resource !== 'nodes' ? { resetFields: [['status']] } : {};
}

/** Patches and field ownership as kernel/merge implements them. */
export const builtinMerge: MergePort = {
  jsonPatch: (object, operations) => applyJsonPatch(object, operations),
  mergePatch: (object, patch) => applyMergePatch(object, patch),
  strategicMerge: (definition, object, patch) => applyStrategicMerge(definition.schema, object, patch),
  apply: (definition, live, applied, writer, force) => {
    const outcome = serverSideApply({
      schema: definition.schema,
      live,
      applied,
      force,
      ...writer,
      ...resetFields(definition, writer),
    });
    if ('conflicts' in outcome) throw applyConflictError(outcome.conflicts);
    return outcome.object;
  },
  track: (definition, live, updated, writer) =>
    updateManagedFields({ schema: definition.schema, live, updated, ...writer, ...resetFields(definition, writer) }),
};

/** Types of built-in kinds: unknown fields out, wrong types refused; versions of a group differ only in name. */
export const builtinSchema: SchemaPort = {
  fill: (definition, object) => void defaultObject(definition.schema, object),
  prune: (definition, object) => {
    if (definition.custom) return prune(definition.schema, object);
    const { unknownFields, typeError } = readBuiltin(definition.schema, object);
    if (typeError) {
      throw badRequest(
        `${definition.kind} in version ${JSON.stringify(definition.version)} cannot be handled as a ${definition.kind}: ${typeError}`,
      );
    }
    return unknownFields;
  },
  validate: () => [],
  convert: (object: KubeObject, _from, to) => ({ ...object, apiVersion: apiVersionOf(to), kind: to.kind }),
};
