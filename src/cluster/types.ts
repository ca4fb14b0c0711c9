/** The API types as controllers read them: metadata and spec are there, because the API server put them there. */
import type * as api from '../kernel/generated/types.ts';
import type { KubeObject, ObjectMeta } from '../kernel/object.ts';

export type {
  Affinity,
  Container,
  ContainerStatus,
  Endpoint,
  EndpointAddress,
  EndpointPort,
  EndpointSubset,
  JobSpec,
  JobStatus,
  LabelSelector,
  NodeSelectorTerm,
  ObjectReference,
  PersistentVolumeClaimSpec,
  PodAffinityTerm,
  PodFailurePolicyRule,
  PodSpec,
  PodTemplateSpec,
  PolicyRule,
  ServicePort,
  Taint,
  Toleration,
  TopologySpreadConstraint,
} from '../kernel/generated/types.ts';

/** Metadata of an object that came from the API. */
export interface ReadMeta extends ObjectMeta {
  name: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
}

type Read<T extends KubeObject> = T & { metadata: ReadMeta };
type WithSpec<T extends KubeObject & { spec?: unknown }> = T & { metadata: ReadMeta; spec: NonNullable<T['spec']> };

/** A status condition with what all kinds have in common. */
export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  lastUpdateTime?: string;
}

export type IntOrString = number | string;
export type ResourceList = { [resource: string]: number | string };

export type Namespace = Read<api.Namespace>;
export type ConfigMap = Read<api.ConfigMap>;
export type ServiceAccount = Read<api.ServiceAccount>;
export type Pod = WithSpec<api.Pod>;
export type Node = Read<api.Node>;
export type Lease = Read<api.Lease>;
export type Service = WithSpec<api.Service>;
export type EndpointSlice = Read<api.EndpointSlice>;
export type Endpoints = Read<api.Endpoints>;
export type ServiceRange = WithSpec<api.ServiceCIDR>;
/** The claim to one address: whoever creates it has it. */
export type AddressClaim = WithSpec<api.IPAddress>;
export type ReplicaSet = WithSpec<api.ReplicaSet> & {
  spec: { selector: api.LabelSelector; template: api.PodTemplateSpec & { spec: api.PodSpec } };
};
export type Deployment = WithSpec<api.Deployment> & {
  spec: { selector: api.LabelSelector; template: api.PodTemplateSpec & { spec: api.PodSpec } };
};
export type StatefulSet = WithSpec<api.StatefulSet> & {
  spec: { selector: api.LabelSelector; template: api.PodTemplateSpec & { spec: api.PodSpec } };
};
export type DaemonSet = WithSpec<api.DaemonSet> & {
  spec: { selector: api.LabelSelector; template: api.PodTemplateSpec & { spec: api.PodSpec } };
};
export type ControllerRevision = Read<api.ControllerRevision>;
export type Job = WithSpec<api.Job> & { spec: { template: api.PodTemplateSpec & { spec: api.PodSpec } } };
export type CronJob = WithSpec<api.CronJob>;
export type PodDisruptionBudget = WithSpec<api.PodDisruptionBudget>;
export type PersistentVolume = WithSpec<api.PersistentVolume>;
export type PersistentVolumeClaim = WithSpec<api.PersistentVolumeClaim>;
export type StorageClass = Read<api.StorageClass>;
export type PriorityClass = Read<api.PriorityClass>;
export type ResourceQuota = Read<api.ResourceQuota>;
export type ClusterRole = Read<api.ClusterRole>;
export type CertificateSigningRequest = WithSpec<api.CertificateSigningRequest>;
