import type { KubeObject, ResourceRef } from '../../src/kernel/index.ts';

const GROUP = 'rbac.authorization.k8s.io';
const ROLES: ResourceRef = { group: GROUP, version: 'v1', resource: 'clusterroles' };
const BINDINGS: ResourceRef = { group: GROUP, version: 'v1', resource: 'clusterrolebindings' };
const CONTROLLERS = ['admission', 'background', 'cleanup', 'reports'] as const;
const WRITE = ['create', 'update', 'patch', 'delete'];
const READ = ['get', 'list', 'watch'];

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** What each controller may do before anybody adds to it (Kyverno documentation, "Role Based Access Controls"). */
const CORE: Readonly<Record<(typeof CONTROLLERS)[number], readonly Rule[]>> = {
  admission: [{ apiGroups: ['*'], resources: ['*'], verbs: READ }],
  reports: [{ apiGroups: ['*'], resources: ['*'], verbs: READ }],
  cleanup: [{ apiGroups: [''], resources: ['namespaces'], verbs: READ }],
  background: [
    { apiGroups: [''], resources: ['namespaces', 'configmaps'], verbs: READ },
    { apiGroups: [''], resources: ['configmaps', 'resourcequotas', 'limitranges'], verbs: WRITE },
    {
      apiGroups: ['networking.k8s.io'],
      resources: ['ingresses', 'ingressclasses', 'networkpolicies'],
      verbs: [...READ, ...WRITE],
    },
    { apiGroups: [GROUP], resources: ['rolebindings', 'roles'], verbs: [...READ, ...WRITE] },
  ],
};

/** What the operators of these clusters add, as the cases' own policies take for granted. */
const ADDED: Readonly<Partial<Record<(typeof CONTROLLERS)[number], readonly Rule[]>>> = {
  cleanup: [{ apiGroups: [''], resources: ['pods'], verbs: [...READ, 'delete'] }],
  background: [
    {
      apiGroups: [''],
      resources: ['secrets', 'pods', 'namespaces', 'nodes', 'nodes/status'],
      verbs: [...READ, ...WRITE],
    },
    { apiGroups: ['apps'], resources: ['deployments'], verbs: [...READ, ...WRITE] },
  ],
};

/** Roles and bindings of an installed Kyverno: a core, what carries the labels of its controllers, and `view`. */
export function* installation(): Generator<{ readonly ref: ResourceRef; readonly object: KubeObject }> {
  for (const controller of CONTROLLERS) {
    const part = `${controller}-controller`;
    const name = `kyverno:${part}`;
    const labels = {
      'app.kubernetes.io/component': part,
      'app.kubernetes.io/instance': 'kyverno',
      'app.kubernetes.io/part-of': 'kyverno',
    };
    const aggregationRule = {
      clusterRoleSelectors: [
        { matchLabels: { [`rbac.kyverno.io/aggregate-to-${part}`]: 'true' } },
        { matchLabels: labels },
      ],
    };
    yield role(name, { aggregationRule });
    yield role(`${name}:core`, { rules: [...CORE[controller], ...(ADDED[controller] ?? [])] }, labels);
    for (const of of controller === 'cleanup' ? [name] : [name, 'view']) yield binding(of, part);
  }
}

const role = (name: string, body: object, labels = {}) => ({
  ref: ROLES,
  object: {
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRole',
    metadata: { name, labels },
    rules: [],
    ...body,
  } as unknown as KubeObject,
});

const binding = (of: string, part: string) => ({
  ref: BINDINGS,
  object: {
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: of === 'view' ? `kyverno:${part}:view` : of },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: of },
    subjects: [{ kind: 'ServiceAccount', name: `kyverno-${part}`, namespace: 'kyverno' }],
  } as unknown as KubeObject,
});
