import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCbor, encodeCbor, type JsonObject } from '../../kernel/index.ts';
import { wire } from '../testing/client.ts';
import { testServer } from '../testing/server.ts';

const SECRETS = '/api/v1/namespaces/default/secrets';
const CBOR = { accept: 'application/cbor', 'content-type': 'application/cbor' };
const secret = (data: object): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's' },
  data: data as JsonObject,
});
const read = (body: Buffer): JsonObject => decodeCbor(body).value as JsonObject;

test('CBOR goes in and comes out: objects, lists, tables, applies and watches', async () => {
  await using server = await testServer();
  using admin = wire(server);
  const made = await admin.send('POST', SECRETS, encodeCbor(secret({ k: 'aGk=' })), CBOR);
  assert.deepEqual([made.status, made.headers['content-type']], [201, 'application/cbor']);
  assert.equal(made.body.subarray(0, 3).toString('hex'), 'd9d9f7');
  // Bytes of a Secret travel as bytes.
  assert.ok(made.body.includes(Buffer.from([0xd6, 0x42, 0x68, 0x69])));
  assert.deepEqual(read(made.body), (await admin.send('GET', `${SECRETS}/s`)).json());
  const list = await admin.send('GET', SECRETS, undefined, { accept: 'application/cbor' });
  // Of one moment: the server writes objects of its own while it starts.
  const moment = (read(list.body).metadata as JsonObject).resourceVersion;
  const same = await admin.send('GET', `${SECRETS}?resourceVersion=${moment}&resourceVersionMatch=Exact`);
  assert.deepEqual(read(list.body), same.json());
  const table = await admin.send('GET', SECRETS, undefined, { accept: 'application/cbor;as=Table;v=v1;g=meta.k8s.io' });
  assert.equal(read(table.body).kind, 'Table');
  const applied = await admin.send(
    'PATCH',
    `${SECRETS}/s?fieldManager=m&force=true`,
    encodeCbor(secret({ k: 'aG8=' })),
    {
      ...CBOR,
      'content-type': 'application/apply-patch+cbor',
    },
  );
  assert.deepEqual([applied.status, (read(applied.body).data as JsonObject).k], [200, 'aG8=']);
  const watched = await admin.send('GET', `${SECRETS}?watch=1&timeoutSeconds=1`, undefined, CBOR);
  assert.equal(watched.headers['content-type'], 'application/cbor-seq');
  const event = read(watched.body) as { type: string; object: JsonObject };
  assert.deepEqual([event.type, (event.object.metadata as JsonObject).name], ['ADDED', 's']);
});

test('CBOR that is broken or names a field twice is refused', async () => {
  await using server = await testServer();
  using admin = wire(server);
  for (const bytes of [[0xff], [0xa1], [0xd9, 0xd9, 0xf7, 0x80], [0xf9, 0x7e, 0x00]])
    assert.equal((await admin.send('POST', SECRETS, Buffer.from(bytes), CBOR)).status, 400);
  const field = '49696d6d757461626c65f5';
  const twice = Buffer.from(`a2${field}${field}`, 'hex');
  const strict = await admin.send('POST', `${SECRETS}?fieldValidation=Strict`, twice, { 'content-type': CBOR.accept });
  assert.equal(strict.status, 400);
  assert.match(
    String(strict.json().message),
    /cannot be handled as a Secret: strict decoding error: duplicate field "immutable"$/,
  );
});
