import type { Client, KubeObject, ResourceRef } from '../../kernel/index.ts';
import { policyRefs } from '../../network/index.ts';
import { type AddressPlan, parsePlan } from './addresses.ts';
import { seedObjects } from './seeds.ts';

const CONFIG_MAPS: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
const rbac = (resource: string): ResourceRef => ({ group: 'rbac.authorization.k8s.io', version: 'v1', resource });
const RBAC = 'rbac.authorization.k8s.io/v1';
const INFO = { name: 'cluster-info', namespace: 'kube-public' };
const READ = ['get', 'list', 'watch'];

/** What a machine that joins must know: whom to talk to and which addresses the cluster uses. */
export interface ClusterInfo {
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly plan: AddressPlan;
}

/** A kubeconfig without a user, as other tools look for it in this ConfigMap. */
const kubeconfigOf = ({ server, authority }: ClusterInfo): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: '', cluster: { server, 'certificate-authority-data': btoa(authority) } }],
  });

/** Writes ConfigMap `kube-public/cluster-info`, which anybody may read: it holds no secret. */
export async function publishClusterInfo(client: Client, info: ClusterInfo): Promise<void> {
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: INFO,
    data: { kubeconfig: kubeconfigOf(info), network: JSON.stringify(info.plan) },
  };
  await client.apply(CONFIG_MAPS, INFO, object, { fieldManager: 'tenon', force: true });
}

/** Reads what {@link publishClusterInfo} wrote; throws when it is not there or not of its form. */
export async function readClusterInfo(client: Client): Promise<ClusterInfo> {
  const { data } = await client.get<KubeObject & { data?: Record<string, string> }>(CONFIG_MAPS, INFO);
  const config = JSON.parse(data?.kubeconfig ?? '{}') as {
    clusters?: { cluster?: { server?: string; 'certificate-authority-data'?: string } }[];
  };
  const cluster = config.clusters?.[0]?.cluster;
  return {
    server: cluster?.server ?? '',
    authority: atob(cluster?.['certificate-authority-data'] ?? ''),
    plan: parsePlan(JSON.parse(data?.network ?? 'null')),
  };
}

const subject = (kind: 'Group' | 'User', name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });
const clusterBinding = (name: string, role: string, group: string): readonly [ResourceRef, KubeObject] => [
  rbac('clusterrolebindings'),
  {
    apiVersion: RBAC,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [subject('Group', group)],
  },
];

/** What nodes' networks follow, beside what every kubelet may read: who has which address and who may talk to whom. */
function networkRole(): KubeObject {
  const rules = [
    { apiGroups: [''], resources: ['pods', 'namespaces', 'nodes', 'services'], verbs: READ },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: READ },
    { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies', 'servicecidrs'], verbs: READ },
    { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: READ },
    ...policyRefs.map(({ group, resource }) => ({ apiGroups: [group], resources: [resource], verbs: READ })),
  ];
  return { apiVersion: RBAC, kind: 'ClusterRole', metadata: { name: 'tenon:node-network' }, rules };
}

/** Whoever may view workloads may see what they use, as metrics-server installs it. */
function metricsReaderRole(): KubeObject {
  const labels = Object.fromEntries(
    ['view', 'edit', 'admin'].map(role => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']),
  );
  const rules = [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list'] }];
  const metadata = { name: 'system:aggregated-metrics-reader', labels };
  return { apiVersion: RBAC, kind: 'ClusterRole', metadata, rules };
}

/** Lets machines with a token ask to become nodes, and nodes follow what their network needs. */
export async function seedMembershipRoles(client: Client): Promise<void> {
  const reader = { name: 'tenon:cluster-info', namespace: INFO.namespace };
  await seedObjects(client, [
    clusterBinding('tenon:node-bootstrap', 'system:node-bootstrapper', 'system:bootstrappers'),
    [rbac('clusterroles'), networkRole()],
    [rbac('clusterroles'), metricsReaderRole()],
    clusterBinding('tenon:node-network', 'tenon:node-network', 'system:nodes'),
    [
      rbac('roles'),
      {
        apiVersion: RBAC,
        kind: 'Role',
        metadata: reader,
        rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [INFO.name], verbs: ['get'] }],
      },
    ],
    [
      rbac('rolebindings'),
      {
        apiVersion: RBAC,
        kind: 'RoleBinding',
        metadata: reader,
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: reader.name },
        subjects: [subject('User', 'system:anonymous'), subject('Group', 'system:authenticated')],
      },
    ],
  ]);
}
