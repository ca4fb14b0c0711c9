import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wire } from '../testing/client.ts';
import { testServer } from '../testing/server.ts';

const NODE = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };

test('a node reads what its pods need, and writes only what is its own', async () => {
  await using server = await testServer({ tokens: new Map([['node-token', NODE]]) });
  using admin = wire(server);
  using node = wire(server, { token: 'node-token' });
  const at = '/api/v1/namespaces/default';
  for (const name of ['mine', 'other']) await admin.send('POST', `${at}/secrets`, { metadata: { name } });
  await admin.send('POST', `${at}/serviceaccounts`, { metadata: { name: 'default' } });
  for (const name of ['n1', 'n2']) await admin.send('POST', '/api/v1/nodes', { metadata: { name } });
  const pod = (name: string, nodeName: string, secretName: string): object => ({
    metadata: { name },
    spec: { nodeName, containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', secret: { secretName } }] },
  });
  await admin.send('POST', `${at}/pods`, pod('p1', 'n1', 'mine'));
  await admin.send('POST', `${at}/pods`, pod('p2', 'n2', 'other'));
  const status = { status: { phase: 'Running' } };
  const merge = { 'content-type': 'application/merge-patch+json' };
  const rows: readonly (readonly [string, string, unknown, number])[] = [
    ['GET', `${at}/secrets/mine`, undefined, 200],
    ['GET', `${at}/secrets/other`, undefined, 403],
    ['GET', `${at}/secrets`, undefined, 403],
    ['GET', '/api/v1/pods', undefined, 200],
    ['PATCH', `${at}/pods/p1/status`, status, 200],
    ['PATCH', `${at}/pods/p2/status`, status, 403],
    ['PATCH', '/api/v1/nodes/n1/status', { status: {} }, 200],
    ['PATCH', '/api/v1/nodes/n2/status', { status: {} }, 403],
    ['DELETE', '/api/v1/nodes/n2', undefined, 403],
  ];
  for (const [method, path, body, code] of rows)
    assert.equal((await node.send(method, path, body, body ? merge : {})).status, code, `${method} ${path}`);
  const token = (spec: object): Promise<{ status: number }> =>
    node.send('POST', `${at}/serviceaccounts/default/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec,
    });
  assert.equal((await token({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p1' } })).status, 201);
  assert.equal((await token({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p2' } })).status, 403);
  assert.equal((await token({})).status, 403);
  await admin.send('DELETE', `${at}/pods/p1`, { gracePeriodSeconds: 0 });
  assert.equal((await node.send('GET', `${at}/secrets/mine`)).status, 403);
});
