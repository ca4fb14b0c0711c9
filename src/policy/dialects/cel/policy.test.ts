import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, VirtualClock } from '../../../base/index.ts';
import {
  builtinCatalog,
  type Client,
  Informer,
  type JsonObject,
  type KubeObject,
  memoryLog,
  openKernel,
  schemaOf,
  StatusError,
} from '../../../kernel/index.ts';
import { runPolicies } from '../../controller.ts';
import { policyStep } from '../../engine/admission.ts';
import { explainPolicies } from '../../engine/explain.ts';
import type { PolicyRequest } from '../../model.ts';
import type { PolicySource } from '../../ports.ts';

const MAPS = { group: '', version: 'v1', resource: 'configmaps' };
const GROUP = 'admissionregistration.k8s.io';
const RULES = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }];

const policy = (spec: JsonObject, kind = 'ValidatingAdmissionPolicy', version = 'v1'): KubeObject => ({
  apiVersion: `${GROUP}/${version}`,
  kind,
  metadata: { name: 'p' },
  spec: { matchConstraints: { resourceRules: RULES }, failurePolicy: 'Fail', ...spec },
});
const binding = (spec: JsonObject = {}, kind = 'ValidatingAdmissionPolicyBinding', version = 'v1'): KubeObject => ({
  apiVersion: `${GROUP}/${version}`,
  kind,
  metadata: { name: 'b' },
  spec: { policyName: 'p', ...(kind.startsWith('Validating') ? { validationActions: ['Deny'] } : {}), ...spec },
});
const map = (name: string, data: Record<string, string>, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', labels },
  data,
});

async function cluster(
  objects: readonly KubeObject[],
): Promise<{ client: Client; source: PolicySource; close: () => Promise<void> }> {
  const clock = new VirtualClock();
  const random = seededRandom(3);
  const informers: Informer[] = [];
  let source: PolicySource | undefined;
  const later: PolicySource = {
    policies: () => source?.policies() ?? [],
    get world() {
      return source!.world;
    },
    ready: () => source?.ready?.(),
    equivalent: request => source?.equivalent?.(request) ?? request,
  };
  const kernel = await openKernel({ log: memoryLog(), clock, random, admission: [policyStep(later)] });
  const client = kernel.client();
  const running = runPolicies({
    client,
    catalog: builtinCatalog(),
    schemaOf,
    informer: ref => {
      const informer = new Informer({ client, clock, random, ref }).start();
      informers.push(informer);
      return informer;
    },
    authorize: (_, question) => ({ allowed: question.verb === 'get' }),
  });
  source = running;
  for (const object of objects) {
    const definition = builtinCatalog().kind({ ...split(object.apiVersion), kind: object.kind })!;
    await client.create(definition, object);
  }
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve));
  await running.settled();
  return {
    client,
    source: running,
    close: async () => {
      for (const informer of informers) await informer[Symbol.asyncDispose]();
      await kernel[Symbol.asyncDispose]();
    },
  };
}

const split = (apiVersion: string) => {
  const [group, version] = apiVersion.includes('/')
    ? (apiVersion.split('/') as [string, string])
    : (['', apiVersion] as [string, string]);
  return { group, version };
};

const validation = (expression: string, more: JsonObject = {}): JsonObject => ({
  validations: [{ expression, ...more }],
});

/** [what, policy spec, binding spec, written map, what the refusal says or undefined when it is let in] */
const CASES: [string, JsonObject, JsonObject, KubeObject, RegExp | undefined][] = [
  ['a rule that holds', validation("object.data.a == '1'"), {}, map('x', { a: '1' }), undefined],
  [
    'a rule that fails',
    validation("object.data.a == '2'"),
    {},
    map('x', { a: '1' }),
    /^configmaps "x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression: object\.data\.a == '2'$/,
  ],
  ['a message', validation('false', { message: 'no' }), {}, map('x', {}), /denied request: no$/],
  [
    'a message expression',
    validation('false', { messageExpression: "'no ' + object.metadata.name" }),
    {},
    map('x', {}),
    /denied request: no x$/,
  ],
  [
    'a message expression that fails',
    validation('false', { message: 'plain', messageExpression: 'object.nope' }),
    {},
    map('x', {}),
    /denied request: plain$/,
  ],
  [
    'an error under Fail',
    validation('object.data.zz == 1'),
    {},
    map('x', { a: '1' }),
    /resulted in error: no such key: zz/,
  ],
  [
    'an error under Ignore',
    { ...validation('object.data.zz == 1'), failurePolicy: 'Ignore' },
    {},
    map('x', { a: '1' }),
    undefined,
  ],
  [
    'a condition that is false',
    { ...validation('false'), matchConditions: [{ name: 'c', expression: "object.metadata.name == 'y'" }] },
    {},
    map('x', {}),
    undefined,
  ],
  [
    'a condition that errs',
    { ...validation('true'), matchConditions: [{ name: 'c', expression: 'object.nope' }] },
    {},
    map('x', {}),
    /match condition "c" resulted in error/,
  ],
  [
    'false beats an error',
    {
      ...validation('false'),
      matchConditions: [
        { name: 'c', expression: 'object.nope' },
        { name: 'd', expression: 'false' },
      ],
    },
    {},
    map('x', {}),
    undefined,
  ],
  [
    'variables',
    {
      variables: [
        { name: 'n', expression: 'size(object.data)' },
        { name: 'm', expression: 'variables.n + 1' },
      ],
      ...validation('variables.m == 3'),
    },
    {},
    map('x', { a: '', b: '' }),
    undefined,
  ],
  [
    'an unused variable may err',
    { variables: [{ name: 'n', expression: 'object.nope' }], ...validation('true') },
    {},
    map('x', {}),
    undefined,
  ],
  [
    'a label selector that misses',
    validation('false'),
    { matchResources: { objectSelector: { matchLabels: { a: 'b' } } } },
    map('x', {}),
    undefined,
  ],
  [
    'a label selector that hits',
    validation('false'),
    { matchResources: { objectSelector: { matchLabels: { a: 'b' } } } },
    map('x', {}, { a: 'b' }),
    /denied/,
  ],
  [
    'a namespace selector that misses',
    validation('false'),
    { matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } } },
    map('x', {}),
    undefined,
  ],
  ['the namespace object', validation("namespaceObject.metadata.name == 'default'"), {}, map('x', {}), undefined],
  [
    'the request',
    validation("request.operation == 'CREATE' && request.namespace == 'default' && request.kind.kind == 'ConfigMap'"),
    {},
    map('x', {}),
    undefined,
  ],
  [
    'the authorizer',
    validation("authorizer.group('').resource('pods').namespace('default').check('delete').allowed()"),
    {},
    map('x', {}),
    /denied/,
  ],
  ['the old object', validation('oldObject == null'), {}, map('x', {}), undefined],
  [
    'parameters',
    { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, ...validation('object.data.a == params.data.a') },
    { paramRef: { name: 'params', namespace: 'default', parameterNotFoundAction: 'Deny' } },
    map('x', { a: '2' }),
    /failed expression/,
  ],
  [
    'parameters that are absent',
    { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, ...validation('true') },
    { paramRef: { name: 'none', parameterNotFoundAction: 'Deny' } },
    map('x', {}),
    /no params found/,
  ],
  [
    'an excluded resource',
    {
      ...validation('false'),
      matchConstraints: { resourceRules: RULES, excludeResourceRules: [{ ...RULES[0]!, operations: ['CREATE'] }] },
    },
    {},
    map('x', {}),
    undefined,
  ],
  [
    'another excluded name',
    {
      ...validation('false'),
      matchConstraints: { resourceRules: RULES, excludeResourceRules: [{ ...RULES[0]!, resourceNames: ['y'] }] },
    },
    {},
    map('x', {}),
    /denied/,
  ],
  [
    'a binding narrows',
    validation('false'),
    { matchResources: { resourceRules: [{ ...RULES[0]!, resourceNames: ['y'] }] } },
    map('x', {}),
    undefined,
  ],
  [
    'only cluster scope',
    { ...validation('false'), matchConstraints: { resourceRules: [{ ...RULES[0]!, scope: 'Cluster' }] } },
    {},
    map('x', {}),
    undefined,
  ],
  ['a reason', validation('false', { reason: 'Forbidden' }), {}, map('x', {}), /denied/],
  [
    'a budget',
    validation(
      `[${'1,'.repeat(200)}1].all(a, [${'1,'.repeat(200)}1].all(b, [${'1,'.repeat(200)}1].all(c, a + b + c > 0)))`,
    ),
    {},
    map('x', {}),
    /cost limit exceeded/,
  ],
];

test('validating policies', async () => {
  for (const [name, spec, bound, object, wanted] of CASES) {
    const { client, close } = await cluster([map('params', { a: '1' }), policy(spec), binding(bound)]);
    if (wanted === undefined) await assert.doesNotReject(client.create(MAPS, object), name);
    else
      await assert.rejects(
        client.create(MAPS, object),
        (error: unknown) => error instanceof StatusError && wanted.test(error.message),
        name,
      );
    await close();
  }
});

/** [what, mutation, data after] */
const MUTATIONS: [string, JsonObject, Record<string, string>][] = [
  [
    'an apply configuration',
    {
      patchType: 'ApplyConfiguration',
      applyConfiguration: { expression: "Object{data: Object.data{?b: optional.of('2')}}" },
    },
    { a: '1', b: '2' },
  ],
  [
    'a JSON patch',
    {
      patchType: 'JSONPatch',
      jsonPatch: { expression: "[JSONPatch{op: 'add', path: '/data/' + jsonpatch.escapeKey('c-d'), value: '3'}]" },
    },
    { a: '1', 'c-d': '3' },
  ],
];

test('mutating policies', async () => {
  const [kind] = [...builtinCatalog().all()].filter(each => each.kind === 'MutatingAdmissionPolicy');
  assert.ok(kind);
  for (const [name, mutation, wanted] of MUTATIONS) {
    const { client, close } = await cluster([
      policy({ mutations: [mutation], reinvocationPolicy: 'Never' }, 'MutatingAdmissionPolicy', kind.version),
      binding({}, 'MutatingAdmissionPolicyBinding', kind.version),
    ]);
    const made = await client.create(MAPS, map('x', { a: '1' }));
    assert.deepEqual(made.data, wanted, name);
    await close();
  }
});

test('a policy on one version sees writes that come in another', async () => {
  const rules = (apiVersions: string[]) => [
    { apiGroups: ['autoscaling'], apiVersions, operations: ['*'], resources: ['horizontalpodautoscalers'] },
  ];
  const scaler = (percent: number): KubeObject => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'h', namespace: 'default' },
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } } },
      ],
    },
  });
  const ref = { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' };
  const rule =
    "object.apiVersion == 'autoscaling/v1' && object.spec.targetCPUUtilizationPercentage < 80 && request.requestKind.version == 'v2'";
  for (const [matchPolicy, refused] of [
    ['Equivalent', true],
    ['Exact', false],
  ] as const) {
    const { client, close } = await cluster([
      policy({ matchConstraints: { matchPolicy, resourceRules: rules(['v1']) }, ...validation(rule) }),
      binding(),
    ]);
    if (refused) await assert.rejects(client.create(ref, scaler(90)), /failed expression/);
    else await client.create(ref, scaler(90));
    if (refused) await client.create(ref, scaler(50));
    await close();
  }
});

test('explanations are the decisions, with what nearly applied', async () => {
  const { source, close } = await cluster([
    policy(validation('object.data.a == "1"', { message: 'a must be 1' })),
    binding(),
  ]);
  const object = map('x', { a: '2' });
  const asked: PolicyRequest = {
    uid: '',
    operation: 'CREATE',
    group: '',
    version: 'v1',
    resource: 'configmaps',
    subresource: '',
    kind: { group: '', version: 'v1', kind: 'ConfigMap' },
    namespaced: true,
    name: 'x',
    namespace: 'default',
    object,
    oldObject: undefined,
    namespaceObject: undefined,
    user: { name: 'u', groups: [] },
    dryRun: false,
    options: {},
  };
  const [denied] = explainPolicies(asked, source);
  assert.equal(denied?.outcome, 'deny');
  assert.equal(denied?.message, 'a must be 1');
  const [other] = explainPolicies({ ...asked, resource: 'secrets' }, source);
  assert.equal(other?.outcome, 'allow');
  assert.match(other?.nearMisses[0]?.failed.en ?? '', /No resource rule names CREATE secrets/);
  await close();
});

test('the status tells what does not fit the kinds a policy names', async () => {
  const { client, close } = await cluster([
    policy({
      matchConstraints: {
        resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['*'], resources: ['deployments'] }],
      },
      ...validation('object.spec.replicaz > 1'),
    }),
  ]);
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve));
  const written = await client.get(
    { group: GROUP, version: 'v1', resource: 'validatingadmissionpolicies' },
    { name: 'p' },
  );
  const { expressionWarnings } = (
    written.status as { typeChecking: { expressionWarnings: { fieldRef: string; warning: string }[] } }
  ).typeChecking;
  assert.equal(expressionWarnings[0]!.fieldRef, 'spec.validations[0].expression');
  assert.match(
    expressionWarnings[0]!.warning,
    /apps\/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replicaz'/,
  );
  await close();
});
