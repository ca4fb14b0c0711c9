import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realClock as clock, realRandom as random } from '../../api/testing/server.ts';
import { EtcdJournal } from '../../kernel/drivers/etcd-journal.ts';
import { Http2Transport, openKernel, remoteClient } from '../../kernel/index.ts';
import { StatusError } from '../../kernel/status.ts';
import { missingPeer, startApiServer, startEtcd } from '../../kernel/testing/peers.ts';
import { IP_ADDRESSES, SERVICES } from '../refs.ts';
import type { Service } from '../types.ts';
import { serviceAddresses } from './allocate.ts';

async function openServer(address: string, cidr = '10.0.0.0/27') {
  const addresses = serviceAddresses({ random, cidrs: [cidr], nodePorts: [30_000, 30_019] });
  const kernel = await openKernel({
    shared: parts => EtcdJournal.open({ ...parts, address }),
    clock,
    random,
    admission: [addresses.step],
  });
  await addresses.load(kernel.client(), clock, name => kernel.journal.allocation!(name));
  return kernel;
}

test('servers on one etcd that empty a range together give no address away twice', {
  skip: missingPeer('etcd') ?? false,
}, async () => {
  await using etcd = await startEtcd();
  const address = etcd.url.replace('http:', 'etcd:');
  await using one = await openServer(address);
  await using two = await openServer(address);
  const servers = [one, two];
  const create = async (name: string, at: number): Promise<string | undefined> => {
    const object = { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80 }] } };
    try {
      const made = await servers[at % 2]!.client().create<Service>(SERVICES, object as Service, {
        namespace: 'default',
      });
      return made.spec.clusterIP;
    } catch (error) {
      if (error instanceof StatusError && error.message.endsWith('range is full')) return undefined;
      throw error;
    }
  };
  const given = await Promise.all(Array.from({ length: 40 }, (_, i) => create(`s${i}`, i)));
  const addresses = given.filter(each => each !== undefined);
  // Thirty addresses, and the first is only for who asks for it.
  assert.equal(addresses.length, 29);
  assert.equal(new Set(addresses).size, 29);
  const claims = (await two.client().list(IP_ADDRESSES)).items.map(({ metadata }) => metadata.name);
  assert.deepEqual(claims.sort(), [...addresses].sort());
  // What one server takes back, the other can give away.
  await one
    .client()
    .delete(SERVICES, { namespace: 'default', name: `s${given.findIndex(each => each !== undefined)}` });
  assert.equal(await create('again', 1), addresses[0]);
});

test('servers on one etcd that empty the node ports together give none away twice', {
  skip: missingPeer('etcd') ?? false,
}, async () => {
  await using etcd = await startEtcd();
  const address = etcd.url.replace('http:', 'etcd:');
  await using one = await openServer(address);
  await using two = await openServer(address);
  const servers = [one, two];
  const create = async (name: string, at: number, nodePort?: number): Promise<Service | string> => {
    const ports = [{ port: 80, ...(nodePort ? { nodePort } : {}) }];
    const object = { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { type: 'NodePort', ports } };
    try {
      return await servers[at % 2]!.client().create<Service>(SERVICES, object as Service, { namespace: 'default' });
    } catch (error) {
      if (error instanceof StatusError) return error.message;
      throw error;
    }
  };
  const given = await Promise.all(Array.from({ length: 24 }, (_, i) => create(`s${i}`, i)));
  const made = given.filter(each => typeof each !== 'string');
  const portsOf = (services: readonly Service[]): number[] => services.map(({ spec }) => spec.ports![0]!.nodePort!);
  assert.deepEqual(
    portsOf(made).sort(),
    Array.from({ length: 20 }, (_, i) => 30_000 + i),
  );
  for (const refusal of given.filter(each => typeof each === 'string'))
    assert.equal(refusal, 'Internal error occurred: failed to allocate a nodePort: range is full');
  // What one server takes back, the other can give away; what one holds, the other refuses.
  const [gone, stays] = made;
  await one.client().delete(SERVICES, { namespace: 'default', name: gone!.metadata.name });
  assert.deepEqual(portsOf([(await create('again', 1)) as Service]), portsOf([gone!]));
  const held = portsOf([stays!])[0]!;
  const asked = await Promise.all([create('asks', 0, held), create('asks', 1, held)]);
  for (const refusal of asked)
    assert.equal(
      refusal,
      `Service "asks" is invalid: spec.ports[0].nodePort: Invalid value: ${held}: provided port is already allocated`,
    );
});

test('a kube-apiserver on the same etcd and this server give no node port twice', {
  skip: missingPeer('etcd') ?? missingPeer('kube-apiserver') ?? false,
}, async () => {
  await using etcd = await startEtcd();
  await using ours = await openServer(etcd.url.replace('http:', 'etcd:'), '10.0.0.0/24');
  const clients = [ours.client()];
  const create = async (name: string, at: number): Promise<number[] | string> => {
    const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80 }] };
    const object = { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec };
    try {
      const made = await clients[at % clients.length]!.create<Service>(SERVICES, object as Service, {
        namespace: 'default',
      });
      return [made.spec.ports![0]!.nodePort!, made.spec.healthCheckNodePort!];
    } catch (error) {
      if (error instanceof StatusError) return error.message;
      throw error;
    }
  };
  // Given before the other starts: it must know them from the record and from the services.
  const early = await Promise.all([create('early-0', 0), create('early-1', 0)]);
  await using theirs = await startApiServer(etcd.url, ['--service-node-port-range=30000-30019']);
  await using transport = new Http2Transport(theirs.target);
  clients.push(remoteClient(transport));
  const given = [...early, ...(await Promise.all(Array.from({ length: 12 }, (_, i) => create(`s${i}`, i))))];
  const ports = given.filter(each => typeof each !== 'string').flat();
  // Of an odd port out, each server refuses the second.
  assert.ok(ports.length >= 18, JSON.stringify(given));
  assert.equal(new Set(ports).size, ports.length, JSON.stringify(given));
  for (const refusal of given.filter(each => typeof each === 'string')) assert.match(refusal, /range is full/);
  // What one takes back, the other can give away.
  await clients[1]!.delete(SERVICES, { namespace: 'default', name: 'early-0' });
  const again = await create('again', 0);
  assert.ok(typeof again !== 'string', String(again));
  const held = new Set(ports).difference(new Set(given[0] as number[]));
  assert.deepEqual(
    again.filter(port => held.has(port)),
    [],
  );
});
