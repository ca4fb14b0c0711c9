import type { Draft } from './fill.ts';
import * as other from './other.ts';
import * as pod from './pod.ts';
import * as workload from './workload.ts';

type Defaulting = (object: Draft) => void;

/** Kinds with defaults of their own, by `group.Kind`; a version is named where versions differ. */
const DEFAULTING: ReadonlyMap<string, Defaulting> = new Map<string, Defaulting>([
  ['core.Pod', pod.pod],
  ['core.PodTemplate', workload.podTemplate],
  ['core.ReplicationController', workload.replicationController],
  ['core.PersistentVolumeClaim', workload.persistentVolumeClaim],
  ['core.PersistentVolume', other.persistentVolume],
  ['core.Service', other.service],
  ['core.Secret', other.secret],
  ['core.Endpoints', other.endpoints],
  ['core.Namespace', other.namespace],
  ['core.Node', other.node],
  ['core.LimitRange', other.limitRange],
  ['apps.Deployment', workload.deployment],
  ['apps.ReplicaSet', workload.replicaSet],
  ['apps.DaemonSet', workload.daemonSet],
  ['apps.StatefulSet', workload.statefulSet],
  ['batch.Job', workload.job],
  ['batch.CronJob', workload.cronJob],
  ['autoscaling.v1.HorizontalPodAutoscaler', workload.autoscalerV1],
  ['autoscaling.v2.HorizontalPodAutoscaler', workload.autoscalerV2],
  ['discovery.EndpointSlice', other.endpointSlice],
  ['networking.NetworkPolicy', other.networkPolicy],
  ['networking.IngressClass', other.ingressClass],
  ['rbac.RoleBinding', other.binding],
  ['rbac.ClusterRoleBinding', other.binding],
  ['admissionregistration.ValidatingWebhookConfiguration', other.validatingWebhooks],
  ['admissionregistration.MutatingWebhookConfiguration', other.mutatingWebhooks],
  ['admissionregistration.ValidatingAdmissionPolicy', other.admissionPolicy],
  ['admissionregistration.MutatingAdmissionPolicy', other.admissionPolicy],
  ['admissionregistration.ValidatingAdmissionPolicyBinding', other.admissionPolicyBinding],
  ['admissionregistration.MutatingAdmissionPolicyBinding', other.admissionPolicyBinding],
  ['storage.StorageClass', other.storageClass],
  ['storage.CSIDriver', other.csiDriver],
  ['scheduling.PriorityClass', other.priorityClass],
  ['resource.ResourceSlice', other.resourceSlice],
  ['apiextensions.CustomResourceDefinition', other.customResourceDefinition],
  ['apiregistration.APIService', other.apiService],
  ['flowcontrol.FlowSchema', other.flowSchema],
  ['flowcontrol.PriorityLevelConfiguration', other.priorityLevel],
  ['resource.ResourceClaim', other.resourceClaim],
  ['resource.ResourceClaimTemplate', other.resourceClaimTemplate],
  ['authentication.TokenRequest', other.tokenRequest],
]);

/** Those that fill more than the spec. */
const BESIDE_SPEC: ReadonlySet<Defaulting> = new Set([
  workload.replicationController,
  other.node,
  other.namespace,
  other.persistentVolume,
  workload.persistentVolumeClaim,
]);

const known = new Map<string, Defaulting | undefined>();

/** The defaults the API server writes by hand for a type, `apps.v1.Deployment`; any, or those alone that fill more than the spec. */
export function defaultingOf(typeName: string, what: 'any' | 'beside-spec' = 'any'): Defaulting | undefined {
  if (!known.has(typeName)) {
    const [group, , kind] = typeName.split('.');
    known.set(typeName, DEFAULTING.get(typeName) ?? DEFAULTING.get(`${group}.${kind}`));
  }
  const found = known.get(typeName);
  return found === undefined || what === 'any' || BESIDE_SPEC.has(found) ? found : undefined;
}
