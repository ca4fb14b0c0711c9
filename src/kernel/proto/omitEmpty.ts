import type { Json, JsonObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';

/**
 * Optional scalars whose zero says something: in Kubernetes' own types they are pointers, absent or meant (API conventions,
 * "Optional vs. Required"). All other optional scalars are written to protobuf even when they were never set.
 */
const MEANT_WHEN_ZERO: ReadonlySet<string> = new Set(
  `activeDeadlineSeconds allocateLoadBalancerNodePorts allowPrivilegeEscalation allowVolumeExpansion attachRequired
  automountServiceAccountToken averageUtilization backoffLimit backoffLimitPerIndex blockOwnerDeletion completions controller
  currentCPUUtilizationPercentage defaultMode deletionGracePeriodSeconds enableServiceLinks expirationSeconds
  failedJobsHistoryLimit fsGroup gracePeriodSeconds handSize hostUsers immutable leaseDurationSeconds leaseTransitions
  lendablePercent maxFailedIndexes minDomains minReplicas mode nodeAllocatableUpdatePeriodSeconds nominalConcurrencyShares
  optional orphanDependents parallelism partition percentage podInfoOnMount priority privileged progressDeadlineSeconds
  readOnlyRootFilesystem ready replicas requiresRepublish revisionHistoryLimit runAsGroup runAsNonRoot runAsUser seLinuxMount
  serving setHostnameAsFQDN shareProcessNamespace stabilizationWindowSeconds start started startingDeadlineSeconds
  storageCapacity successfulJobsHistoryLimit suspend targetCPUUtilizationPercentage terminating
  terminationGracePeriodSeconds tolerationSeconds ttlSecondsAfterFinished volumeAttributesClassName storageClassName`
    .split(/\s+/)
    .filter(name => name !== ''),
);

/** Names above that are plain numbers elsewhere: `status.replicas` counts, `spec.replicas` asks. */
const COUNTED_IN_STATUS = 'replicas';

const isZero = (value: Json): boolean => value === '' || value === 0 || value === false;

/** Takes out, in place, scalars that are zero and were not meant: what Go's `omitempty` leaves out of JSON. */
export function omitEmpty(schema: Schema | undefined, value: Json): void {
  if (schema === undefined || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) omitEmpty(schema.items, item);
    return;
  }
  // JSONSchemaPropsOrBool and its kin: an object is a schema itself.
  if (schema.type === 'any') return omitEmpty(schema.items, value);
  if (schema.type === 'map') {
    for (const key of Object.keys(value)) omitEmpty(schema.items, value[key]!);
    return;
  }
  if (schema.fields) omitFields(schema.fields, value);
}

function omitFields(fields: NonNullable<Schema['fields']>, object: JsonObject, inStatus = false): void {
  for (const key of Object.keys(object)) {
    const field = fields.get(key);
    if (!field) continue;
    const value = object[key]!;
    if (
      key === 'status' &&
      field.schema.fields &&
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value)
    ) {
      omitFields(field.schema.fields, value, true);
    } else if (!isZero(value)) omitEmpty(field.schema, value);
    else if (!field.required && (!MEANT_WHEN_ZERO.has(key) || (inStatus && key === COUNTED_IN_STATUS))) {
      delete object[key];
    }
  }
}
