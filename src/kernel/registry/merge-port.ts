import {
  applyConflictError,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMerge,
  checkApplied,
  serverSideApply,
  updateManagedFields,
} from '../merge/index.ts';
import type { ResourceDefinition } from '../resource.ts';
import type { MergePort, Writer } from './ports.ts';

/** Paths a verb never owns: the status belongs to its subresource, everything else never does. */
function resetFields(definition: ResourceDefinition, writer: Writer): { resetFields?: readonly string[][] } {
  if (writer.subresource === 'status') return OF_STATUS;
  const hasStatus = definition.subresources.some(({ name }) => name === 'status');
  return hasStatus && definition.resource !== 'nodes' ? OF_OBJECT : {};
}

const OF_STATUS = { resetFields: [['spec'], ['data'], ['stringData']] };
const OF_OBJECT = { resetFields: [['status']] };

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
