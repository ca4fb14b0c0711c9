import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNotFound } from '../kernel/status.ts';
import { findCondition } from './conditions.ts';
import { autoApproval, KUBELET_CLIENT, type RequestedSubject, signerRefusal } from './identity/signing.ts';
import { CLAIMS, CRON_JOBS, JOBS, PODS, SIGNING_REQUESTS, STORAGE_CLASSES, VOLUMES } from './refs.ts';
import type { Provisioner } from './storage/provisioner.ts';
import { TestHost } from './testhost.ts';
import type { CertificateSigningRequest, CronJob, Job, PersistentVolume, PersistentVolumeClaim, Pod } from './types.ts';

const claim = (name: string, storageClassName: string): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
});

test('a class that waits for its consumer gets a volume on the consumer’s node; it grows and is reclaimed', async () => {
  const made: string[] = [];
  const removed: string[] = [];
  const grown: number[] = [];
  const provisioner: Provisioner = {
    provision: async request => {
      made.push(request.node?.metadata.name ?? '');
      return { hostPath: { path: `/data/${request.name}` } };
    },
    remove: async volume => void removed.push(volume.metadata.name),
    resize: async (_, bytes) => void grown.push(bytes),
  };
  await using host = await TestHost.start({ cluster: { provisioners: new Map([['tenon.dev/local', provisioner]]) } });
  await host.client.create(STORAGE_CLASSES, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'local' },
    provisioner: 'tenon.dev/local',
    volumeBindingMode: 'WaitForFirstConsumer',
    reclaimPolicy: 'Delete',
    allowVolumeExpansion: true,
  });
  await host.create(CLAIMS, claim('data', 'local'));
  await host.run(2_000);
  assert.deepEqual(made, []);
  await host.create(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: {
      containers: [{ name: 'c', image: 'a' }],
      volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }],
    },
  });
  await host.run(5_000);
  const pod = (await host.list<Pod>(PODS))[0]!;
  assert.deepEqual(made, [pod.spec.nodeName]);
  assert.equal((await host.list<PersistentVolumeClaim>(CLAIMS))[0]?.status?.phase, 'Bound');
  await host.client.patch(
    CLAIMS,
    { namespace: 'default', name: 'data' },
    { type: 'merge', patch: { spec: { resources: { requests: { storage: '3Gi' } } } } },
  );
  await host.run(2_000);
  assert.deepEqual(grown, [3 * 2 ** 30]);
  assert.equal((await host.list<PersistentVolumeClaim>(CLAIMS))[0]?.status?.capacity?.storage, '3Gi');
  await host.client.delete(CLAIMS, { namespace: 'default', name: 'data' });
  await host.run(2_000);
  assert.equal((await host.list(CLAIMS)).length, 1, 'in use by a pod');
  await host.client.delete(PODS, { namespace: 'default', name: 'p' });
  await host.run(60_000);
  assert.equal((await host.list(CLAIMS)).length, 0);
  assert.equal(removed.length, 1);
  assert.match(removed[0] ?? '', /^pvc-[0-9a-f-]{36}$/);
  assert.equal((await host.list<PersistentVolume>(VOLUMES)).length, 0);
});

test('a deleted volume goes once no claim holds it', async () => {
  await using host = await TestHost.start();
  const volume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'v' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/v' },
      storageClassName: 'x',
    },
  };
  const there = async (): Promise<boolean> =>
    (await host.list<PersistentVolume>(VOLUMES)).some(({ metadata }) => metadata.name === 'v');
  await host.client.create(VOLUMES, volume);
  await host.create(CLAIMS, claim('c', 'x'));
  await host.run(2_000);
  await host.client.delete(VOLUMES, { name: 'v' });
  await host.run(2_000);
  assert.ok(await there());
  await host.client.delete(CLAIMS, { namespace: 'default', name: 'c' });
  await host.run(2_000);
  assert.ok(!(await there()));
});

test('a CronJob starts Jobs by the clock of its time zone and keeps its history short', async () => {
  // Virtual time starts at 2026-01-01T00:00:00Z, 01:00 in Berlin.
  await using host = await TestHost.start({ fate: () => ({ phase: 'Succeeded', after_ms: 1_000 }) });
  await host.create(CRON_JOBS, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'report' },
    spec: {
      schedule: '*/10 2 * * *',
      timeZone: 'Europe/Berlin',
      successfulJobsHistoryLimit: 2,
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'a' }] } } },
      },
    },
  });
  await host.run(55 * 60_000);
  assert.equal((await host.list(JOBS)).length, 0);
  await host.run(40 * 60_000);
  const jobs = await host.list<Job>(JOBS);
  assert.deepEqual(
    jobs.map(job => job.metadata.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']).sort(),
    ['2026-01-01T01:20:00Z', '2026-01-01T01:30:00Z'],
  );
  const cronJob = (await host.list<CronJob>(CRON_JOBS))[0]!;
  assert.equal(cronJob.status?.lastScheduleTime, '2026-01-01T01:30:00Z');
  assert.equal(cronJob.status?.active, undefined);
  assert.deepEqual(host.errors, []);
});

const subject: RequestedSubject = {
  commonName: 'system:node:n9',
  organizations: ['system:nodes'],
  dnsNames: [],
  ipAddresses: [],
  others: [],
};
const request = (spec: object): CertificateSigningRequest =>
  ({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'r' },
    spec: {
      request: btoa('-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n'),
      signerName: KUBELET_CLIENT,
      usages: ['digital signature', 'client auth'],
      username: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers'],
      ...spec,
    },
  }) as unknown as CertificateSigningRequest;

for (const [name, spec, asked, approved] of [
  ['a bootstrap token asks for a node', {}, subject, true],
  ['a node renews its own', { username: 'system:node:n9', groups: ['system:nodes'] }, subject, true],
  ['a node asks for another node', { username: 'system:node:n8', groups: ['system:nodes'] }, subject, false],
  ['a user asks', { username: 'eve', groups: ['system:authenticated'] }, subject, false],
  ['an administrator’s organisation', {}, { ...subject, organizations: ['system:masters'] }, false],
  ['server usage', { usages: ['server auth'] }, subject, false],
  ['alternative names', {}, { ...subject, dnsNames: ['x'] }, false],
  ['another signer', { signerName: 'example.com/s' }, subject, false],
] as const)
  test(`certificate approval: ${name}`, () => assert.equal(autoApproval(request(spec), asked) !== undefined, approved));

test('an approved request is signed, a bad one is refused for good', async () => {
  const signer = { subject: async () => subject, sign: async () => 'CHAIN' };
  await using host = await TestHost.start({ cluster: { signer } });
  await host.client.create(SIGNING_REQUESTS, request({}));
  await host.run(1_000);
  const [first] = await host.list<CertificateSigningRequest>(SIGNING_REQUESTS);
  // The API server overwrites who asks: the loopback identity is no bootstrap token, so a person has to approve.
  const waits = first?.spec.username !== 'system:bootstrap:abcdef';
  if (waits) {
    const condition = { type: 'Approved', status: 'True', reason: 'ByHand', message: 'yes' };
    await host.client.update(
      SIGNING_REQUESTS,
      { ...first!, status: { conditions: [condition] } },
      { subresource: 'approval' },
    );
    await host.run(1_000);
  }
  const [signed] = await host.list<CertificateSigningRequest>(SIGNING_REQUESTS);
  assert.equal(signed?.status?.certificate, btoa('CHAIN'));
  assert.equal(findCondition(signed?.status?.conditions, 'Approved')?.status, 'True');
  assert.match(signerRefusal(request({ usages: ['server auth'] }), subject) ?? '', /usages did not match/);
  await assert.rejects(host.client.get(SIGNING_REQUESTS, { name: 'none' }), isNotFound);
});
