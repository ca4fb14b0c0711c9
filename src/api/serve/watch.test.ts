import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { test } from 'node:test';
import { wire } from '../testing/client.ts';
import { testServer } from '../testing/server.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

test('a watcher that does not read is cut off; one that reads misses nothing', async () => {
  await using server = await testServer();
  using admin = wire(server);
  await admin.send('POST', CONFIGMAPS, { metadata: { name: 'x' }, data: {} });
  const { api, state } = server;
  const session = connect(api.url, {
    ca: readFileSync(join(state, 'pki', 'ca.crt')),
    cert: api.pki.admin.certificate,
    key: api.pki.admin.key,
  });
  const lazy = session.request({ ':path': `${CONFIGMAPS}?watch=1` });
  lazy.on('error', () => {});
  await new Promise(resolve => lazy.once('response', resolve));
  // Nothing is read from `lazy`: its window fills, then the server's queue for it.
  const writes = 40;
  const eager = session.request({ ':path': `${CONFIGMAPS}?watch=1` });
  const found = new Set<number>();
  const all = new Promise<void>(resolve => {
    let tail = '';
    eager.on('data', (chunk: Buffer) => {
      const text = tail + chunk.toString('latin1');
      for (const [, value] of text.matchAll(/"v":"(\d+)x/g)) found.add(Number(value));
      tail = text.slice(-16);
      if (found.size >= writes) resolve();
    });
  });
  await new Promise(resolve => eager.once('response', resolve));
  const padding = 'x'.repeat(500_000);
  for (let i = 0; i < writes; i++)
    await admin.send(
      'PATCH',
      `${CONFIGMAPS}/x`,
      { data: { v: `${i}${padding}` } },
      { 'content-type': 'application/merge-patch+json' },
    );
  await all;
  assert.deepEqual(
    [...found],
    Array.from({ length: writes }, (_, i) => i),
  );
  assert.match((await admin.send('GET', '/metrics')).text, /^apiserver_terminated_watchers_total 1$/m);
  session.destroy();
});

test('one object may be watched by its own path and by the old prefix', async () => {
  await using server = await testServer();
  using admin = wire(server);
  await admin.send('POST', CONFIGMAPS, { metadata: { name: 'a' } });
  await admin.send('POST', CONFIGMAPS, { metadata: { name: 'b' } });
  for (const path of [`${CONFIGMAPS}/b?watch=1`, '/api/v1/watch/namespaces/default/configmaps/b']) {
    const text = await admin.read(path, chunk => chunk.includes('\n'));
    const event = JSON.parse(text.split('\n')[0]!) as { type: string; object: { metadata: { name: string } } };
    assert.deepEqual([event.type, event.object.metadata.name], ['ADDED', 'b']);
  }
});

test('a protobuf watch is framed by length', async () => {
  await using server = await testServer();
  using admin = wire(server);
  await admin.send('POST', CONFIGMAPS, { metadata: { name: 'a' } });
  const answer = await admin.send('GET', `${CONFIGMAPS}?watch=1&timeoutSeconds=1`, undefined, {
    accept: 'application/vnd.kubernetes.protobuf',
  });
  assert.equal(answer.headers['content-type'], 'application/vnd.kubernetes.protobuf;stream=watch');
  assert.equal(answer.body.readUInt32BE(0), answer.body.length - 4);
  assert.ok(answer.body.includes('ADDED') && answer.body.includes('k8s\0'));
});

test('a shutdown ends watches and followed logs at once', async () => {
  const server = await testServer();
  using admin = wire(server);
  const watching = admin.read(`${CONFIGMAPS}?watch=1`, () => false);
  await new Promise(resolve => setTimeout(resolve, 50));
  const started = performance.now();
  await server[Symbol.asyncDispose]();
  await watching;
  assert.ok(performance.now() - started < 2_000);
});
