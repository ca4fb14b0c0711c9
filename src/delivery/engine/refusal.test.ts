import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSpan } from '../../base/index.ts';
import { decodeDocuments, invalid, type KubeObject, statusError } from '../../kernel/index.ts';
import { refusalFault } from './refusal.ts';

const TEXT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replica: 2
  template:
    spec:
      containers:
        - name: one
        - name: two
          imag: x
          ports: [{containerPort: 70000}]
`;
const [document] = decodeDocuments(TEXT, { file: 'a/web.yaml' }).value;
const wanted = {
  object: document!.value as unknown as KubeObject,
  origin: { span: document!.spanOf([]) },
  spanOf: document!.spanOf,
};
const placeOf = (error: unknown, from: object = wanted): string => {
  const { where } = refusalFault(error, from as typeof wanted);
  return where === undefined || typeof where === 'string' ? String(where) : formatSpan(where);
};
const refused = (message: string) => statusError(400, 'BadRequest', message);

test('a refusal stands at the field it names: a cause, a field no schema has, an item named by its key', () => {
  const port = { field: 'spec.template.spec.containers[1].ports[0].containerPort', message: 'Invalid value: 70000' };
  assert.equal(placeOf(invalid('Deployment', 'apps', 'web', [port])), 'a/web.yaml:12:35');
  const typed = 'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): ';
  assert.equal(placeOf(refused(`${typed}.spec.replica: field not declared in schema`)), 'a/web.yaml:5:12');
  const nested = '.spec.template.spec.containers[name="two"].imag: field not declared in schema';
  assert.equal(placeOf(refused(typed + nested)), 'a/web.yaml:11:17');
  assert.equal(placeOf(refused('strict decoding error: unknown field "spec.replica"')), 'a/web.yaml:5:12');
});

test('a refusal that names no field, or one that is not in the text, stands at what is around it', () => {
  assert.equal(placeOf(refused('admission webhook "a.b" denied the request')), 'a/web.yaml:1:1');
  const absent = { field: 'spec.selector', message: 'Required value' };
  assert.equal(placeOf(invalid('Deployment', 'apps', 'web', [absent])), 'a/web.yaml:5:3');
  assert.equal(
    placeOf(refused('.spec.template.spec.containers[name="six"].x: field not declared in schema')),
    'a/web.yaml:9:9',
  );
  assert.equal(
    placeOf(invalid('Deployment', 'apps', 'web', [absent]), { object: wanted.object, origin: {} }),
    'undefined',
  );
});
