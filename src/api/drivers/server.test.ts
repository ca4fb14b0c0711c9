import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Wire, wire } from '../testing/client.ts';
import { type TestServer, testServer } from '../testing/server.ts';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, data: Record<string, string> = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

let admin: Wire;

let server: TestServer;

async function checkCreateReadReplacePatch(): Promise<void> {
  assert.equal((await admin.send('POST', CONFIGMAPS, configMap('a', { k: '1' }))).status, 201);
  assert.equal((await admin.send('POST', CONFIGMAPS, configMap('a'))).json().reason, 'AlreadyExists');
  const read = (await admin.send('GET', `${CONFIGMAPS}/a`)).json() as unknown as {
    metadata: { resourceVersion: string };
    data: object;
  };
  assert.deepEqual(read.data, { k: '1' });
  const stale = await admin.send('PUT', `${CONFIGMAPS}/a`, {
    ...configMap('a'),
    metadata: { name: 'a', resourceVersion: '1' },
  });
  assert.equal(stale.status, 409);
  const merge = await admin.send(
    'PATCH',
    `${CONFIGMAPS}/a`,
    { data: { m: '2' } },
    { 'content-type': 'application/merge-patch+json' },
  );
  assert.deepEqual(merge.json().data, { k: '1', m: '2' });
  const json = await admin.send('PATCH', `${CONFIGMAPS}/a`, [{ op: 'remove', path: '/data/k' }], {
    'content-type': 'application/json-patch+json',
  });
  assert.deepEqual(json.json().data, { m: '2' });
  const applied = await admin.send(
    'PATCH',
    `${CONFIGMAPS}/b?fieldManager=me`,
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {x: "y"}\n',
    { 'content-type': 'application/apply-patch+yaml' },
  );
  assert.equal(applied.status, 201);
  assert.equal(
    (
      await admin.send('PATCH', `${CONFIGMAPS}/b?fieldManager=me`, configMap('b', { x: 'z' }), {
        'content-type': 'application/apply-patch+yaml',
      })
    ).status,
    200,
  );
  assert.equal(
    (await admin.send('PATCH', `${CONFIGMAPS}/b`, configMap('b'), { 'content-type': 'application/apply-patch+yaml' }))
      .status,
    422,
  );
  const gone = await admin.send('DELETE', `${CONFIGMAPS}/a`);
  assert.equal(gone.json().status, 'Success');
  assert.equal((await admin.send('GET', `${CONFIGMAPS}/a`)).status, 404);
}

async function checkMediaTypesThatCannot(): Promise<void> {
  assert.equal((await admin.send('PATCH', `${CONFIGMAPS}/b`, '{}', { 'content-type': 'text/plain' })).status, 415);
  assert.equal((await admin.send('POST', CONFIGMAPS, '{}', { 'content-type': 'text/plain' })).status, 415);
  assert.equal((await admin.send('GET', CONFIGMAPS, undefined, { accept: 'text/html' })).status, 406);
  const yaml = await admin.send('GET', `${CONFIGMAPS}/b`, undefined, { accept: 'application/yaml' });
  assert.equal(yaml.headers['content-type'], 'application/yaml');
  assert.match(yaml.text, /^apiVersion: v1$/m);
}

async function checkTablesOfWhatHasNone(): Promise<void> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
  };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const refused = await admin.send('POST', path, review, { accept: table });
  assert.deepEqual([refused.status, refused.json().reason], [406, 'NotAcceptable']);
  const plain = await admin.send('POST', path, review, { accept: `${table}, application/json` });
  assert.deepEqual([plain.status, plain.json().kind], [201, 'SelfSubjectAccessReview']);
}

async function checkFieldsNamedTwice(): Promise<void> {
  const strict = `${CONFIGMAPS}?fieldValidation=Strict`;
  const json = '{"metadata":{"name":"t"},"dato":{},"data":{"a":"1","a":"2"}}';
  const words = 'strict decoding error: unknown field "dato", duplicate field "data.a"';
  const refused = (await admin.send('POST', strict, json)).json();
  assert.deepEqual(
    [refused.code, refused.message],
    [400, `ConfigMap in version "v1" cannot be handled as a ConfigMap: ${words}`],
  );
  const yaml = { 'content-type': 'application/yaml' };
  const text = 'metadata: {name: t}\ndata:\n  a: "1"\n  a: "2"\nb: 1\nb: 1\n';
  const lines = ['line 4: key "a" already set in map', 'line 6: key "b" already set in map'];
  assert.equal(
    String((await admin.send('POST', strict, text, yaml)).json().message).split('strict decoding error: ')[1],
    `yaml: unmarshal errors:\n  ${lines.join('\n  ')}, unknown field "b"`,
  );
  const warned = await admin.send('POST', CONFIGMAPS, text, yaml);
  assert.equal(warned.status, 201);
  for (const line of [...lines, 'unknown field "b"'])
    assert.ok(String(warned.headers.warning).includes(`299 - "${line.replaceAll('"', '\\"')}"`), line);
  const patch = await admin.send('PATCH', `${CONFIGMAPS}/t?fieldValidation=Strict`, '{"data":{"a":"3","a":"4"}}', {
    'content-type': 'application/merge-patch+json',
  });
  assert.equal(patch.status, 422);
  assert.match(patch.text, /strict decoding error: duplicate field \\"data.a\\"/);
  const apply = await admin.send(
    'PATCH',
    `${CONFIGMAPS}/t2?fieldValidation=Strict&fieldManager=m`,
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"t2"},"data":{"a":"3",\n"a":"4"}}',
    { 'content-type': 'application/apply-patch+yaml' },
  );
  assert.equal(apply.status, 400);
  assert.match(
    String(apply.json().message),
    /^error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n {2}line 2: key "a" already set/,
  );
}

async function checkBodiesThatAreToo(): Promise<void> {
  const large = await admin.send('POST', CONFIGMAPS, configMap('large', { k: 'x'.repeat(3 * 1024 * 1024) }));
  assert.equal(large.status, 413);
  const deep = `{"apiVersion":"v1","kind":"ConfigMap","x":${'['.repeat(60_000)}${']'.repeat(60_000)}}`;
  assert.equal((await admin.send('POST', CONFIGMAPS, deep)).status, 400);
  for (const body of ['[]', '"x"', '{', ''])
    assert.equal((await admin.send('POST', CONFIGMAPS, body)).status, 400, body);
  // Nothing is read as an object that says nothing.
  assert.equal((await admin.send('POST', CONFIGMAPS, 'null')).status, 422);
  const proto = await admin.send(
    'POST',
    CONFIGMAPS,
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto"},"data":{"constructor":"c","toString":"t"}}',
  );
  assert.deepEqual(proto.json().data, { constructor: 'c', toString: 't' });
  assert.equal(
    (await admin.send('POST', CONFIGMAPS, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } })).status,
    400,
  );
}

async function checkTablesAndPartialMetadata(): Promise<void> {
  const table = (
    await admin.send('GET', '/api/v1/namespaces', undefined, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    })
  ).json() as unknown as {
    kind: string;
    columnDefinitions: { name: string }[];
    rows: { cells: unknown[]; object: { kind: string } }[];
  };
  assert.equal(table.kind, 'Table');
  assert.deepEqual(
    table.columnDefinitions.map(one => one.name),
    ['Name', 'Status', 'Age'],
  );
  assert.deepEqual(table.rows.find(row => row.cells[0] === 'default')?.cells.slice(0, 2), ['default', 'Active']);
  assert.equal(table.rows[0]!.object.kind, 'PartialObjectMetadata');
  const partial = await admin.send('GET', '/api/v1/namespaces', undefined, {
    accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  });
  assert.equal(partial.json().kind, 'PartialObjectMetadataList');
}

async function checkDiscoveryHasAnEtag(): Promise<void> {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const first = await admin.send('GET', '/apis', undefined, { accept });
  assert.equal(first.json().kind, 'APIGroupDiscoveryList');
  assert.match(String(first.headers['content-type']), /as=APIGroupDiscoveryList/);
  const again = await admin.send('GET', '/apis', undefined, { accept, 'if-none-match': String(first.headers.etag) });
  assert.equal(again.status, 304);
  assert.equal((await admin.send('GET', '/api/v1')).json().kind, 'APIResourceList');
  assert.equal((await admin.send('GET', '/apis/apps')).json().kind, 'APIGroup');
  assert.equal((await admin.send('GET', '/apis/none.example/v1')).status, 404);
}

async function checkWatchEventsInOrder(): Promise<void> {
  await admin.send('POST', CONFIGMAPS, configMap('w'));
  const path = `${CONFIGMAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dw`;
  const watched = admin.read(path, text => text.includes('"DELETED"'));
  await new Promise(resolve => setTimeout(resolve, 50));
  await admin.send(
    'PATCH',
    `${CONFIGMAPS}/w`,
    { data: { v: '1' } },
    { 'content-type': 'application/merge-patch+json' },
  );
  await admin.send('DELETE', `${CONFIGMAPS}/w`);
  const events = (await watched)
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { type: string; object: { metadata: { annotations?: object } } });
  assert.deepEqual(
    events.map(event => event.type),
    ['ADDED', 'BOOKMARK', 'MODIFIED', 'DELETED'],
  );
  assert.deepEqual(events[1]!.object.metadata.annotations, { 'k8s.io/initial-events-end': 'true' });
  const started = performance.now();
  await admin.read(`${CONFIGMAPS}?watch=1&timeoutSeconds=1`, () => false);
  assert.ok(performance.now() - started < 5_000);
}

async function checkALargeListIs(): Promise<void> {
  for (let i = 0; i < 3; i++) await admin.send('POST', CONFIGMAPS, configMap(`big-${i}`, { k: 'y'.repeat(100_000) }));
  const packed = await admin.send('GET', CONFIGMAPS, undefined, { 'accept-encoding': 'gzip' });
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.ok(packed.body.length < 50_000);
}

async function checkPagesOfAList(): Promise<void> {
  const first = (await admin.send('GET', `${CONFIGMAPS}?limit=2`)).json() as unknown as {
    items: unknown[];
    metadata: { continue: string };
  };
  assert.equal(first.items.length, 2);
  const next = (
    await admin.send('GET', `${CONFIGMAPS}?limit=2&continue=${encodeURIComponent(first.metadata.continue)}`)
  ).json() as unknown as { items: unknown[] };
  assert.ok(next.items.length > 0);
  assert.equal((await admin.send('GET', `${CONFIGMAPS}?limit=2&continue=broken`)).status, 400);
  assert.equal((await admin.send('GET', `${CONFIGMAPS}?limit=x`)).status, 400);
}

async function checkHealthVersionTokenKeys(): Promise<void> {
  using anonymous = wire(server, { anonymous: true });
  assert.equal((await anonymous.send('GET', '/readyz')).text, 'ok');
  assert.match((await admin.send('GET', '/livez?verbose')).text, /livez check passed/);
  assert.equal((await anonymous.send('GET', '/version')).json().minor, '35');
  assert.equal((await anonymous.send('GET', '/metrics')).status, 403);
  assert.match((await admin.send('GET', '/metrics')).text, /apiserver_request_total\{verb="CREATE"/);
  const issuer = (await admin.send('GET', '/.well-known/openid-configuration')).json();
  assert.equal(issuer.issuer, 'https://kubernetes.default.svc.cluster.local');
  assert.equal(issuer.jwks_uri, 'https://kubernetes.default.svc.cluster.local/openid/v1/jwks');
  assert.equal((await admin.send('GET', '/nothing')).status, 404);
}

async function checkCertificatesAreRenewedWithout(): Promise<void> {
  assert.equal(await server.api.rotate(), false);
  const before = readFileSync(join(server.state, 'pki', 'server.crt'), 'utf8');
  const { rmSync } = await import('node:fs');
  rmSync(join(server.state, 'pki', 'server.crt'));
  assert.equal(await server.api.rotate(), true);
  assert.notEqual(readFileSync(join(server.state, 'pki', 'server.crt'), 'utf8'), before);
  using fresh = wire(server);
  assert.equal((await fresh.send('GET', '/version')).status, 200);
  assert.equal((await admin.send('GET', '/version')).status, 200);
}

describe('the API over HTTP/2', () => {
  before(async () => {
    server = await testServer();
    admin = wire(server);
  });
  after(async () => {
    admin[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });
  test('create, read, replace, patch, apply, delete', checkCreateReadReplacePatch);
  test('media types that cannot be read or made are refused', checkMediaTypesThatCannot);
  test('what has no rows answers 406 when asked for a table', checkTablesOfWhatHasNone);
  test('fields named twice are told beside unknown ones', checkFieldsNamedTwice);
  test('bodies that are too large, too deep or no objects are refused', checkBodiesThatAreToo);
  test('tables and partial metadata', checkTablesAndPartialMetadata);
  test('discovery has an ETag and answers 304', checkDiscoveryHasAnEtag);
  test('watch: events in order, bookmark after initial events, ended by timeoutSeconds', checkWatchEventsInOrder);
  test('a large list is compressed for those who ask', checkALargeListIs);
  test('pages of a list, and a refused continue token', checkPagesOfAList);
  test('health, version, token keys, metrics', checkHealthVersionTokenKeys);
  test('certificates are renewed without a restart', checkCertificatesAreRenewedWithout);
});
