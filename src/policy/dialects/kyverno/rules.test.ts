import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import test from 'node:test';
import { parse } from 'yaml';
import { builtinCatalog, type Json, type JsonObject, type KubeObject, schemaOf } from '../../../kernel/index.ts';
import type { PolicyRequest, PolicyWorld } from '../../model.ts';
import { type KyvernoPorts, kyvernoPolicySet } from './set.ts';
import { applyKyverno } from './testing/index.ts';

const ports: KyvernoPorts = {
  now: () => Date.parse('2026-01-01T00:00:00Z'),
  random: () => 0.5,
  digest: (algorithm, text) => createHash(algorithm).update(text).digest('hex'),
  hmac: (hash, key, text) => createHmac(hash, key).update(text).digest('base64url'),
  parseYaml: text => parse(text) as Json,
  gunzip: bytes => bytes,
  resourceOf: kind => builtinCatalog().kind(kind),
};

/** Applies a rule to a resource; both are YAML. */
function outcome(rule: string, resource: string, values: JsonObject = {}): string {
  const policy = {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { rules: [{ name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, ...(parse(rule) as object) }] },
  } as unknown as JsonObject;
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x' },
    ...(parse(resource) as object),
  } as JsonObject;
  const files = { documents: (path: string) => [path === 'policy' ? policy : object] };
  const test = { policies: ['policy'], resources: ['resource'], values };
  const found = applyKyverno(test, files, { ...ports, schemaOf }).findings;
  return found.map(each => each.status).join();
}

const ROWS: readonly (readonly [what: string, rule: string, resource: string, expected: string])[] = [
  ['a pattern with wildcards fits', 'validate: {pattern: {spec: {hostname: "a*"}}}', 'spec: {hostname: abc}', 'pass'],
  ['a pattern does not fit', 'validate: {pattern: {spec: {hostname: "a?"}}}', 'spec: {hostname: abc}', 'fail'],
  ['a condition skips', 'validate: {pattern: {spec: {(hostname): b, x: c}}}', 'spec: {hostname: a}', 'skip'],
  ['an equality anchor lets the absent pass', 'validate: {pattern: {spec: {=(hostname): b}}}', 'spec: {a: 1}', 'pass'],
  ['a negation refuses', 'validate: {pattern: {spec: {X(hostname): "null"}}}', 'spec: {hostname: a}', 'fail'],
  [
    'existence wants one element',
    'validate: {pattern: {spec: {^(list): [{n: 1}]}}}',
    'spec: {list: [{n: 2}, {n: 1}]}',
    'pass',
  ],
  [
    'elements whose condition does not hold do not count',
    'validate: {pattern: {spec: {list: [{(n): 1, m: 2}]}}}',
    'spec: {list: [{n: 2}, {n: 1, m: 2}]}',
    'pass',
  ],
  ['ranges', 'validate: {pattern: {spec: {n: "1-10"}}}', 'spec: {n: 11}', 'fail'],
  ['quantities compare', 'validate: {pattern: {spec: {n: "<=1Gi"}}}', 'spec: {n: 1024Mi}', 'pass'],
  [
    'deny by an operator',
    'validate: {deny: {conditions: {any: [{key: "{{ request.object.spec.n }}", operator: GreaterThan, value: 3}]}}}',
    'spec: {n: 4}',
    'fail',
  ],
  [
    'variables that cannot be resolved are errors',
    'validate: {deny: {conditions: {any: [{key: "{{ request.object.spec.z }}", operator: Equals, value: 3}]}}}',
    'spec: {n: 4}',
    'error',
  ],
  [
    'preconditions need what they name',
    'preconditions: {all: [{key: "{{ request.object.spec.z }}", operator: Equals, value: 3}]}\nvalidate: {pattern: {spec: {n: 1}}}',
    'spec: {n: 4}',
    'error',
  ],
  [
    'foreach stops at the first that fails',
    'validate: {foreach: [{list: request.object.spec.list, pattern: {n: "<3"}}]}',
    'spec: {list: [{n: 1}, {n: 5}]}',
    'fail',
  ],
  [
    'the restricted standard',
    'validate: {podSecurity: {level: baseline}}',
    'spec: {hostPID: true, containers: [{name: a, image: b}]}',
    'fail',
  ],
  [
    'an excluded control',
    'validate: {podSecurity: {level: baseline, exclude: [{controlName: Host Namespaces}]}}',
    'spec: {hostPID: true, containers: [{name: a, image: b}]}',
    'pass',
  ],
  ['CEL', 'validate: {cel: {expressions: [{expression: "object.spec.n < 3"}]}}', 'spec: {n: 4}', 'fail'],
];

for (const [what, rule, resource, expected] of ROWS)
  test(`rule: ${what}`, () => assert.equal(outcome(rule, resource), expected));

const request = (object: KubeObject): PolicyRequest => ({
  uid: '1',
  operation: 'CREATE',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  namespaced: true,
  name: 'x',
  namespace: 'default',
  object,
  oldObject: undefined,
  namespaceObject: undefined,
  user: { name: 'alice', groups: [] },
  dryRun: false,
  options: {},
});
const world: PolicyWorld = { parameter: () => undefined, parameters: () => [], authorize: () => ({ allowed: false }) };
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', namespace: 'default' }, spec: {} } as KubeObject;

test('set: policies lower into mutations and verdicts with their actions', () => {
  const set = kyvernoPolicySet({ schemaOf, kindOf: () => undefined }, ports);
  const match = { any: [{ resources: { kinds: ['Pod'] } }] };
  set.set({
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'label' },
    spec: {
      rules: [
        { name: 'add', match, mutate: { patchStrategicMerge: { metadata: { labels: { '+(team)': 'x' } } } } },
        { name: 'need', match, validate: { failureAction: 'Enforce', message: 'no', pattern: { spec: { n: 1 } } } },
      ],
    },
  });
  const policy = set.policies()[0]!;
  assert.ok(policy.matches(request(pod)));
  assert.deepEqual(policy.mutate!(request(pod), world).object.metadata.labels, { team: 'x' });
  const { answers } = policy.decide!(request(pod), world);
  assert.deepEqual(
    answers.map(answer => [answer.outcome, answer.actions, answer.by]),
    [['deny', ['deny'], { kind: 'ClusterPolicy', name: 'label', rule: 'need' }]],
  );
});

test('set: a CEL policy with an exception', () => {
  const set = kyvernoPolicySet({ schemaOf, kindOf: () => undefined }, ports);
  set.set({
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'ValidatingPolicy',
    metadata: { name: 'v' },
    spec: {
      validationActions: ['Warn'],
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      validations: [{ expression: 'has(object.spec.n)', message: 'n is missing' }],
    },
  });
  const denied = set.policies()[0]!.decide!(request(pod), world).answers;
  assert.deepEqual(
    denied.map(answer => [answer.actions, answer.message]),
    [[['warn'], 'n is missing']],
  );
  set.set({
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'PolicyException',
    metadata: { name: 'e' },
    spec: {
      policyRefs: [{ name: 'v', kind: 'ValidatingPolicy' }],
      matchConditions: [{ name: 'x', expression: "object.metadata.name == 'x'" }],
    },
  });
  assert.deepEqual(set.policies()[0]!.decide!(request(pod), world).answers, []);
});

test('set: match conditions see the images that exceptions allow', () => {
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }];
  const expression = 'Object{metadata: Object.metadata{labels: {"let": "in"}}}';
  const policy = {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'MutatingPolicy',
    metadata: { name: 'm' },
    spec: {
      matchConstraints: { resourceRules },
      matchConditions: [
        { name: 'c', expression: 'object.spec.containers.all(c, string(c.image) in exceptions.allowedImages)' },
      ],
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    },
  };
  const exception = {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'PolicyException',
    metadata: { name: 'e' },
    spec: { policyRefs: [{ name: 'm', kind: 'MutatingPolicy' }], images: ['a:1'] },
  };
  const labels = (image: string, documents: readonly object[]): unknown => {
    const set = kyvernoPolicySet({ schemaOf, kindOf: () => undefined }, ports);
    for (const each of documents) set.set(each as KubeObject);
    const written = request({ ...pod, spec: { containers: [{ name: 'c', image }] } } as KubeObject);
    return set.policies()[0]!.mutate!(written, world).object.metadata.labels;
  };
  assert.deepEqual(labels('a:1', [policy, exception]), { let: 'in' });
  assert.equal(labels('b:1', [policy, exception]), undefined);
  assert.equal(labels('a:1', [policy]), undefined);
});

test('a pod that only exceptions let in is skipped and names them; one that needs none passes', () => {
  const match = { any: [{ resources: { kinds: ['Pod'] } }] };
  const policy = {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'psa' },
    spec: { rules: [{ name: 'b', match, validate: { podSecurity: { level: 'baseline', version: 'latest' } } }] },
  } as unknown as JsonObject;
  const exceptionOf = (name: string, image: string): JsonObject => ({
    apiVersion: 'kyverno.io/v2',
    kind: 'PolicyException',
    metadata: { name },
    spec: {
      exceptions: [{ policyName: 'psa', ruleNames: ['b'] }],
      match,
      podSecurity: [{ controlName: 'Capabilities', images: [image] }],
    },
  });
  const exceptions = [exceptionOf('one', 'a:1'), exceptionOf('two', 'b:1')];
  const told = (add: readonly string[], excepted: readonly JsonObject[]): unknown => {
    const containers = ['a:1', 'b:1'].map(image => ({
      name: image[0]!,
      image,
      securityContext: { capabilities: { add: [...add] } },
    }));
    const object = { ...pod, spec: { containers } } as unknown as JsonObject;
    const documents: Readonly<Record<string, readonly JsonObject[]>> = {
      policy: [policy],
      resource: [object],
      exceptions: excepted,
    };
    const files = { documents: (path: string) => documents[path]! };
    const test = { policies: ['policy'], resources: ['resource'], exceptions: ['exceptions'] };
    return applyKyverno(test, files, { ...ports, schemaOf }).findings.map(each => each.status);
  };
  assert.deepEqual(told(['SYS_TIME'], exceptions), ['skip']);
  assert.deepEqual(told(['SYS_TIME'], exceptions.slice(1)), ['fail']);
  assert.deepEqual(told([], exceptions), ['pass']);
});
