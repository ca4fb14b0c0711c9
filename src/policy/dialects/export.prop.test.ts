import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { builtinCatalog, decodeDocuments, type KindRef, type KubeObject } from '../../kernel/index.ts';
import { kyvernoPorts } from '../drivers/kyverno-ports.ts';
import type { PolicyRequest, PolicySet, PolicyTypes, PolicyWorld } from '../model.ts';
import { celPolicySet } from './cel/set.ts';
import { exportAdmissionPolicies } from './export.ts';
import { gatekeeperPolicySet } from './gatekeeper/set.ts';
import { kyvernoPolicySet } from './kyverno/set.ts';

const catalog = builtinCatalog();
const types: PolicyTypes = { schemaOf: () => undefined, kindOf: () => undefined };
const options = { kinds: () => catalog.all(), placeOf: (_: KubeObject, pointer: string) => pointer };

const read = (text: string): KubeObject[] =>
  decodeDocuments(text, { file: 'p.yaml' }).value.map(document => document.value as unknown as KubeObject);

const rule = (match: string, validate: string, more = ''): string => `
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: p}
spec:
  validationFailureAction: Enforce
  rules:
    - name: r
      ${more}
      match: ${match}
      validate: ${validate.replace('{', '{allowExistingViolations: false, ')}
`;
const PODS = '{any: [{resources: {kinds: [Pod]}}]}';
const LABELLED = '{message: m, pattern: {metadata: {labels: {app: "?*"}}}}';

/** Policies of every system with a form in CEL, by what they try. */
const POLICIES: Readonly<Record<string, string>> = {
  'a label, with the rules for controllers': rule(PODS, LABELLED),
  'images that are not latest': rule(PODS, '{message: m, pattern: {spec: {containers: [{image: "!*:latest"}]}}}'),
  'a condition within a list': rule(
    PODS,
    '{message: m, pattern: {spec: {containers: [{(image): "a/*", securityContext: {privileged: false}}]}}}',
  ),
  'optional fields': rule(PODS, '{message: m, pattern: {spec: {"=(hostNetwork)": "false", X(nodeName): "null"}}}'),
  'one of two patterns': rule(
    PODS,
    '{message: m, anyPattern: [{metadata: {labels: {app: x}}}, {spec: {hostNetwork: true}}]}',
  ),
  amounts: rule(PODS, '{message: m, pattern: {spec: {containers: [{resources: {limits: {memory: "<=1Gi"}}}]}}}'),
  'namespaces and names with wildcards, and who asks': rule(
    '{any: [{resources: {kinds: [ConfigMap, Pod], namespaces: ["s*"], names: ["a*", b]}, subjects: [{kind: User, name: "a?a"}]}]}',
    LABELLED,
    'exclude: {any: [{resources: {selector: {matchLabels: {app: "*"}}}}]}',
  ),
  'labels of the namespace': rule(
    '{all: [{resources: {kinds: ["*"], namespaceSelector: {matchExpressions: [{key: team, operator: In, values: [x]}]}}}]}',
    LABELLED,
  ),
  'only while it is made': rule(
    PODS,
    LABELLED,
    'preconditions: {all: [{key: "{{ request.operation || \'BACKGROUND\' }}", operator: NotEquals, value: UPDATE}]}',
  ),
  'CEL in a rule': rule(
    PODS,
    '{cel: {expressions: [{expression: "object.spec.containers.all(c, c.image.startsWith(\'a/\'))"}]}}',
  ),
  'a CEL policy with its controllers': `
apiVersion: policies.kyverno.io/v1alpha1
kind: ValidatingPolicy
metadata: {name: p}
spec:
  validationActions: [Deny]
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]}]
  variables: [{name: images, expression: "object.spec.containers.map(c, c.image)"}]
  validations: [{expression: "variables.images.all(i, !i.endsWith(':latest'))", message: m}]
`,
  'a template in CEL and a constraint': `
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: needs}
spec:
  crd: {spec: {names: {kind: Needs}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      code:
        - engine: K8sNativeValidation
          source:
            variables: [{name: labels, expression: "has(variables.anyObject.metadata.labels) ? variables.anyObject.metadata.labels : {}"}]
            validations: [{expression: "variables.params.labels.all(l, l in variables.labels)", message: missing}]
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Needs
metadata: {name: app}
spec:
  match:
    kinds: [{apiGroups: ["", apps], kinds: [Pod, Deployment, Namespace]}]
    excludedNamespaces: ["sys*"]
    namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [z]}]}
    labelSelector: {matchExpressions: [{key: skip, operator: DoesNotExist}]}
  parameters: {labels: [app]}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Needs
metadata: {name: warned}
spec:
  enforcementAction: warn
  match: {scope: Cluster, name: "a*"}
  parameters: {labels: [tier]}
`,
};

const labels = fc.dictionary(fc.constantFrom('app', 'team', 'tier', 'skip'), fc.constantFrom('x', 'y', 'z'), {
  maxKeys: 2,
});
const container = fc.record(
  {
    name: fc.constant('c'),
    image: fc.constantFrom('a/b:1', 'a/b:latest', 'b:latest', 'c'),
    securityContext: fc.record({ privileged: fc.boolean() }, { requiredKeys: [] }),
    resources: fc.record(
      { limits: fc.record({ memory: fc.constantFrom('1Gi', '512Mi', '2Gi', '1') }) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['name', 'image'] },
);
const podSpec = fc.record(
  {
    containers: fc.array(container, { minLength: 1, maxLength: 3 }),
    hostNetwork: fc.boolean(),
    nodeName: fc.constant('n'),
  },
  { requiredKeys: ['containers'] },
);
const template = fc.record({ metadata: fc.record({ labels }, { requiredKeys: [] }), spec: podSpec });
const kind = fc.constantFrom('Pod', 'Deployment', 'CronJob', 'ConfigMap', 'Namespace');
const GROUPS: Readonly<Record<string, readonly [string, string, string]>> = {
  Pod: ['', 'v1', 'pods'],
  Deployment: ['apps', 'v1', 'deployments'],
  CronJob: ['batch', 'v1', 'cronjobs'],
  ConfigMap: ['', 'v1', 'configmaps'],
  Namespace: ['', 'v1', 'namespaces'],
};

const request: fc.Arbitrary<PolicyRequest> = fc
  .record({
    kind,
    name: fc.constantFrom('a', 'ab', 'b', 'c'),
    namespace: fc.constantFrom('shop', 'system', 'other'),
    own: labels,
    namespaceLabels: labels,
    template,
    operation: fc.constantFrom('CREATE', 'UPDATE', 'DELETE'),
    user: fc.constantFrom('ada', 'eve'),
  })
  .map(({ kind: name, operation, ...made }) => {
    const [group, version, resource] = GROUPS[name]!;
    const namespaced = name !== 'Namespace';
    const spec =
      name === 'Pod'
        ? made.template.spec
        : name === 'Deployment'
          ? { template: made.template }
          : name === 'CronJob'
            ? { jobTemplate: { spec: { template: made.template } } }
            : undefined;
    const object = {
      apiVersion: group === '' ? version : `${group}/${version}`,
      kind: name,
      metadata: { name: made.name, ...(namespaced ? { namespace: made.namespace } : {}), labels: made.own },
      ...(spec ? { spec } : {}),
    } as unknown as KubeObject;
    const namespaceObject: KubeObject = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: made.namespace, labels: made.namespaceLabels },
    };
    return {
      uid: 'u',
      operation: operation as PolicyRequest['operation'],
      group,
      version,
      resource,
      subresource: '',
      kind: { group, version, kind: name },
      namespaced,
      name: made.name,
      namespace: namespaced ? made.namespace : '',
      object: operation === 'DELETE' ? undefined : object,
      oldObject: operation === 'CREATE' ? undefined : object,
      namespaceObject: namespaced ? namespaceObject : undefined,
      user: { name: made.user, groups: ['dev'] },
      dryRun: false,
      options: {},
    };
  });

function openSets(): PolicySet[] {
  const ports = {
    ...kyvernoPorts({ now: () => 0 }, { next: () => 0.5 }),
    resourceOf: (of: KindRef) => catalog.kind(of),
  };
  return [gatekeeperPolicySet(), kyvernoPolicySet(types, ports)];
}

/** The actions a request meets, as one text. */
function met(sets: readonly PolicySet[], world: PolicyWorld, of: PolicyRequest): string {
  const actions = sets
    .flatMap(set => set.policies())
    .filter(policy => policy.decide && policy.matches(of))
    .flatMap(policy => policy.decide!(of, world).answers)
    .filter(({ outcome }) => outcome === 'deny')
    .flatMap(answer => answer.actions);
  return [...new Set(actions)].sort().join();
}

for (const [name, text] of Object.entries(POLICIES))
  test(`exported, it decides the same: ${name}`, () => {
    const documents = read(text);
    const { objects, faults } = exportAdmissionPolicies(documents, options);
    assert.deepEqual(
      faults.map(({ params }) => params.why),
      [],
    );
    assert.ok(objects.length >= 2);
    const constraints = documents.filter(({ kind: of }) => of === 'Needs');
    const world: PolicyWorld = {
      parameter: (_, namespace, wanted) =>
        namespace === undefined ? constraints.find(({ metadata }) => metadata.name === wanted) : undefined,
      parameters: of => constraints.filter(each => each.kind === of.kind),
      authorize: () => ({ allowed: false }),
    };
    const [before, after] = [openSets(), [celPolicySet(types)]];
    for (const document of documents) for (const set of before) set.set(document);
    for (const object of objects) assert.deepEqual(after[0]!.set(object), []);
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(request, of => {
        const said = met(before, world, of);
        seen.set(said, (seen.get(said) ?? 0) + 1);
        assert.equal(met(after, world, of), said);
      }),
      { numRuns: 400, seed: 3 },
    );
    assert.ok((seen.get('') ?? 0) > 5 && seen.size > 1, JSON.stringify([...seen]));
  });

for (const [name, text, pointer, why] of [
  [
    'Rego',
    POLICIES['a template in CEL and a constraint']!.replace('code:', 'rego: "package x"\n      was:'),
    '/spec/targets/0',
    /Rego only/,
  ],
  [
    'JMESPath',
    rule(PODS, LABELLED, 'preconditions: {all: [{key: "{{ request.object.a }}", operator: Equals, value: 1}]}'),
    '/spec/rules/0/preconditions/all/0',
    /JMESPath/,
  ],
  [
    'variables in a pattern',
    rule(PODS, '{pattern: {spec: {a: "{{ x }}"}}}'),
    '/spec/rules/0/validate',
    /references and variables/,
  ],
  [
    'lookups',
    rule(PODS, LABELLED, 'context: [{name: c, configMap: {name: c, namespace: d}}]'),
    '/spec/rules/0/context',
    /look nothing up/,
  ],
  [
    'roles',
    rule('{any: [{resources: {kinds: [Pod]}, clusterRoles: [admin]}]}', LABELLED),
    '/spec/rules/0/match/any/0/clusterRoles',
    /requester/,
  ],
  [
    'violations that may stand',
    rule(PODS, LABELLED).replace('allowExistingViolations: false, ', ''),
    '/spec/rules/0/validate/allowExistingViolations',
    /may keep the violation its object had/,
  ],
  ['mutation', rule(PODS, LABELLED).replace('validate:', 'mutate:'), '/spec/rules/0/mutate', /does not mutate/],
  [
    'functions of Kyverno',
    POLICIES['a CEL policy with its controllers']!.replace(
      '!i.endsWith',
      "resource.Get('v1','pods','a','b') == null || !i.endsWith",
    ),
    '/spec/validations/0/expression',
    /undeclared reference to 'resource'/,
  ],
] as const)
  test(`what has no form is a fault with its place: ${name}`, () => {
    const { objects, faults } = exportAdmissionPolicies(read(text), options);
    assert.deepEqual(objects, []);
    assert.equal(faults[0]?.where, pointer);
    assert.match(String(faults[0]?.params.why), why);
  });
