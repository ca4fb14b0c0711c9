import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { realClock, realRandom } from '../api/testing/server.ts';
import type { Client, WatchEvent } from './client.ts';
import { agreeOnEtcd } from './drivers/etcd-agreement.ts';
import { EtcdClient, parseEtcdAddress } from './drivers/etcd-client.ts';
import { compactor } from './drivers/etcd-compaction.ts';
import { EtcdJournal } from './drivers/etcd-journal.ts';
import { readEncryption } from './encryption/drivers/configuration.ts';
import { type Kernel, openKernel } from './kernel.ts';
import type { KubeObject, ResourceRef } from './object.ts';
import { remoteClient } from './remote/client.ts';
import { Http2Transport } from './remote/drivers/http2Transport.ts';
import { StatusError } from './status.ts';
import { CONFIG_MAPS, configMap, DEPLOYMENTS, deployment, pod, PODS } from './testkernel.ts';
import { testKms } from './testing/kms.ts';
import { clientSuite } from './testing/clientSuite.ts';
import { type ApiServerPeer, missingPeer, type Peer, startApiServer, startEtcd } from './testing/peers.ts';

const addressOf = (etcd: Peer): string => etcd.url.replace('http:', 'etcd:');

function open(address: string, faults: unknown[] = []): Promise<Kernel> {
  return openKernel({
    shared: parts => EtcdJournal.open({ ...parts, address }),
    clock: realClock,
    random: realRandom,
    report: error => faults.push(error),
  });
}

/** Reads a watch until `count` events came. */
async function events(client: Client, ref: ResourceRef, resourceVersion: string, count: number): Promise<WatchEvent[]> {
  const seen: WatchEvent[] = [];
  const stop = AbortSignal.timeout(10_000);
  for await (const event of client.watch(ref, { resourceVersion }, stop)) {
    seen.push(event);
    if (seen.length === count) break;
  }
  return seen;
}

describe('a store on etcd', { skip: missingPeer('etcd') ?? false }, () => {
  let etcd: Peer;
  let one: Kernel;
  let two: Kernel;
  before(async () => {
    etcd = await startEtcd();
    one = await open(addressOf(etcd));
    two = await open(addressOf(etcd));
  });
  after(async () => {
    await one?.[Symbol.asyncDispose]();
    await two?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
  });

  clientSuite('etcd', () => one.client());

  test('what one server acknowledged, every server answers at once', async () => {
    for (let i = 0; i < 20; i++) {
      const made = await one.client().create(CONFIG_MAPS, configMap(`both-${i}`, { at: String(i) }));
      const read = await two.client().get(CONFIG_MAPS, { namespace: 'default', name: `both-${i}` });
      assert.deepEqual(read, made);
      const changed = await two.client().update(CONFIG_MAPS, { ...read, data: { at: 'two' } });
      await assert.rejects(one.client().update(CONFIG_MAPS, { ...made, data: { at: 'one' } }), { code: 409 });
      await one.client().delete(CONFIG_MAPS, { namespace: 'default', name: `both-${i}` });
      assert.ok(Number(changed.metadata.resourceVersion) > Number(made.metadata.resourceVersion));
      await assert.rejects(two.client().get(CONFIG_MAPS, { namespace: 'default', name: `both-${i}` }), { code: 404 });
    }
  });

  test('what servers agree on is the first one’s, and sealed where Secrets are', async () => {
    const address = addressOf(etcd);
    const answers = await Promise.all(['a', 'b', 'c'].map(mine => agreeOnEtcd(address, 'race', mine, undefined)));
    assert.ok(new Set(answers).size === 1 && ['a', 'b', 'c'].includes(answers[0]!));
    assert.equal(await agreeOnEtcd(address, 'race', 'late', undefined), answers[0]);
    await using folder = temporaryFolder();
    const file = join(folder.path, 'encryption.yaml');
    const aes = `aesgcm: {keys: [{name: a, secret: ${Buffer.alloc(32, 7).toString('base64')}}]}`;
    const rule = `[{resources: [secrets], providers: [{${aes}}, {identity: {}}]}]`;
    writeFileSync(file, `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: ${rule}\n`);
    const transform = readEncryption(file, realRandom);
    assert.equal(await agreeOnEtcd(address, 'sealed', 'authority', transform), 'authority');
    const client = new EtcdClient(parseEtcdAddress(address));
    const { pairs } = await client.range(new TextEncoder().encode('/tenon/registry/sealed'), undefined);
    client.close();
    const stored = Buffer.from(Buffer.from(pairs[0]!.value).toString(), 'base64').toString('latin1');
    assert.ok(stored.startsWith('k8s:enc:') && !stored.includes('authority'), stored.slice(0, 30));
    assert.equal(await agreeOnEtcd(address, 'sealed', 'late', transform), 'authority');
  });

  test('increments from two servers are all kept', async () => {
    const key = { namespace: 'default', name: 'counter' };
    await one.client().create(CONFIG_MAPS, configMap('counter', { n: '0' }));
    const add = async (client: Client): Promise<void> => {
      for (let done = 0; done < 25; ) {
        const live = await client.get(CONFIG_MAPS, key);
        const n = Number((live.data as { n: string }).n) + 1;
        try {
          await client.update(CONFIG_MAPS, { ...live, data: { n: String(n) } });
          done++;
        } catch (error) {
          if (!(error instanceof StatusError) || error.code !== 409) throw error;
        }
      }
    };
    await Promise.all([add(one.client()), add(two.client()), add(one.client())]);
    assert.deepEqual((await two.client().get(CONFIG_MAPS, key)).data, { n: '75' });
  });

  test('a watch on one server sees what another wrote, in order, with the same versions', async () => {
    const { metadata } = await one.client().list(CONFIG_MAPS);
    const reading = events(one.client(), CONFIG_MAPS, metadata.resourceVersion!, 3);
    const made = await two.client().create(CONFIG_MAPS, configMap('seen', {}));
    await two
      .client()
      .patch(CONFIG_MAPS, { namespace: 'default', name: 'seen' }, { type: 'merge', patch: { data: { a: '1' } } });
    await two.client().delete(CONFIG_MAPS, { namespace: 'default', name: 'seen' });
    const seen = await reading;
    assert.deepEqual(
      seen.map(event => event.type),
      ['ADDED', 'MODIFIED', 'DELETED'],
    );
    assert.deepEqual(seen[0]!.object, made);
    assert.ok(Number(seen[2]!.object.metadata.resourceVersion) > Number(seen[1]!.object.metadata.resourceVersion));
  });

  test('objects have the version of their etcd revision and no version inside', async () => {
    const made = await one.client().create(DEPLOYMENTS, deployment('encoded'));
    const client = new EtcdClient(parseEtcdAddress(addressOf(etcd)));
    const key = new TextEncoder().encode('/registry/deployments/default/encoded');
    const { pairs } = await client.range(key, undefined);
    client.close();
    assert.equal(String(pairs[0]!.modRevision), made.metadata.resourceVersion);
    assert.equal(Buffer.from(pairs[0]!.value.subarray(0, 4)).toString('latin1'), 'k8s\0');
  });

  test('versions from before a server began are too old for it', async () => {
    const { metadata } = await one.client().list(CONFIG_MAPS);
    await one.client().create(CONFIG_MAPS, configMap('later', {}));
    await using three = await open(addressOf(etcd));
    const seen = await events(three.client(), CONFIG_MAPS, metadata.resourceVersion!, 1);
    assert.equal(seen[0]?.type, 'ERROR');
    assert.equal((seen[0]!.object as unknown as { code: number }).code, 410);
  });

  test('of two servers one gives history back, and not what the last period needs', async () => {
    const client = new EtcdClient(parseEtcdAddress(addressOf(etcd)));
    const [first, second] = [compactor(client), compactor(client)];
    const key = new TextEncoder().encode('/registry/configmaps/default/seen');
    await first();
    const { revision } = await client.range(key, undefined);
    await one.client().create(CONFIG_MAPS, configMap('between', {}));
    await second();
    await client.range(key, undefined, { revision });
    await first();
    await first();
    await assert.rejects(client.range(key, undefined, { revision: revision - 1 }), /compacted/);
    client.close();
    // Servers that follow closely do not notice.
    await one.client().create(CONFIG_MAPS, configMap('after-compaction', {}));
    await two.client().get(CONFIG_MAPS, { namespace: 'default', name: 'after-compaction' });
  });

  test('an Event goes under a lease', async () => {
    const ref = { group: '', version: 'v1', resource: 'events' };
    const involvedObject = { kind: 'Pod', namespace: 'default', name: 'x' };
    await one.client().create(ref, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'leased', namespace: 'default' },
      involvedObject,
      reason: 'Test',
      type: 'Normal',
    });
    assert.equal((await two.client().list(ref)).items.length, 1);
  });
});

const WIDGET_CRD: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.org' },
  spec: {
    group: 'example.org',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

const SHARED: readonly (readonly [ResourceRef, KubeObject])[] = [
  [CONFIG_MAPS, configMap('shared', { a: '1', __proto__x: '2' })],
  [DEPLOYMENTS, deployment('shared', 2)],
  [PODS, pod('shared', { serviceAccountName: 'default', tolerations: [{ key: 'a', operator: 'Exists' }] })],
  [
    { group: '', version: 'v1', resource: 'secrets' },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'shared', namespace: 'default' }, data: { key: 'dmFsdWU=' } },
  ],
  [
    { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles' },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'shared' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    },
  ],
  [
    { group: 'networking.k8s.io', version: 'v1', resource: 'ingresses' },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'shared', namespace: 'default' },
      spec: { defaultBackend: { service: { name: 'x', port: { number: 80 } } } },
    },
  ],
  [
    { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'shared', namespace: 'default' },
      spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shared' } },
    },
  ],
  [
    { group: '', version: 'v1', resource: 'nodes' },
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'shared' } },
  ],
  [{ group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }, WIDGET_CRD],
];

const missing = missingPeer('etcd') ?? missingPeer('kube-apiserver');

describe('a real kube-apiserver on the same etcd', { skip: missing ?? false }, () => {
  let etcd: Peer;
  let peer: ApiServerPeer;
  let transport: Http2Transport;
  let kernel: Kernel;
  const faults: unknown[] = [];
  before(async () => {
    etcd = await startEtcd();
    peer = await startApiServer(etcd.url);
    transport = new Http2Transport(peer.target);
    kernel = await open(addressOf(etcd), faults);
  });
  after(async () => {
    await kernel?.[Symbol.asyncDispose]();
    await transport?.[Symbol.asyncDispose]();
    await peer?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
  });

  clientSuite('kube-apiserver', () => remoteClient(transport));

  test('every object it made can be read here', () => assert.deepEqual(faults, []));

  for (const [ref, object] of SHARED) {
    const { name, namespace } = object.metadata;
    const key = { ...(namespace ? { namespace } : {}), name: name! };
    test(`${ref.resource}: written here, read and changed there, and the other way round`, async () => {
      const real = remoteClient(transport);
      const ours = kernel.client();
      for (const [writer, reader] of [
        [ours, real],
        [real, ours],
      ] as const) {
        const made = await writer.create(ref, structuredClone(object));
        const read = await reader.get(ref, key);
        assert.deepEqual(comparable(read), comparable(made));
        const labelled = await reader.patch(ref, key, { type: 'merge', patch: { metadata: { labels: { by: 'x' } } } });
        assert.ok(Number(labelled.metadata.resourceVersion) > Number(made.metadata.resourceVersion));
        await writer.delete(ref, key, { gracePeriodSeconds: 0 });
        await gone(reader, ref, key);
      }
    });
  }
});

describe('Secrets encrypted on etcd', { skip: missing ?? false }, () => {
  test('a real kube-apiserver with the same configuration reads ours and we read its', async () => {
    await using kms = await testKms();
    await using folder = temporaryFolder();
    const key = Buffer.alloc(32, 7).toString('base64');
    const kmsEntry = `kms: {apiVersion: v2, name: test, endpoint: "${kms.endpoint}", timeout: 3s}`;
    const file = join(folder.path, 'encryption.yaml');
    const entry = (resource: string, provider: string): string =>
      `- resources: [${resource}]\n  providers:\n  - ${provider}\n  - identity: {}\n`;
    const configuration = `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n${[
      entry('secrets', `aesgcm: {keys: [{name: a, secret: ${key}}]}`),
      entry('configmaps', kmsEntry),
      entry('deployments.apps', `aescbc: {keys: [{name: a, secret: ${key}}]}`),
    ].join('')}`;
    writeFileSync(file, configuration);
    await using etcd = await startEtcd();
    await using peer = await startApiServer(etcd.url, [`--encryption-provider-config=${file}`]);
    await using transport = new Http2Transport(peer.target);
    const faults: unknown[] = [];
    await using kernel = await openKernel({
      shared: parts =>
        EtcdJournal.open({ ...parts, address: addressOf(etcd), transform: readEncryption(file, realRandom) }),
      clock: realClock,
      random: realRandom,
      report: error => faults.push(error),
    });
    const clients = [kernel.client(), remoteClient(transport)] as const;
    for (const [writer, reader] of [clients, [clients[1], clients[0]]] as const) {
      for (const [ref, object] of SHARED.filter(([, each]) => ENCRYPTED.has(each.kind))) {
        const key = { namespace: 'default', name: object.metadata.name! };
        const made = await writer.create(ref, structuredClone(object));
        assert.deepEqual(comparable(await reader.get(ref, key)), comparable(made));
        const etcdKey = `/registry/${ref.resource}/default/${key.name}`;
        const client = new EtcdClient(parseEtcdAddress(addressOf(etcd)));
        const { pairs } = await client.range(new TextEncoder().encode(etcdKey), undefined);
        client.close();
        const stored = Buffer.from(pairs[0]!.value).toString('latin1');
        assert.ok(stored.startsWith('k8s:enc:') && !stored.includes(object.kind), stored.slice(0, 30));
        await writer.delete(ref, key);
        await gone(reader, ref, key);
      }
    }
    assert.deepEqual(faults, []);
  });
});

const ENCRYPTED = new Set(['Secret', 'ConfigMap', 'Deployment']);

function temporaryFolder(): AsyncDisposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'tenon-kernel-encrypted-'));
  return { path, [Symbol.asyncDispose]: async () => rmSync(path, { recursive: true, force: true }) };
}

/** Empty lists are sometimes said as null; a CustomResourceDefinition's status is written by a controller while we look. */
function comparable(whole: KubeObject): KubeObject {
  const object = JSON.parse(JSON.stringify(whole), (_, value: unknown) =>
    value === null ? undefined : value,
  ) as KubeObject;
  const { status: _status, ...rest } = object;
  if (object.kind !== 'CustomResourceDefinition') return object;
  const { managedFields: _fields, resourceVersion: _version, finalizers: _finalizers, ...metadata } = rest.metadata;
  return { ...rest, apiVersion: object.apiVersion, kind: object.kind, metadata };
}

async function gone(client: Client, ref: ResourceRef, key: { namespace?: string; name: string }): Promise<void> {
  for (let i = 0; i < 50; i++) {
    const there = await client.get(ref, key).catch(() => undefined);
    if (!there) return;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  assert.fail(`${ref.resource} ${key.name} is still there`);
}
