import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realClock as clock, realRandom as random } from '../../api/testing/server.ts';
import { EtcdJournal } from '../../kernel/drivers/etcd-journal.ts';
import { openKernel } from '../../kernel/index.ts';
import { StatusError } from '../../kernel/status.ts';
import { missingPeer, startEtcd } from '../../kernel/testing/peers.ts';
import { IP_ADDRESSES, SERVICES } from '../refs.ts';
import type { Service } from '../types.ts';
import { serviceAddresses } from './allocate.ts';

async function openServer(address: string) {
  const addresses = serviceAddresses({ random, cidrs: ['10.0.0.0/27'] });
  const kernel = await openKernel({
    shared: parts => EtcdJournal.open({ ...parts, address }),
    clock,
    random,
    admission: [addresses.step],
  });
  await addresses.load(kernel.client(), clock);
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
