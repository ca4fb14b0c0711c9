import type { KubeObject } from '../../kernel/index.ts';

const API = 'flowcontrol.apiserver.k8s.io/v1';
const ANNOTATIONS = { 'apf.kubernetes.io/autoupdate-spec': 'true' };

/** name, nominal concurrency shares, lendable percent, queues (`-`: refuse at once), hand size, queue length. */
const LEVELS = `
system 30 33 64 6 50
node-high 40 25 64 6 50
leader-election 10 0 16 4 50
workload-high 40 50 128 6 50
workload-low 100 90 128 6 50
global-default 20 50 128 6 50
catch-all 5 0 - - -`;

/** name, level, precedence, how flows are told apart, subjects: `g:` groups, `u:` users, `s:` service accounts `namespace/name`. */
const SCHEMAS = `
exempt exempt 1 - g:system:masters
probes exempt 2 - g:system:unauthenticated,g:system:authenticated
system-leader-election leader-election 100 ByUser u:system:kube-controller-manager,u:system:kube-scheduler,s:kube-system/*
endpoint-controller workload-high 150 ByUser u:system:kube-controller-manager,s:kube-system/endpoint-controller
workload-leader-election leader-election 200 ByUser g:system:serviceaccounts
system-node-high node-high 400 ByUser g:system:nodes
system-nodes system 500 ByUser g:system:nodes
kube-controller-manager workload-high 800 ByNamespace u:system:kube-controller-manager
kube-scheduler workload-high 800 ByNamespace u:system:kube-scheduler
kube-system-service-accounts workload-high 900 ByNamespace s:kube-system/*
service-accounts workload-low 9000 ByUser g:system:serviceaccounts
global-default global-default 9900 ByUser g:system:unauthenticated,g:system:authenticated
catch-all catch-all 10000 ByUser g:system:unauthenticated,g:system:authenticated`;

const rowsOf = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .map(line => line.split(' '));

function levelObject([name, shares, lendable, queues, handSize, length]: string[]): KubeObject {
  const limitResponse =
    queues === '-'
      ? { type: 'Reject' }
      : {
          type: 'Queue',
          queuing: { queues: Number(queues), handSize: Number(handSize), queueLengthLimit: Number(length) },
        };
  return {
    apiVersion: API,
    kind: 'PriorityLevelConfiguration',
    metadata: { name: name!, annotations: ANNOTATIONS },
    spec: {
      type: 'Limited',
      limited: { nominalConcurrencyShares: Number(shares), lendablePercent: Number(lendable), limitResponse },
    },
  };
}

function subjectOf(text: string): object {
  const name = text.slice(2);
  if (text.startsWith('g:')) return { kind: 'Group', group: { name } };
  if (text.startsWith('u:')) return { kind: 'User', user: { name } };
  const [namespace, account] = name.split('/');
  return { kind: 'ServiceAccount', serviceAccount: { namespace, name: account } };
}

const HEALTH = ['/healthz', '/readyz', '/livez'];
const EVERYTHING = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] };
const LEASES = {
  verbs: ['get', 'create', 'update'],
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  namespaces: ['*'],
};

/** Resource rules of schemas that are about few resources; all others take everything. */
const NARROW: Readonly<Record<string, readonly object[]>> = {
  'system-leader-election': [LEASES],
  'workload-leader-election': [LEASES],
  'endpoint-controller': [
    {
      verbs: ['get', 'create', 'update'],
      apiGroups: ['', 'discovery.k8s.io'],
      resources: ['endpoints', 'endpointslices'],
      namespaces: ['*'],
    },
  ],
  'system-node-high': [
    { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true },
    { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] },
  ],
};

function rulesOf(name: string): object {
  if (name === 'probes') return { nonResourceRules: [{ verbs: ['get'], nonResourceURLs: HEALTH }] };
  if (Object.hasOwn(NARROW, name)) return { resourceRules: NARROW[name] };
  return { resourceRules: [EVERYTHING], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }] };
}

function schemaObject([name, level, precedence, distinguisher, subjects]: string[]): KubeObject {
  return {
    apiVersion: API,
    kind: 'FlowSchema',
    metadata: { name: name!, annotations: ANNOTATIONS },
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence: Number(precedence),
      ...(distinguisher === '-' ? {} : { distinguisherMethod: { type: distinguisher } }),
      rules: [{ subjects: subjects!.split(',').map(subjectOf), ...rulesOf(name!) }],
    },
  };
}

const EXEMPT: KubeObject = {
  apiVersion: API,
  kind: 'PriorityLevelConfiguration',
  metadata: { name: 'exempt', annotations: ANNOTATIONS },
  spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
};

/** The mandatory and suggested objects of API priority and fairness (Kubernetes reference, "Flow control"). */
export const DEFAULT_LEVELS: readonly KubeObject[] = [EXEMPT, ...rowsOf(LEVELS).map(levelObject)];
export const DEFAULT_SCHEMAS: readonly KubeObject[] = rowsOf(SCHEMAS).map(schemaObject);
