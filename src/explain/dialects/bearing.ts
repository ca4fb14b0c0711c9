import { policyRefs } from '../../network/index.ts';
import type { UnreadKind } from '../model.ts';
import { DELIVERY_GROUPS } from './scalers.ts';
import { GATE_GROUPS } from './softenings.ts';
import { UNBUILT_GROUPS, UNBUILT_KINDS } from './unbuilt.ts';

/** What a question turns on. Kinds that bear on none of its concerns may stay unread. */
export type Concern = 'traffic' | 'nodes' | 'edge' | 'placement' | 'admission' | 'pods' | 'replicas';

const WORKLOADS = [
  'pods',
  'replicationcontrollers',
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'jobs.batch',
  'cronjobs.batch',
];
const GATES = [
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
].map(resource => `${resource}.admissionregistration.k8s.io`);

/** Definitions of custom kinds: without them nobody knows which kinds there are. */
const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';

/** Kinds of Kubernetes itself that answers read, by concern. */
const BUILTIN: Readonly<Record<Concern, readonly string[]>> = {
  traffic: [
    ...WORKLOADS,
    'namespaces',
    'services',
    'configmaps',
    'endpoints',
    'endpointslices.discovery.k8s.io',
    'networkpolicies.networking.k8s.io',
    DEFINITIONS,
  ],
  nodes: ['nodes'],
  edge: ['ingresses.networking.k8s.io', 'ingressclasses.networking.k8s.io'],
  placement: [
    ...WORKLOADS,
    'nodes',
    'namespaces',
    'persistentvolumeclaims',
    'persistentvolumes',
    'storageclasses.storage.k8s.io',
    'poddisruptionbudgets.policy',
  ],
  admission: [
    ...GATES,
    'namespaces',
    'services',
    'configmaps',
    'limitranges',
    'resourcequotas',
    'serviceaccounts',
    'priorityclasses.scheduling.k8s.io',
    DEFINITIONS,
  ],
  pods: WORKLOADS,
  replicas: [...WORKLOADS, 'horizontalpodautoscalers.autoscaling', DEFINITIONS],
};

const GATEWAY = /^gateway\.networking\.k8s\.io$/;
const NETWORKS = /^k8s\.cni\.cncf\.io$|^k8s\.ovn\.org$/;
const SCALERS = /^keda\.sh$/;

/** Custom groups that answers read, by concern. */
function bearsCustom(group: string, concern: Concern): boolean {
  switch (concern) {
    case 'traffic':
      return (
        policyRefs.some(ref => ref.group === group) ||
        UNBUILT_GROUPS.some(([pattern]) => pattern.test(group)) ||
        UNBUILT_KINDS.has(group) ||
        NETWORKS.test(group) ||
        GATEWAY.test(group)
      );
    case 'edge':
      return GATEWAY.test(group);
    case 'admission':
      return GATE_GROUPS.test(group);
    case 'replicas':
      return SCALERS.test(group) || DELIVERY_GROUPS.some(pattern => pattern.test(group));
    default:
      return false;
  }
}

/** Whether an object of this kind could change an answer about this. */
export function bears({ resource, group, custom }: UnreadKind, concern: Concern): boolean {
  if (custom) return bearsCustom(group, concern);
  return BUILTIN[concern].includes(group ? `${resource}.${group}` : resource);
}
