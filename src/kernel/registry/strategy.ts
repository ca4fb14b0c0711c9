import type { Json, JsonObject, KubeObject, ObjectMeta } from '../object.ts';
import { qosClass } from '../qos.ts';
import type { ResourceDefinition } from '../resource.ts';
import { cloneAsJson, cloneJson, equalJson } from '../merge/json.ts';
import {
  countTemplateGeneration,
  firstTemplateGeneration,
  notePhaseChange,
  selectOwnPods,
  wearTemplateLabels,
} from './workload-strategy.ts';

/** `stringData` of a Secret is only a way to write `data` (core/v1 conversion of Secret). */
function foldStringData(definition: ResourceDefinition, object: KubeObject): void {
  if (definition.resource !== 'secrets' || definition.group !== '' || object.stringData === undefined) return;
  const data = new Map(Object.entries((object.data ?? {}) as Record<string, string>));
  for (const [name, text] of Object.entries((object.stringData ?? {}) as Record<string, string>)) {
    data.set(name, Buffer.from(text, 'utf8').toString('base64'));
  }
  object.data = Object.fromEntries(data);
  delete object.stringData;
}

/** Built-in kinds whose metadata.generation counts changes of what users want (their registry strategies). */
const COUNTED: ReadonlySet<string> = new Set([
  'pods',
  'podtemplates',
  'replicationcontrollers',
  'deployments.apps',
  'daemonsets.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'jobs.batch',
  'cronjobs.batch',
  'ingresses.networking.k8s.io',
  'ingressclasses.networking.k8s.io',
  'networkpolicies.networking.k8s.io',
  'poddisruptionbudgets.policy',
  'endpointslices.discovery.k8s.io',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'deviceclasses.resource.k8s.io',
  'resourceslices.resource.k8s.io',
  'priorityclasses.scheduling.k8s.io',
]);

/** Kinds without a spec whose other fields are what users want. */
const WHOLE: ReadonlySet<string> = new Set(['endpointslices.discovery.k8s.io', 'podtemplates']);

/** `pods`, `deployments.apps`: how rules by kind are keyed. */
export const qualifiedName = (definition: ResourceDefinition): string =>
  definition.group ? `${definition.resource}.${definition.group}` : definition.resource;

const hasStatus = (definition: ResourceDefinition): boolean =>
  definition.subresources.some(({ name }) => name === 'status');

const counts = (definition: ResourceDefinition): boolean =>
  definition.custom === true || COUNTED.has(qualifiedName(definition));

/** Kinds whose creator may set the status (node registration does). */
const STATUS_ON_CREATE: ReadonlySet<string> = new Set(['nodes', 'resourceslices.resource.k8s.io']);

const FIRST_STATUS: ReadonlyMap<string, object> = new Map([
  ['persistentvolumeclaims', { phase: 'Pending' }],
  ['persistentvolumes', { phase: 'Pending' }],
  ['namespaces', { phase: 'Active' }],
]);

/** A new pod waits; where gates hold it back, its condition says so (KEP-3521). */
function firstPodStatus(object: KubeObject): JsonObject {
  const status: JsonObject = { phase: 'Pending', qosClass: qosClass(object) };
  const gates = (object.spec as { schedulingGates?: unknown[] } | undefined)?.schedulingGates ?? [];
  if (gates.length > 0)
    status.conditions = [
      {
        type: 'PodScheduled',
        status: 'False',
        lastProbeTime: null,
        lastTransitionTime: object.metadata.creationTimestamp ?? null,
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      },
    ];
  return status;
}

/** What the server decides about a new object: no status from users, generation 1 (each kind's `PrepareForCreate`). */
export function prepareForCreate(definition: ResourceDefinition, object: KubeObject): void {
  const name = qualifiedName(definition);
  foldStringData(definition, object);
  const first = definition.custom ? undefined : FIRST_STATUS.get(name);
  if (first) object.status = { ...first };
  else if (hasStatus(definition) && !STATUS_ON_CREATE.has(name)) {
    // The status of a built-in kind is a struct in Kubernetes' own types: it is always said, empty or not.
    if (definition.custom) delete object.status;
    else object.status = {};
  }
  if (name === 'pods') object.status = firstPodStatus(object);
  if (name === 'namespaces') {
    const spec = (object.spec ?? {}) as { finalizers?: string[] };
    if (!spec.finalizers?.includes('kubernetes')) spec.finalizers = [...(spec.finalizers ?? []), 'kubernetes'];
    object.spec = spec;
  }
  if (name === 'services') nameAddresses(object);
  if (counts(definition)) object.metadata.generation = 1;
  else if (typeof object.metadata.generation === 'number' && object.metadata.generation === 0)
    delete object.metadata.generation;
  // The one kind whose objects are named for those who do not (LimitRange registry strategy).
  if (name === 'limitranges') object.metadata.name ||= object.metadata.uid ?? '';
  if (name === 'customresourcedefinitions.apiextensions.k8s.io') noteStoredVersion(object);
  if (name === 'jobs.batch') selectOwnPods(object);
  else if (name === 'daemonsets.apps') firstTemplateGeneration(object);
  else if (name === 'persistentvolumes') notePhaseChange(object, undefined, object.metadata.creationTimestamp ?? '');
}

/** Clients that know of one address only say it alone (API conventions: singular and plural fields). */
function nameAddresses(object: KubeObject): void {
  const spec = object.spec as { clusterIP?: string; clusterIPs?: string[] } | undefined;
  if (spec?.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
}

/** A new definition has stored nothing but what it stores from now on (apiextensions strategy). */
function noteStoredVersion(object: KubeObject): void {
  const versions = (object.spec as { versions?: { name?: string; storage?: boolean }[] } | undefined)?.versions ?? [];
  const storedVersions = versions.filter(({ storage }) => storage === true).map(({ name }) => name ?? '');
  object.status = { ...(object.status as JsonObject | undefined), storedVersions: storedVersions.slice(0, 1) };
}

/** What is filled in once a new object was found valid. */
export function completeNew(definition: ResourceDefinition, object: KubeObject): void {
  if (qualifiedName(definition) === 'jobs.batch') wearTemplateLabels(object);
}

/** What the server decides about a changed object; `object` is the writer's, in place (each kind's `PrepareForUpdate`). */
export function prepareForUpdate(
  definition: ResourceDefinition,
  object: KubeObject,
  old: KubeObject,
  subresource: string,
  now: string,
): void {
  const name = qualifiedName(definition);
  foldStringData(definition, object);
  if (subresource === 'status' || subresource === 'approval') keepAllButStatus(definition, object, old);
  else if (hasStatus(definition) && subresource !== 'binding') restore(object, old, 'status');
  if (name === 'namespaces' && subresource !== 'finalize') restore(object, old, 'spec');
  if (subresource === 'ephemeralcontainers') keepAllBut(object, old, ['ephemeralContainers']);
  if (subresource === 'resize') keepAllBut(object, old, ['containers', 'initContainers', 'resources']);
  if (name === 'daemonsets.apps' && subresource === '') countTemplateGeneration(object, old);
  if (name === 'persistentvolumes' && subresource === 'status') notePhaseChange(object, old, now);
  if (old.metadata.generation === undefined) delete object.metadata.generation;
  else object.metadata.generation = old.metadata.generation;
  if (
    subresource === '' ||
    subresource === 'scale' ||
    subresource === 'resize' ||
    subresource === 'ephemeralcontainers'
  ) {
    if (counts(definition) && wanted(definition, object, old))
      object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
}

/** True when what users want differs. */
function wanted(definition: ResourceDefinition, object: KubeObject, old: KubeObject): boolean {
  // The one counted kind whose changes are not: what matters of a PriorityClass stays.
  if (qualifiedName(definition) === 'priorityclasses.scheduling.k8s.io') return false;
  if (!definition.custom && !WHOLE.has(qualifiedName(definition)) && ('spec' in object || 'spec' in old)) {
    return !equalJson(object.spec, old.spec);
  }
  const ignored = new Set(['metadata', 'apiVersion', 'kind', ...(hasStatus(definition) ? ['status'] : [])]);
  const names = new Set([...Object.keys(object), ...Object.keys(old)]);
  return [...names].some(name => !ignored.has(name) && !equalJson(object[name], old[name]));
}

function restore(object: KubeObject, old: KubeObject, field: string): void {
  if (object[field] === old[field]) return;
  if (old[field] === undefined) delete object[field];
  else object[field] = cloneJson(old[field] as Json);
}

/** Built-in kinds whose status writes leave the metadata as it is, as those of custom kinds do (`ResetObjectMetaForStatus`). */
const KEPT_META: ReadonlySet<string> = new Set([
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'volumeattachments.storage.k8s.io',
  'servicecidrs.networking.k8s.io',
  'resourceclaims.resource.k8s.io',
  'apiservices.apiregistration.k8s.io',
]);

/** Kinds whose status writes take nothing of the metadata, not even to refuse it. */
export const keepsIdentity = (definition: ResourceDefinition): boolean =>
  !definition.custom && definition.group === 'flowcontrol.apiserver.k8s.io';

/** A status write changes nothing but the status; most built-in kinds also let metadata through, custom ones do not. */
function keepAllButStatus(definition: ResourceDefinition, object: KubeObject, old: KubeObject): void {
  for (const name of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (name !== 'status' && name !== 'metadata' && name !== 'apiVersion' && name !== 'kind')
      restore(object, old, name);
  }
  const name = qualifiedName(definition);
  if (!definition.custom && !KEPT_META.has(name)) {
    if (name === 'deployments.apps') keepMeta(object, old, 'labels');
    if (name === 'pods') keepMeta(object, old, 'ownerReferences');
    return;
  }
  const { resourceVersion: _, ...rest } = old.metadata;
  const kept: ObjectMeta = cloneAsJson(rest);
  if (object.metadata.managedFields) kept.managedFields = object.metadata.managedFields;
  if (object.metadata.resourceVersion !== undefined) kept.resourceVersion = object.metadata.resourceVersion;
  if (object.metadata.uid !== undefined) kept.uid = object.metadata.uid;
  object.metadata = kept;
}

/** One part of the metadata that status writes of a kind leave alone. */
function keepMeta(object: KubeObject, old: KubeObject, field: 'labels' | 'ownerReferences'): void {
  const { [field]: _, ...rest } = object.metadata;
  const kept = old.metadata[field];
  object.metadata = kept === undefined ? rest : { ...rest, [field]: structuredClone(kept) };
}

/** Subresources of a pod's spec: everything else in it stays. */
function keepAllBut(object: KubeObject, old: KubeObject, fields: readonly string[]): void {
  const given = (object.spec ?? {}) as Record<string, unknown>;
  const spec = cloneJson((old.spec ?? {}) as JsonObject);
  for (const field of fields) {
    if (given[field] === undefined) delete spec[field];
    else spec[field] = given[field] as Json;
  }
  object.spec = spec;
}
