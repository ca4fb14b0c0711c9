import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import { hasWildcard } from '../../../engine/patterns/wildcard.ts';
import { celForms } from '../cel/autogen.ts';
import { fields, filtersOf, list, listAt } from '../checks/model.ts';
import { isRulesKind } from '../kinds.ts';
import { parseKind } from '../match.ts';
import { textAt } from '../model.ts';
import type { Settings } from '../settings.ts';
import type { MadePolicy } from './status.ts';
import type { ServedFinder } from './webhooks.ts';

/** A policy and its binding (admissionregistration.k8s.io) that say the same, or why there are none. */
export interface Exported extends MadePolicy {
  readonly objects: readonly JsonObject[];
}

const NONE: Exported = { generated: false, message: '', objects: [] };
const refuse = (message: string): Exported => ({ ...NONE, message });

/** The admission policy of the API server that says what a policy says, where one is wanted and can. */
export function exportPolicy(
  policy: JsonObject,
  exceptions: readonly JsonObject[],
  find: ServedFinder,
  mutatingVersion: string | undefined,
  { validatingAdmissionPolicies, mutatingAdmissionPolicies }: Settings,
): Exported {
  const kind = String(policy.kind);
  if (!(kind === 'MutatingPolicy' ? mutatingAdmissionPolicies : validatingAdmissionPolicies)) return NONE;
  if (isRulesKind(kind)) return kind === 'ClusterPolicy' ? exportRules(policy, exceptions, find) : NONE;
  if (kind === 'ValidatingPolicy') return exportCel(policy, exceptions, 'Validating', 'v1');
  if (kind === 'MutatingPolicy' && mutatingVersion !== undefined)
    return exportCel(policy, exceptions, 'Mutating', mutatingVersion);
  return NONE;
}

function named(
  policy: JsonObject,
  prefix: string,
  kind: 'Validating' | 'Mutating',
  version: string,
  spec: JsonObject,
  binding: JsonObject,
): Exported {
  const own = textAt(policy, 'metadata', 'name');
  const name = `${prefix}-${own}`;
  const apiVersion = `admissionregistration.k8s.io/${version}`;
  const metadata = (of: string): JsonObject => ({
    name: of,
    labels: { 'app.kubernetes.io/managed-by': 'kyverno' },
    ownerReferences: [
      {
        apiVersion: policy.apiVersion!,
        kind: policy.kind!,
        name: own,
        uid: textAt(policy, 'metadata', 'uid'),
      },
    ],
  });
  return {
    generated: true,
    message: '',
    objects: [
      { apiVersion, kind: `${kind}AdmissionPolicy`, metadata: metadata(name), spec },
      {
        apiVersion,
        kind: `${kind}AdmissionPolicyBinding`,
        metadata: metadata(`${name}-binding`),
        spec: { policyName: name, ...binding },
      },
    ],
  };
}

function exportCel(
  policy: JsonObject,
  exceptions: readonly JsonObject[],
  kind: 'Validating' | 'Mutating',
  version: string,
): Exported {
  const spec = fields(policy.spec);
  const autogen = fields(spec.autogen);
  const wanted = fields(autogen[kind === 'Validating' ? 'validatingAdmissionPolicy' : 'mutatingAdmissionPolicy']);
  if (wanted.enabled !== true) return NONE;
  const existing = fields(fields(spec.evaluation).mutateExisting).enabled === true;
  if (existing) return refuse('policies that change existing objects have no admission policy');
  if (celForms(spec).length > 1) return refuse('policies that also speak of pod controllers have no admission policy');
  const mine = exceptions.filter(each => names(each, textAt(policy, 'metadata', 'name'), String(policy.kind)));
  const conditions = [
    ...mine.flatMap(each =>
      listAt(fields(each.spec), 'matchConditions').map(({ name, expression }) => ({
        name: name!,
        expression: `!(${String(expression)})`,
      })),
    ),
    ...listAt(spec, 'matchConditions'),
  ];
  const kept: JsonObject = { failurePolicy: spec.failurePolicy ?? 'Fail' };
  for (const name of ['matchConstraints', 'validations', 'variables', 'auditAnnotations', 'paramKind', 'mutations'])
    if (spec[name] !== undefined) kept[name] = spec[name];
  if (kind === 'Mutating') kept.reinvocationPolicy = spec.reinvocationPolicy ?? 'Never';
  if (conditions.length > 0) kept.matchConditions = conditions;
  const actions = list(spec.validationActions);
  const binding: JsonObject =
    kind === 'Validating' ? { validationActions: actions.length > 0 ? [...actions] : ['Deny'] } : {};
  return named(policy, kind === 'Validating' ? 'vpol' : 'mpol', kind, version, kept, binding);
}

const names = (exception: JsonObject, policy: string, kind: string): boolean =>
  listAt(fields(exception.spec), 'policyRefs').some(ref => ref.name === policy && (ref.kind ?? kind) === kind);

function exportRules(policy: JsonObject, exceptions: readonly JsonObject[], find: ServedFinder): Exported {
  const spec = fields(policy.spec);
  const rules = listAt(spec, 'rules');
  const [rule] = rules;
  const validate = fields(rule?.validate);
  const cel = fields(validate.cel);
  if (rules.length !== 1 || validate.cel === undefined) return refuse('only one rule of CEL has an admission policy');
  if (cel.generate !== true) return NONE;
  const overrides = list(validate.failureActionOverrides).length + list(spec.validationFailureActionOverrides).length;
  if (overrides > 0) return refuse('failure actions of single namespaces have no admission policy');
  const constraints = constraintsOf(policy, rule!, exceptions, find);
  if (typeof constraints === 'string') return refuse(constraints);
  const kept: JsonObject = { failurePolicy: spec.failurePolicy ?? 'Fail', matchConstraints: constraints };
  for (const [from, to] of [
    ['expressions', 'validations'],
    ['variables', 'variables'],
    ['auditAnnotations', 'auditAnnotations'],
    ['paramKind', 'paramKind'],
  ] as const)
    if (cel[from] !== undefined) kept[to] = cel[from];
  if (rule!.celPreconditions !== undefined) kept.matchConditions = rule!.celPreconditions;
  const enforce = /^enforce$/i.test(String(validate.failureAction ?? spec.validationFailureAction ?? 'Audit'));
  return named(policy, 'cpol', 'Validating', 'v1', kept, {
    validationActions: enforce ? ['Deny'] : ['Audit', 'Warn'],
    ...(cel.paramRef === undefined ? {} : { paramRef: cel.paramRef }),
  });
}

/** Match constraints that pick what a rule picks; a text where none can. */
function constraintsOf(
  policy: JsonObject,
  rule: JsonObject,
  exceptions: readonly JsonObject[],
  find: ServedFinder,
): JsonObject | string {
  const matched = filtersOf(rule.match).map(([, filter]) => filter);
  if (matched.some(byUser) || filtersOf(rule.exclude).some(([, filter]) => byUser(filter)))
    return 'users and roles have no admission policy';
  if (listAt(fields(rule.match), 'all').length > 1)
    return 'several filters that must all hold have no admission policy';
  const resources = matched.map(filter => fields(filter.resources));
  const selecting = resources.filter(each => each.selector ?? each.namespaceSelector ?? each.namespaces);
  if (selecting.length > 0 && resources.length > 1) return 'selectors of single filters have no admission policy';
  const name = textAt(policy, 'metadata', 'name');
  const excepted = exceptions.filter(each =>
    listAt(fields(each.spec), 'exceptions').some(of => of.policyName === name),
  );
  if (excepted.some(each => fields(each.spec).conditions !== undefined))
    return 'exceptions with conditions have no admission policy';
  const excluded = [rule.exclude, ...excepted.map(each => fields(each.spec).match)]
    .flatMap(clause => filtersOf(clause))
    .map(([, filter]) => fields(filter.resources));
  const include = merge(resources.flatMap(each => resourceRules(each, find)));
  const exclude: JsonObject[] = [];
  for (const each of excluded) {
    if (each.selector !== undefined || each.namespaceSelector !== undefined)
      return 'selectors of exclusions have no admission policy';
    if (each.namespaces !== undefined && each.kinds !== undefined)
      return 'exclusions of kinds in single namespaces have no admission policy';
    exclude.push(...(each.namespaces === undefined ? resourceRules(each, find) : [namespaceRule(each)]));
  }
  if ([...include, ...exclude].some(({ resourceNames }) => list(resourceNames).some(each => hasWildcard(String(each)))))
    return 'wildcards in names have no admission policy';
  return {
    resourceRules: [...include],
    ...(exclude.length === 0 ? {} : { excludeResourceRules: exclude }),
    ...selectorsOf(resources[0] ?? {}),
  };
}

const byUser = (filter: JsonObject): boolean =>
  ['subjects', 'roles', 'clusterRoles'].some(name => list(filter[name]).length > 0);

function selectorsOf(resources: JsonObject): JsonObject {
  const out: JsonObject = {};
  if (isObject(resources.selector)) out.objectSelector = resources.selector;
  if (isObject(resources.namespaceSelector)) out.namespaceSelector = resources.namespaceSelector;
  else if (list(resources.namespaces).length > 0)
    out.namespaceSelector = {
      matchExpressions: [
        { key: 'kubernetes.io/metadata.name', operator: 'In', values: [...list(resources.namespaces)] },
      ],
    };
  return out;
}

const ALL: readonly Json[] = ['CREATE', 'UPDATE', 'CONNECT', 'DELETE'];
const operationsOf = (resources: JsonObject): Json[] => {
  const operations = list(resources.operations);
  return [...(operations.length > 0 ? operations : ALL)];
};

const namespaceRule = (resources: JsonObject): JsonObject => ({
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: operationsOf(resources),
  resourceNames: [...list(resources.namespaces)],
  resources: ['namespaces'],
});

function resourceRules(resources: JsonObject, find: ServedFinder): readonly JsonObject[] {
  const names = [...list(resources.names), ...(resources.name === undefined ? [] : [resources.name])];
  const rule = (group: string, version: string, all: readonly string[]): JsonObject => ({
    apiGroups: [group],
    apiVersions: [version],
    operations: operationsOf(resources),
    ...(names.length === 0 ? {} : { resourceNames: names }),
    resources: [...all],
  });
  return list(resources.kinds).flatMap(text => {
    const { group, version, kind, subresource } = parseKind(String(text));
    if (kind === '*') return [rule('*', '*', [subresource === '' ? '*' : `*/${subresource}`])];
    return find(group, version, kind).map(each => {
      if (subresource !== '') return rule(each.group, each.version, [`${each.resource}/${subresource}`]);
      const own = each.resource === 'pods' ? ['pods', 'pods/ephemeralcontainers'] : [each.resource];
      return rule(each.group, each.version, own);
    });
  });
}

/** Rules that differ only in their resources are one. */
function merge(rules: readonly JsonObject[]): readonly JsonObject[] {
  const byRest = new Map<string, JsonObject>();
  for (const rule of rules) {
    const { resources, ...rest } = rule;
    const key = JSON.stringify(rest);
    const all = new Set([...list(byRest.get(key)?.resources), ...list(resources)].map(String));
    byRest.set(key, { ...rest, resources: [...all].sort() });
  }
  return [...byRest.values()];
}
