import type { ResourceRef } from '../../../kernel/index.ts';

const of = (group: string, version: string, resource: string): ResourceRef => ({ group, version, resource });

/** Collections a storm's workload and machines use. */
export const PODS = of('', 'v1', 'pods');
export const NODES = of('', 'v1', 'nodes');
export const NAMESPACES = of('', 'v1', 'namespaces');
export const SERVICES = of('', 'v1', 'services');
export const CONFIG_MAPS = of('', 'v1', 'configmaps');
export const QUOTAS = of('', 'v1', 'resourcequotas');
export const DEPLOYMENTS = of('apps', 'v1', 'deployments');
export const STATEFUL_SETS = of('apps', 'v1', 'statefulsets');
export const DAEMON_SETS = of('apps', 'v1', 'daemonsets');
export const JOBS = of('batch', 'v1', 'jobs');
export const CRON_JOBS = of('batch', 'v1', 'cronjobs');
export const BUDGETS = of('policy', 'v1', 'poddisruptionbudgets');
export const PRIORITIES = of('scheduling.k8s.io', 'v1', 'priorityclasses');
export const AUTOSCALERS = of('autoscaling', 'v2', 'horizontalpodautoscalers');
export const POLICIES = of('admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicies');
export const POLICY_BINDINGS = of('admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicybindings');
