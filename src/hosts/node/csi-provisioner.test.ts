import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csiProvisioner } from './csi-provisioner.ts';

test('a volume is removed with the secret it was provisioned with', async () => {
  const calls: [string, object][] = [];
  const read: object[] = [];
  const driver = {
    facts: { name: 'd.test', can: {} },
    call: async (name: string, request: object) => void calls.push([name, request]),
  };
  const client = {
    get: async (_ref: object, at: object) => {
      read.push(at);
      return { data: { token: Buffer.from('s3cret').toString('base64') } };
    },
  };
  const provisioner = csiProvisioner(client as never, driver as never, () => undefined);
  const parameters = {
    'csi.storage.k8s.io/provisioner-secret-name': 'of-${pvc.name}',
    'csi.storage.k8s.io/provisioner-secret-namespace': '${pvc.namespace}',
  };
  const request = {
    name: 'pv',
    claim: { metadata: { name: 'data', namespace: 'shop' } },
    storageClass: { parameters },
  };
  const annotations = provisioner.annotations!(request as never);
  assert.deepEqual(annotations, {
    'volume.kubernetes.io/provisioner-deletion-secret-name': 'of-data',
    'volume.kubernetes.io/provisioner-deletion-secret-namespace': 'shop',
  });
  const spec = { csi: { driver: 'd.test', volumeHandle: 'v1' } };
  await provisioner.remove({ metadata: { name: 'pv', annotations }, spec } as never);
  assert.deepEqual(read, [{ name: 'of-data', namespace: 'shop' }]);
  await provisioner.remove({ metadata: { name: 'pv' }, spec } as never);
  assert.deepEqual(calls, [
    ['DeleteVolume', { volumeId: 'v1', secrets: { token: 's3cret' } }],
    ['DeleteVolume', { volumeId: 'v1', secrets: {} }],
  ]);
});
