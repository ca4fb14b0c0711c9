import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, isNotFound, type JsonObject, type KubeObject } from '../../../kernel/index.ts';
import { onStage, ref } from './testing.ts';

const NAMESPACES = ref('', 'v1', 'namespaces');
const CONFIG_MAPS = ref('', 'v1', 'configmaps');
const POLICIES = ref('kyverno.io', 'v1', 'clusterpolicies');
const CLEANUPS = ref('kyverno.io', 'v2', 'clustercleanuppolicies');
const MUTATING = ref('policies.kyverno.io', 'v1', 'mutatingpolicies');
const GENERATING = ref('policies.kyverno.io', 'v1', 'generatingpolicies');
const REPORTS = ref('wgpolicyk8s.io', 'v1alpha2', 'policyreports');

const rule = (more: JsonObject): KubeObject =>
  ({ apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', metadata: { name: 'p' }, spec: { rules: [more] } }) as never;
const configMap = (name: string, data: JsonObject, labels: JsonObject = {}): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'team', labels }, data }) as never;
const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } };

async function dataOf(client: Client, name: string): Promise<unknown> {
  try {
    return (await client.get<KubeObject & { data: unknown }>(CONFIG_MAPS, { namespace: 'team', name })).data;
  } catch (error) {
    if (isNotFound(error)) return 'gone';
    throw error;
  }
}

test('a synchronized rule makes its object, puts it back, and takes it away with the policy', async () => {
  await onStage(async ({ client, run }) => {
    const generate = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'made',
      namespace: '{{ request.object.metadata.name }}',
      synchronize: true,
      data: { data: { a: '1' } },
    };
    await client.create(
      POLICIES,
      rule({ name: 'r', match: { any: [{ resources: { kinds: ['Namespace'] } }] }, generate }),
    );
    await run(500);
    await client.create(NAMESPACES, namespace);
    await run(500);
    assert.deepEqual(await dataOf(client, 'made'), { a: '1' });
    const key = { namespace: 'team', name: 'made' };
    await client.patch(CONFIG_MAPS, key, { type: 'merge', patch: { data: { a: '2' } } });
    await run(500);
    assert.deepEqual(await dataOf(client, 'made'), { a: '1' });
    await client.delete(CONFIG_MAPS, key);
    await run(500);
    assert.deepEqual(await dataOf(client, 'made'), { a: '1' });
    await client.delete(POLICIES, { name: 'p' });
    await run(500);
    assert.equal(await dataOf(client, 'made'), 'gone');
  });
});

const matchConstraints = {
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['namespaces'] },
  ],
};
const celPolicy = (kind: string, name: string, spec: JsonObject): KubeObject =>
  ({ apiVersion: 'policies.kyverno.io/v1', kind, metadata: { name }, spec: { matchConstraints, ...spec } }) as never;
const generating = (name: string, evaluation: JsonObject): KubeObject => {
  const made = `{"apiVersion": dyn("v1"), "kind": dyn("ConfigMap"), "metadata": dyn({"name": "${name}"})}`;
  const expression = `generator.Apply(object.metadata.name, [${made}])`;
  return celPolicy('GeneratingPolicy', name, { evaluation, generate: [{ expression }] });
};
const mutating = (name: string, evaluation: JsonObject): KubeObject => {
  const expression = `Object{metadata: Object.metadata{labels: {"${name}": "yes"}}}`;
  return celPolicy('MutatingPolicy', name, {
    evaluation: { mutateExisting: { enabled: true }, ...evaluation },
    targetMatchConstraints: {
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], resourceNames: ['target'] }],
    },
    mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
  });
};

test('what the background work writes itself is passed over, except by policies that say otherwise', async () => {
  await onStage(async ({ client, background, run }) => {
    for (const [name, evaluation] of [
      ['others', {}],
      ['all', { skipBackgroundRequests: false }],
    ] as const) {
      await client.create(GENERATING, generating(`made-for-${name}`, evaluation));
      await client.create(MUTATING, mutating(name, evaluation));
    }
    await run(500);
    const labels = async (): Promise<unknown> =>
      (await client.get(CONFIG_MAPS, { namespace: 'team', name: 'target' })).metadata.labels;
    await background.create(NAMESPACES, namespace);
    await client.create(CONFIG_MAPS, configMap('target', {}));
    await run(2_000);
    const patch = (value: string): object => ({ type: 'merge', patch: { metadata: { labels: { value } } } });
    await background.patch(NAMESPACES, { name: 'team' }, patch('1') as never);
    await run(2_000);
    assert.equal(await dataOf(client, 'made-for-others'), 'gone');
    assert.equal(await dataOf(client, 'made-for-all'), undefined);
    assert.deepEqual(await labels(), { all: 'yes' });
    await client.patch(NAMESPACES, { name: 'team' }, patch('2') as never);
    await run(2_000);
    assert.equal(await dataOf(client, 'made-for-others'), undefined);
    assert.deepEqual(await labels(), { all: 'yes', others: 'yes' });
  });
});

test('every object has one report, which follows the object and its policy', async () => {
  await onStage(async ({ client, run }) => {
    await client.create(NAMESPACES, namespace);
    const validate = { message: 'team is required', pattern: { metadata: { labels: { team: '?*' } } } };
    const match = { any: [{ resources: { kinds: ['ConfigMap'] } }] };
    await client.create(CONFIG_MAPS, configMap('a', {}));
    await client.create(POLICIES, rule({ name: 'r', match, validate }));
    await run(2_000);
    const summaries = async (): Promise<unknown[]> => {
      const { items } = await client.list<KubeObject & { summary: JsonObject }>(REPORTS, { namespace: 'team' });
      return items.map(({ summary }) => [summary.pass, summary.fail]);
    };
    assert.deepEqual(await summaries(), [[0, 1]]);
    const patch = { metadata: { labels: { team: 'x' } } };
    await client.patch(CONFIG_MAPS, { namespace: 'team', name: 'a' }, { type: 'merge', patch });
    await run(2_000);
    assert.deepEqual(await summaries(), [[1, 0]]);
    await client.delete(POLICIES, { name: 'p' });
    await run(2_000);
    assert.deepEqual(await summaries(), []);
  });
});

test('cleanup policies delete at their time, times to live end', async () => {
  await onStage(async ({ client, run }) => {
    await client.create(NAMESPACES, namespace);
    for (const name of ['old', 'kept']) await client.create(CONFIG_MAPS, configMap(name, { name }));
    await client.create(CONFIG_MAPS, configMap('brief', {}, { 'cleanup.kyverno.io/ttl': '30s' }));
    await client.create(CLEANUPS, {
      apiVersion: 'kyverno.io/v2',
      kind: 'ClusterCleanupPolicy',
      metadata: { name: 'c' },
      spec: {
        schedule: '*/2 * * * *',
        match: { any: [{ resources: { kinds: ['ConfigMap'] } }] },
        conditions: { all: [{ key: '{{ target.data.name }}', operator: 'Equals', value: 'old' }] },
      },
    } as unknown as KubeObject);
    await run(31_000);
    assert.equal(await dataOf(client, 'brief'), 'gone');
    assert.deepEqual(await dataOf(client, 'old'), { name: 'old' });
    await run(120_000);
    assert.equal(await dataOf(client, 'old'), 'gone');
    assert.deepEqual(await dataOf(client, 'kept'), { name: 'kept' });
  });
});
