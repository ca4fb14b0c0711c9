import {
  applyConflictError,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMerge,
  checkApplied,
  serverSideApply,
  updateManagedFields,
} from '../merge/index.ts';
import { apiVersionOf, type JsonObject } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import { readBuiltin } from '../schema/structure.ts';
import { statusError } from '../status.ts';
import type { MergePort, Writer } from './ports.ts';

/** Paths a verb never owns: the status belongs to its subresource, everything else never does. */
function resetFields(definition: ResourceDefinition, writer: Writer): { resetFields?: readonly string[][] } {
  if (writer.subresource === 'status') return OF_STATUS;
  const hasStatus = definition.subresources.some(({ name }) => name === 'status');
  return hasStatus && definition.resource !== 'nodes' ? OF_OBJECT : {};
}

const OF_STATUS = { resetFields: [['spec'], ['data'], ['stringData']] };
const OF_OBJECT = { resetFields: [['status']] };

/**
 * What is applied says zero, empty and null too, and owns it; objects are stored without. A value its type cannot read is
 * found only here, where the API server turns the outcome into that type.
 */
function settleBuiltin(definition: ResourceDefinition, object: JsonObject): void {
  const { typeError } = readBuiltin(definition.schema, object);
  if (typeError === undefined) return;
  const { name = '', namespace = '' } = object.metadata as { name?: string; namespace?: string };
  const of = `${apiVersionOf(definition)}, Kind=${definition.kind}`;
  const shown = definition.group === '' ? `/${of}` : of;
  throw statusError(
    500,
    '',
    `failed to convert new object (${namespace}/${name}; ${shown}) to proper version: unable to convert unstructured object to ${shown}: ${typeError}`,
  );
}

/** Patches and field ownership as kernel/merge implements them. */
export const builtinMerge: MergePort = {
  jsonPatch: (object, operations) => applyJsonPatch(object, operations),
  mergePatch: (object, patch) => applyMergePatch(object, patch),
  strategicMerge: (definition, object, patch) => applyStrategicMerge(definition.schema, object, patch),
  check: (definition, applied) => checkApplied(definition.schema, applied),
  apply: (definition, live, applied, writer, force) => {
    const outcome = serverSideApply({
      schema: definition.schema,
      live,
      applied,
      force,
      checked: true,
      ...(definition.custom ? {} : { settle: object => settleBuiltin(definition, object) }),
      ...writer,
      ...resetFields(definition, writer),
    });
    if ('conflicts' in outcome) throw applyConflictError(outcome.conflicts);
    return outcome.object;
  },
  track: (definition, live, updated, writer, own = false) =>
    updateManagedFields({
      schema: definition.schema,
      live,
      updated,
      own,
      ...writer,
      ...resetFields(definition, writer),
    }),
};
