import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { kubectl, kubectlPath, type RunningTenon, startTenon } from '../../../bench/tenon.ts';
import { BUSYBOX, makeImages, noImages } from '../../compute/cri/testing/images.ts';
import { FolderDriver } from '../../compute/csi/testing/driver.ts';
import { until } from '../../cli/testing.ts';

const root = resolve(import.meta.dirname, '../../..');
const skip =
  (process.getuid?.() === 0 ? undefined : 'needs root') ??
  noImages() ??
  (existsSync(kubectlPath()) ? false : 'kubectl is absent: tools/get-kubectl.sh fetches it');
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-csi-'));
const state = join(scratch, 'state');
const socket = join(scratch, 'csi.sock');
let driver: FolderDriver;
let tenon: RunningTenon;

const ask = (...args: string[]): Promise<string> => kubectl(tenon, args);
const up = (): Promise<RunningTenon> => startTenon(root, state, ['--csi', `unix://${socket}`, '--offline']);

before(async () => {
  if (skip) return;
  await makeImages(join(scratch, 'build'), join(state, 'images'));
  driver = await FolderDriver.start(join(scratch, 'volumes'), socket);
  tenon = await up();
});
after(async () => {
  await tenon?.[Symbol.asyncDispose]();
  await driver?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

async function apply(...objects: object[]): Promise<void> {
  const file = join(scratch, 'objects.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  await ask('apply', '-f', file);
}

const pod = (name: string, script: string, volume: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 1,
    volumes: [{ name: 'v', ...volume }],
    containers: [
      {
        name: 'c',
        image: BUSYBOX,
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', `${script}; sleep 1000`],
        volumeMounts: [{ name: 'v', mountPath: '/v' }],
      },
    ],
  },
});
const claimed = { persistentVolumeClaim: { claimName: 'data' } };

test('a driver is told of: CSINode, CSIDriver, topology of the node', { skip }, async () => {
  const node = JSON.parse(await ask('get', 'csinodes', '-o', 'json')) as { items: { spec: { drivers: object[] } }[] };
  assert.deepEqual(node.items[0]!.spec.drivers, [
    { name: driver.name, nodeID: 'this', topologyKeys: ['tenon.test/rack'], allocatable: { count: 7 } },
  ]);
  assert.match(await ask('get', 'csidrivers', '-o', 'name'), /folders.tenon.test/);
  assert.match(await ask('get', 'nodes', '-l', 'tenon.test/rack=r1', '-o', 'name'), /^node\//);
});

test('a claim is provisioned, attached, staged and mounted; another pod sees the data; all is undone', {
  skip,
}, async () => {
  const storageClass = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'folders' },
    provisioner: driver.name,
    parameters: {
      kind: 'fast',
      'csi.storage.k8s.io/node-stage-secret-name': 'key',
      'csi.storage.k8s.io/node-stage-secret-namespace': '${pvc.namespace}',
    },
    allowVolumeExpansion: true,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
  };
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'folders', resources: { requests: { storage: '10Mi' } } },
  };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, stringData: { k: 's3cret' } };
  await apply(storageClass, secret, claim, pod('writer', 'echo kept > /v/file', claimed));
  await ask('wait', '--for=condition=Ready', 'pod/writer', '--timeout=40s');
  const [id] = [...driver.volumes.keys()];
  const { folder, context, size } = driver.volumes.get(id!)!;
  await until('the file', async () => existsSync(join(folder, 'file')), Boolean);
  assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'kept\n');
  assert.deepEqual([context.kind, size], ['fast', 10 * 2 ** 20]);
  assert.equal(await ask('get', 'volumeattachments', '-o', 'jsonpath={.items[*].status.attached}'), 'true');
  await ask('patch', 'pvc', 'data', '-p', '{"spec":{"resources":{"requests":{"storage":"20Mi"}}}}');
  await until(
    'growth',
    () => ask('get', 'pvc', 'data', '-o', 'jsonpath={.status.capacity.storage}'),
    text => text === '20Mi',
  );
  assert.equal(driver.volumes.get(id!)!.size, 20 * 2 ** 20);
  await apply(pod('reader', 'cat /v/file', claimed));
  await ask('wait', '--for=condition=Ready', 'pod/reader', '--timeout=40s');
  await until(
    'the data',
    () => ask('logs', 'reader'),
    text => text === 'kept\n',
  );
  await ask('delete', 'pod', 'writer', '--wait=true');
  assert.ok(!driver.calls.includes(`NodeUnstageVolume ${id}`));
  // A killed Tenon knows nothing by itself of what it had mounted.
  const ended = new Promise(done => tenon.process.once('exit', done));
  process.kill(tenon.pid, 'SIGKILL');
  await ended;
  tenon = await up();
  await until(
    'an exec',
    () => ask('exec', 'reader', '--', 'cat', '/v/file').catch(String),
    text => text === 'kept\n',
  );
  await ask('delete', 'pod', 'reader', '--wait=true');
  await ask('delete', 'pvc', 'data', '--wait=true');
  await until(
    'removal',
    async () => driver.volumes.size,
    count => count === 0,
  );
  assert.equal(await ask('get', 'volumeattachments', '-o', 'name'), '');
  const order = driver.calls.map(call => call.split(' ')[0]).filter((call, index, all) => call !== all[index - 1]);
  for (const [before, then] of [
    ['CreateVolume', 'ControllerPublishVolume'],
    ['ControllerPublishVolume', 'NodeStageVolume'],
    ['NodeStageVolume', 'NodePublishVolume'],
    ['ControllerExpandVolume', 'NodeExpandVolume'],
    ['NodeUnpublishVolume', 'NodeUnstageVolume'],
    ['NodeUnstageVolume', 'ControllerUnpublishVolume'],
    ['ControllerUnpublishVolume', 'DeleteVolume'],
  ] as const)
    assert.ok(
      order.indexOf(before) >= 0 && order.indexOf(before) < order.lastIndexOf(then),
      `${before} before ${then}`,
    );
  assert.ok(!readFileSync('/proc/mounts', 'utf8').includes(`${state}/csi`));
});

test('a volume of the pod’s own goes with it; an unknown driver is named', { skip }, async () => {
  await apply(pod('inline', 'echo x > /v/x', { csi: { driver: driver.name, volumeAttributes: { size: '1' } } }));
  await ask('wait', '--for=condition=Ready', 'pod/inline', '--timeout=40s');
  const request = driver.published.at(-1) as unknown as { volumeContext: Record<string, string>; volumeId: string };
  assert.equal(request.volumeContext['csi.storage.k8s.io/pod.name'], 'inline');
  assert.equal(request.volumeContext.size, '1');
  await ask('delete', 'pod', 'inline', '--wait=true');
  const undone = `NodeUnpublishVolume ${request.volumeId}`;
  await until(
    'unpublishing',
    async () => driver.calls,
    calls => calls.includes(undone),
  );
  await apply(pod('lost', 'true', { csi: { driver: 'none.test' } }));
  await until(
    'words',
    () => ask('get', 'events', '-o', 'jsonpath={.items[*].message}'),
    text => /No CSI driver "none.test" on this node/.test(text),
  );
  await ask('delete', 'pod', 'lost', '--wait=true');
});

const claimOf = (name: string, more: object): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: {
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'folders',
    resources: { requests: { storage: '10Mi' } },
    ...more,
  },
});

/** A pod with the claim as a block device. */
const devicePod = (name: string, claim: object, script: string): object => {
  const made = pod(name, script, { persistentVolumeClaim: claim }) as {
    spec: { containers: Record<string, unknown>[] };
  };
  const { volumeMounts: _mounts, ...container } = made.spec.containers[0]!;
  const volumeDevices = [{ name: 'v', devicePath: '/dev/disk' }];
  return { ...made, spec: { ...made.spec, containers: [{ ...container, volumeDevices }] } };
};

/** Waits until a field of an object is so. */
const field = (what: string, path: string, wanted: string): Promise<unknown> =>
  until(
    `${what} ${path}`,
    () => ask('get', ...what.split(' '), '-o', `jsonpath={${path}}`).catch(String),
    text => text === wanted,
  );
const group = 'snapshot.storage.k8s.io';
const restored = (kind: string, name: string): object => ({
  dataSource: { ...(kind === 'VolumeSnapshot' ? { apiGroup: group } : {}), kind, name },
});

test('a volume is copied: by a snapshot, kept or removed with its object, and by another claim', { skip }, async () => {
  const kind = (name: string, more: object): object => ({ apiVersion: `${group}/v1`, kind: name, ...more });
  const snapshot = (name: string, source: object): object =>
    kind('VolumeSnapshot', { metadata: { name }, spec: { source } });
  const metadata = { name: 'usual', annotations: { 'snapshot.storage.kubernetes.io/is-default-class': 'true' } };
  await apply(
    kind('VolumeSnapshotClass', { metadata, driver: driver.name, deletionPolicy: 'Delete' }),
    claimOf('origin', {}),
    pod('first', 'echo before > /v/file', { persistentVolumeClaim: { claimName: 'origin' } }),
    snapshot('early', { persistentVolumeClaimName: 'nobody' }),
  );
  await ask('wait', '--for=condition=Ready', 'pod/first', '--timeout=40s');
  await until(
    'the file',
    () => ask('exec', 'first', '--', 'cat', '/v/file').catch(String),
    text => text === 'before\n',
  );
  await apply(snapshot('shot', { persistentVolumeClaimName: 'origin' }));
  await field('volumesnapshot shot', '.status.readyToUse', 'true');
  await field('volumesnapshot shot', '.status.restoreSize', String(10 * 2 ** 20));
  await field('volumesnapshot shot', '.status.creationTime', '2023-11-14T22:13:20Z');
  await field('volumesnapshot shot', '.spec.volumeSnapshotClassName', 'usual');
  await field(
    'volumesnapshot early',
    '.status.error.message',
    'PersistentVolumeClaim "nobody" is not there or not bound',
  );
  await ask('exec', 'first', '--', 'sh', '-c', 'echo after > /v/file');
  const copies = [
    ['back', restored('VolumeSnapshot', 'shot'), 'before\n'],
    ['twin', restored('PersistentVolumeClaim', 'origin'), 'after\n'],
  ] as const;
  for (const [name, source, wanted] of copies) {
    await apply(claimOf(name, source), pod(name, 'cat /v/file', { persistentVolumeClaim: { claimName: name } }));
    await until(
      name,
      () => ask('logs', name).catch(String),
      text => text === wanted,
    );
  }
  const small = { ...restored('VolumeSnapshot', 'shot'), resources: { requests: { storage: '1Mi' } } };
  const block = { ...restored('VolumeSnapshot', 'shot'), volumeMode: 'Block' };
  const local = { ...restored('VolumeSnapshot', 'shot'), storageClassName: 'standard' };
  const names = ['small', 'block', 'local', 'lone'];
  await apply(
    claimOf('small', small),
    claimOf('block', block),
    claimOf('local', local),
    claimOf('lone', restored('VolumeSnapshot', 'none')),
    ...names.map(name => pod(name, 'true', { persistentVolumeClaim: { claimName: name } })),
  );
  for (const words of [
    /asks for 1048576 bytes, its source has 10485760/,
    /volumeMode is Block, that of its source Filesystem/,
    /cannot mount: a copy of VolumeSnapshot "shot"/,
    /VolumeSnapshot "none" or what it stands for is not there/,
  ])
    await until(
      String(words),
      () => ask('get', 'events', '-o', 'jsonpath={.items[*].message}'),
      text => words.test(text),
    );
  assert.equal(driver.snapshots.size, 1);
  await ask('delete', 'pod', 'first', 'back', 'twin', ...names, '--wait=true');
  await ask('delete', 'pvc', 'origin', 'back', 'twin', ...names, '--wait=true');
  const [handle] = [...driver.snapshots.keys()];
  const content = await ask('get', 'volumesnapshotcontents', '-o', 'jsonpath={.items[0].metadata.name}');
  // Kept by its policy, and bound again by somebody who knows its handle.
  await ask('patch', 'volumesnapshotcontent', content, '--type=merge', '-p', '{"spec":{"deletionPolicy":"Retain"}}');
  await ask('delete', 'volumesnapshot', 'shot', 'early', '--wait=true');
  await ask('delete', 'volumesnapshotcontent', content, '--wait=true');
  assert.equal(driver.snapshots.size, 1);
  await apply(
    kind('VolumeSnapshotContent', {
      metadata: { name: 'known' },
      spec: {
        driver: driver.name,
        deletionPolicy: 'Delete',
        source: { snapshotHandle: handle },
        volumeSnapshotRef: { name: 'again', namespace: 'default' },
      },
    }),
    snapshot('again', { volumeSnapshotContentName: 'known' }),
  );
  await field('volumesnapshot again', '.status.readyToUse', 'true');
  await ask('delete', 'volumesnapshot', 'again', '--wait=true');
  assert.equal(driver.snapshots.size, 0);
  assert.equal(await ask('get', 'volumesnapshotcontents', '-o', 'name'), '');
});

test('a block volume is a device of the container, grows, and is taken away', { skip }, async () => {
  await apply(
    claimOf('disk', { volumeMode: 'Block' }),
    devicePod('disk', { claimName: 'disk' }, 'echo raw | dd of=/dev/disk conv=notrunc,fsync && echo wrote'),
  );
  await until(
    'the write',
    () => ask('logs', 'disk').catch(String),
    text => text.includes('wrote'),
  );
  const [id] = [...driver.volumes.keys()];
  const { folder, device } = driver.volumes.get(id!)!;
  assert.match(device!, /^\/dev\/loop/);
  assert.equal(readFileSync(join(folder, 'disk')).subarray(0, 4).toString(), 'raw\n');
  await ask('patch', 'pvc', 'disk', '-p', '{"spec":{"resources":{"requests":{"storage":"20Mi"}}}}');
  await until(
    'growth inside',
    () => ask('exec', 'disk', '--', 'sh', '-c', 'dd if=/dev/disk bs=1M skip=15 | wc -c').catch(String),
    text => Number(text.trim()) === 5 * 2 ** 20,
  );
  await apply(pod('mixed', 'true', { persistentVolumeClaim: { claimName: 'disk' } }));
  await until(
    'words',
    () => ask('get', 'events', '-o', 'jsonpath={.items[*].message}'),
    text => /volumeMode Block, but is specified in volumeMounts/.test(text),
  );
  await apply(devicePod('only-read', { claimName: 'disk', readOnly: true }, 'true'));
  await until(
    'refusal',
    () => ask('get', 'events', '-o', 'jsonpath={.items[*].message}'),
    text => /no devices that are only read/.test(text),
  );
  await ask('delete', 'pod', 'disk', 'mixed', 'only-read', '--wait=true');
  await ask('delete', 'pvc', 'disk', '--wait=true');
  await until(
    'removal',
    async () => driver.volumes.size,
    count => count === 0,
  );
  assert.ok(!readFileSync('/proc/mounts', 'utf8').includes(`${state}/csi`));
});
