import { isObject, type Json, type JsonObject, type KubeObject } from '../../../kernel/index.ts';
import { parseFilters, type ResourceFilter } from './filters.ts';
import { textAt } from './model.ts';

/**
 * What Kyverno's controllers are told by the arguments of their Deployments and by their ConfigMap (Kyverno documentation,
 * "Configuring Kyverno": container flags, ConfigMap keys).
 */
export interface Settings {
  /** Every webhook lets pass what it cannot be asked about. */
  readonly forceFailurePolicyIgnore: boolean;
  readonly exceptions: boolean;
  /** The only namespace exceptions count in; '' is any. */
  readonly exceptionNamespace: string;
  readonly backgroundScan: boolean;
  readonly reports: boolean;
  /** Sorts of rules that are reported on. */
  readonly reported: ReadonlySet<string>;
  /** Reports are of openreports.io, not of wgpolicyk8s.io. */
  readonly openReports: boolean;
  readonly validatingAdmissionPolicies: boolean;
  readonly mutatingAdmissionPolicies: boolean;
  readonly successEvents: boolean;
  /** Actions whose success is told; undefined is all. */
  readonly successEventActions: ReadonlySet<string> | undefined;
  /** Reasons of Events that are not told. */
  readonly omittedEvents: ReadonlySet<string>;
  /** Resources that are passed over. */
  readonly filters: readonly ResourceFilter[];
  readonly filtersReports: boolean;
  /** Who is passed over, with wildcards. */
  readonly excludedUsers: readonly string[];
  readonly excludedGroups: readonly string[];
  /** Namespaces webhooks ask about: a label selector. */
  readonly namespaceSelector: JsonObject;
  readonly objectSelector: JsonObject;
  /** CEL conditions of every webhook: `name` and `expression`. */
  readonly matchConditions: readonly JsonObject[];
  readonly webhookLabels: Readonly<Record<string, string>>;
  readonly webhookAnnotations: Readonly<Record<string, string>>;
  /** What is said but has no effect here, as it is written, and where. */
  readonly unheeded: readonly { readonly object: JsonObject; readonly what: string }[];
}

const outside = (...names: readonly string[]): JsonObject => ({
  matchExpressions: names.map(name => ({ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [name] })),
});

/** Where no Kyverno is installed: what its chart installs, with exceptions and reports of everything allowed. */
export const DEFAULT_SETTINGS: Settings = {
  forceFailurePolicyIgnore: false,
  exceptions: true,
  exceptionNamespace: '',
  backgroundScan: true,
  reports: true,
  reported: new Set(['validate', 'mutate', 'mutateExisting', 'imageVerify', 'generate']),
  openReports: false,
  validatingAdmissionPolicies: true,
  mutatingAdmissionPolicies: true,
  successEvents: false,
  successEventActions: undefined,
  omittedEvents: new Set(),
  filters: parseFilters(
    '[Event,*,*] [*/*,kube-system,*] [*/*,kube-public,*] [*/*,kube-node-lease,*] [Node,*,*] [Node/?*,*,*] [APIService,*,*] ' +
      '[APIService/?*,*,*] [TokenReview,*,*] [SubjectAccessReview,*,*] [SelfSubjectAccessReview,*,*] [Binding,*,*] ' +
      '[Pod/binding,*,*] [ReplicaSet,*,*] [ReplicaSet/?*,*,*] [EphemeralReport,*,*] [ClusterEphemeralReport,*,*]',
  ),
  filtersReports: true,
  excludedUsers: [],
  excludedGroups: ['system:nodes'],
  namespaceSelector: outside('kube-system', 'kyverno'),
  objectSelector: {},
  matchConditions: [],
  webhookLabels: {},
  webhookAnnotations: { 'admissions.enforcer/disabled': 'true' },
  unheeded: [],
};

type Draft = { -readonly [Name in keyof Settings]: Settings[Name] };
type Effect = (draft: Draft, value: string) => void;

const isTrue = (value: string): boolean => /^(?:1|t|true)$/i.test(value);
const words = (value: string): string[] =>
  value
    .split(',')
    .map(each => each.trim())
    .filter(each => each !== '');
const flag =
  (name: { [Name in keyof Draft]: Draft[Name] extends boolean ? Name : never }[keyof Draft]): Effect =>
  (draft, value) => {
    draft[name] = isTrue(value);
  };

const enableReporting: Effect = (draft, value) => {
  draft.reported = new Set(words(value));
};

/** Flags with an effect here, by the controller whose argument counts. */
const FLAGS: Readonly<Record<string, Readonly<Record<string, Effect>>>> = {
  'admission-controller': {
    forceFailurePolicyIgnore: flag('forceFailurePolicyIgnore'),
    enablePolicyException: flag('exceptions'),
    exceptionNamespace: (draft, value) => {
      draft.exceptionNamespace = value === '*' ? '' : value;
    },
    enableReporting,
    generateValidatingAdmissionPolicy: flag('validatingAdmissionPolicies'),
    generateMutatingAdmissionPolicy: flag('mutatingAdmissionPolicies'),
    omitEvents: (draft, value) => {
      draft.omittedEvents = new Set(words(value));
    },
  },
  'reports-controller': {
    backgroundScan: flag('backgroundScan'),
    enableReporting,
    openreportsEnabled: flag('openReports'),
    skipResourceFilters: flag('filtersReports'),
    // Either one ends the making of reports.
    policyReports: (draft, value) => void (draft.reports &&= isTrue(value)),
    aggregateReports: (draft, value) => void (draft.reports &&= isTrue(value)),
  },
};

/** Flags about how a controller's own process runs, or that only say again what is done in any case. */
const HARMLESS =
  /^(?:v|vmodule|alsologtostderr|logtostderr|logging(?:Format|Level)|metrics\w*|disableMetrics|otel\w*|transportCreds|tracing\w*|enableTracing|profile\w*|pprof\w*|servicePort|serviceName|webhookServerPort|webhookServiceName|cleanupServer\w*|kubeconfig|client\w+|leaderElection\w*|resyncPeriod|imagePullSecrets|caSecretName|tlsSecretName|renewBefore|tlsKeyAlgorithm|backgroundScan(?:Workers|Interval)|skipResourceFilters|maxQueuedEvents|maxAuditWorkers|maxAuditCapacity|maxAPICallResponseLength|enableConfigMapCaching|enableDeferredLoading|genWorkers|reportsChunkSize|reportsCRDsSanityChecks|crdWatcher|admissionReports|validatingAdmissionPolicyReports|mutatingAdmissionPolicyReports|dumpPayload|dumpPatches|autoUpdateWebhooks|webhookRegistrationTimeout|webhookTimeout|autoDeleteWebhooks|backgroundServiceAccountName|reportsServiceAccountName|ttlReconciliationInterval|globalContextTimeout|maxBackgroundReports|controllerRuntimeMetricsAddress|imageVerifyCache\w*|enableReporting|omitEvents|enablePolicyException|exceptionNamespace|generateValidatingAdmissionPolicy|generateMutatingAdmissionPolicy|crdMigration\w*|allowHTTPInNamespacedPolicies|apiCallTimeout)$/;

/** Keys of the ConfigMap. */
const KEYS: Readonly<Record<string, Effect>> = {
  resourceFilters: (draft, value) => {
    draft.filters = parseFilters(value);
  },
  excludeGroups: (draft, value) => {
    draft.excludedGroups = words(value);
  },
  excludeUsernames: (draft, value) => {
    draft.excludedUsers = words(value);
  },
  generateSuccessEvents: flag('successEvents'),
  successEventActions: (draft, value) => {
    draft.successEventActions = words(value).length === 0 ? undefined : new Set(words(value));
  },
  webhooks: (draft, value) => {
    const read = parsed(value);
    const first = Array.isArray(read) ? read[0] : read;
    if (!isObject(first)) return;
    if (isObject(first.namespaceSelector)) draft.namespaceSelector = selector(first.namespaceSelector);
    if (isObject(first.objectSelector)) draft.objectSelector = selector(first.objectSelector);
  },
  matchConditions: (draft, value) => {
    const read = parsed(value);
    draft.matchConditions = Array.isArray(read) ? read.filter(isObject) : [];
  },
  webhookLabels: (draft, value) => {
    draft.webhookLabels = texts(parsed(value));
  },
  webhookAnnotations: (draft, value) => {
    draft.webhookAnnotations = texts(parsed(value));
  },
};
/** Keys whose value, as the chart writes it, is what is done here in any case. */
const AS_IT_IS: Readonly<Record<string, RegExp>> = {
  defaultRegistry: /^docker\.io$/,
  enableDefaultRegistryMutation: /^true$/,
  excludeRoles: /^$/,
  excludeClusterRoles: /^$/,
  maxContextSize: /./,
  updateRequestThreshold: /./,
};

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

const texts = (value: Json | undefined): Record<string, string> =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)])) : {};
/** Go writes what is empty as null. */
const selector = (value: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null));

const labelOf = (object: JsonObject, name: string): string => {
  const { labels } = object.metadata as JsonObject;
  return isObject(labels) ? String(labels[`app.kubernetes.io/${name}`] ?? '') : '';
};

/** True for a Deployment of one of Kyverno's controllers. */
export const isController = (object: JsonObject): boolean =>
  object.kind === 'Deployment' &&
  labelOf(object, 'part-of').startsWith('kyverno') &&
  labelOf(object, 'component').endsWith('-controller');

const containersOf = (deployment: JsonObject): readonly JsonObject[] => {
  const { containers } = ((deployment.spec as JsonObject | undefined)?.template as { spec?: JsonObject })?.spec ?? {};
  return Array.isArray(containers) ? containers.filter(isObject) : [];
};

function readFlags(draft: Draft, deployment: JsonObject): void {
  const component = labelOf(deployment, 'component');
  for (const { args } of containersOf(deployment))
    for (const text of Array.isArray(args) ? args.map(String) : []) {
      const [, name = '', value = 'true'] = /^--?([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
      const effect = FLAGS[component]?.[name];
      if (effect !== undefined) effect(draft, value);
      else if (!HARMLESS.test(name)) draft.unheeded = [...draft.unheeded, { object: deployment, what: text }];
    }
}

function readConfigMap(draft: Draft, configMap: JsonObject): void {
  // A ConfigMap that is there says it all: what it does not name is not so.
  Object.assign(draft, {
    filters: [],
    excludedGroups: [],
    namespaceSelector: outside('kyverno'),
    webhookAnnotations: {},
  });
  for (const [key, value] of Object.entries(texts(configMap.data))) {
    if (KEYS[key] !== undefined) KEYS[key](draft, value);
    else if (AS_IT_IS[key]?.test(value) !== true)
      draft.unheeded = [...draft.unheeded, { object: configMap, what: `${key}: ${value}` }];
  }
  // The controllers' own namespace is out in any case.
  const own = outside('kyverno').matchExpressions as JsonObject[];
  const said = draft.namespaceSelector.matchExpressions;
  const expressions = Array.isArray(said) ? said : [];
  const known = expressions.some(each => JSON.stringify(each).includes('"kyverno"'));
  draft.namespaceSelector = {
    ...draft.namespaceSelector,
    matchExpressions: known ? expressions : [...expressions, ...own],
  };
}

/** The settings that Deployments and ConfigMaps of the cluster say; a ConfigMap counts in the namespace of its controllers. */
export function readSettings(objects: readonly JsonObject[]): Settings {
  const controllers = objects.filter(isController);
  const namespaces = new Set(controllers.map(each => textAt(each, 'metadata', 'namespace')));
  if (namespaces.size === 0) namespaces.add('kyverno');
  const configMap = objects.find(
    each =>
      each.kind === 'ConfigMap' &&
      textAt(each, 'metadata', 'name') === 'kyverno' &&
      namespaces.has(textAt(each, 'metadata', 'namespace')),
  );
  if (controllers.length === 0 && configMap === undefined) return DEFAULT_SETTINGS;
  const draft: Draft = { ...DEFAULT_SETTINGS };
  if (configMap !== undefined) readConfigMap(draft, configMap);
  for (const deployment of controllers) readFlags(draft, deployment);
  return draft;
}

/** True for objects whose content `readSettings` looks at. */
export const isSetting = (object: KubeObject | JsonObject): boolean =>
  (object.kind === 'ConfigMap' && (object.metadata as { name?: string }).name === 'kyverno') ||
  isController(object as unknown as JsonObject);

/** Exceptions that count. */
export function usableExceptions(
  { exceptions, exceptionNamespace }: Settings,
  all: readonly JsonObject[],
): readonly JsonObject[] {
  if (!exceptions) return [];
  if (exceptionNamespace === '') return all;
  return all.filter(each => textAt(each, 'metadata', 'namespace') === exceptionNamespace);
}
