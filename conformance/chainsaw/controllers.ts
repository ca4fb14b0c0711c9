import { type Client, equalJson, isNotFound, type KubeObject, type ResourceRef } from '../../src/kernel/index.ts';

const DEPLOYMENTS: ResourceRef = { group: 'apps', version: 'v1', resource: 'deployments' };
const CONFIG_MAPS: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
const NAMESPACE = 'kyverno';
const CONTROLLERS = ['admission', 'background', 'cleanup', 'reports'] as const;
type Controller = (typeof CONTROLLERS)[number];

/** What the chart tells every controller of an installation whose exceptions are switched on. */
const FLAGS: Readonly<Record<Controller, readonly string[]>> = {
  admission: [
    '--enablePolicyException=true',
    '--exceptionNamespace=*',
    '--forceFailurePolicyIgnore=false',
    '--generateValidatingAdmissionPolicy=true',
    '--generateMutatingAdmissionPolicy=false',
  ],
  background: ['--enablePolicyException=true'],
  cleanup: [],
  reports: [
    '--enablePolicyException=true',
    '--backgroundScan=true',
    '--skipResourceFilters=true',
    '--validatingAdmissionPolicyReports=true',
  ],
};

/** Groups of cases that are written for an installation with another value; they are named for the feature it switches. */
const GROUPS: readonly (readonly [RegExp, Partial<Record<Controller, readonly string[]>>])[] = [
  [/^force-failure-policy-ignore$/, { admission: ['--forceFailurePolicyIgnore=true'] }],
  [/^openreports$/, { reports: ['--openreportsEnabled=true'] }],
  [/^policy-exceptions-disabled$/, { admission: ['--enablePolicyException=false'] }],
  [/^generate-mutating-admission-policy\b/, { admission: ['--generateMutatingAdmissionPolicy=true'] }],
  [/^mutating-admission-policy-reports\b/, { reports: ['--mutatingAdmissionPolicyReports=true'] }],
  [/^reports-exclude-result$/, { reports: ['--allowedResults=fail'] }],
];

const not = (name: string): object => ({ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [name] });

/** The ConfigMap as the chart writes it. */
const CONFIG: Readonly<Record<string, string>> = {
  defaultRegistry: 'docker.io',
  enableDefaultRegistryMutation: 'true',
  excludeGroups: 'system:nodes',
  generateSuccessEvents: 'false',
  resourceFilters: [
    '[Event,*,*]',
    ...['kube-system', 'kube-public', 'kube-node-lease'].map(name => `[*/*,${name},*]`),
    ...['Node', 'APIService', 'ReplicaSet'].flatMap(kind => [`[${kind},*,*]`, `[${kind}/?*,*,*]`]),
    ...['TokenReview', 'SubjectAccessReview', 'SelfSubjectAccessReview', 'Binding', 'Pod/binding'].map(
      kind => `[${kind},*,*]`,
    ),
    ...['EphemeralReport', 'ClusterEphemeralReport'].map(kind => `[${kind},*,*]`),
  ].join(' '),
  updateRequestThreshold: '1000',
  webhookAnnotations: JSON.stringify({ 'admissions.enforcer/disabled': 'true' }),
  webhooks: JSON.stringify({ namespaceSelector: { matchExpressions: [not('kube-system'), not(NAMESPACE)] } }),
};

const configMap: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kyverno', namespace: NAMESPACE },
  data: CONFIG,
};

function deployment(controller: Controller, group: string): KubeObject {
  const labels = {
    'app.kubernetes.io/component': `${controller}-controller`,
    'app.kubernetes.io/instance': 'kyverno',
    'app.kubernetes.io/part-of': 'kyverno',
  };
  const values = GROUPS.filter(([name]) => name.test(group)).flatMap(([, flags]) => flags[controller] ?? []);
  const args = [...FLAGS[controller], ...values];
  const name = controller === 'admission' ? 'kyverno' : 'controller';
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `kyverno-${controller}-controller`, namespace: NAMESPACE, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name, image: `kyverno/${controller}`, args }] } },
    },
  } as KubeObject;
}

/** Brings an object to what it ought to say; true where it was not so. */
async function bring(client: Client, ref: ResourceRef, wanted: KubeObject, same: (of: KubeObject) => unknown) {
  const { name = '', namespace } = wanted.metadata;
  const found = await client.get(ref, { name, ...(namespace === undefined ? {} : { namespace }) }).catch(error => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (found !== undefined && equalJson(same(found), same(wanted))) return false;
  if (found === undefined) await client.create(ref, wanted);
  else
    await client.update(ref, {
      ...wanted,
      metadata: { ...wanted.metadata, resourceVersion: found.metadata.resourceVersion! },
    });
  return true;
}

const dataOf = (object: KubeObject): unknown => object.data;
interface Templated {
  readonly template: { readonly spec: { readonly containers: readonly { readonly args?: readonly string[] }[] } };
}
const argsOf = ({ spec }: KubeObject): unknown =>
  (spec as Templated).template.spec.containers.map(({ args = [] }) => args);

/** Kyverno's Deployments and ConfigMap as a group of cases finds them; true where something was changed for it. */
export async function installControllers(client: Client, group: string): Promise<boolean> {
  let changed = await bring(client, CONFIG_MAPS, configMap, dataOf);
  for (const controller of CONTROLLERS)
    changed = (await bring(client, DEPLOYMENTS, deployment(controller, group), argsOf)) || changed;
  return changed;
}

/** The kinds of open reports, which their own chart brings. */
export const OPEN_REPORTS: readonly KubeObject[] = (['Report', 'ClusterReport'] as const).map(kind => {
  const plural = `${kind.toLowerCase()}s`;
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.openreports.io` },
    spec: {
      group: 'openreports.io',
      scope: kind === 'Report' ? 'Namespaced' : 'Cluster',
      names: { plural, kind },
      versions: [{ name: 'v1alpha1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  } as unknown as KubeObject;
});
