import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { testServer, type TestServer } from '../../api/testing/server.ts';
import { FaultError } from '../../base/index.ts';
import type { Client } from '../client.ts';
import { clientSuite } from '../testing/clientSuite.ts';
import { remoteClient } from './client.ts';
import { connectKubeconfig, Http2Transport, type RemoteConnection } from './drivers/http2Transport.ts';
import { parseKubeconfig } from './kubeconfig.ts';

describe('a client over HTTP and one inside', () => {
  let server: TestServer;
  let inner: TestServer;
  let connection: RemoteConnection;
  let embedded: Client;
  before(async () => {
    server = await testServer();
    connection = connectKubeconfig(server.api.kubeconfig);
    inner = await testServer();
    embedded = inner.kernel.client();
  });
  after(async () => {
    await connection[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await inner[Symbol.asyncDispose]();
  });
  clientSuite('remote', () => connection.client);
  clientSuite('embedded', () => embedded);
});

const config = (user: string, current = 'x'): string => `
apiVersion: v1
kind: Config
current-context: ${current}
contexts: [{name: x, context: {cluster: c, user: u, namespace: n}}]
clusters: [{name: c, cluster: {server: "https://h:1/base/", certificate-authority: ca.pem}}]
users: [{name: u, user: ${user}}]
`;
const read = (path: string): string => `content of ${path}`;

test('a kubeconfig is read with the files it names', () => {
  const target = parseKubeconfig('f', config('{tokenFile: t, as: bob}'), read);
  assert.equal(target.server, 'https://h:1/base');
  assert.equal(target.namespace, 'n');
  assert.equal(target.authority, 'content of ca.pem');
  assert.equal(target.token?.(), 'content of t');
  assert.deepEqual(target.impersonate, { user: 'bob', groups: [] });
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['an exec plugin', config('{exec: {command: aws}}'), 'remote/plugin-refused'],
  ['an auth provider', config('{auth-provider: {name: gcp}}'), 'remote/plugin-refused'],
  ['a missing context', config('{}', 'y'), 'remote/no-context'],
  ['broken YAML', 'a: [', 'remote/no-kubeconfig'],
  ['a list', '[]', 'remote/no-kubeconfig'],
];

for (const [name, text, code] of REFUSED) {
  test(`a kubeconfig with ${name} is refused`, () => {
    assert.throws(
      () => parseKubeconfig('f', text, read),
      (error: unknown) => error instanceof FaultError && error.fault.code === code,
    );
  });
}

test('a server that is not there is a fault', async () => {
  const { client } = connectedTo('https://127.0.0.1:1');
  await assert.rejects(
    client.list({ group: '', version: 'v1', resource: 'pods' }),
    (error: unknown) => error instanceof FaultError && error.fault.code === 'remote/unreachable',
  );
});

function connectedTo(server: string): { client: Client } {
  const target = { server, namespace: 'default' };
  return { client: remoteClient(new Http2Transport(target)) };
}
