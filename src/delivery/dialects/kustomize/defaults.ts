import type { FieldSpec } from './fields.ts';

/** Fields that hold the name of an object of some kind. */
export interface NameReference {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly fieldSpecs: readonly FieldSpec[];
}

/** Which fields the built-in transformers change. */
export interface TransformerConfig {
  namePrefix: readonly FieldSpec[];
  nameSuffix: readonly FieldSpec[];
  namespace: readonly FieldSpec[];
  labels: readonly FieldSpec[];
  commonLabels: readonly FieldSpec[];
  templateLabels: readonly FieldSpec[];
  commonAnnotations: readonly FieldSpec[];
  nameReference: readonly NameReference[];
  varReference: readonly FieldSpec[];
  images: readonly FieldSpec[];
  replicas: readonly FieldSpec[];
}

const TEMPLATE_KINDS = ['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet', 'Job'] as const;
const GROUPS: Readonly<Record<string, string>> = { StatefulSet: 'apps', Job: 'batch', CronJob: 'batch' };

const of = (kind: string, path: string, create = false): FieldSpec => ({
  path,
  kind,
  ...(GROUPS[kind] ? { group: GROUPS[kind] } : {}),
  create,
});

/** The same path in every kind that has pods; `{}` stands for where its pod lies. */
const inPods = (path: string, kinds: readonly string[] = ['Pod', ...TEMPLATE_KINDS, 'CronJob']): FieldSpec[] =>
  kinds.map(kind => {
    const pod = kind === 'Pod' ? '' : kind === 'CronJob' ? 'spec/jobTemplate/spec/template/' : 'spec/template/';
    return { path: pod + path, kind, ...(kind === 'Pod' ? { version: 'v1' } : {}) };
  });

const TERMS = [
  'preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm',
  'requiredDuringSchedulingIgnoredDuringExecution',
];
const spread = (kind: string): FieldSpec[] => [
  ...['podAffinity', 'podAntiAffinity'].flatMap(affinity =>
    TERMS.map(term => ({
      ...of(kind, `spec/template/spec/affinity/${affinity}/${term}/labelSelector/matchLabels`),
      group: 'apps',
    })),
  ),
  { ...of(kind, 'spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels'), group: 'apps' },
];

const templates = (field: 'labels' | 'annotations'): FieldSpec[] => [
  { path: `spec/template/metadata/${field}`, version: 'v1', kind: 'ReplicationController', create: true },
  ...TEMPLATE_KINDS.map(kind => of(kind, `spec/template/metadata/${field}`, true)),
  of('CronJob', `spec/jobTemplate/metadata/${field}`, true),
  of('CronJob', `spec/jobTemplate/spec/template/metadata/${field}`, true),
];

const COMMON_LABELS: readonly FieldSpec[] = [
  { path: 'metadata/labels', create: true },
  { path: 'spec/selector', version: 'v1', kind: 'Service', create: true },
  { path: 'spec/selector', version: 'v1', kind: 'ReplicationController', create: true },
  ...['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet'].map(kind => of(kind, 'spec/selector/matchLabels', true)),
  of('Job', 'spec/selector/matchLabels'),
  of('CronJob', 'spec/jobTemplate/spec/selector/matchLabels'),
  ...templates('labels'),
  ...spread('Deployment'),
  ...spread('StatefulSet'),
  of('StatefulSet', 'spec/volumeClaimTemplates[]/metadata/labels', true),
  { path: 'spec/selector/matchLabels', group: 'policy', kind: 'PodDisruptionBudget' },
  ...['spec/podSelector', 'spec/ingress/from/podSelector', 'spec/egress/to/podSelector'].map(path => ({
    path: `${path}/matchLabels`,
    group: 'networking.k8s.io',
    kind: 'NetworkPolicy',
  })),
];

const inContainers = (path: string): FieldSpec[] =>
  ['containers', 'initContainers'].flatMap(list => inPods(`spec/${list}/${path}`));

const CONFIG_MAPS: readonly FieldSpec[] = [
  ...inPods('spec/volumes/configMap/name'),
  ...inPods('spec/volumes/projected/sources/configMap/name'),
  ...inContainers('env/valueFrom/configMapKeyRef/name'),
  ...inContainers('envFrom/configMapRef/name'),
  { path: 'spec/configSource/configMap', kind: 'Node' },
  { path: 'rules/resourceNames', kind: 'Role' },
  { path: 'rules/resourceNames', kind: 'ClusterRole' },
  { path: 'metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap', kind: 'Ingress' },
];

const SECRETS: readonly FieldSpec[] = [
  ...inPods('spec/volumes/secret/secretName'),
  ...inPods('spec/volumes/projected/sources/secret/name'),
  ...inPods('spec/imagePullSecrets/name'),
  ...inContainers('env/valueFrom/secretKeyRef/name'),
  ...inContainers('envFrom/secretRef/name'),
  { path: 'spec/tls/secretName', kind: 'Ingress' },
  ...[
    'ingress.kubernetes.io\\/auth-secret',
    'nginx.ingress.kubernetes.io\\/auth-secret',
    'nginx.ingress.kubernetes.io\\/auth-tls-secret',
  ].map(annotation => ({ path: `metadata/annotations/${annotation}`, kind: 'Ingress' })),
  { path: 'imagePullSecrets/name', kind: 'ServiceAccount' },
  ...['secretName', 'adminSecretName', 'userSecretName', 'secretRef'].map(name => ({
    path: `parameters/${name}`,
    kind: 'StorageClass',
  })),
  { path: 'rules/resourceNames', kind: 'Role' },
  { path: 'rules/resourceNames', kind: 'ClusterRole' },
  {
    path: 'spec/template/spec/containers/env/valueFrom/secretKeyRef/name',
    group: 'serving.knative.dev',
    version: 'v1',
    kind: 'Service',
  },
  { path: 'spec/azureFile/secretName', kind: 'PersistentVolume' },
];

const SERVICES: readonly FieldSpec[] = [
  { path: 'spec/serviceName', group: 'apps', kind: 'StatefulSet' },
  ...[
    'spec/rules/http/paths/backend/serviceName',
    'spec/backend/serviceName',
    'spec/rules/http/paths/backend/service/name',
    'spec/defaultBackend/service/name',
  ].map(path => ({ path, kind: 'Ingress' })),
  { path: 'spec/service/name', group: 'apiregistration.k8s.io', kind: 'APIService' },
  ...['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'].map(kind => ({
    path: 'webhooks/clientConfig/service',
    group: 'admissionregistration.k8s.io',
    kind,
  })),
];

const SCALED = ['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'] as const;
const ALL_PODS = ['Pod', ...TEMPLATE_KINDS, 'ReplicationController', 'CronJob'];

const NAME_REFERENCES: readonly NameReference[] = [
  ...SCALED.map(kind => ({
    kind,
    fieldSpecs: [{ path: 'spec/scaleTargetRef/name', kind: 'HorizontalPodAutoscaler' }],
  })),
  { version: 'v1', kind: 'ConfigMap', fieldSpecs: CONFIG_MAPS },
  { version: 'v1', kind: 'Secret', fieldSpecs: SECRETS },
  { version: 'v1', kind: 'Service', fieldSpecs: SERVICES },
  {
    group: 'rbac.authorization.k8s.io',
    kind: 'Role',
    fieldSpecs: [{ path: 'roleRef/name', group: 'rbac.authorization.k8s.io', kind: 'RoleBinding' }],
  },
  {
    group: 'rbac.authorization.k8s.io',
    kind: 'ClusterRole',
    fieldSpecs: ['RoleBinding', 'ClusterRoleBinding'].map(kind => ({
      path: 'roleRef/name',
      group: 'rbac.authorization.k8s.io',
      kind,
    })),
  },
  {
    version: 'v1',
    kind: 'ServiceAccount',
    fieldSpecs: [
      ...['RoleBinding', 'ClusterRoleBinding'].map(kind => ({
        path: 'subjects',
        group: 'rbac.authorization.k8s.io',
        kind,
      })),
      ...inPods('spec/serviceAccountName', ALL_PODS),
    ],
  },
  {
    version: 'v1',
    kind: 'PersistentVolumeClaim',
    fieldSpecs: inPods('spec/volumes/persistentVolumeClaim/claimName', ALL_PODS),
  },
  {
    version: 'v1',
    kind: 'PersistentVolume',
    fieldSpecs: [
      { path: 'spec/volumeName', kind: 'PersistentVolumeClaim' },
      { path: 'rules/resourceNames', kind: 'ClusterRole' },
    ],
  },
  {
    version: 'v1',
    group: 'storage.k8s.io',
    kind: 'StorageClass',
    fieldSpecs: [
      { path: 'spec/storageClassName', kind: 'PersistentVolume' },
      { path: 'spec/storageClassName', kind: 'PersistentVolumeClaim' },
      { path: 'spec/volumeClaimTemplates/spec/storageClassName', kind: 'StatefulSet' },
    ],
  },
  {
    version: 'v1',
    group: 'scheduling.k8s.io',
    kind: 'PriorityClass',
    fieldSpecs: inPods('spec/priorityClassName', ALL_PODS),
  },
  {
    version: 'v1',
    group: 'networking.k8s.io',
    kind: 'IngressClass',
    fieldSpecs: [{ path: 'spec/ingressClassName', kind: 'Ingress' }],
  },
  {
    group: 'admissionregistration.k8s.io',
    kind: 'ValidatingAdmissionPolicy',
    fieldSpecs: [
      { path: 'spec/policyName', group: 'admissionregistration.k8s.io', kind: 'ValidatingAdmissionPolicyBinding' },
    ],
  },
];

const VARIABLE_KINDS = ['Pod', ...TEMPLATE_KINDS, 'CronJob'];
const VAR_REFERENCES: readonly FieldSpec[] = [
  ...['args', 'command', 'env/value', 'volumeMounts/mountPath'].flatMap(field =>
    ['containers', 'initContainers'].flatMap(list =>
      inPods(`spec/${list}/${field}`, VARIABLE_KINDS).map(({ path, kind }) => ({ path, kind: kind! })),
    ),
  ),
  { path: 'spec/rules/host', kind: 'Ingress' },
  { path: 'spec/tls/hosts', kind: 'Ingress' },
  { path: 'spec/tls/secretName', kind: 'Ingress' },
  { path: 'spec/ports/port', kind: 'Service' },
  { path: 'spec/ports/targetPort', kind: 'Service' },
  { path: 'spec/nfs/server', kind: 'PersistentVolume' },
  ...inPods('spec/volumes/nfs/server', VARIABLE_KINDS).map(({ path, kind }) => ({ path, kind: kind! })),
  { path: 'spec/volumeClaimTemplates/spec/nfs/server', kind: 'StatefulSet' },
  { path: 'spec/jobTemplate/spec/template/volumes/nfs/server', kind: 'CronJob' },
  ...inPods('metadata/annotations', [...TEMPLATE_KINDS, 'CronJob']).map(({ path, kind }) => ({ path, kind: kind! })),
  { path: 'metadata/labels' },
  { path: 'metadata/annotations' },
];

const IMAGES: readonly FieldSpec[] = ['spec/', 'spec/template/spec/'].flatMap(pod =>
  ['containers', 'initContainers'].map(list => ({ path: `${pod}${list}[]/image`, create: true })),
);

/** What the transformers change when nothing else is configured (kustomize's documented defaults). */
export function defaultConfig(): TransformerConfig {
  return {
    namePrefix: [{ path: 'metadata/name' }],
    nameSuffix: [{ path: 'metadata/name' }],
    namespace: [
      { path: 'metadata/namespace', create: true },
      { path: 'metadata/name', kind: 'Namespace', create: true },
      { path: 'subjects', kind: 'RoleBinding' },
      { path: 'subjects', kind: 'ClusterRoleBinding' },
      { path: 'spec/service/namespace', group: 'apiregistration.k8s.io', kind: 'APIService', create: true },
      {
        path: 'spec/conversion/webhook/clientConfig/service/namespace',
        group: 'apiextensions.k8s.io',
        kind: 'CustomResourceDefinition',
      },
    ],
    labels: [{ path: 'metadata/labels', create: true }],
    commonLabels: COMMON_LABELS,
    templateLabels: templates('labels'),
    commonAnnotations: [{ path: 'metadata/annotations', create: true }, ...templates('annotations')],
    nameReference: NAME_REFERENCES,
    varReference: VAR_REFERENCES,
    images: IMAGES,
    replicas: SCALED.map(kind => ({ path: 'spec/replicas', kind, create: true })),
  };
}
