import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinCatalog } from '../schema/builtin.ts';
import { openApi } from './openapi.ts';

const documents = openApi(builtinCatalog());
interface Document {
  paths: Record<string, Record<string, { parameters?: { name: string }[] }>>;
  components: {
    schemas: Record<string, { properties: Record<string, object>; 'x-kubernetes-group-version-kind'?: object[] }>;
  };
}

test('the index names a document for every group version, with its hash', () => {
  const { paths } = JSON.parse(documents.index()) as { paths: Record<string, { serverRelativeURL: string }> };
  assert.ok(Object.keys(paths).length > 30);
  assert.match(paths['apis/apps/v1']!.serverRelativeURL, /^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{64}$/);
  assert.equal(documents.group('apis/nobody/v1'), undefined);
});

test('a document says what kubectl asks it', () => {
  const document = JSON.parse(documents.group('apis/apps/v1')!) as Document;
  const create = document.paths['/apis/apps/v1/namespaces/{namespace}/deployments']!.post!;
  assert.deepEqual(
    create.parameters!.map(one => one.name),
    ['dryRun', 'fieldManager', 'fieldValidation'],
  );
  assert.ok(document.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale']!.patch);
  const { schemas } = document.components;
  assert.deepEqual(schemas['io.k8s.api.apps.v1.Deployment']!['x-kubernetes-group-version-kind'], [
    { group: 'apps', kind: 'Deployment', version: 'v1' },
  ]);
  assert.deepEqual(schemas['io.k8s.api.core.v1.Container']!.properties.ports, {
    type: 'array',
    items: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.ContainerPort' }], default: {} },
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': 'containerPort',
  });
});

test('no reference dangles', () => {
  const document = documents.group('api/v1')!;
  const { schemas } = (JSON.parse(document) as Document).components;
  const names = new Set([...document.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(match => match[1]!));
  assert.ok(names.size > 200);
  for (const name of names) assert.ok(Object.hasOwn(schemas, name), name);
});

test('version 2 is served in both forms', () => {
  const second = JSON.parse(documents.v2()) as { swagger: string; definitions: Record<string, object> };
  assert.equal(second.swagger, '2.0');
  assert.ok(second.definitions['io.k8s.api.core.v1.Pod']);
  const bytes = documents.v2Protobuf();
  assert.equal(Buffer.from(bytes.subarray(0, 5)).toString('latin1'), '\n\x032.0');
});
