import type { ResourceRef } from '../kernel/object.ts';

const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });
const apps = (resource: string): ResourceRef => ({ group: 'apps', version: 'v1', resource });
const batch = (resource: string): ResourceRef => ({ group: 'batch', version: 'v1', resource });
const storage = (resource: string): ResourceRef => ({ group: 'storage.k8s.io', version: 'v1', resource });

export const NAMESPACES = core('namespaces');
export const CONFIG_MAPS = core('configmaps');
export const SERVICE_ACCOUNTS = core('serviceaccounts');
export const PODS = core('pods');
export const NODES = core('nodes');
export const SERVICES = core('services');
export const ENDPOINTS = core('endpoints');
export const EVENTS = core('events');
export const RESOURCE_QUOTAS = core('resourcequotas');
export const VOLUMES = core('persistentvolumes');
export const CLAIMS = core('persistentvolumeclaims');
export const REPLICATION_CONTROLLERS = core('replicationcontrollers');
export const REPLICA_SETS = apps('replicasets');
export const DEPLOYMENTS = apps('deployments');
export const STATEFUL_SETS = apps('statefulsets');
export const DAEMON_SETS = apps('daemonsets');
export const CONTROLLER_REVISIONS = apps('controllerrevisions');
export const JOBS = batch('jobs');
export const CRON_JOBS = batch('cronjobs');
export const STORAGE_CLASSES = storage('storageclasses');
export const ATTRIBUTES_CLASSES = storage('volumeattributesclasses');
export const ENDPOINT_SLICES: ResourceRef = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' };
export const LEASES: ResourceRef = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
export const BUDGETS: ResourceRef = { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' };
export const PRIORITY_CLASSES: ResourceRef = { group: 'scheduling.k8s.io', version: 'v1', resource: 'priorityclasses' };
export const CLUSTER_ROLES: ResourceRef = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  resource: 'clusterroles',
};
export const SIGNING_REQUESTS: ResourceRef = {
  group: 'certificates.k8s.io',
  version: 'v1',
  resource: 'certificatesigningrequests',
};
export const CUSTOM_RESOURCES: ResourceRef = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
};
export const SERVICE_CIDRS: ResourceRef = { group: 'networking.k8s.io', version: 'v1', resource: 'servicecidrs' };
export const IP_ADDRESSES: ResourceRef = { group: 'networking.k8s.io', version: 'v1', resource: 'ipaddresses' };
