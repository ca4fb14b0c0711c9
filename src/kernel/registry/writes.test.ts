import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../object.ts';
import { parseJson } from '../decode/index.ts';
import { StatusError } from '../status.ts';
import type { Duplicates, RequestContext } from './registry.ts';
import { CONFIG_MAPS, configMap, DEPLOYMENTS, deployment, NAMESPACES, pod, PODS, testKernel } from '../testkernel.ts';

const refusal = (code: number, reason: string, message?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StatusError, String(error));
  assert.equal(error.code, code, error.message);
  assert.equal(error.reason, reason, error.message);
  if (message) assert.match(error.message, message);
  return true;
};
const at = (name: string) => ({ namespace: 'default', name });

test('create fills system fields and refuses a second one of the same name', async () => {
  const { client } = await testKernel();
  const created = await client.create(CONFIG_MAPS, configMap('a', { k: 'v' }));
  assert.match(created.metadata.uid!, /^[0-9a-f-]{36}$/);
  assert.equal(created.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
  assert.ok(Number(created.metadata.resourceVersion) > 0);
  await assert.rejects(
    client.create(CONFIG_MAPS, configMap('a')),
    refusal(409, 'AlreadyExists', /^configmaps "a" already exists$/),
  );
});

test('generateName appends five characters and finds a free name', async () => {
  const { client } = await testKernel();
  const made = await client.create(CONFIG_MAPS, configMap('', {}, { name: undefined, generateName: 'a-' } as never));
  assert.match(made.metadata.name!, /^a-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
});

test('bad names, missing namespaces and other kinds are refused as the API server does', async () => {
  const { client } = await testKernel();
  await assert.rejects(
    client.create(CONFIG_MAPS, configMap('A_b')),
    refusal(
      422,
      'Invalid',
      /^ConfigMap "A_b" is invalid: metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain/,
    ),
  );
  await assert.rejects(
    client.create(CONFIG_MAPS, configMap('a', {}, { namespace: 'nowhere' })),
    refusal(404, 'NotFound', /^namespaces "nowhere" not found$/),
  );
  await assert.rejects(client.create(CONFIG_MAPS, { ...configMap('a'), kind: 'Secret' }), refusal(400, 'BadRequest'));
  await assert.rejects(
    client.create(CONFIG_MAPS, configMap('a'), { namespace: 'other' }),
    refusal(400, 'BadRequest', /does not match the namespace/),
  );
  await assert.rejects(
    client.create(CONFIG_MAPS, configMap('a', {}, { resourceVersion: '5' })),
    refusal(500, '', /resourceVersion should not be set/),
  );
});

test('an update without a change keeps the version; a stale one conflicts; without a version the last writer wins', async () => {
  const { client } = await testKernel();
  const first = await client.create(CONFIG_MAPS, configMap('a', { k: '1' }));
  const same = await client.update(CONFIG_MAPS, structuredClone(first));
  assert.equal(same.metadata.resourceVersion, first.metadata.resourceVersion);
  const second = await client.update(CONFIG_MAPS, { ...structuredClone(first), data: { k: '2' } });
  assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
  await assert.rejects(
    client.update(CONFIG_MAPS, { ...structuredClone(first), data: { k: '3' } }),
    refusal(409, 'Conflict', /^Operation cannot be fulfilled on configmaps "a": the object has been modified/),
  );
  const third = await client.update(CONFIG_MAPS, configMap('a', { k: '4' }));
  assert.equal(third.metadata.uid, first.metadata.uid);
});

test('generation counts changes of the spec only, and the status belongs to its subresource', async () => {
  const { client } = await testKernel();
  const first = await client.create(DEPLOYMENTS, { ...deployment('d'), status: { replicas: 9 } });
  assert.equal(first.metadata.generation, 1);
  assert.equal((first.status as { replicas?: number } | undefined)?.replicas, undefined);
  const labelled = await client.patch(DEPLOYMENTS, at('d'), {
    type: 'merge',
    patch: { metadata: { labels: { a: 'b' } }, status: { replicas: 3 } },
  });
  assert.equal(labelled.metadata.generation, 1);
  assert.equal((labelled.status as { replicas?: number } | undefined)?.replicas, undefined);
  const scaled = await client.patch(DEPLOYMENTS, at('d'), { type: 'strategic', patch: { spec: { replicas: 3 } } });
  assert.equal(scaled.metadata.generation, 2);
  const status = await client.patch(
    DEPLOYMENTS,
    at('d'),
    { type: 'merge', patch: { spec: { replicas: 7 }, status: { replicas: 3, observedGeneration: 2 } } },
    { subresource: 'status' },
  );
  assert.equal(status.metadata.generation, 2);
  assert.equal((status.spec as { replicas: number }).replicas, 3);
  assert.equal((status.status as { replicas: number }).replicas, 3);
});

test('scale reads and writes the replica count only', async () => {
  const { client } = await testKernel();
  await client.create(DEPLOYMENTS, deployment('d', 2));
  const scale = await client.get<KubeObject & { spec: { replicas: number }; status: { selector: string } }>(
    DEPLOYMENTS,
    at('d'),
    { subresource: 'scale' },
  );
  assert.equal(scale.kind, 'Scale');
  assert.equal(scale.spec.replicas, 2);
  assert.equal(scale.status.selector, 'app=d');
  await client.patch(
    DEPLOYMENTS,
    at('d'),
    { type: 'merge', patch: { spec: { replicas: 5 } } },
    { subresource: 'scale' },
  );
  const after = await client.get(DEPLOYMENTS, at('d'));
  assert.equal((after.spec as { replicas: number }).replicas, 5);
  assert.equal(after.metadata.generation, 2);
});

test('what a dry run answers is never stored', async () => {
  const { client, kernel } = await testKernel();
  const before = kernel.journal.store.revision;
  const shown = await client.create(CONFIG_MAPS, configMap('a'), { dryRun: true });
  assert.ok(shown.metadata.uid);
  await assert.rejects(client.get(CONFIG_MAPS, at('a')), refusal(404, 'NotFound'));
  assert.equal(kernel.journal.store.revision, before);
});

test('unknown fields: Strict refuses, Warn warns, Ignore drops in silence', async () => {
  const { client, kernel } = await testKernel();
  const odd = { ...configMap('a'), dato: {} };
  await assert.rejects(
    client.create(CONFIG_MAPS, odd, { fieldValidation: 'Strict' }),
    refusal(400, 'BadRequest', /strict decoding error: unknown field "dato"/),
  );
  const warnings: string[] = [];
  const stored = await kernel.registry.create(
    { user: { name: 'u', groups: [] }, warnings },
    CONFIG_MAPS,
    structuredClone(odd),
    { fieldValidation: 'Warn' },
  );
  assert.deepEqual(warnings, ['unknown field "dato"']);
  assert.ok(!('dato' in stored.object));
});

test('strict errors stand in the order of the text, patches are refused with 422, applies by their type', async () => {
  const { client, kernel } = await testKernel();
  const context = (duplicates?: Duplicates): RequestContext => ({
    user: { name: 'u', groups: [] },
    warnings: [],
    ...(duplicates ? { duplicates } : {}),
  });
  const text =
    '{"metadata":{"name":"d","namespace":"default"},"spec":{"odd":1,"replicas":1,"odd":2,"replicas":2,"selector":{},"last":1}}';
  const { value, duplicates, offsetOf } = parseJson(text, { duplicates: true, depth_max: 100 });
  const strict = { fieldValidation: 'Strict' } as const;
  await assert.rejects(
    kernel.registry.create(
      context({ paths: duplicates, offsetOf: offsetOf! }),
      DEPLOYMENTS,
      value as unknown as KubeObject,
      strict,
    ),
    refusal(
      400,
      'BadRequest',
      /^Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.odd", duplicate field "spec.replicas", unknown field "spec.last"$/,
    ),
  );
  await assert.rejects(
    kernel.registry.create(
      context({ lines: ['line 3: key "a" already set in map'] }),
      CONFIG_MAPS,
      { ...configMap('a'), dato: {} },
      strict,
    ),
    refusal(
      400,
      'BadRequest',
      /error: yaml: unmarshal errors:\n {2}line 3: key "a" already set in map, unknown field "dato"$/,
    ),
  );
  await client.create(CONFIG_MAPS, configMap('a'));
  await assert.rejects(
    client.patch(CONFIG_MAPS, at('a'), { type: 'strategic', patch: { dato: { b: [1] } } }, strict),
    refusal(
      422,
      'Invalid',
      /^ "" is invalid: patch: Invalid value: "map\[dato:map\[b:\[1\]\]\]": strict decoding error: unknown field "dato"$/,
    ),
  );
  await assert.rejects(
    client.patch(CONFIG_MAPS, at('a'), { type: 'merge', patch: { immutable: 'x' } }),
    refusal(422, 'Invalid', /patch: Invalid value: "\{.*json: cannot unmarshal string/),
  );
  await assert.rejects(
    client.apply(
      CONFIG_MAPS,
      at('a'),
      { ...configMap('a'), dato: {}, more: 1 },
      { fieldManager: 'm', fieldValidation: 'Ignore' },
    ),
    refusal(
      500,
      '',
      /^failed to create typed patch object \(default\/a; \/v1, Kind=ConfigMap\): errors:\n {2}\.dato: field not declared in schema\n {2}\.more: field not/,
    ),
  );
});

test('finalizers keep a deleted object until the last one goes, and none can be added', async () => {
  const { client } = await testKernel();
  await client.create(CONFIG_MAPS, configMap('a', {}, { finalizers: ['x.io/f'] }));
  await client.delete(CONFIG_MAPS, at('a'));
  const waiting = await client.get(CONFIG_MAPS, at('a'));
  assert.equal(waiting.metadata.deletionTimestamp, '2026-01-01T00:00:00Z');
  assert.equal(waiting.metadata.deletionGracePeriodSeconds, 0);
  await assert.rejects(
    client.patch(CONFIG_MAPS, at('a'), { type: 'merge', patch: { metadata: { finalizers: ['x.io/f', 'y.io/g'] } } }),
    refusal(422, 'Invalid', /no new finalizers can be added/),
  );
  await client.patch(CONFIG_MAPS, at('a'), { type: 'merge', patch: { metadata: { finalizers: null } } });
  await assert.rejects(client.get(CONFIG_MAPS, at('a')), refusal(404, 'NotFound'));
});

test('propagation policies become finalizers', async () => {
  const { client } = await testKernel();
  await client.create(DEPLOYMENTS, deployment('fore'));
  await client.create(DEPLOYMENTS, deployment('orphan'));
  await client.create(DEPLOYMENTS, deployment('back'));
  await client.delete(DEPLOYMENTS, at('fore'), { propagationPolicy: 'Foreground' });
  await client.delete(DEPLOYMENTS, at('orphan'), { propagationPolicy: 'Orphan' });
  await client.delete(DEPLOYMENTS, at('back'), { propagationPolicy: 'Background' });
  const left = await client.list(DEPLOYMENTS);
  assert.deepEqual(
    left.items.map(({ metadata }) => [metadata.name, metadata.finalizers]),
    [
      ['fore', ['foregroundDeletion']],
      ['orphan', ['orphan']],
    ],
  );
});

test('a running pod goes gracefully: only a shorter period may follow, zero removes', async () => {
  const { client, clock } = await testKernel();
  await client.create(PODS, pod('p', { nodeName: 'n1' }));
  await client.delete(PODS, at('p'));
  const going = await client.get(PODS, at('p'));
  assert.equal(going.metadata.deletionGracePeriodSeconds, 30);
  assert.equal(going.metadata.deletionTimestamp, '2026-01-01T00:00:30Z');
  await client.delete(PODS, at('p'), { gracePeriodSeconds: 60 });
  assert.equal((await client.get(PODS, at('p'))).metadata.deletionGracePeriodSeconds, 30);
  clock.advance(1_000);
  await client.delete(PODS, at('p'), { gracePeriodSeconds: 5 });
  const sooner = await client.get(PODS, at('p'));
  assert.equal(sooner.metadata.deletionGracePeriodSeconds, 5);
  await client.delete(PODS, at('p'), { gracePeriodSeconds: 0 });
  await assert.rejects(client.get(PODS, at('p')), refusal(404, 'NotFound'));
});

test('a pod that was never scheduled goes at once', async () => {
  const { client } = await testKernel();
  await client.create(PODS, pod('p'));
  await client.delete(PODS, at('p'));
  await assert.rejects(client.get(PODS, at('p')), refusal(404, 'NotFound'));
});

test('preconditions guard a delete', async () => {
  const { client } = await testKernel();
  const made = await client.create(CONFIG_MAPS, configMap('a'));
  await assert.rejects(
    client.delete(CONFIG_MAPS, at('a'), { preconditions: { uid: 'other' } }),
    refusal(409, 'Conflict', /the UID in the precondition \(other\) does not match the UID in record/),
  );
  await assert.rejects(
    client.delete(CONFIG_MAPS, at('a'), { preconditions: { resourceVersion: '1' } }),
    refusal(409, 'Conflict'),
  );
  await client.delete(CONFIG_MAPS, at('a'), {
    preconditions: { uid: made.metadata.uid!, resourceVersion: made.metadata.resourceVersion! },
  });
});

test('a namespace waits for its finalizer and takes nothing new meanwhile', async () => {
  const { client } = await testKernel();
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
  await client.create(CONFIG_MAPS, configMap('a', {}, { namespace: 'team' }));
  await client.delete(NAMESPACES, { name: 'team' });
  const going = await client.get<KubeObject & { status: { phase: string }; spec: { finalizers?: string[] } }>(
    NAMESPACES,
    { name: 'team' },
  );
  assert.equal(going.status.phase, 'Terminating');
  await assert.rejects(
    client.create(CONFIG_MAPS, configMap('b', {}, { namespace: 'team' })),
    refusal(403, 'Forbidden', /because it is being terminated/),
  );
  await client.update(NAMESPACES, { ...structuredClone(going), spec: { finalizers: [] } } as KubeObject, {
    subresource: 'finalize',
  });
  await assert.rejects(client.get(NAMESPACES, { name: 'team' }), refusal(404, 'NotFound'));
  await assert.rejects(
    client.delete(NAMESPACES, { name: 'default' }),
    refusal(403, 'Forbidden', /this namespace may not be deleted/),
  );
});

test('binding assigns a pod once', async () => {
  const { client } = await testKernel();
  await client.create(PODS, pod('p'));
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } };
  await client.create<KubeObject>(PODS, binding, { subresource: 'binding', namespace: 'default', name: 'p' });
  const bound = await client.get<
    KubeObject & { spec: { nodeName: string }; status: { conditions: { type: string }[] } }
  >(PODS, at('p'));
  assert.equal(bound.spec.nodeName, 'n1');
  assert.deepEqual(
    bound.status.conditions.map(({ type }) => type),
    ['PodScheduled'],
  );
  await assert.rejects(
    client.create<KubeObject>(PODS, binding, { subresource: 'binding', namespace: 'default', name: 'p' }),
    refusal(409, 'Conflict', /pod p is already assigned to node "n1"/),
  );
});

test('eviction asks the disruption budget', async () => {
  const { client } = await testKernel();
  const budgets = { group: 'policy', version: 'v1', resource: 'poddisruptionbudgets' };
  await client.create(PODS, pod('p', { nodeName: 'n1' }, { labels: { app: 'a' } }));
  await client.patch(
    PODS,
    at('p'),
    { type: 'merge', patch: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } } },
    { subresource: 'status' },
  );
  await client.create<KubeObject>(budgets, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'b', namespace: 'default' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'a' } } },
  });
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p', namespace: 'default' } };
  const evict = () =>
    client.create<KubeObject>(PODS, structuredClone(eviction), {
      subresource: 'eviction',
      namespace: 'default',
      name: 'p',
    });
  await assert.rejects(evict(), refusal(429, 'TooManyRequests'));
  const status = {
    observedGeneration: 1,
    disruptionsAllowed: 0,
    currentHealthy: 1,
    desiredHealthy: 1,
    expectedPods: 1,
  };
  await client.patch(budgets, at('b'), { type: 'merge', patch: { status } }, { subresource: 'status' });
  await assert.rejects(evict(), (error: unknown) => {
    assert.ok(error instanceof StatusError);
    assert.equal(error.message, "Cannot evict pod as it would violate the pod's disruption budget.");
    assert.deepEqual(error.status.details?.causes, [
      { reason: 'DisruptionBudget', message: 'The disruption budget b needs 1 healthy pods and has 1 currently' },
    ]);
    return true;
  });
  await client.patch(
    budgets,
    at('b'),
    { type: 'merge', patch: { status: { disruptionsAllowed: 1 } } },
    { subresource: 'status' },
  );
  await evict();
  const gone = await client.get<KubeObject & { status: { conditions: object[] } }>(PODS, at('p'));
  assert.equal(gone.metadata.deletionGracePeriodSeconds, 30);
  const { lastTransitionTime: _, ...mark } = gone.status.conditions[1] as { lastTransitionTime: string };
  assert.deepEqual(mark, {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastProbeTime: null,
  });
  const spent = await client.get<KubeObject & { status: { disruptionsAllowed: number; disruptedPods: object } }>(
    budgets,
    at('b'),
  );
  assert.equal(spent.status.disruptionsAllowed, 0);
  assert.deepEqual(Object.keys(spent.status.disruptedPods), ['p']);
});

test('server-side apply creates, conflicts, and takes over by force', async () => {
  const { client } = await testKernel();
  const body = (replicas: number): KubeObject => deployment('d', replicas);
  const first = await client.apply(DEPLOYMENTS, at('d'), body(1), { fieldManager: 'one' });
  assert.equal(first.metadata.generation, 1);
  const again = await client.apply(DEPLOYMENTS, at('d'), body(1), { fieldManager: 'one' });
  assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion);
  await assert.rejects(
    client.apply(DEPLOYMENTS, at('d'), body(2), { fieldManager: 'two' }),
    refusal(409, 'Conflict', /Apply failed with 1 conflict: conflict with "one".*: \.spec\.replicas/),
  );
  const forced = await client.apply(DEPLOYMENTS, at('d'), body(2), { fieldManager: 'two', force: true });
  assert.equal((forced.spec as { replicas: number }).replicas, 2);
  assert.equal(forced.metadata.generation, 2);
});

test('concurrent patches without a version all take effect', async () => {
  const { client } = await testKernel();
  await client.create(CONFIG_MAPS, configMap('a'));
  const names = Array.from({ length: 40 }, (_, index) => `k${index}`).sort();
  await Promise.all(
    names.map(name => client.patch(CONFIG_MAPS, at('a'), { type: 'merge', patch: { data: { [name]: 'v' } } })),
  );
  assert.deepEqual(Object.keys((await client.get(CONFIG_MAPS, at('a'))).data as object).sort(), names);
});

test('deletecollection deletes what the selector matches', async () => {
  const { client } = await testKernel();
  for (const [name, tier] of [
    ['a', 'web'],
    ['b', 'db'],
    ['c', 'web'],
  ] as const)
    await client.create(CONFIG_MAPS, configMap(name, {}, { labels: { tier } }));
  await client.deleteCollection(CONFIG_MAPS, { namespace: 'default', labelSelector: 'tier=web' });
  assert.deepEqual(
    (await client.list(CONFIG_MAPS)).items.map(({ metadata }) => metadata.name),
    ['b'],
  );
});

test('names of Object.prototype are data', async () => {
  const { client } = await testKernel();
  const data = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
  await client.create(CONFIG_MAPS, configMap('a', data));
  const stored = await client.get<KubeObject & { data: object }>(CONFIG_MAPS, at('a'));
  assert.equal(JSON.stringify(stored.data), '{"__proto__":"x","constructor":"y"}');
  await assert.rejects(client.get(CONFIG_MAPS, at('__proto__')), refusal(404, 'NotFound'));
  assert.equal(({} as Record<string, unknown>).x, undefined);
});

test('leases and custom kinds are only replaced at a named version', async () => {
  const { client } = await testKernel();
  const leases = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
  const lease: KubeObject = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'l', namespace: 'default' },
    spec: {},
  };
  const made = await client.create(leases, lease);
  await assert.rejects(
    client.update(leases, lease),
    refusal(
      422,
      'Invalid',
      /^leases\.coordination\.k8s\.io "l" is invalid: metadata\.resourceVersion: Invalid value: 0: must be specified for an update$/,
    ),
  );
  await client.update(leases, { ...structuredClone(made), spec: { holderIdentity: 'me' } });
});

test('a Secret keeps what stringData says in data', async () => {
  const { client } = await testKernel();
  const secrets = { group: '', version: 'v1', resource: 'secrets' };
  const secret: KubeObject = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'default' },
    stringData: { a: 'b' },
  };
  const made = await client.create(secrets, secret);
  assert.deepEqual([made.data, made.stringData, made.type], [{ a: 'Yg==' }, undefined, 'Opaque']);
});

test('a name that is going is told apart from one that is taken, and an apply that meets a create goes on', async () => {
  const { client } = await testKernel();
  await client.create(CONFIG_MAPS, configMap('a', {}, { finalizers: ['x.io/f'] }));
  await client.delete(CONFIG_MAPS, at('a'));
  await assert.rejects(
    client.create(CONFIG_MAPS, configMap('a')),
    refusal(409, 'AlreadyExists', /^object is being deleted: configmaps "a" already exists$/),
  );
  const applied = await Promise.all(
    ['x', 'y', 'z'].map(manager =>
      client.apply(CONFIG_MAPS, at('b'), configMap('b', { [manager]: '1' }), { fieldManager: manager }),
    ),
  );
  assert.equal(applied.length, 3);
  assert.deepEqual(Object.keys((await client.get(CONFIG_MAPS, at('b'))).data as object).sort(), ['x', 'y', 'z']);
});
