import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client, JsonObject, KubeObject, ResourceRef } from '../../../kernel/index.ts';
import { definition, onStage, ref } from './testing.ts';

const CONFIG_MAPS = ref('', 'v1', 'configmaps');
const DEPLOYMENTS = ref('apps', 'v1', 'deployments');
const EVENTS = ref('', 'v1', 'events');
const POLICIES = ref('kyverno.io', 'v1', 'clusterpolicies');
const REPORTS = ref('wgpolicyk8s.io', 'v1alpha2', 'policyreports');
const OPEN_REPORTS = ref('openreports.io', 'v1alpha1', 'reports');
const EPHEMERAL = ref('reports.kyverno.io', 'v1', 'ephemeralreports');
const KINDS = [
  definition('openreports.io', 'v1alpha1', 'Report', 'reports', 'Namespaced'),
  definition('reports.kyverno.io', 'v1', 'EphemeralReport', 'ephemeralreports', 'Namespaced'),
];

const policy = {
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name: 'p' },
  spec: {
    rules: [
      {
        name: 'team',
        match: { any: [{ resources: { kinds: ['ConfigMap'], namespaces: ['team'] } }] },
        validate: { message: 'team is missing', pattern: { metadata: { labels: { team: '?*' } } } },
      },
    ],
  },
} as unknown as KubeObject;
const subject = (name: string, labels: JsonObject): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'team', labels } }) as never;
const namespace = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }) as never;

function controller(component: string, ...args: string[]): KubeObject {
  const labels = { part: component };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'controller', image: 'k', args }] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: `kyverno-${component}-controller`,
      namespace: 'kyverno',
      labels: { 'app.kubernetes.io/part-of': 'kyverno', 'app.kubernetes.io/component': `${component}-controller` },
    },
    spec: { selector: { matchLabels: labels }, template },
  } as never;
}

const results = async (client: Client, of: ResourceRef): Promise<unknown[]> =>
  (await client.list(of)).items
    .flatMap(report => (report as unknown as { results: { result: string }[] }).results.map(each => each.result))
    .sort();

/** The subjects of the policy under the settings of one controller, which may change. */
async function underSettings(
  play: (
    stage: Parameters<Parameters<typeof onStage>[0]>[0],
    set: (...args: string[]) => Promise<void>,
  ) => Promise<void>,
  component = 'reports',
): Promise<void> {
  await onStage(async stage => {
    const { client, run } = stage;
    for (const name of ['team', 'kyverno']) await client.create(ref('', 'v1', 'namespaces'), namespace(name));
    await client.create(DEPLOYMENTS, controller(component));
    await client.create(POLICIES, policy);
    await run(1_000);
    await client.create(CONFIG_MAPS, subject('good', { team: 'a' }));
    await client.create(CONFIG_MAPS, subject('bad', {}));
    await run(2_000);
    const set = async (...args: string[]): Promise<void> => {
      const key = { namespace: 'kyverno', name: `kyverno-${component}-controller` };
      const { metadata } = await client.get(DEPLOYMENTS, key);
      await client.update(DEPLOYMENTS, { ...controller(component, ...args), metadata });
      await run(2_000);
    };
    await play(stage, set);
  }, KINDS);
}

test('reports are written as the arguments of the reports controller say, and move when these change', async () => {
  await underSettings(async ({ client }, set) => {
    assert.deepEqual(await results(client, REPORTS), ['fail', 'pass']);
    await set('--openreportsEnabled=true');
    assert.deepEqual(await results(client, OPEN_REPORTS), ['fail', 'pass']);
    assert.deepEqual(await results(client, REPORTS), []);
    await set('--allowedResults=fail');
    assert.deepEqual(await results(client, OPEN_REPORTS), []);
    assert.deepEqual(await results(client, REPORTS), ['fail']);
    await set('--policyReports=false');
    assert.deepEqual(await results(client, REPORTS), []);
    await set('--enableReporting=mutate');
    assert.deepEqual(await results(client, REPORTS), []);
    await set();
    assert.deepEqual(await results(client, REPORTS), ['fail', 'pass']);
  });
});

test('without background scans only what admission sees is reported', async () => {
  await underSettings(async ({ client, run }, set) => {
    await set('--backgroundScan=false');
    assert.deepEqual(await results(client, REPORTS), []);
    await client.create(CONFIG_MAPS, subject('late', {}));
    await run(2_000);
    assert.deepEqual(await results(client, REPORTS), ['fail']);
  });
});

test('scans heed resource filters where they are not to skip them', async () => {
  await underSettings(async ({ client, run }, set) => {
    const data = { resourceFilters: '[ConfigMap,team,g*]' };
    const metadata = { name: 'kyverno', namespace: 'kyverno' };
    await client.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as never);
    await run(2_000);
    assert.deepEqual(await results(client, REPORTS), ['fail', 'pass']);
    await set('--skipResourceFilters=false');
    assert.deepEqual(await results(client, REPORTS), ['fail']);
  });
});

test('what admission finds stands by itself for half a minute, unless its reports are off', async () => {
  await underSettings(async ({ client, run }) => {
    const { items } = await client.list(EPHEMERAL);
    assert.equal(items.length, 2);
    const bad = items.find(each => each.metadata.annotations?.['audit.kyverno.io/resource.name'] === 'bad')!;
    assert.equal(bad.metadata.labels?.['audit.kyverno.io/resource.name'], 'configmaps');
    assert.equal((bad as unknown as { spec: { summary: JsonObject } }).spec.summary.fail, 1);
    await run(40_000);
    assert.equal((await client.list(EPHEMERAL)).items.length, 0);
  });
  await underSettings(async ({ client, run }, set) => {
    await run(40_000);
    await set('--admissionReports=false');
    await client.create(CONFIG_MAPS, subject('late', {}));
    await run(2_000);
    assert.equal((await client.list(EPHEMERAL)).items.length, 0);
  }, 'admission');
});

const reasons = async (client: Client): Promise<string[]> => {
  const { items } = await client.list(EVENTS);
  return [...new Set(items.map(each => String((each as unknown as JsonObject).reason)))].sort();
};

test('events of a kind that is to be left out are not told, and a setting that is not obeyed is', async () => {
  await underSettings(async ({ client, run }, set) => {
    assert.deepEqual(await reasons(client), ['PolicyViolation']);
    for (const event of (await client.list(EVENTS)).items)
      await client.delete(EVENTS, { namespace: event.metadata.namespace!, name: event.metadata.name! });
    await set('--omitEvents=PolicyViolation', '--noSuchFlag=1');
    await client.create(CONFIG_MAPS, subject('worse', {}));
    await run(2_000);
    assert.deepEqual(await reasons(client), ['SettingNotHeeded']);
    const [event] = (await client.list(EVENTS)).items as unknown as { message: string; involvedObject: JsonObject }[];
    assert.match(event!.message, /--noSuchFlag/);
    assert.equal(event!.involvedObject.kind, 'Deployment');
  }, 'admission');
});

test('one report that cannot be written keeps no other from being written, and what a policy that is gone made is told no more', async () => {
  await onStage(async ({ client, run }) => {
    for (const name of ['ending', 'team']) await client.create(ref('', 'v1', 'namespaces'), namespace(name));
    const anywhere = structuredClone(policy) as unknown as {
      spec: { rules: { match: { any: { resources: JsonObject }[] } }[] };
    };
    anywhere.spec.rules[0]!.match.any[0]!.resources = { kinds: ['ConfigMap'] };
    await client.create(CONFIG_MAPS, { ...subject('bad', {}), metadata: { name: 'bad', namespace: 'ending' } });
    await client.create(CONFIG_MAPS, subject('bad', {}));
    // Nothing new comes into a namespace that ends.
    await client.delete(ref('', 'v1', 'namespaces'), { name: 'ending' });
    await client.create(POLICIES, anywhere as unknown as KubeObject);
    await run(2_000);
    const reported = async (): Promise<unknown[]> =>
      (await client.list(REPORTS)).items.map(({ metadata }) => metadata.namespace);
    assert.deepEqual(await reported(), ['team']);
    await client.delete(POLICIES, { name: 'p' });
    await run(2_000);
    assert.deepEqual(await reported(), []);
    const generate = { apiVersion: 'v1', kind: 'Secret', name: 'made', namespace: 'team', data: { type: 'Opaque' } };
    const match = { any: [{ resources: { kinds: ['ConfigMap'] } }] };
    const generating = { ...policy, spec: { rules: [{ name: 'g', match, generate }] } };
    await client.create(POLICIES, generating as unknown as KubeObject);
    await run(500);
    await client.create(CONFIG_MAPS, subject('trigger', {}));
    await run(2_000);
    assert.deepEqual(await reported(), ['team']);
    await client.delete(POLICIES, { name: 'p' });
    await run(2_000);
    assert.deepEqual(await reported(), []);
  });
});
