import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from '../../client.ts';
import { memoryLog } from '../../drivers/memory-log.ts';
import type { KubeObject, ResourceRef } from '../../object.ts';
import { StatusError } from '../../status.ts';
import { CONFIG_MAPS, configMap, testKernel } from '../../testkernel.ts';
import type { Webhook, WebhookPort } from './model.ts';

const MUTATING: ResourceRef = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  resource: 'mutatingwebhookconfigurations',
};
const VALIDATING: ResourceRef = { ...MUTATING, resource: 'validatingwebhookconfigurations' };

interface Request {
  uid: string;
  operation: string;
  object: KubeObject | null;
  oldObject: KubeObject | null;
  userInfo: { username: string };
  name?: string;
}
type Answer = { allowed?: boolean; patch?: object[]; status?: object; warnings?: string[] };

/** Answers calls by the path of their URL. */
function answering(
  answers: Record<string, (request: Request) => Answer | Promise<Answer>>,
  calls: string[] = [],
): WebhookPort {
  return {
    call: async (target, review) => {
      const { request } = review as { request: Request };
      const path = new URL(target.url!).pathname.slice(1);
      calls.push(path);
      const { patch, ...rest } = await answers[path]!(request);
      const encoded = patch
        ? { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }
        : {};
      return {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: request.uid, allowed: true, ...rest, ...encoded },
      };
    },
    condition: (expression, { request }) => {
      if (expression === 'broken') throw new Error('no such key');
      return (request as Request).operation === expression;
    },
  };
}

const RULE = { operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };
const hook = (path: string, more: Partial<Webhook> = {}): Webhook => ({
  name: `${path}.example.org`,
  clientConfig: { url: `https://hooks.example.org/${path}` },
  rules: [RULE],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});
const configure = (client: Client, ref: ResourceRef, ...webhooks: Webhook[]): Promise<KubeObject> =>
  client.create<KubeObject>(ref, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: ref === MUTATING ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration',
    metadata: { name: 'hooks' },
    webhooks,
  });
const label =
  (name: string) =>
  ({ object }: Request): Answer =>
    object!.metadata.labels?.[name]
      ? {}
      : {
          patch: [
            object!.metadata.labels
              ? { op: 'add', path: `/metadata/labels/${name}`, value: 'yes' }
              : { op: 'add', path: '/metadata/labels', value: { [name]: 'yes' } },
          ],
        };
const refusal = (code: number, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return true;
};

test('mutating webhooks patch in order and are asked again only where they want it', async () => {
  const calls: string[] = [];
  const { client } = await testKernel({
    webhooks: answering({ first: label('first'), second: label('second'), third: label('third') }, calls),
  });
  await configure(client, MUTATING, hook('first', { reinvocationPolicy: 'IfNeeded' }), hook('second'), hook('third'));
  const made = await client.create(CONFIG_MAPS, configMap('a'));
  assert.deepEqual(Object.keys(made.metadata.labels!).sort(), ['first', 'second', 'third']);
  assert.deepEqual(calls, ['first', 'second', 'third', 'first']);
});

test('validating webhooks see the stored form and refuse in their own words', async () => {
  const seen: Request[] = [];
  const { client } = await testKernel({
    webhooks: answering({
      check: request => {
        seen.push(request);
        return request.object?.data && (request.object.data as { bad?: string }).bad
          ? { allowed: false, status: { message: 'bad data', code: 403 } }
          : { warnings: ['mind this'] };
      },
      mute: () => ({ allowed: false }),
    }),
  });
  await configure(client, VALIDATING, hook('check'), hook('mute', { rules: [{ ...RULE, operations: ['DELETE'] }] }));
  await client.create(CONFIG_MAPS, configMap('a'));
  assert.ok(seen[0]!.object?.metadata.uid && seen[0]!.oldObject === null);
  await assert.rejects(
    client.update(CONFIG_MAPS, configMap('a', { bad: '1' })),
    refusal(403, /^admission webhook "check\.example\.org" denied the request: bad data$/),
  );
  assert.equal(seen[1]!.oldObject?.metadata.name, 'a');
  await assert.rejects(
    client.delete(CONFIG_MAPS, { namespace: 'default', name: 'a' }),
    refusal(400, /^admission webhook "mute\.example\.org" denied the request without explanation$/),
  );
});

const SCALERS: ResourceRef = { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' };
const scaler: KubeObject = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'h', namespace: 'default' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
    maxReplicas: 3,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
  },
};

test('matchPolicy Equivalent shows another version of the write, and its patch is of that version', async () => {
  const seen: Record<string, unknown>[] = [];
  const { client } = await testKernel({
    webhooks: answering({
      v1: request => {
        seen.push(request as unknown as Record<string, unknown>);
        return { patch: [{ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 50 }] };
      },
    }),
  });
  const rules = [
    { operations: ['CREATE'], apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: [SCALERS.resource] },
  ];
  await configure(client, MUTATING, hook('v1', { rules, matchPolicy: 'Equivalent' }));
  const made = await client.create<KubeObject>(SCALERS, structuredClone(scaler));
  const group = { group: 'autoscaling', kind: 'HorizontalPodAutoscaler' };
  assert.deepEqual(
    [seen[0]!.kind, seen[0]!.requestKind],
    [
      { ...group, version: 'v1' },
      { ...group, version: 'v2' },
    ],
  );
  assert.equal((seen[0]!.object as KubeObject).apiVersion, 'autoscaling/v1');
  const [metric] = (made.spec as { metrics: { resource: { target: { averageUtilization: number } } }[] }).metrics;
  assert.deepEqual([made.apiVersion, metric!.resource.target.averageUtilization], ['autoscaling/v2', 50]);
});

test('matchPolicy Exact is not asked about another version', async () => {
  const { client } = await testKernel({ webhooks: answering({ v1: () => ({ allowed: false }) }) });
  const rules = [
    { operations: ['CREATE'], apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: [SCALERS.resource] },
  ];
  await configure(client, VALIDATING, hook('v1', { rules, matchPolicy: 'Exact' }));
  await client.create<KubeObject>(SCALERS, structuredClone(scaler));
});

test('connections are shown by their options', async () => {
  const seen: Record<string, unknown>[] = [];
  const { client, kernel } = await testKernel({
    webhooks: answering({
      attach: request => {
        seen.push(request as unknown as Record<string, unknown>);
        return { allowed: false, status: { message: 'no attaching' } };
      },
    }),
  });
  const rules = [{ operations: ['CONNECT'], apiGroups: ['*'], apiVersions: ['*'], resources: ['pods/attach'] }];
  await configure(client, VALIDATING, hook('attach', { rules }));
  const connect = (subresource: string, kind: string) =>
    kernel.registry.connect(
      { user: { name: 'u', groups: [] }, warnings: [] },
      { group: '', version: 'v1', resource: 'pods' },
      { namespace: 'default', name: 'p' },
      subresource,
      { apiVersion: 'v1', kind, stdin: true } as unknown as KubeObject,
    );
  await connect('exec', 'PodExecOptions');
  await assert.rejects(connect('attach', 'PodAttachOptions'), refusal(400, /denied the request: no attaching$/));
  const { kind, subResource, operation, object, name } = seen[0]!;
  assert.deepEqual(
    { kind, subResource, operation, name },
    {
      kind: { group: '', version: 'v1', kind: 'PodAttachOptions' },
      subResource: 'attach',
      operation: 'CONNECT',
      name: 'p',
    },
  );
  assert.deepEqual(object, { apiVersion: 'v1', kind: 'PodAttachOptions', stdin: true });
});

test('a webhook that fails: Fail refuses, Ignore lets through, wrong answers are failures', async () => {
  const broken = (): never => {
    throw new Error('failed to call webhook: connection refused');
  };
  const { client } = await testKernel({ webhooks: answering({ broken }) });
  const made = await configure(client, VALIDATING, hook('broken', { failurePolicy: 'Fail' }));
  await assert.rejects(
    client.create(CONFIG_MAPS, configMap('a')),
    refusal(
      500,
      /^Internal error occurred: failed calling webhook "broken\.example\.org": failed to call webhook: connection refused$/,
    ),
  );
  await client.update(VALIDATING, {
    ...structuredClone(made),
    webhooks: [hook('broken', { failurePolicy: 'Ignore' })],
  } as KubeObject);
  await client.create(CONFIG_MAPS, configMap('a'));
  const strange = await testKernel({ webhooks: { call: async () => ({ kind: 'Pod' }) } });
  await configure(strange.client, VALIDATING, hook('x'));
  await assert.rejects(
    strange.client.create(CONFIG_MAPS, configMap('a')),
    refusal(500, /expected webhook response of admission\.k8s\.io\/v1/),
  );
});

test('without anybody who carries calls, what must be asked is refused', async () => {
  const { client } = await testKernel();
  await configure(client, VALIDATING, hook('x'));
  await assert.rejects(client.create(CONFIG_MAPS, configMap('a')), refusal(500, /webhooks cannot be called from here/));
});

/** Webhook, and the names of config maps it is asked about. */
const MATCHES: readonly (readonly [string, Partial<Webhook>, readonly string[]])[] = [
  ['any', {}, ['plain', 'labelled', 'inside']],
  ['other resources', { rules: [{ ...RULE, resources: ['pods', 'configmaps/status'] }] }, []],
  [
    'wildcards',
    { rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], scope: 'Namespaced' }] },
    ['plain', 'labelled', 'inside'],
  ],
  ['cluster scope', { rules: [{ ...RULE, resources: ['*'], scope: 'Cluster' }] }, []],
  ['object selector', { objectSelector: { matchLabels: { app: 'x' } } }, ['labelled']],
  [
    'namespace selector',
    { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-public' } } },
    ['inside'],
  ],
  ['true condition', { matchConditions: [{ name: 'c', expression: 'CREATE' }] }, ['plain', 'labelled', 'inside']],
  [
    'false condition',
    {
      matchConditions: [
        { name: 'c', expression: 'broken' },
        { name: 'd', expression: 'DELETE' },
      ],
    },
    [],
  ],
];

for (const [what, more, expected] of MATCHES) {
  test(`a webhook with ${what} is asked about ${expected.join(', ') || 'nothing'}`, async () => {
    const seen: string[] = [];
    const note = ({ name, object }: Request): Answer => {
      if (object?.kind === 'ConfigMap') seen.push(name!);
      return {};
    };
    const { client } = await testKernel({ webhooks: answering({ note }) });
    await configure(client, VALIDATING, hook('note', more));
    await client.create(CONFIG_MAPS, configMap('plain'));
    await client.create(CONFIG_MAPS, configMap('labelled', {}, { labels: { app: 'x' } }));
    await client.create(CONFIG_MAPS, configMap('inside', {}, { namespace: 'kube-public' }));
    assert.deepEqual(seen, expected);
  });
}

test('a broken condition is a failed call, a webhook with side effects is refused', async () => {
  const { client } = await testKernel({ webhooks: answering({ ok: () => ({}) }) });
  const made = await configure(
    client,
    VALIDATING,
    hook('ok', { matchConditions: [{ name: 'c', expression: 'broken' }] }),
  );
  await assert.rejects(client.create(CONFIG_MAPS, configMap('a')), refusal(500, /no such key/));
  // v1 knows only None and NoneOnDryRun (ValidatingWebhook reference, sideEffects).
  const effects = { ...structuredClone(made), webhooks: [hook('ok', { sideEffects: 'Some' })] } as KubeObject;
  await assert.rejects(client.update(VALIDATING, effects), refusal(422, /sideEffects: Unsupported value: "Some"/));
});

test('webhook configurations never go through webhooks: a broken one can always be taken away', async () => {
  const { client } = await testKernel();
  await configure(
    client,
    VALIDATING,
    hook('x', { rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] }),
  );
  await client.delete(VALIDATING, { name: 'hooks' });
  await client.create(CONFIG_MAPS, configMap('a'));
});

test('a kernel opens while its webhooks cannot be reached', async () => {
  const log = memoryLog();
  const first = await testKernel({ log });
  await configure(
    first.client,
    VALIDATING,
    hook('x', { rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] }),
  );
  const reported: unknown[] = [];
  const second = await testKernel({ log, report: error => reported.push(error) });
  assert.deepEqual(reported, []);
  await second.client.get({ group: '', version: 'v1', resource: 'namespaces' }, { name: 'default' });
});
