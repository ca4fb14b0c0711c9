import { apiVersionOf, type KubeObject, type ResourceDefinition } from '../../src/kernel/index.ts';

type Body = Readonly<Record<string, unknown>>;

const POD_SPEC = { containers: [{ name: 'c', image: 'registry.local/c:1', ports: [{ containerPort: 80 }] }] };
const TEMPLATE = { metadata: { labels: { app: 'sample' } }, spec: POD_SPEC };
const JOB_TEMPLATE = { spec: { ...POD_SPEC, restartPolicy: 'Never' } };
const SELECTOR = { matchLabels: { app: 'sample' } };
const RULE = { operations: ['CREATE'], apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['nothings'] };
const REQUEST_PEM = `-----BEGIN CERTIFICATE REQUEST-----
MIHLMHICAQAwEDEOMAwGA1UEAwwFYWxpY2UwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAARDWQkFjCyDBeYN1LQ2Fz8bZX0c4cMLX8Wyzkb6hEbpJmYnYvZQUc3e1gdD
Qn4hYb8GyVnqYq7mZ9v3o0a5oAAwCgYIKoZIzj0EAwIDSQAwRgIhAPyq1q9q0q0A
-----END CERTIFICATE REQUEST-----
`;

/** What a minimal valid object of a kind has beside its metadata, by `group/Kind`; kinds that need nothing are not here. */
const BODIES: Readonly<Record<string, Body>> = {
  '/Pod': { spec: POD_SPEC },
  '/PodTemplate': { template: TEMPLATE },
  '/ReplicationController': { spec: { replicas: 1, selector: { app: 'sample' }, template: TEMPLATE } },
  '/Service': { spec: { selector: { app: 'sample' }, ports: [{ port: 80 }] } },
  '/Event': {
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Because',
    message: 'm',
    type: 'Normal',
  },
  '/PersistentVolume': {
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp/x' } },
  },
  '/PersistentVolumeClaim': { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  '/LimitRange': { spec: { limits: [{ type: 'Container', max: { cpu: '2' } }] } },
  '/ResourceQuota': { spec: { hard: { pods: '10' } } },
  '/Binding': { target: { kind: 'Node', name: 'n' } },
  'apps/Deployment': { spec: { replicas: 1, selector: SELECTOR, template: TEMPLATE } },
  'apps/ReplicaSet': { spec: { replicas: 1, selector: SELECTOR, template: TEMPLATE } },
  'apps/DaemonSet': { spec: { selector: SELECTOR, template: TEMPLATE } },
  'apps/StatefulSet': { spec: { serviceName: 's', replicas: 1, selector: SELECTOR, template: TEMPLATE } },
  'apps/ControllerRevision': { revision: 1, data: { a: 'b' } },
  'batch/Job': { spec: { template: JOB_TEMPLATE } },
  'batch/CronJob': { spec: { schedule: '0 0 * * *', jobTemplate: { spec: { template: JOB_TEMPLATE } } } },
  'autoscaling/HorizontalPodAutoscaler': {
    spec: { minReplicas: 1, maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } },
  },
  'policy/PodDisruptionBudget': { spec: { minAvailable: 1, selector: SELECTOR } },
  'policy/Eviction': {},
  'networking.k8s.io/Ingress': {
    spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
  },
  'networking.k8s.io/IngressClass': { spec: { controller: 'example.com/controller' } },
  'networking.k8s.io/NetworkPolicy': { spec: { podSelector: {} } },
  'networking.k8s.io/ServiceCIDR': { spec: { cidrs: ['10.200.0.0/24'] } },
  'networking.k8s.io/IPAddress': { spec: { parentRef: { resource: 'services', namespace: 'default', name: 's' } } },
  'discovery.k8s.io/EndpointSlice': {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.9'] }],
    ports: [{ name: '', port: 80, protocol: 'TCP' }],
  },
  'rbac.authorization.k8s.io/RoleBinding': {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [],
  },
  'rbac.authorization.k8s.io/ClusterRoleBinding': {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [],
  },
  'storage.k8s.io/StorageClass': { provisioner: 'example.com/p' },
  'storage.k8s.io/CSIDriver': { spec: {} },
  'storage.k8s.io/CSINode': { spec: { drivers: [] } },
  'storage.k8s.io/CSIStorageCapacity': { storageClassName: 'x', capacity: '1Gi' },
  'storage.k8s.io/VolumeAttachment': {
    spec: { attacher: 'a.example.com', nodeName: 'n', source: { persistentVolumeName: 'pv' } },
  },
  'storage.k8s.io/VolumeAttributesClass': { driverName: 'example.com/d', parameters: { a: 'b' } },
  'scheduling.k8s.io/PriorityClass': { value: 10 },
  'node.k8s.io/RuntimeClass': { handler: 'h' },
  'coordination.k8s.io/Lease': { spec: { holderIdentity: 'me', leaseDurationSeconds: 10 } },
  'events.k8s.io/Event': {
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'example.com/c',
    reportingInstance: 'i',
    action: 'Doing',
    reason: 'Because',
    type: 'Normal',
    note: 'n',
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
  },
  'certificates.k8s.io/CertificateSigningRequest': {
    spec: {
      request: Buffer.from(REQUEST_PEM).toString('base64'),
      signerName: 'example.com/signer',
      usages: ['client auth'],
    },
  },
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': {
    spec: { matchConstraints: { resourceRules: [RULE] }, validations: [{ expression: 'true' }] },
  },
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': {
    spec: { policyName: 'x', validationActions: ['Deny'] },
  },
  'admissionregistration.k8s.io/MutatingAdmissionPolicy': {
    spec: {
      matchConstraints: { resourceRules: [RULE] },
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
    },
  },
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding': { spec: { policyName: 'x' } },
  'flowcontrol.apiserver.k8s.io/FlowSchema': {
    spec: { priorityLevelConfiguration: { name: 'x' }, matchingPrecedence: 9000 },
  },
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': {
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } },
  },
  'resource.k8s.io/ResourceClaim': { spec: { devices: {} } },
  'resource.k8s.io/ResourceClaimTemplate': { spec: { spec: { devices: {} } } },
  'resource.k8s.io/DeviceClass': { spec: {} },
  'resource.k8s.io/ResourceSlice': {
    spec: {
      driver: 'example.com',
      nodeName: 'n',
      pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
      devices: [],
    },
  },
  'apiregistration.k8s.io/APIService': {},
  'authorization.k8s.io/SubjectAccessReview': {
    spec: { user: 'x', resourceAttributes: { verb: 'get', resource: 'pods' } },
  },
  'authorization.k8s.io/LocalSubjectAccessReview': {
    spec: { user: 'x', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'default' } },
  },
  'authorization.k8s.io/SelfSubjectAccessReview': { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
  'authorization.k8s.io/SelfSubjectRulesReview': { spec: { namespace: 'default' } },
  'authentication.k8s.io/TokenReview': { spec: { token: 'x' } },
  'authentication.k8s.io/TokenRequest': { spec: {} },
};

/** Names some kinds insist on. */
function nameFor(definition: ResourceDefinition, wanted: string): string {
  const number = [...wanted].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 250, 7);
  if (definition.kind === 'IPAddress') return `10.96.7.${number}`;
  return wanted;
}

const group = (definition: ResourceDefinition): string => `${definition.group}/${definition.kind}`;

/** A minimal object of a kind. CRDs, API services and webhooks carry their own name inside. */
export function sampleOf(definition: ResourceDefinition, wanted: string, namespace: string): KubeObject {
  const name = nameFor(definition, wanted);
  const metadata = { name, labels: { 'tenon.dev/sample': 'yes' }, ...(definition.namespaced ? { namespace } : {}) };
  const base = { apiVersion: apiVersionOf(definition), kind: definition.kind, metadata };
  switch (group(definition)) {
    case 'apiextensions.k8s.io/CustomResourceDefinition': {
      const plural = name.replace(/[^a-z0-9]/g, '');
      const schema = {
        openAPIV3Schema: {
          type: 'object',
          properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      };
      return {
        ...base,
        metadata: { ...metadata, name: `${plural}.example.com` },
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names: { plural, singular: plural, kind: `K${plural}`, listKind: `K${plural}List` },
          versions: [{ name: 'v1', served: true, storage: true, schema }],
        },
      };
    }
    case 'apiregistration.k8s.io/APIService':
      return {
        ...base,
        metadata: { ...metadata, name: `v1.${name}.example.com` },
        spec: {
          group: `${name}.example.com`,
          version: 'v1',
          groupPriorityMinimum: 1000,
          versionPriority: 10,
          insecureSkipTLSVerify: true,
          service: { name: 's', namespace: 'default', port: 443 },
        },
      };
    case 'admissionregistration.k8s.io/MutatingWebhookConfiguration':
    case 'admissionregistration.k8s.io/ValidatingWebhookConfiguration': {
      const webhook = {
        name: `${name}.example.com`,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        clientConfig: { url: 'https://127.0.0.1:1/' },
        rules: [RULE],
      };
      return { ...base, webhooks: [webhook] };
    }
    case 'storage.k8s.io/CSIStorageCapacity':
      return { ...base, ...BODIES[group(definition)] };
    default:
      return {
        ...base,
        ...(structuredClone(BODIES[group(definition)] ?? {}) as Record<string, unknown>),
      } as KubeObject;
  }
}

/** The body of a subresource that has a kind of its own. */
export function subresourceBody(
  kind: { group: string; version: string; kind: string },
  object: KubeObject,
): KubeObject {
  const { name = '', namespace } = object.metadata;
  const metadata = { name, ...(namespace ? { namespace } : {}) };
  const base = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata };
  if (kind.kind === 'Scale') return { ...base, spec: { replicas: 2 } };
  return { ...base, ...BODIES[`${kind.group}/${kind.kind}`] } as KubeObject;
}
