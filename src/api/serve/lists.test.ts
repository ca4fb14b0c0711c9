import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse as parseYaml } from 'yaml';
import { encodeCbor, encodeProtobuf, type JsonObject, type KubeObject, type ResourceRef } from '../../kernel/index.ts';
import { wire } from '../testing/client.ts';
import { testServer } from '../testing/server.ts';
import { around } from './respond.ts';

const SECRETS: ResourceRef = { group: '', version: 'v1', resource: 'secrets' };
const PATH = '/api/v1/namespaces/default/secrets';
/** More than a short list: these are encoded item by item. */
const COUNT = 1_230;
const AS = ';v=v1;g=meta.k8s.io';

test('a long list is the same as a short one in every encoding', async () => {
  await using server = await testServer();
  using admin = wire(server);
  const client = server.kernel.client();
  const make = (index: number): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'default', name: `s${index}`, annotations: { text: 'a: "b"\n- 榫\n' } },
    data: { key: Buffer.from(`value ${index}`).toString('base64') },
  });
  await Promise.all(Array.from({ length: COUNT }, (_, index) => client.create(SECRETS, make(index))));
  // One snapshot, whatever else is written meanwhile.
  const revision = (await client.list(SECRETS, { limit: 1 })).metadata.resourceVersion!;
  const at = `resourceVersion=${revision}&resourceVersionMatch=Exact`;
  const get = (accept: string) => admin.send('GET', `${PATH}?${at}`, undefined, { accept });
  const json = (await get('application/json')).json() as unknown as JsonObject;
  const items = json.items as JsonObject[];
  assert.equal(items.length, COUNT);
  assert.equal((items[0]!.data as { key: string }).key, make(0).data!['key' as never]);

  const schema = server.kernel.catalog.resource(SECRETS)!.schema;
  const cbor = await get('application/cbor');
  assert.equal(cbor.headers['content-type'], 'application/cbor');
  assert.ok(cbor.body.equals(encodeCbor(json, around('items', { type: 'list', items: schema! }))));

  const protobuf = await get('application/vnd.kubernetes.protobuf');
  assert.ok(protobuf.body.equals(Buffer.from(encodeProtobuf(json)!)));

  const yaml = await get('application/yaml');
  assert.deepEqual(parseYaml(yaml.body.toString('utf8'), { maxAliasCount: 0 }), json);

  const metadata = (await get(`application/json;as=PartialObjectMetadataList${AS}`)).json();
  assert.equal(metadata.kind, 'PartialObjectMetadataList');
  assert.deepEqual(
    (metadata.items as unknown as JsonObject[]).map(item => item.metadata),
    items.map(item => item.metadata),
  );

  const table = (await get(`application/json;as=Table${AS}`)).json();
  const first = await admin.send('GET', `${PATH}?${at}&limit=1`, undefined, {
    accept: `application/json;as=Table${AS}`,
  });
  const rows = table.rows as unknown as { cells: unknown[]; object: JsonObject }[];
  assert.deepEqual(table.columnDefinitions, first.json().columnDefinitions);
  assert.deepEqual(
    rows.map(row => row.cells[0]),
    items.map(item => (item.metadata as JsonObject).name),
  );
  assert.deepEqual(rows[0]!.object, (first.json().rows as unknown as typeof rows)[0]!.object);
});
