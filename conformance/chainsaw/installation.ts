import type { KubeObject, ResourceRef } from '../../src/kernel/index.ts';

const GROUP = 'rbac.authorization.k8s.io';
const ROLES: ResourceRef = { group: GROUP, version: 'v1', resource: 'clusterroles' };
const BINDINGS: ResourceRef = { group: GROUP, version: 'v1', resource: 'clusterrolebindings' };
const CONTROLLERS = ['admission', 'background', 'cleanup', 'reports'] as const;
const WRITE = ['create', 'update', 'patch', 'delete'];
const READ = ['get', 'list', 'watch'];
const ADMIN = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const of = (groups: string | readonly string[], resources: readonly string[], verbs: readonly string[]): Rule => ({
  apiGroups: typeof groups === 'string' ? [groups] : groups,
  resources,
  verbs,
});
const EVERY = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch', 'deletecollection'];
const EVENTS = of(['', 'events.k8s.io'], ['events'], ['create', 'get', 'list', 'patch', 'update', 'watch']);
const OWN = of('kyverno.io', ['*'], EVERY);
const OWN_CEL = of('policies.kyverno.io', ['*'], EVERY);
const EPHEMERAL = of('reports.kyverno.io', ['ephemeralreports', 'clusterephemeralreports'], EVERY);

/** What each controller may do before anybody adds to it (Kyverno documentation, "Role Based Access Controls"; its chart). */
const CORE: Readonly<Record<(typeof CONTROLLERS)[number], readonly Rule[]>> = {
  admission: [of('*', ['*'], READ), OWN, OWN_CEL, EVENTS, EPHEMERAL],
  reports: [of('', ['namespaces', 'configmaps'], READ), OWN, OWN_CEL, EVENTS, EPHEMERAL],
  cleanup: [of('', ['namespaces', 'configmaps'], READ), OWN, OWN_CEL, EVENTS],
  background: [
    of('', ['namespaces', 'configmaps'], READ),
    OWN,
    OWN_CEL,
    EVENTS,
    EPHEMERAL,
    of('', ['configmaps', 'resourcequotas', 'limitranges'], WRITE),
    of('networking.k8s.io', ['ingresses', 'ingressclasses', 'networkpolicies'], [...READ, ...WRITE]),
    of(GROUP, ['rolebindings', 'roles'], [...READ, ...WRITE]),
  ],
};

/** What the values of the chart that these tests are installed with add (kyverno/kyverno, scripts/config/standard). */
const ADDED: Readonly<Partial<Record<(typeof CONTROLLERS)[number], readonly Rule[]>>> = {
  cleanup: [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch', 'delete'] }],
  background: [
    {
      apiGroups: ['*'],
      resources: [
        'configmaps',
        'networkpolicies',
        'resourcequotas',
        'secrets',
        'roles',
        'rolebindings',
        'limitranges',
        'namespaces',
        'nodes',
        'nodes/status',
        'pods',
      ],
      verbs: [...WRITE, 'get', 'list'],
    },
  ],
};

/** What the chart adds to the cluster's own roles, by part: kinds of one group each. */
const AGGREGATED: Readonly<Record<string, readonly (readonly [group: string, ...resources: string[]])[]>> = {
  policies: [
    ['kyverno.io', 'cleanuppolicies', 'clustercleanuppolicies', 'policies', 'clusterpolicies'],
    [
      'policies.kyverno.io',
      'deletingpolicies',
      'generatingpolicies',
      'imagevalidatingpolicies',
      'mutatingpolicies',
      'namespaceddeletingpolicies',
      'namespacedgeneratingpolicies',
      'namespacedimagevalidatingpolicies',
      'namespacedmutatingpolicies',
      'namespacedvalidatingpolicies',
      'policyexceptions',
      'validatingpolicies',
    ],
  ],
  policyreports: [['wgpolicyk8s.io', 'policyreports', 'clusterpolicyreports']],
  reports: [['reports.kyverno.io', 'ephemeralreports', 'clusterephemeralreports']],
  updaterequests: [['kyverno.io', 'updaterequests']],
  globalcontextentries: [['kyverno.io', 'globalcontextentries']],
};

/** Roles and bindings of an installed Kyverno: a core, what carries the labels of its controllers, `view`, and what it adds to the cluster's own. */
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
    for (const bound of controller === 'cleanup' ? [name] : [name, 'view']) yield binding(bound, part);
  }
  for (const [part, groups] of Object.entries(AGGREGATED))
    for (const [to, verbs] of Object.entries({ admin: ADMIN, view: READ })) {
      const rules = groups.map(([group, ...resources]) => ({ apiGroups: [group], resources, verbs }));
      yield role(`kyverno:rbac:${to}:${part}`, { rules }, { [`${GROUP}/aggregate-to-${to}`]: 'true' });
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
