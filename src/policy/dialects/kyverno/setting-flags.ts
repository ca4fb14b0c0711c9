import { isObject, type JsonObject } from '../../../kernel/index.ts';
import { parseGoDuration } from '../../engine/jmespath/index.ts';
import { type Draft, type Effect, flag, labelOf, words } from './setting-effects.ts';

const someOf =
  (name: 'reported' | 'allowedResults' | 'omittedEvents', known: RegExp): Effect =>
  (draft, value) => {
    if (!words(value).every(each => known.test(each))) return false;
    draft[name] = new Set(words(value));
  };
const enableReporting = someOf('reported', /^(?:validate|mutate|mutateExisting|imageVerify|generate)$/);
/** Either flag ends the making of reports. */
const makesReports: Effect = (draft, value) => {
  const before = draft.reports;
  if (flag('reports')(draft, value) === false) return false;
  draft.reports &&= before;
};

/** Flags with an effect here, by the controller whose argument counts (Kyverno, "Container Flags"). */
const FLAGS: Readonly<Record<string, Readonly<Record<string, Effect>>>> = {
  'admission-controller': {
    admissionReports: flag('admissionReports'),
    forceFailurePolicyIgnore: flag('forceFailurePolicyIgnore'),
    enablePolicyException: flag('exceptions'),
    exceptionNamespace: (draft, value) => {
      draft.exceptionNamespace = value;
    },
    enableReporting,
    generateValidatingAdmissionPolicy: flag('validatingAdmissionPolicies'),
    generateMutatingAdmissionPolicy: flag('mutatingAdmissionPolicies'),
    omitEvents: someOf('omittedEvents', /^Policy(?:Violation|Applied|Error|Skipped)$/),
    protectManagedResources: flag('protectManagedResources'),
    webhookTimeout: (draft, value) => {
      if (!/^\d+$/.test(value) || Number(value) < 1 || Number(value) > 30) return false;
      draft.webhookTimeout_s = Number(value);
    },
  },
  'reports-controller': {
    allowedResults: someOf('allowedResults', /^(?:pass|fail|error|warn|skip)$/),
    backgroundScan: flag('backgroundScan'),
    backgroundScanInterval: (draft, value) => {
      const interval = parseGoDuration(value);
      if (interval === undefined || interval <= 0n) return false;
      draft.backgroundScanInterval_ms = Number(interval / 1_000_000n);
    },
    enableReporting,
    mutatingAdmissionPolicyReports: flag('mutatingAdmissionPolicyReports'),
    openreportsEnabled: flag('openReports'),
    // Skipping the filters, scans report on what these name.
    skipResourceFilters: (draft, value) => {
      if (flag('filtersReports')(draft, value) === false) return false;
      draft.filtersReports = !draft.filtersReports;
    },
    policyReports: makesReports,
    aggregateReports: makesReports,
    validatingAdmissionPolicyReports: flag('validatingAdmissionPolicyReports'),
  },
};

/** What a controller that is installed does where its arguments leave a flag out. */
const DEFAULTS: Readonly<Record<string, Partial<Draft>>> = {
  'admission-controller': {
    exceptions: false,
    exceptionNamespace: '',
    validatingAdmissionPolicies: false,
    mutatingAdmissionPolicies: false,
  },
  'reports-controller': {
    filtersReports: false,
    validatingAdmissionPolicyReports: false,
    mutatingAdmissionPolicyReports: false,
  },
};

/** Flags that switch: one that stands alone says yes, and the argument after it is another. */
const SWITCHES =
  /^(?:add_dir_header|admissionReports|aggregateReports|allow\w+|alsologtostderr|autoUpdateWebhooks|autoDeleteWebhooks|backgroundScan|crdWatcher|disable\w+|dump\w+|enable(?!Reporting)\w+|excludeBootstrapResources|forceFailurePolicyIgnore|generate\w+|imageVerifyCacheEnabled|logtostderr|mutatingAdmissionPolicyReports|one_output|openreportsEnabled|policyReports|profile|protectManagedResources|reportsCRDsSanityChecks|skip\w+|validatingAdmissionPolicyReports)$/;

/** Flags of a process that does not run here (logs, ports, certificates, rates, workers, caches): no decision hangs on them. */
const OF_THE_PROCESS =
  /^(?:v|vmodule|add_dir_header|(?:also)?logtostderr|log_\w+|logging\w+|one_output|skip_(?:log_)?headers|stderrthreshold|metrics\w*|disable(?:Metrics|CertManagerController)|otel\w*|transportCreds|tracing\w*|enable(?:Tracing|ConfigMapCaching|DeferredLoading|CosginLogging)|profile\w*|pprof\w*|servicePort|serviceName|serverIP|webhookServer\w+|webhookServiceName|webhookRegistrationTimeout|cleanupServer\w*|kubeconfig|client\w+|eventsRateLimit\w+|leaderElection\w*|resyncPeriod|caSecretName|tlsSecretName|tlsKeyAlgorithm|renewBefore|backgroundScanWorkers|aggregationWorkers|genWorkers|max(?:QueuedEvents|AuditWorkers|AuditCapacity|AdmissionReports|BackgroundReports)|reports(?:ChunkSize|CRDsSanityChecks)|crdWatcher|crdMigration\w*|dump(?:Payload|Patches)|ttlReconciliationInterval|controllerRuntimeMetricsAddress|imageVerifyCache\w*)$/;

/** Flags whose effect is not built, and the values that ask for nothing. */
const UNBUILT: Readonly<Record<string, RegExp>> = {
  allowHTTPInNamespacedPolicies: /^false$/,
  allowInsecureRegistry: /^false$/,
  apiCallTimeout: /^30s$/,
  autoDeleteWebhooks: /^(?:true|false)$/,
  autoUpdateWebhooks: /^true$/,
  backgroundServiceAccountName: /^system:serviceaccount:kyverno:kyverno-background-controller$/,
  excludeBootstrapResources: /^false$/,
  globalContextTimeout: /./,
  imagePullSecrets: /^$/,
  maxAPICallResponseLength: /^(?:2000000|10000000)$/,
  maxGlobalContextEntries: /^0$/,
  registryCredentialHelpers: /^(?:default,google,amazon,azure,github)?$/,
  reportsServiceAccountName: /^system:serviceaccount:kyverno:kyverno-reports-controller$/,
};

const objectsIn = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

function controllerOf(deployment: JsonObject): JsonObject {
  const pod = (deployment.spec as { template?: { spec?: JsonObject } } | undefined)?.template?.spec ?? {};
  const containers = objectsIn(pod.containers);
  return containers.find(({ name }) => name === 'kyverno' || name === 'controller') ?? containers[0] ?? {};
}

/** Arguments as pairs (Go's flag package): one dash or two, the value behind `=` or as the next argument. */
function* pairsOf({ args, env }: JsonObject): Generator<readonly [text: string, name: string, value: string]> {
  const named = new Map(objectsIn(env).map(({ name, value }) => [String(name), String(value ?? '')]));
  const all = (Array.isArray(args) ? args : []).map(each =>
    String(each).replace(/\$\(([A-Za-z_][\w.-]*)\)/g, (whole, name: string) => named.get(name) ?? whole),
  );
  for (let i = 0; i < all.length; i++) {
    const text = all[i]!;
    const [, name = '', value] = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(text) ?? [];
    const next = all[i + 1];
    if (value !== undefined || SWITCHES.test(name) || next === undefined || next.startsWith('-'))
      yield [text, name, value ?? (SWITCHES.test(name) ? 'true' : '')];
    else {
      yield [`${text} ${next}`, name, next];
      i++;
    }
  }
}

/** Flags of other controllers say again what these say for all. */
const isAnywhere = (name: string): boolean => Object.values(FLAGS).some(each => Object.hasOwn(each, name));

/** Reads the arguments of one of Kyverno's controllers into the settings. */
export function readFlags(draft: Draft, deployment: JsonObject): void {
  const component = labelOf(deployment, 'component');
  Object.assign(draft, DEFAULTS[component]);
  const flags = FLAGS[component] ?? {};
  for (const [text, name, value] of pairsOf(controllerOf(deployment))) {
    const heeded = Object.hasOwn(flags, name)
      ? flags[name]!(draft, value) !== false
      : isAnywhere(name) || OF_THE_PROCESS.test(name) || UNBUILT[name]?.test(value) === true;
    if (!heeded) draft.unheeded = [...draft.unheeded, { object: deployment, what: text }];
  }
}
