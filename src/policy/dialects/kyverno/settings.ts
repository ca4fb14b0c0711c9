import { isObject, type Json, type JsonObject, type KubeObject } from '../../../kernel/index.ts';
import { parseFilters, type ResourceFilter } from './filters.ts';
import { type Draft, type Effect, flag, labelOf, words } from './setting-effects.ts';
import { readFlags } from './setting-flags.ts';
import { textAt } from './model.ts';

/**
 * What Kyverno's controllers are told by the arguments of their Deployments and by their ConfigMap (Kyverno documentation,
 * "Configuring Kyverno": container flags, ConfigMap keys).
 */
export interface Settings {
  /** Every webhook lets pass what it cannot be asked about. */
  readonly forceFailurePolicyIgnore: boolean;
  readonly exceptions: boolean;
  /** The only namespace exceptions count in; `*` is any. */
  readonly exceptionNamespace: string;
  readonly backgroundScan: boolean;
  readonly reports: boolean;
  /** Sorts of rules that are reported on. */
  readonly reported: ReadonlySet<string>;
  /** Reports are of openreports.io, not of wgpolicyk8s.io. */
  readonly openReports: boolean;
  /** Results that reports keep. */
  readonly allowedResults: ReadonlySet<string>;
  /** What only admission sees is reported. */
  readonly admissionReports: boolean;
  readonly validatingAdmissionPolicyReports: boolean;
  readonly mutatingAdmissionPolicyReports: boolean;
  readonly backgroundScanInterval_ms: number;
  /** Seconds a webhook may take that says nothing itself. */
  readonly webhookTimeout_s: number;
  readonly protectManagedResources: boolean;
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
  /** Who is passed over, with wildcards; `!name` is not, whatever else is said of them. */
  readonly excludedUsers: readonly string[];
  readonly excludedGroups: readonly string[];
  /** Roles (`namespace:name`) and cluster roles whose holders are passed over, with wildcards. */
  readonly excludedRoles: readonly string[];
  readonly excludedClusterRoles: readonly string[];
  /** The registry of images that name none; '' is none, undefined the usual one. */
  readonly defaultRegistry: string | undefined;
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
  exceptionNamespace: '*',
  backgroundScan: true,
  reports: true,
  reported: new Set(['validate', 'mutate', 'mutateExisting', 'imageVerify', 'generate']),
  openReports: false,
  allowedResults: new Set(['pass', 'fail', 'error', 'warn', 'skip']),
  admissionReports: true,
  validatingAdmissionPolicyReports: true,
  mutatingAdmissionPolicyReports: true,
  backgroundScanInterval_ms: 3_600_000,
  webhookTimeout_s: 10,
  protectManagedResources: false,
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
  excludedRoles: [],
  excludedClusterRoles: [],
  defaultRegistry: undefined,
  namespaceSelector: outside('kube-system', 'kyverno'),
  objectSelector: {},
  matchConditions: [],
  webhookLabels: {},
  webhookAnnotations: { 'admissions.enforcer/disabled': 'true' },
  unheeded: [],
};

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
  excludeRoles: (draft, value) => {
    draft.excludedRoles = words(value);
  },
  excludeClusterRoles: (draft, value) => {
    draft.excludedClusterRoles = words(value);
  },
  defaultRegistry: (draft, value) => {
    draft.defaultRegistry = value === 'docker.io' ? undefined : value;
  },
  generateSuccessEvents: flag('successEvents'),
  successEventActions: (draft, value) => {
    draft.successEventActions = words(value).length === 0 ? undefined : new Set(words(value));
  },
  webhooks: (draft, value) => {
    const read = parsed(value);
    const first = Array.isArray(read) ? read[0] : read;
    if (!isObject(first)) return false;
    if (isObject(first.namespaceSelector)) draft.namespaceSelector = selector(first.namespaceSelector);
    if (isObject(first.objectSelector)) draft.objectSelector = selector(first.objectSelector);
  },
  matchConditions: (draft, value) => {
    const read = parsed(value);
    if (!Array.isArray(read)) return false;
    draft.matchConditions = read.filter(isObject);
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
  enableDefaultRegistryMutation: /^(?:true|false)$/,
  maxContextSize: /^(?:2Mi|2097152)?$/,
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

/** True for a Deployment of one of Kyverno's controllers. */
export const isController = (object: JsonObject): boolean =>
  object.kind === 'Deployment' &&
  labelOf(object, 'part-of').startsWith('kyverno') &&
  labelOf(object, 'component').endsWith('-controller');

function readConfigMap(draft: Draft, configMap: JsonObject): void {
  // A ConfigMap that is there says it all: what it does not name is not so.
  Object.assign(draft, {
    filters: [],
    excludedGroups: [],
    namespaceSelector: outside('kyverno'),
    webhookAnnotations: {},
  });
  const data = texts(configMap.data);
  for (const [key, value] of Object.entries(data)) {
    const heeded = Object.hasOwn(KEYS, key) ? KEYS[key]!(draft, value) !== false : AS_IT_IS[key]?.test(value) === true;
    if (!heeded) draft.unheeded = [...draft.unheeded, { object: configMap, what: `${key}: ${value}` }];
  }
  if (data.enableDefaultRegistryMutation === 'false') draft.defaultRegistry = '';
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
  if (exceptionNamespace === '*') return all;
  return all.filter(each => textAt(each, 'metadata', 'namespace') === exceptionNamespace);
}
