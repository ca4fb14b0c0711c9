import type { Json, JsonObject } from '../../../../kernel/index.ts';
import { celForms } from '../cel/autogen.ts';
import { fields, filtersOf, list, listAt } from '../checks/model.ts';
import { isRulesKind, plainKind } from '../kinds.ts';
import { parseKind } from '../match.ts';
import { textAt } from '../model.ts';
import { webhookOf } from '../refusal.ts';
import { rulesOf } from '../run.ts';
import type { Settings } from '../settings.ts';

/** A served kind as webhook rules name it. */
export interface Served {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly subresources: readonly string[];
}

/** Kinds that a text in a match clause names. */
export type ServedFinder = (group: string, version: string, kind: string) => readonly Served[];

/** Says that the decisions of a configuration are made in the API server itself: it is not called. */
export const IN_PROCESS = 'admission.tenon.dev/in-process';

const ALL = ['CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const FIXED = [
  ['ValidatingWebhookConfiguration', 'kyverno-policy-validating-webhook-cfg'],
  ['MutatingWebhookConfiguration', 'kyverno-policy-mutating-webhook-cfg'],
  ['MutatingWebhookConfiguration', 'kyverno-verify-mutating-webhook-cfg'],
] as const;

/** The configurations that say which requests the policies are asked about (Kyverno, "Webhooks"). */
export function webhookConfigurations(
  policies: readonly JsonObject[],
  find: ServedFinder,
  settings: Settings,
): readonly JsonObject[] {
  const validating = [
    ...rulesHooks(policies, 'validate', find, settings),
    ...celHooks(policies, settings, 'ValidatingPolicy'),
    ...celHooks(policies, settings, 'ImageValidatingPolicy', IMAGES_VALIDATED),
  ];
  const mutating = [
    ...rulesHooks(policies, 'mutate', find, settings),
    ...celHooks(policies, settings, 'MutatingPolicy'),
    ...celHooks(policies, settings, 'ImageValidatingPolicy'),
  ];
  return [
    ...FIXED.map(([kind, name]) => configuration(kind, name, [], settings)),
    configuration('ValidatingWebhookConfiguration', 'kyverno-resource-validating-webhook-cfg', validating, settings),
    configuration('MutatingWebhookConfiguration', 'kyverno-resource-mutating-webhook-cfg', mutating, settings),
  ];
}

function configuration(
  kind: string,
  name: string,
  webhooks: readonly JsonObject[],
  { webhookLabels, webhookAnnotations }: Settings,
): JsonObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: {
      name,
      labels: { ...webhookLabels, 'webhook.kyverno.io/managed-by': 'kyverno' },
      annotations: { ...webhookAnnotations, [IN_PROCESS]: 'true' },
    },
    webhooks: [...webhooks],
  };
}

const service = (path: string): JsonObject => ({
  service: { name: 'kyverno-svc', namespace: 'kyverno', path, port: 443 },
});

function hook(
  name: string,
  path: string,
  failure: string,
  rules: readonly JsonObject[],
  more: JsonObject,
  { namespaceSelector, objectSelector, matchConditions, webhookTimeout_s }: Settings,
): JsonObject {
  return {
    name,
    admissionReviewVersions: ['v1'],
    clientConfig: service(path),
    failurePolicy: failure === 'ignore' ? 'Ignore' : 'Fail',
    matchPolicy: 'Equivalent',
    namespaceSelector,
    objectSelector,
    rules: [...rules],
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds: webhookTimeout_s,
    ...more,
    ...(matchConditions.length === 0 ? {} : { matchConditions: [...matchConditions, ...list(more.matchConditions)] }),
  };
}

const failureOf = (spec: JsonObject, { forceFailurePolicyIgnore }: Settings): string =>
  forceFailurePolicyIgnore
    ? 'ignore'
    : String(fields(spec.webhookConfiguration).failurePolicy ?? spec.failurePolicy ?? 'Fail').toLowerCase();

/** One webhook for all policies of a failure policy, and one for each that has match conditions. */
function rulesHooks(
  policies: readonly JsonObject[],
  phase: 'validate' | 'mutate',
  find: ServedFinder,
  settings: Settings,
): readonly JsonObject[] {
  const groups = new Map<string, { failure: string; conditions: Json; rules: JsonObject[] }>();
  for (const policy of policies) {
    const spec = fields(policy.spec);
    if (!isRulesKind(String(policy.kind)) || spec.admission === false) continue;
    const conditions = list(fields(spec.webhookConfiguration).matchConditions);
    const failure = failureOf(spec, settings);
    const fine = conditions.length > 0;
    const key = `${failure}${fine ? `-finegrained-${textAt(policy, 'metadata', 'name')}` : ''}`;
    const rules = rulesOf(policy)
      .filter(rule => concerns(rule, phase))
      .flatMap(rule => hookRules(policy, rule, phase, find));
    if (rules.length === 0) continue;
    const group = groups.get(key) ?? { failure, conditions: [...conditions], rules: [] };
    group.rules.push(...rules);
    groups.set(key, group);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { failure, conditions, rules }]) =>
      hook(
        `${phase}.kyverno.svc-${key}`,
        `/${phase}/${key.replace('-finegrained-', '/finegrained/')}`,
        failure,
        merged(rules),
        (conditions as Json[]).length > 0 ? { matchConditions: conditions } : {},
        settings,
      ),
    );
}

const concerns = (rule: JsonObject, phase: 'validate' | 'mutate'): boolean =>
  phase === 'mutate'
    ? rule.verifyImages !== undefined || (rule.mutate !== undefined && fields(rule.mutate).targets === undefined)
    : rule.validate !== undefined || rule.generate !== undefined || fields(rule.mutate).targets !== undefined;

function hookRules(
  policy: JsonObject,
  rule: JsonObject,
  phase: 'validate' | 'mutate',
  find: ServedFinder,
): readonly JsonObject[] {
  const byDefault = phase === 'mutate' ? ['CREATE', 'UPDATE'] : ALL;
  const excluded = new Set(
    filtersOf(rule.exclude)
      .map(([, filter]) => fields(filter.resources))
      .filter(resources => Object.keys(resources).every(name => name === 'operations'))
      .flatMap(resources => list(resources.operations).map(String)),
  );
  return filtersOf(rule.match).flatMap(([, filter]) => {
    const resources = fields(filter.resources);
    const named = list(resources.operations).map(String);
    const operations = (named.length > 0 ? named : byDefault).filter(each => !excluded.has(each)).toSorted();
    return list(resources.kinds).flatMap(kind => rulesOfKind(String(kind), policy, operations, find));
  });
}

function rulesOfKind(
  text: string,
  policy: JsonObject,
  operations: readonly string[],
  find: ServedFinder,
): readonly JsonObject[] {
  const { group, version, kind, subresource } = parseKind(text);
  const rule = (apiGroup: string, apiVersion: string, resources: readonly string[], scope: string): JsonObject => ({
    apiGroups: [apiGroup],
    apiVersions: [apiVersion],
    operations: [...operations],
    resources: [...resources],
    scope: policy.kind === 'Policy' ? 'Namespaced' : scope,
  });
  if (kind === '*') {
    const all = subresource === '' ? ['*', 'pods/ephemeralcontainers'] : [`*/${subresource}`];
    return [rule('*', '*', all, '*')];
  }
  return find(group, version, kind).map(each => {
    const names =
      subresource === ''
        ? each.resource === 'pods'
          ? ['pods', 'pods/ephemeralcontainers']
          : [each.resource]
        : each.subresources
            .filter(name => subresource === '*' || name === subresource)
            .map(name => `${each.resource}/${name}`);
    return rule(each.group, each.version, names, each.namespaced ? 'Namespaced' : '*');
  });
}

/** Rules that differ only in what they name are one. */
function merged(rules: readonly JsonObject[]): readonly JsonObject[] {
  const byPlace = new Map<string, { rule: JsonObject; operations: Set<string>; resources: Set<string> }>();
  for (const rule of rules) {
    const resources = rule.resources as string[];
    const groups = rule.apiGroups as string[];
    const wide = groups[0] === '*' && rules.some(each => (each.apiGroups as string[])[0] === '*' && each.scope === '*');
    const key = JSON.stringify([groups, rule.apiVersions, wide ? '*' : rule.scope]);
    const known = byPlace.get(key) ?? {
      rule: wide ? { ...rule, scope: '*' } : rule,
      operations: new Set<string>(),
      resources: new Set<string>(),
    };
    for (const operation of rule.operations as string[]) known.operations.add(operation);
    for (const resource of resources) known.resources.add(resource);
    byPlace.set(key, known);
  }
  return [...byPlace]
    .sort(([a], [b]) => order(a) - order(b) || (a < b ? -1 : 1))
    .map(([, { rule, operations, resources }]) => ({
      ...rule,
      operations: [...operations].sort(),
      resources: [...resources].sort(),
    }));
}

/** Wildcards come last. */
const order = (key: string): number => (key.startsWith('[["*"') ? 1 : 0);

const PATHS: Readonly<Record<string, readonly [path: string, verb: string]>> = {
  ValidatingPolicy: ['vpol', 'vpol.validate'],
  MutatingPolicy: ['mpol', 'mpol.mutate'],
  ImageValidatingPolicy: ['ivpol/mutate', 'ivpol.mutate'],
};
/** Policies of images are asked twice: to pin digests, and to judge. */
const IMAGES_VALIDATED = ['ivpol/validate', 'ivpol.validate'] as const;

/** Webhooks of CEL policies: those without conditions share one, each other has its own. */
function celHooks(
  policies: readonly JsonObject[],
  settings: Settings,
  kind: string,
  place = PATHS[kind]!,
): readonly JsonObject[] {
  const basic: JsonObject[] = [];
  const fine: JsonObject[] = [];
  for (const policy of policies) {
    const spec = fields(policy.spec);
    const evaluation = fields(spec.evaluation);
    if (plainKind(String(policy.kind)) !== kind || fields(evaluation.admission).enabled === false) continue;
    if ((evaluation.mode ?? 'Kubernetes') !== 'Kubernetes') continue;
    (webhookOf(policy, settings).includes('-finegrained-') ? fine : basic).push(celHook(policy, spec, place, settings));
  }
  const shared = new Map<string, JsonObject>();
  for (const each of basic) {
    const key = JSON.stringify([each.name, each.namespaceSelector, each.objectSelector]);
    const known = shared.get(key);
    if (known === undefined) shared.set(key, each);
    else shared.set(key, together(known, each, place[0]));
  }
  return [...shared.values(), ...fine];
}

function together(left: JsonObject, right: JsonObject, start: string): JsonObject {
  const path = (of: JsonObject): string => textAt(of, 'clientConfig', 'service', 'path');
  const more = path(right).slice(start.length + 2);
  const rules = [...(left.rules as JsonObject[]), ...(right.rules as JsonObject[])];
  return { ...left, clientConfig: service(`${path(left)}/${more}`), rules };
}

function celHook(
  policy: JsonObject,
  spec: JsonObject,
  [path, verb]: readonly [path: string, verb: string],
  settings: Settings,
): JsonObject {
  const name = textAt(policy, 'metadata', 'name');
  const constraints = fields(spec.matchConstraints);
  const selector = fields(constraints.namespaceSelector);
  const forms = celForms(spec);
  const rules = forms.flatMap(form => listAt(fields(form.spec.matchConstraints), 'resourceRules'));
  const conditions = forms
    .flatMap((form, i) => conditionsOf(form.spec, i, forms.length > 1))
    .toSorted((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
  const webhook = webhookOf(policy, settings).replace(/^[a-z]+\.[a-z]+/, verb);
  const timeout = fields(spec.webhookConfiguration).timeoutSeconds;
  // Digests are pinned whichever version of a resource a request is in.
  const exact = constraints.matchPolicy === 'Exact' && path !== PATHS.ImageValidatingPolicy![0];
  const more = {
    namespaceSelector: both(selector, settings.namespaceSelector),
    objectSelector: both(fields(constraints.objectSelector), settings.objectSelector),
    ...(exact ? { matchPolicy: 'Exact' } : {}),
    ...(conditions.length === 0 ? {} : { matchConditions: conditions }),
    ...(timeout === undefined ? {} : { timeoutSeconds: timeout }),
  };
  return hook(webhook, `/${path}/${name}`, failureOf(spec, settings), ordered(rules), more, settings);
}

/** A selector of what two of them select. */
function both(left: JsonObject, right: JsonObject): JsonObject {
  const labels = Object.entries(fields(right.matchLabels)).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [value],
  }));
  const expressions = [...list(left.matchExpressions), ...list(right.matchExpressions), ...labels];
  return expressions.length === 0 ? left : { ...left, matchExpressions: expressions };
}

/** Each rule speaks of its resources in every scope; rules of jobs come after those of cron jobs. */
function ordered(rules: readonly JsonObject[]): readonly JsonObject[] {
  const key = (rule: JsonObject): string => JSON.stringify([rule.apiGroups, rule.resources]);
  return rules.map(rule => ({ scope: '*', ...rule })).sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

const KINDS: Readonly<Record<string, string>> = {
  pods: 'Pod',
  daemonsets: 'DaemonSet',
  deployments: 'Deployment',
  replicasets: 'ReplicaSet',
  statefulsets: 'StatefulSet',
  jobs: 'Job',
  cronjobs: 'CronJob',
};
const FORM_NAMES = ['autogen-', 'autogen-defaults-', 'autogen-cronjobs-'];

/** Conditions of one form: they count only for objects of its kinds. */
function conditionsOf(spec: JsonObject, at: number, several: boolean): readonly JsonObject[] {
  const kinds = listAt(fields(spec.matchConstraints), 'resourceRules').flatMap(rule =>
    list(rule.resources).map(resource => {
      const group = String(list(rule.apiGroups)[0] ?? '');
      const version = String(list(rule.apiVersions)[0] ?? 'v1');
      const apiVersion = group === '' ? version : `${group}/${version}`;
      return `(object.apiVersion == '${apiVersion}' && object.kind =='${KINDS[String(resource)] ?? String(resource)}')`;
    }),
  );
  return listAt(spec, 'matchConditions').map(condition => ({
    name: several ? `${FORM_NAMES[at]}${String(condition.name)}` : condition.name!,
    expression: several
      ? `!(${kinds.join(' || ')}) || (${String(condition.expression).trim()})`
      : condition.expression!,
  }));
}
