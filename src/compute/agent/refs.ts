import type { ResourceRef } from '../../kernel/index.ts';

const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });

export const PODS = core('pods');
export const NODES = core('nodes');
export const EVENTS = core('events');
export const SERVICES = core('services');
export const SECRETS = core('secrets');
export const CONFIG_MAPS = core('configmaps');
export const CLAIMS = core('persistentvolumeclaims');
export const VOLUMES = core('persistentvolumes');
export const SERVICE_ACCOUNTS = core('serviceaccounts');
export const LEASES: ResourceRef = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
export const RUNTIME_CLASSES: ResourceRef = { group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses' };
