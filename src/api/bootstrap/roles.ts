import type { PolicyRule, Subject } from '../authz/rules.ts';

/** A default role: name, labels beyond the bootstrap one, rules as lines. */
export interface DefaultRole {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Filled from roles with this label set to "true". */
  readonly aggregates?: readonly string[];
}

const READ = 'get,list,watch';
const WRITE = 'create,delete,deletecollection,patch,update';

/**
 * One rule a line: `verbs groups resources [names]`, or `verbs url,url` for paths; `-` is the core group.
 * Facts of the RBAC reference ("Default roles and role bindings").
 */
function rulesOf(lines: string): PolicyRule[] {
  return lines
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(line => {
      const [verbs, second, resources, names] = line.replace('READ', READ).replace('WRITE', WRITE).split(' ');
      if (second!.startsWith('/') || (second === '*' && resources === undefined))
        return { verbs: verbs!.split(','), nonResourceURLs: second!.split(',') };
      return {
        verbs: verbs!.split(','),
        apiGroups: second!.split(',').map(group => (group === '-' ? '' : group)),
        resources: resources!.split(','),
        ...(names ? { resourceNames: names.split(',') } : {}),
      };
    });
}

const role = (name: string, lines: string, more: Partial<DefaultRole> = {}): DefaultRole => ({
  name,
  rules: rulesOf(lines),
  ...more,
});

const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-';

const VIEWABLE = `
  READ - configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status
  READ - bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status
  READ - namespaces
  READ discovery.k8s.io endpointslices
  READ apps controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status
  READ autoscaling horizontalpodautoscalers,horizontalpodautoscalers/status
  READ batch cronjobs,cronjobs/status,jobs,jobs/status
  READ policy poddisruptionbudgets,poddisruptionbudgets/status
  READ networking.k8s.io ingresses,ingresses/status,networkpolicies
  READ resource.k8s.io resourceclaims,resourceclaims/status,resourceclaimtemplates`;

const EDITABLE = `
  READ - pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy
  impersonate - serviceaccounts
  WRITE - pods,pods/attach,pods/exec,pods/portforward,pods/proxy
  create - pods/eviction
  WRITE - configmaps,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy
  create - serviceaccounts/token
  WRITE apps daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale
  WRITE autoscaling horizontalpodautoscalers
  WRITE batch cronjobs,jobs
  WRITE policy poddisruptionbudgets
  WRITE networking.k8s.io ingresses,networkpolicies
  create,delete,deletecollection,get,list,patch,update,watch coordination.k8s.io leases
  WRITE resource.k8s.io resourceclaims,resourceclaimtemplates`;

const NODE = `
  create authentication.k8s.io tokenreviews
  create authorization.k8s.io localsubjectaccessreviews,subjectaccessreviews
  READ - services
  create,get,list,watch - nodes
  patch,update - nodes,nodes/status
  create,patch,update - events
  READ - pods
  create,delete - pods
  patch,update - pods/status
  create - pods/eviction
  READ - configmaps,secrets
  get - persistentvolumeclaims,persistentvolumes
  get,patch,update - persistentvolumeclaims/status
  create,get,list,watch certificates.k8s.io certificatesigningrequests
  create,delete,get,patch,update coordination.k8s.io leases
  get storage.k8s.io volumeattachments
  create,delete,get,patch,update storage.k8s.io csinodes
  READ storage.k8s.io csidrivers
  READ node.k8s.io runtimeclasses
  create - serviceaccounts/token
  get resource.k8s.io resourceclaims
  deletecollection,get,list,watch resource.k8s.io resourceslices`;

const MAIN: readonly DefaultRole[] = [
  role('cluster-admin', '* * *\n* *'),
  role(
    'system:discovery',
    'get /api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/',
  ),
  role('system:public-info-viewer', 'get /healthz,/livez,/readyz,/version,/version/'),
  role('system:monitoring', 'get /healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*'),
  role(
    'system:basic-user',
    `create authorization.k8s.io selfsubjectaccessreviews,selfsubjectrulesreviews
     create authentication.k8s.io selfsubjectreviews`,
  ),
  role('admin', '', { aggregates: ['admin'] }),
  role('edit', '', { aggregates: ['edit'], labels: { [`${AGGREGATE}admin`]: 'true' } }),
  role('view', '', { aggregates: ['view'], labels: { [`${AGGREGATE}edit`]: 'true' } }),
  role(
    'system:aggregate-to-admin',
    `create authorization.k8s.io localsubjectaccessreviews
     create,delete,deletecollection,get,list,patch,update,watch rbac.authorization.k8s.io rolebindings,roles`,
    { labels: { [`${AGGREGATE}admin`]: 'true' } },
  ),
  role('system:aggregate-to-edit', EDITABLE, { labels: { [`${AGGREGATE}edit`]: 'true' } }),
  role('system:aggregate-to-view', VIEWABLE, { labels: { [`${AGGREGATE}view`]: 'true' } }),
  role('system:heapster', `READ - events,namespaces,nodes,pods\nREAD apps deployments`),
  role('system:node', NODE),
  role(
    'system:node-problem-detector',
    'get - nodes\npatch - nodes/status\ncreate,patch,update - events\ncreate,patch,update events.k8s.io events',
  ),
  role(
    'system:kubelet-api-admin',
    `READ - nodes
     proxy - nodes
     * - nodes/configz,nodes/healthz,nodes/log,nodes/metrics,nodes/pods,nodes/proxy,nodes/stats`,
  ),
  role('system:node-bootstrapper', 'create,get,list,watch certificates.k8s.io certificatesigningrequests'),
  role(
    'system:auth-delegator',
    'create authentication.k8s.io tokenreviews\ncreate authorization.k8s.io subjectaccessreviews',
  ),
  role('system:kube-aggregator', 'READ - endpoints,services'),
  role(
    'system:kube-controller-manager',
    `create,patch,update - events
     create,patch,update events.k8s.io events
     create,get,update coordination.k8s.io leases
     create - secrets,serviceaccounts
     delete - secrets
     get - configmaps,namespaces,secrets,serviceaccounts
     update - secrets,serviceaccounts
     create authentication.k8s.io tokenreviews
     create authorization.k8s.io subjectaccessreviews
     list,watch * *
     create - serviceaccounts/token`,
  ),
  role(
    'system:kube-scheduler',
    `create,patch,update - events
     create,patch,update events.k8s.io events
     create,get,list,update,watch coordination.k8s.io leases
     READ - nodes,pods,namespaces,services,replicationcontrollers,persistentvolumeclaims,persistentvolumes
     delete - pods
     create - bindings,pods/binding
     patch,update - pods/status
     READ apps replicasets,statefulsets
     READ policy poddisruptionbudgets
     READ storage.k8s.io csidrivers,csinodes,csistoragecapacities,storageclasses,volumeattachments
     READ resource.k8s.io deviceclasses,resourceclaims,resourceslices
     patch,update resource.k8s.io resourceclaims,resourceclaims/status
     create authentication.k8s.io tokenreviews
     create authorization.k8s.io subjectaccessreviews`,
  ),
  role('system:kube-dns', 'list,watch - endpoints,services'),
  role(
    'system:persistent-volume-provisioner',
    'create,delete,get,list,watch - persistentvolumes\nget,list,update,watch - persistentvolumeclaims\nREAD storage.k8s.io storageclasses\nwatch - events\ncreate,patch,update - events',
  ),
  role(
    'system:volume-scheduler',
    'get,list,patch,update,watch - persistentvolumes\nREAD storage.k8s.io storageclasses\nget,list,patch,update,watch - persistentvolumeclaims',
  ),
  role(
    'system:node-proxier',
    'list,watch - endpoints,services\nREAD - nodes\ncreate,patch,update - events\ncreate,patch,update events.k8s.io events\nlist,watch discovery.k8s.io endpointslices\nlist,watch networking.k8s.io servicecidrs',
  ),
  role(
    'system:service-account-issuer-discovery',
    'get /.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/',
  ),
  role(
    'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    'create certificates.k8s.io certificatesigningrequests/nodeclient',
  ),
  role(
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    'create certificates.k8s.io certificatesigningrequests/selfnodeclient',
  ),
  role(
    'system:certificates.k8s.io:kube-apiserver-client-approver',
    'approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client',
  ),
  role(
    'system:certificates.k8s.io:kube-apiserver-client-kubelet-approver',
    'approve certificates.k8s.io signers kubernetes.io/kube-apiserver-client-kubelet',
  ),
  role(
    'system:certificates.k8s.io:kubelet-serving-approver',
    'approve certificates.k8s.io signers kubernetes.io/kubelet-serving',
  ),
  role(
    'system:certificates.k8s.io:legacy-unknown-approver',
    'approve certificates.k8s.io signers kubernetes.io/legacy-unknown',
  ),
];

export const DEFAULT_ROLES: readonly DefaultRole[] = MAIN.map(one =>
  // A bare `* *` line reads as a path rule; cluster-admin needs both forms.
  one.name === 'cluster-admin'
    ? {
        ...one,
        rules: [
          { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
          { verbs: ['*'], nonResourceURLs: ['*'] },
        ],
      }
    : one,
);

export const aggregateLabel = (to: string): string => `${AGGREGATE}${to}`;

const group = (name: string): Subject => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name });
const user = (name: string): Subject => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });

/** Cluster-wide default bindings: role, subjects; the binding is called as the role. */
export const DEFAULT_BINDINGS: readonly (readonly [string, readonly Subject[]])[] = [
  ['cluster-admin', [group('system:masters')]],
  ['system:monitoring', [group('system:monitoring')]],
  ['system:discovery', [group('system:authenticated')]],
  ['system:basic-user', [group('system:authenticated')]],
  ['system:public-info-viewer', [group('system:authenticated'), group('system:unauthenticated')]],
  ['system:node-proxier', [user('system:kube-proxy')]],
  ['system:kube-controller-manager', [user('system:kube-controller-manager')]],
  ['system:kube-scheduler', [user('system:kube-scheduler')]],
  ['system:volume-scheduler', [user('system:kube-scheduler')]],
  ['system:node', []],
  ['system:kube-dns', [{ kind: 'ServiceAccount', name: 'kube-dns', namespace: 'kube-system' }]],
  ['system:service-account-issuer-discovery', [group('system:serviceaccounts')]],
];
