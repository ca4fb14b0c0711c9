import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Client, decodeDocuments, type KubeObject, remoteClient, type ResourceRef } from '../kernel/index.ts';
import { Http2Transport } from '../kernel/remote/drivers/http2Transport.ts';
import {
  type ApiServerPeer,
  missingPeer,
  type Peer,
  PEER_TOKEN,
  startApiServer,
  startEtcd,
} from '../kernel/testing/peers.ts';
import { main } from './main.ts';

/** Questions about a real API server: what they answer, and that none of them wrote anything (its own audit log says so). */
const MANIFESTS = `apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: shop}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: x, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: pay, namespace: shop, labels: {app: pay}}
spec: {containers: [{name: c, image: x, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: pay, namespace: shop}
spec: {selector: {app: pay}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: pay, namespace: shop}
spec: {podSelector: {matchLabels: {app: pay}}, ingress: [{from: [{podSelector: {matchLabels: {app: audit}}}]}]}
`;
const DEFINITION = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: authorizationpolicies.security.istio.io}
spec:
  group: security.istio.io
  scope: Namespaced
  names: {plural: authorizationpolicies, singular: authorizationpolicy, kind: AuthorizationPolicy}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`;
const PLURALS: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  Pod: 'pods',
  Service: 'services',
  NetworkPolicy: 'networkpolicies',
  CustomResourceDefinition: 'customresourcedefinitions',
};

function refOf({ apiVersion, kind }: KubeObject): ResourceRef {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return { group, version, resource: PLURALS[kind]! };
}

async function create(client: Client, text: string): Promise<void> {
  for (const { value } of decodeDocuments(text, { file: 'm' }).value) {
    const object = value as unknown as KubeObject;
    const { namespace } = object.metadata;
    await client.create(refOf(object), object, namespace ? { namespace } : {});
  }
}

describe('a real cluster', { skip: missingPeer('etcd') ?? missingPeer('kube-apiserver') ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-why-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const log = join(folder, 'audit.log');
  let etcd: Peer;
  let api: ApiServerPeer;
  let client: Client;
  let transport: Http2Transport;

  async function ask(...words: string[]): Promise<{ code: number; out: string }> {
    const lines: string[] = [];
    const terminal = {
      language: 'en',
      color: false,
      out: (text: string) => void lines.push(text),
      err: () => undefined,
    } as const;
    return { code: await main([...words, '--kubeconfig', kubeconfig], terminal), out: lines.join('\n') };
  }

  before(async () => {
    const policy = join(folder, 'audit.yaml');
    writeFileSync(policy, 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n');
    etcd = await startEtcd();
    api = await startApiServer(etcd.url, [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`]);
    const cluster = { server: api.url, 'insecure-skip-tls-verify': true };
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user: { token: PEER_TOKEN } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
    transport = new Http2Transport(api.target);
    client = remoteClient(transport);
    await create(client, MANIFESTS);
  });
  after(async () => {
    await transport?.[Symbol.asyncDispose]();
    await api?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the verdict is that of what is there, with places from the source where one is named', async () => {
    const denied = await ask('why', 'shop/web', 'to', 'shop/pay:80', '-o', 'json');
    assert.equal(denied.code, 1, denied.out);
    const source = join(folder, 'source');
    (await import('node:fs')).mkdirSync(source, { recursive: true });
    writeFileSync(join(source, 'all.yaml'), MANIFESTS);
    const placed = await ask('why', 'shop/web', 'to', 'shop/pay:80', '--source', source);
    assert.match(placed.out, /NetworkPolicy shop\/pay {2}all\.yaml:20:1/);
    const pending = await ask('why', 'pod', 'shop/pay', 'not-ready');
    assert.equal(pending.code, 1, pending.out);
  });

  test('a plan against the cluster, and drift', async () => {
    const wanted = join(folder, 'wanted');
    (await import('node:fs')).mkdirSync(wanted, { recursive: true });
    writeFileSync(join(wanted, 'all.yaml'), MANIFESTS.replace('app: audit', 'app: web'));
    const planned = await ask('plan', wanted, '-o', 'json');
    const { objects, newlyAllowed } = JSON.parse(planned.out) as {
      objects: { name: string; paths: string[] }[];
      newlyAllowed: unknown[];
    };
    assert.deepEqual(
      objects.map(({ name, paths }) => [name, paths]),
      [['pay', ['/spec/ingress/0/from/0/podSelector/matchLabels/app']]],
    );
    assert.equal(newlyAllowed.length, 1);
    const drift = await ask('why', 'app', 'shop', 'out-of-sync', '--source', wanted);
    assert.equal(drift.code, 1);
    assert.match(drift.out, /podSelector\/matchLabels\/app differs/);
  });

  test('objects of custom kinds are seen, and make the verdict unknown where their layer is not built', async () => {
    await create(client, DEFINITION);
    const ref = { group: 'security.istio.io', version: 'v1', resource: 'authorizationpolicies' };
    const object = {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'm', namespace: 'shop' },
      spec: {},
    };
    const limit = performance.now() + 20_000;
    for (;;) {
      try {
        await client.create(ref, object, { namespace: 'shop' });
        break;
      } catch (error) {
        if (performance.now() > limit) throw error;
        await new Promise(resolve => setTimeout(resolve, 100));
      }
    }
    const { code, out } = await ask('why', 'shop/pay', 'to', 'shop/web:8080');
    assert.match(out, /AuthorizationPolicy "shop\/m"/);
    assert.equal(code, 3, out);
  });

  test('none of it wrote anything', () => {
    const lines = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map(
        line =>
          JSON.parse(line) as { verb: string; user: { username: string }; requestURI: string; userAgent?: string },
      );
    const own = lines.filter(({ user }) => user.username === 'admin');
    const written = own
      .filter(({ verb }) => !['get', 'list', 'watch'].includes(verb))
      .map(({ verb, requestURI }) => `${verb} ${requestURI.split('?')[0]}`);
    // What the test itself put there.
    const expected = 7;
    assert.equal(
      new Set(written).size <= expected && written.every(line => line.startsWith('create ')),
      true,
      written.join('\n'),
    );
    assert.ok(own.filter(({ verb }) => verb === 'list').length > 50);
    assert.ok(!own.some(({ verb, requestURI }) => verb === 'list' && requestURI.includes('/secrets')));
  });
});
