import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, VirtualClock } from '../../base/index.ts';
import type { Client } from '../../kernel/client.ts';
import { memoryLog, openKernel } from '../../kernel/index.ts';
import type { KubeObject } from '../../kernel/object.ts';
import { StatusError } from '../../kernel/status.ts';
import { IP_ADDRESSES, SERVICE_CIDRS, SERVICES } from '../refs.ts';
import { TestHost } from '../testhost.ts';
import type { AddressClaim, Service, ServiceRange } from '../types.ts';
import { type ServiceAddressOptions, serviceAddresses } from './allocate.ts';

async function openServices(options: Omit<ServiceAddressOptions, 'random'>) {
  const random = seededRandom(3);
  const clock = new VirtualClock();
  const addresses = serviceAddresses({ random, ...options });
  const kernel = await openKernel({ log: memoryLog(), clock, random, admission: [addresses.step] });
  const client = kernel.client();
  await addresses.load(client, clock);
  return { client, kernel, [Symbol.asyncDispose]: () => kernel[Symbol.asyncDispose]() };
}

const serviceOf = (name: string, spec: object): Service =>
  ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } }) as Service;
const creator =
  (client: Client) =>
  (name: string, spec: object, dryRun = false): Promise<Service> =>
    client.create<Service>(SERVICES, serviceOf(name, spec), { namespace: 'default', dryRun });
const refused =
  (pattern: RegExp, code = 422) =>
  (error: unknown) =>
    error instanceof StatusError && error.code === code && pattern.test(error.message);
const claims = async (client: Client): Promise<string[]> =>
  (await client.list<AddressClaim>(IP_ADDRESSES)).items.map(
    ({ metadata: { name }, spec: { parentRef } }) => `${name} ${parentRef.namespace}/${parentRef.name}`,
  );
const rangeOf = (name: string, ...cidrs: string[]): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'ServiceCIDR',
  metadata: { name },
  spec: { cidrs },
});
const key = (name: string) => ({ namespace: 'default', name });

test('service addresses and node ports are handed out once and come back', async () => {
  await using host = await openServices({ cidrs: ['10.0.0.0/28'], nodePorts: [30_000, 30_003] });
  const { client } = host;
  const create = creator(client);
  const first = await create('a', {});
  assert.match(first.spec.clusterIP ?? '', /^10\.0\.0\.\d+$/);
  assert.deepEqual(await claims(client), [`${first.spec.clusterIP} default/a`]);
  await assert.rejects(create('b', { clusterIP: first.spec.clusterIP }), refused(/provided IP is already allocated/));
  for (const outside of ['10.1.0.1', '10.0.0.0', '10.0.0.15'])
    await assert.rejects(
      create('b', { clusterIP: outside }),
      refused(/provided network does not match the current range/),
    );
  const ports = [
    { port: 80, protocol: 'TCP', name: 't' },
    { port: 80, protocol: 'UDP', name: 'u' },
  ];
  const node = await create('np', { type: 'NodePort', ports });
  assert.equal(node.spec.ports?.[0]?.nodePort, node.spec.ports?.[1]?.nodePort);
  await assert.rejects(
    create('b', { type: 'NodePort', ports: [{ port: 1, nodePort: 8080 }] }),
    refused(/range of valid ports is 30000-30003/),
  );
  // What is refused later, or only tried, gives back what it was given: ranges of 14 and of 4 would be empty long before.
  for (let i = 0; i < 40; i++) {
    await assert.rejects(create('b', { type: 'NodePort', ports: [{ port: 0 }] }), refused(/between 1 and 65535/));
    await create('b', { type: 'NodePort', ports: [{ port: 1 }] }, true);
  }
  await assert.rejects(create('b', { ipFamilyPolicy: 'RequireDualStack' }), refused(/not configured for dual-stack/));
  assert.equal((await create('headless', { clusterIP: 'None' })).spec.clusterIP, 'None');
  const external = await create('ext', { type: 'ExternalName', externalName: 'x.y', ports: [] });
  assert.equal(external.spec.clusterIP, undefined);
  await client.delete(SERVICES, key('a'));
  assert.equal((await create('again', { clusterIP: first.spec.clusterIP })).spec.clusterIP, first.spec.clusterIP);
  let made = 0;
  const fill = async (): Promise<void> => {
    for (; ; made++) await create(`s${made}`, {});
  };
  await assert.rejects(fill, refused(/^Internal error occurred: failed to allocate a serviceIP: range is full$/, 500));
  assert.equal(made, 13 - 2, 'fourteen addresses: the first is kept, two were taken');
});

test('a range that is added is used when the first is full, and services may ask for its addresses', async () => {
  await using host = await openServices({ cidrs: ['10.0.0.0/29'] });
  const { client } = host;
  const create = creator(client);
  await assert.rejects(create('named', { clusterIP: '10.7.0.5' }), refused(/does not match the current range/));
  await client.create(SERVICE_CIDRS, rangeOf('second', '10.7.0.0/28'));
  assert.equal((await create('named', { clusterIP: '10.7.0.5' })).spec.clusterIP, '10.7.0.5');
  const given: string[] = [];
  for (let i = 0; i < 12; i++) given.push((await create(`s${i}`, {})).spec.clusterIP!);
  assert.equal(given.filter(ip => ip.startsWith('10.0.0.')).length, 5);
  assert.equal(given.filter(ip => ip.startsWith('10.7.0.')).length, 7);
  assert.equal(new Set([...given, '10.7.0.5']).size, 13);
});

test('addresses of both families are given, kept, added and let go as the policy says', async () => {
  await using host = await openServices({ cidrs: ['10.0.0.0/24', 'fd00:9::/112'] });
  const { client } = host;
  const create = creator(client);
  const single = await create('single', {});
  assert.deepEqual([single.spec.ipFamilies, single.spec.clusterIPs?.length], [['IPv4'], 1]);
  const six = await create('six', { ipFamilies: ['IPv6'] });
  assert.match(six.spec.clusterIP!, /^fd00:9::/);
  const both = await create('both', { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6'] });
  assert.deepEqual(both.spec.ipFamilies, ['IPv6', 'IPv4']);
  assert.match(both.spec.clusterIPs!.join(), /^fd00:9::[0-9a-f:]+,10\.0\.0\.\d+$/);
  assert.equal(both.spec.clusterIP, both.spec.clusterIPs![0]);
  const named = await create('named', {
    clusterIP: '10.0.0.9',
    clusterIPs: ['10.0.0.9', 'fd00:9:0::abc'],
    ipFamilyPolicy: 'RequireDualStack',
  });
  assert.deepEqual(named.spec.ipFamilies, ['IPv4', 'IPv6']);
  assert.ok((await claims(client)).includes('fd00:9::abc default/named'), 'an address is claimed by its usual name');
  const upgraded = await client.update<Service>(SERVICES, {
    ...single,
    spec: { ...single.spec, ipFamilyPolicy: 'RequireDualStack' },
  });
  assert.equal(upgraded.spec.clusterIPs?.[0], single.spec.clusterIP);
  assert.match(upgraded.spec.clusterIPs![1]!, /^fd00:9::/);
  const fewer = { ...upgraded.spec, clusterIPs: [upgraded.spec.clusterIP!], ipFamilies: ['IPv4'] };
  await assert.rejects(
    client.update(SERVICES, { ...upgraded, spec: fewer }),
    refused(/must be 'SingleStack' to release the secondary cluster IP/),
  );
  const before = (await claims(client)).length;
  const lowered = await client.update<Service>(SERVICES, {
    ...upgraded,
    spec: { ...upgraded.spec, ipFamilyPolicy: 'SingleStack' },
  });
  assert.deepEqual([lowered.spec.clusterIPs, lowered.spec.ipFamilies], [[single.spec.clusterIP], ['IPv4']]);
  assert.equal((await claims(client)).length, before - 1);
  const name = { type: 'ExternalName', externalName: 'a.example' };
  const gone = await client.update<Service>(SERVICES, { ...both, spec: { ...both.spec, ...name } });
  assert.deepEqual(
    [gone.spec.clusterIPs, gone.spec.ipFamilies, gone.spec.ipFamilyPolicy],
    [undefined, undefined, undefined],
  );
  assert.equal(
    (await claims(client)).some(claim => claim.endsWith('/both')),
    false,
  );
});

const ready = async (client: Client, name: string): Promise<string> => {
  const { status } = await client.get<ServiceRange>(SERVICE_CIDRS, { name });
  const { status: is, reason } = status?.conditions?.find(({ type }) => type === 'Ready') ?? {};
  return `${is} ${reason}`;
};

test('a range stays while addresses of it are in use that no other range has', async () => {
  const addresses = serviceAddresses({ random: seededRandom(5), cidrs: ['10.0.0.0/24'] });
  await using host = await TestHost.start({ only: ['service-cidr'], addresses });
  const { client } = host;
  await client.create(SERVICE_CIDRS, rangeOf('second', '10.7.0.0/28'));
  await host.run(2_000);
  assert.equal(await ready(client, 'second'), 'True ');
  await creator(client)('named', { clusterIP: '10.7.0.5' });
  await client.delete(SERVICE_CIDRS, { name: 'second' });
  await host.run(60_000);
  assert.equal(await ready(client, 'second'), 'False Terminating');
  await assert.rejects(creator(client)('late', { clusterIP: '10.7.0.6' }), refused(/does not match/));
  // A wider range takes its addresses over.
  await client.create(SERVICE_CIDRS, rangeOf('wider', '10.7.0.0/24'));
  await host.run(2_000);
  await assert.rejects(client.get(SERVICE_CIDRS, { name: 'second' }), refused(/not found/, 404));
  await client.delete(SERVICE_CIDRS, { name: 'wider' });
  await client.delete(SERVICES, key('named'));
  await host.run(9_000);
  await client.get(SERVICE_CIDRS, { name: 'wider' });
  await host.run(2_000);
  await assert.rejects(client.get(SERVICE_CIDRS, { name: 'wider' }), refused(/not found/, 404));
  // The default range comes back.
  await client.delete(SERVICE_CIDRS, { name: 'kubernetes' });
  await host.run(15_000);
  assert.equal(await ready(client, 'kubernetes'), 'True ');
  assert.deepEqual(host.errors, []);
});

test('claims that are missing, wrong or of nobody are mended', async () => {
  const addresses = serviceAddresses({ random: seededRandom(5), cidrs: ['10.0.0.0/24'] });
  await using host = await TestHost.start({ only: ['service-cidr'], addresses });
  const { client } = host;
  const create = creator(client);
  const { spec } = await create('a', { clusterIP: '10.0.0.5' });
  await create('b', { clusterIP: '10.0.0.6' });
  await client.delete(IP_ADDRESSES, { name: spec.clusterIP! });
  const claim = (name: string, service: string, managed = true): KubeObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IPAddress',
    metadata: { name, labels: managed ? { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } : {} },
    spec: { parentRef: { resource: 'services', namespace: 'default', name: service } },
  });
  await client.create(IP_ADDRESSES, claim('10.0.0.7', 'b'));
  await client.create(IP_ADDRESSES, claim('10.0.0.8', 'nobody'));
  await client.create(IP_ADDRESSES, claim('10.0.0.9', 'somebody', false));
  await host.run(5_000);
  const kept = ['10.0.0.5 default/a', '10.0.0.6 default/b', '10.0.0.9 default/somebody'];
  assert.deepEqual(await claims(client), [...kept.slice(0, 2), '10.0.0.8 default/nobody', kept[2]]);
  await host.run(60_000);
  assert.deepEqual(await claims(client), kept);
  assert.deepEqual(host.errors, []);
});
