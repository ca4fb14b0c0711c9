/** API groups and kinds this dialect reads. */
export const RULES_GROUP = 'kyverno.io';
export const CEL_GROUP = 'policies.kyverno.io';

const CEL_RESOURCES = [
  'validatingpolicies',
  'mutatingpolicies',
  'generatingpolicies',
  'deletingpolicies',
  'imagevalidatingpolicies',
];

/** Collections whose objects decide at admission. */
export const ADMISSION_RESOURCES: readonly { readonly group: string; readonly resource: string }[] = [
  ...['clusterpolicies', 'policies', 'policyexceptions', 'globalcontextentries'].map(resource => ({
    group: RULES_GROUP,
    resource,
  })),
  ...CEL_RESOURCES.flatMap(resource => [
    { group: CEL_GROUP, resource },
    { group: CEL_GROUP, resource: `namespaced${resource}` },
  ]),
  { group: CEL_GROUP, resource: 'policyexceptions' },
];

/** Collections whose objects ask for work beside admission. */
export const BACKGROUND_RESOURCES: typeof ADMISSION_RESOURCES = [
  ...ADMISSION_RESOURCES,
  { group: RULES_GROUP, resource: 'cleanuppolicies' },
  { group: RULES_GROUP, resource: 'clustercleanuppolicies' },
];

/** Collections that hold what Kyverno's controllers are told. */
export const SETTING_RESOURCES: typeof ADMISSION_RESOURCES = [
  { group: '', resource: 'configmaps' },
  { group: 'apps', resource: 'deployments' },
];

/** The API server's own policies that may ask to be reported on, and what puts them in force. */
export const REPORTED_ADMISSION_RESOURCES: typeof ADMISSION_RESOURCES = [
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
].map(resource => ({ group: 'admissionregistration.k8s.io', resource }));

export const isRulesKind = (kind: string): boolean => kind === 'ClusterPolicy' || kind === 'Policy';
export const isCelKind = (kind: string): boolean =>
  /^(?:Namespaced)?(?:Validating|Mutating|Generating|Deleting|ImageValidating)Policy$/.test(kind);
/** `NamespacedMutatingPolicy` -> `MutatingPolicy`. */
export const plainKind = (kind: string): string => kind.replace(/^Namespaced/, '');
