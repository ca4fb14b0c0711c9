import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeProtobuf } from '../../kernel/proto/index.ts';
import { builtinCodec } from './protobuf.ts';

const ROWS: readonly (readonly [string, object, object])[] = [
  [
    'metadata that was never set',
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x', uid: '', generateName: '', generation: 0, resourceVersion: '' },
      data: { a: '' },
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { a: '' } },
  ],
  [
    'pointers that are zero are kept',
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'x' },
      spec: {
        replicas: 0,
        minReadySeconds: 0,
        paused: false,
        selector: {},
        template: { spec: { automountServiceAccountToken: false, hostNetwork: false } },
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'x' },
      spec: { replicas: 0, selector: {}, template: { spec: { automountServiceAccountToken: false } } },
    },
  ],
  [
    'required fields are kept',
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x' },
      status: { phase: '', containerStatuses: [{ name: 'c', image: '', imageID: '', ready: false, restartCount: 0 }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x' },
      status: { containerStatuses: [{ name: 'c', image: '', imageID: '', ready: false, restartCount: 0 }] },
    },
  ],
];

for (const [name, sent, read] of ROWS)
  test(`protobuf body: ${name}`, () => assert.deepEqual(builtinCodec.decode(encodeProtobuf(sent)!), read));
