import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { connectKubeconfig, type KubeObject, type ResourceRef } from '../../kernel/index.ts';
import { issue } from '../index.ts';
import { realClock, realRandom, testServer, type TestServer } from '../testing/server.ts';

const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });
const SLICES: ResourceRef = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' };
const API_SERVICES: ResourceRef = { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices' };
const WARDLE: ResourceRef = { group: 'wardle.example.com', version: 'v1alpha1', resource: 'flunders' };
const GROUP_VERSION = `${WARDLE.group}/${WARDLE.version}`;

const FLUNDER = { apiVersion: GROUP_VERSION, kind: 'Flunder', metadata: { name: 'f', namespace: 'default' } };
const RESOURCES = [
  { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['get', 'list', 'create'] },
  { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get', 'update'] },
];

interface Asked {
  readonly line: string;
  readonly user: unknown;
  readonly groups: unknown;
  readonly authorization: unknown;
  readonly proxy: string;
  readonly body: string;
}

/** An extension API server: believes who shows a certificate of the front proxy's authority. */
async function extension(context: TestContext, server: TestServer): Promise<{ port: number; asked: Asked[] }> {
  const { authority, frontAuthority } = server.api.pki;
  const request = { commonName: 'wardle', usage: 'server', dnsNames: ['wardle.default.svc'], days: 1 } as const;
  const pair = issue(authority, request, realClock, realRandom);
  const asked: Asked[] = [];
  const trust = { ca: frontAuthority.certificate, requestCert: true, rejectUnauthorized: true };
  const https = createServer({ cert: pair.certificate, key: pair.key, ...trust }, (incoming, answer) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
    incoming.on('end', () => {
      const { subject } = (incoming.socket as TLSSocket).getPeerCertificate();
      asked.push({
        line: `${incoming.method} ${incoming.url}`,
        user: incoming.headers['x-remote-user'],
        groups: incoming.headers['x-remote-group'],
        authorization: incoming.headers.authorization,
        proxy: String(subject.CN),
        body,
      });
      const isDiscovery = incoming.url === `/apis/${GROUP_VERSION}`;
      const list = { kind: 'APIResourceList', groupVersion: GROUP_VERSION, resources: RESOURCES };
      const status = incoming.method === 'POST' ? 201 : 200;
      const one = incoming.url?.endsWith('/flunders') && incoming.method === 'GET';
      const flunders = { apiVersion: GROUP_VERSION, kind: 'FlunderList', metadata: {}, items: [FLUNDER] };
      answer.writeHead(status, { 'content-type': 'application/json' });
      answer.end(JSON.stringify(isDiscovery ? list : one ? flunders : FLUNDER));
    });
  });
  await new Promise<void>(resolve => https.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    https.closeAllConnections();
    https.close();
  });
  return { port: (https.address() as AddressInfo).port, asked };
}

async function condition(server: TestServer, wanted: string): Promise<Record<string, string>> {
  for (let i = 0; i < 100; i++) {
    const live = await server.kernel.client().get(API_SERVICES, { name: 'v1alpha1.wardle.example.com' });
    const [found] = (live.status as { conditions?: Record<string, string>[] } | undefined)?.conditions ?? [];
    if (found?.reason === wanted) return found;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  return assert.fail(`the APIService did not become ${wanted}`);
}

const apiService = (caBundle: string): KubeObject => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: 'v1alpha1.wardle.example.com' },
  spec: {
    group: WARDLE.group,
    version: WARDLE.version,
    groupPriorityMinimum: 1_000,
    versionPriority: 10,
    service: { namespace: 'default', name: 'wardle', port: 7_443 },
    caBundle,
  },
});

async function register(server: TestServer, port: number, caBundle: string): Promise<void> {
  const client = server.kernel.client();
  const ports = [{ port: 7_443, targetPort: port, name: 'https' }];
  await client.create(core('services'), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'wardle', namespace: 'default' },
    spec: { ports, clusterIP: '10.96.0.77' },
  });
  await client.create(SLICES, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'wardle-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'wardle' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' }],
  });
  await client.create(API_SERVICES, apiService(caBundle));
}

test('a group version of another server is discovered, relayed with who asks, and away when its server is', async context => {
  await using server = await testServer();
  const { port, asked } = await extension(context, server);
  await register(server, port, Buffer.from(server.api.pki.authority.certificate).toString('base64'));
  assert.equal((await condition(server, 'Passed')).status, 'True');

  await using connection = connectKubeconfig(server.api.kubeconfig);
  const groups = await connection.transport.send({ method: 'GET', path: '/apis' });
  assert.ok(groups.text.includes(GROUP_VERSION));
  const listed = await connection.transport.send({ method: 'GET', path: `/apis/${GROUP_VERSION}` });
  const resources = (JSON.parse(listed.text) as { resources: { name: string }[] }).resources.map(({ name }) => name);
  assert.deepEqual(resources, ['flunders', 'flunders/status']);

  asked.length = 0;
  assert.equal((await connection.client.list(WARDLE, { namespace: 'default' })).items.length, 1);
  await connection.client.create(WARDLE, structuredClone(FLUNDER));
  assert.deepEqual(
    asked.map(({ line }) => line.split('?')[0]),
    [
      `GET /apis/${GROUP_VERSION}/namespaces/default/flunders`,
      `POST /apis/${GROUP_VERSION}/namespaces/default/flunders`,
    ],
  );
  for (const { user, groups: inGroups, proxy, authorization } of asked) {
    assert.equal(user, 'kubernetes-admin');
    assert.match(String(inGroups), /system:masters/);
    assert.equal(proxy, 'front-proxy-client');
    assert.equal(authorization, undefined);
  }
  assert.equal((JSON.parse(asked[1]!.body) as KubeObject).kind, 'Flunder');

  await server.kernel.client().delete(API_SERVICES, { name: 'v1alpha1.wardle.example.com' });
  await assert.rejects(connection.client.list(WARDLE), { code: 404 });
  assert.ok(!(await connection.transport.send({ method: 'GET', path: '/apis' })).text.includes(WARDLE.group));
});

test('a server whose certificate another authority signed is not believed', async context => {
  await using server = await testServer();
  const { port, asked } = await extension(context, server);
  await register(server, port, Buffer.from(server.api.pki.frontAuthority.certificate).toString('base64'));
  assert.equal((await condition(server, 'FailedDiscoveryCheck')).status, 'False');
  assert.equal(asked.length, 0);
  await using connection = connectKubeconfig(server.api.kubeconfig);
  await assert.rejects(connection.client.list(WARDLE), { code: 503 });
});

test('extension servers find out whom to believe', async () => {
  await using server = await testServer();
  const key = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };
  const { data } = await server.kernel.client().get(core('configmaps'), key);
  const { pki } = server.api;
  assert.equal((data as Record<string, string>)['requestheader-client-ca-file'], pki.frontAuthority.certificate);
  assert.equal((data as Record<string, string>)['requestheader-allowed-names'], '["front-proxy-client"]');
});
