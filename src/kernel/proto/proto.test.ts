import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../object.ts';
import { decodeProtobuf, decodeWatchEvent, encodeProtobuf, encodeWatchFrame } from './envelope.ts';
import { ProtoError } from './wire.ts';

const BODIES: readonly JsonObject[] = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', labels: { b: '2', a: '1' } },
    data: { k: 'é' },
    binaryData: { b: 'aGk=' },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', creationTimestamp: '2026-01-02T03:04:05Z' },
    spec: {
      automountServiceAccountToken: false,
      hostNetwork: true,
      containers: [
        {
          name: 'c',
          resources: { limits: { cpu: '500m' } },
          livenessProbe: { httpGet: { port: 'http', path: '/' }, periodSeconds: 10 },
          ports: [{ containerPort: 80, protocol: 'TCP' }],
        },
      ],
      volumes: [
        { name: 'v', configMap: { name: 'c', defaultMode: 420 } },
        { name: 'e', emptyDir: {} },
      ],
    },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'DeploymentList',
    metadata: { resourceVersion: '7' },
    items: [{ metadata: { name: 'd' }, spec: { replicas: 2 } }],
  },
  {
    apiVersion: 'v1',
    kind: 'Status',
    metadata: {},
    status: 'Failure',
    code: 404,
    details: { name: 'x', causes: [{ field: 'a' }] },
  },
  {
    apiVersion: 'meta.k8s.io/v1',
    kind: 'PartialObjectMetadataList',
    metadata: {},
    items: [{ metadata: { name: 'x' } }],
  },
  {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'a.b.c' },
    spec: {
      group: 'b.c',
      versions: [
        {
          name: 'v1',
          served: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                x: { type: 'array', items: { type: 'string', default: 'y' } },
                f: { additionalProperties: { type: 'integer' } },
              },
              'x-kubernetes-preserve-unknown-fields': true,
            },
          },
        },
      ],
    },
  },
];

test('objects travel as protobuf and back', () => {
  for (const body of BODIES) {
    const bytes = encodeProtobuf(body)!;
    assert.deepEqual(decodeProtobuf(bytes), body);
  }
});

test('custom kinds have no protobuf form', () => {
  assert.equal(encodeProtobuf({ apiVersion: 'b.c/v1', kind: 'A' }), undefined);
});

test('bytes that are no message are refused', () => {
  const bytes = encodeProtobuf(BODIES[1]!)!;
  assert.throws(() => decodeProtobuf(Uint8Array.of(1, 2, 3)), ProtoError);
  assert.throws(() => decodeProtobuf(bytes.subarray(0, bytes.length - 30)), ProtoError);
  assert.throws(() => decodeProtobuf(encodeEnvelopeOf('v1', 'Nothing')), {
    message: 'no kind "Nothing" is registered for version "v1"',
  });
});

const encodeEnvelopeOf = (apiVersion: string, kind: string): Uint8Array => {
  const bytes = encodeProtobuf({ apiVersion: 'v1', kind: 'ConfigMap' })!;
  assert.ok(bytes.length > 4);
  const text = Buffer.from(
    `\n${String.fromCharCode(apiVersion.length)}${apiVersion}\x12${String.fromCharCode(kind.length)}${kind}`,
  );
  return Buffer.concat([bytes.subarray(0, 4), Uint8Array.of(0x0a, text.length), text]);
};

test('watch frames carry their length', () => {
  const object = encodeProtobuf(BODIES[0]!)!;
  const frame = encodeWatchFrame('ADDED', object);
  assert.equal(new DataView(frame.buffer).getUint32(0), frame.length - 4);
  const event = decodeWatchEvent(frame.subarray(4));
  assert.equal(event.type, 'ADDED');
  assert.deepEqual(decodeProtobuf(event.object), BODIES[0]);
});
