import type { KubeObject } from '../../kernel/index.ts';

/** What the configurations of a served policy set say. */
export interface HookSettings {
  /** Where API servers call: a URL without path, or a Service. */
  readonly target:
    | { readonly url: string }
    | { readonly service: { readonly namespace: string; readonly name: string; readonly port: number } };
  readonly caBundle: string;
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly timeout_s: number;
  /** Namespaces whose writes are never asked about. */
  readonly exempt: readonly string[];
  /** API groups of policy documents: they are checked whether or not any policy is in force. */
  readonly documentGroups: readonly string[];
  readonly validates: boolean;
  readonly mutates: boolean;
}

export const CONFIGURATION_NAME = 'tenon-policy';
const LABELS = { 'app.kubernetes.io/managed-by': 'tenon' };

/** Subresources that change what runs or open a connection; status and the like are no business of policies. */
const SUBRESOURCES = [
  'pods/ephemeralcontainers',
  'pods/exec',
  'pods/attach',
  'pods/portforward',
  'pods/proxy',
  'pods/eviction',
  'pods/binding',
  'services/proxy',
  'nodes/proxy',
  '*/scale',
];

type Fields = Record<string, unknown>;

function hook(settings: HookSettings, name: string, path: string, rules: readonly Fields[], more: Fields): Fields {
  const { target, caBundle, failurePolicy, timeout_s } = settings;
  const where = 'url' in target ? { url: `${target.url}${path}` } : { service: { ...target.service, path } };
  return {
    name,
    admissionReviewVersions: ['v1'],
    clientConfig: { ...where, caBundle: Buffer.from(caBundle).toString('base64') },
    failurePolicy,
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    timeoutSeconds: timeout_s,
    rules,
    ...more,
  };
}

const outside = ({ exempt }: HookSettings): Fields =>
  exempt.length === 0
    ? {}
    : {
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [...exempt] }],
        },
      };

const everything = (operations: readonly string[], resources: readonly string[]): Fields => ({
  apiGroups: ['*'],
  apiVersions: ['*'],
  operations,
  resources,
  scope: '*',
});

/** The two configurations, as they are applied: what no policy needs is not asked for. */
export function hookConfigurations(settings: HookSettings): readonly KubeObject[] {
  const documents = hook(
    { ...settings, failurePolicy: 'Ignore' },
    'documents.policy.tenon.dev',
    '/validate',
    [
      {
        apiGroups: [...settings.documentGroups],
        apiVersions: ['*'],
        operations: ['CREATE', 'UPDATE'],
        resources: ['*'],
        scope: '*',
      },
    ],
    {},
  );
  const validating = hook(
    settings,
    'validate.policy.tenon.dev',
    '/validate',
    [everything(['CREATE', 'UPDATE', 'DELETE', 'CONNECT'], ['*', ...SUBRESOURCES])],
    outside(settings),
  );
  const mutating = hook(
    settings,
    'mutate.policy.tenon.dev',
    '/mutate',
    [everything(['CREATE', 'UPDATE'], ['*', 'pods/ephemeralcontainers'])],
    { ...outside(settings), reinvocationPolicy: 'IfNeeded' },
  );
  const configuration = (kind: string, webhooks: readonly Fields[]): KubeObject =>
    ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind,
      metadata: { name: CONFIGURATION_NAME, labels: LABELS },
      webhooks,
    }) as unknown as KubeObject;
  // Where policies are in force they judge documents too, in the one call.
  return [
    configuration('ValidatingWebhookConfiguration', settings.validates ? [validating] : [documents]),
    configuration('MutatingWebhookConfiguration', settings.mutates ? [mutating] : []),
  ];
}
