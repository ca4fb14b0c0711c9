import type { Draft } from '../defaults/fill.ts';
import * as access from './access.ts';
import * as admission from './admission.ts';
import * as addresses from './addresses.ts';
import { apiService } from './aggregation.ts';
import * as attachment from './attachment.ts';
import { autoscaler } from './autoscaler.ts';
import { claim, claimUpdate } from './claim.ts';
import * as cluster from './cluster.ts';
import type { Causes } from './causes.ts';
import { customResourceDefinition } from './crd.ts';
import * as data from './data.ts';
import * as devices from './devices.ts';
import { ephemeralCreate } from './ephemeral.ts';
import { coreEvent, event, eventUpdate } from './event.ts';
import * as flow from './flow.ts';
import * as limits from './limits.ts';
import * as network from './network.ts';
import * as policy from './policy.ts';
import * as service from './service.ts';
import * as storage from './storage.ts';
import * as workload from './workload.ts';

/** The checks of one kind beyond its schema. */
export interface Validation {
  readonly validate?: (object: Draft, causes: Causes) => void;
  /** What holds only of new objects. */
  readonly create?: (object: Draft, causes: Causes) => void;
  readonly update?: (object: Draft, old: Draft, causes: Causes, subresource?: string) => void;
}

const binding: Validation = { validate: access.roleBinding, update: access.roleBindingUpdate };

const VALIDATIONS: ReadonlyMap<string, Validation> = new Map<string, Validation>([
  ['core.Namespace', { validate: policy.namespace }],
  ['core.Endpoints', { validate: limits.endpoints }],
  ['certificates.CertificateSigningRequest', { validate: cluster.signingRequest }],
  ['core.Node', { validate: cluster.node, update: cluster.nodeUpdate }],
  ['networking.IngressClass', { validate: cluster.ingressClass, update: cluster.ingressClassUpdate }],
  ['storage.CSIDriver', { validate: cluster.csiDriver, update: cluster.csiDriverUpdate }],
  ['node.RuntimeClass', { validate: cluster.runtimeClass, update: cluster.runtimeClassUpdate }],
  ['flowcontrol.PriorityLevelConfiguration', { validate: flow.priorityLevel }],
  ['flowcontrol.FlowSchema', { validate: flow.flowSchema }],
  ['networking.IPAddress', { validate: addresses.ipAddress, update: addresses.ipAddressUpdate }],
  ['networking.ServiceCIDR', { validate: addresses.serviceCidr, update: addresses.serviceCidrUpdate }],
  ['storage.VolumeAttachment', { validate: attachment.volumeAttachment, update: attachment.volumeAttachmentUpdate }],
  ['storage.VolumeAttributesClass', { validate: attachment.attributesClass, update: attachment.attributesClassUpdate }],
  ['storage.CSINode', { validate: attachment.csiNode, update: attachment.csiNodeUpdate }],
  ['storage.CSIStorageCapacity', { validate: attachment.storageCapacity, update: attachment.storageCapacityUpdate }],
  ['apiregistration.APIService', { validate: apiService }],
  ['core.PodTemplate', { validate: workload.podTemplate }],
  ['core.Event', { validate: coreEvent }],
  ['events.Event', { validate: event, update: eventUpdate }],
  ['resource.DeviceClass', { validate: devices.deviceClass }],
  ['resource.ResourceClaim', { validate: devices.resourceClaim, update: devices.resourceClaimUpdate }],
  ['resource.ResourceClaimTemplate', { validate: devices.resourceClaimTemplate, update: devices.resourceClaimUpdate }],
  ['resource.ResourceSlice', { validate: devices.resourceSlice, update: devices.resourceSliceUpdate }],
  ['core.Pod', { validate: workload.pod, create: ephemeralCreate, update: workload.podUpdate }],
  ['core.ReplicationController', { validate: workload.replicationController }],
  ['core.Service', { validate: service.service, update: service.serviceUpdate }],
  ['core.ConfigMap', { validate: data.configMap, update: data.immutableData }],
  ['core.Secret', { validate: data.secret, update: data.immutableData }],
  ['core.PersistentVolumeClaim', { validate: claim, update: claimUpdate }],
  ['core.PersistentVolume', { validate: storage.persistentVolume, update: storage.persistentVolumeUpdate }],
  ['apps.Deployment', { validate: workload.deployment, update: workload.deploymentUpdate }],
  ['apps.ReplicaSet', { validate: workload.replicaSet, update: workload.deploymentUpdate }],
  ['apps.DaemonSet', { validate: workload.daemonSet, update: workload.deploymentUpdate }],
  ['apps.StatefulSet', { validate: workload.statefulSet, update: workload.statefulSetUpdate }],
  ['batch.Job', { validate: workload.job, update: workload.jobUpdate }],
  ['batch.CronJob', { validate: workload.cronJob }],
  ['networking.Ingress', { validate: network.ingress }],
  ['networking.NetworkPolicy', { validate: network.networkPolicy }],
  ['storage.StorageClass', { validate: storage.storageClass, update: storage.storageClassUpdate }],
  ['rbac.Role', { validate: access.role }],
  ['rbac.ClusterRole', { validate: access.role }],
  ['rbac.RoleBinding', binding],
  ['rbac.ClusterRoleBinding', binding],
  ['autoscaling.HorizontalPodAutoscaler', { validate: autoscaler }],
  ['policy.PodDisruptionBudget', { validate: policy.disruptionBudget }],
  ['scheduling.PriorityClass', { validate: policy.priorityClass, update: policy.priorityClassUpdate }],
  ['core.ResourceQuota', { validate: limits.resourceQuota }],
  ['core.LimitRange', { validate: limits.limitRange }],
  ['discovery.EndpointSlice', { validate: limits.endpointSlice, update: limits.endpointSliceUpdate }],
  ['coordination.Lease', { validate: limits.lease }],
  ['admissionregistration.ValidatingWebhookConfiguration', { validate: admission.webhookConfiguration }],
  ['admissionregistration.MutatingWebhookConfiguration', { validate: admission.webhookConfiguration }],
  ['admissionregistration.ValidatingAdmissionPolicy', { validate: admission.validatingPolicy }],
  ['admissionregistration.ValidatingAdmissionPolicyBinding', { validate: admission.validatingPolicyBinding }],
  ['apiextensions.CustomResourceDefinition', { validate: customResourceDefinition }],
]);

/** The checks of a kind; `group` is the table's (`core`, `apps`). */
export function validationOf(group: string, version: string, kind: string): Validation | undefined {
  return VALIDATIONS.get(`${group}.${version}.${kind}`) ?? VALIDATIONS.get(`${group}.${kind}`);
}
