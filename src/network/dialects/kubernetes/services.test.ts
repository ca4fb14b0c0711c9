import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerService } from './services.ts';

const service = (spec: object, ingress: readonly object[]): never =>
  ({
    metadata: { namespace: 'shop', name: 'web' },
    spec: { type: 'LoadBalancer', clusterIP: '10.96.0.9', ports: [{ port: 80 }], ...spec },
    status: { loadBalancer: { ingress } },
  }) as never;
const addressesOf = (spec: object, ...ingress: readonly object[]): readonly string[] =>
  lowerService(service(spec, ingress), [], { node: 'a' })[0]!.externalAddresses;

test('addresses of a balancer are answered by nodes unless they are of a proxy', () => {
  assert.deepEqual(addressesOf({}, { ip: '192.0.2.1' }, { ip: '192.0.2.2', ipMode: 'VIP' }), [
    '192.0.2.1',
    '192.0.2.2',
  ]);
  assert.deepEqual(addressesOf({}, { ip: '192.0.2.1', ipMode: 'Proxy' }, { ip: '192.0.2.2' }), ['192.0.2.2']);
  assert.deepEqual(addressesOf({ externalIPs: ['192.0.2.9'] }, { ip: '192.0.2.1', ipMode: 'Proxy' }), ['192.0.2.9']);
});

test('where sources are limited no node answers to the balancer’s addresses', () => {
  const limited = { loadBalancerSourceRanges: ['198.51.100.0/24'], externalIPs: ['192.0.2.9'] };
  assert.deepEqual(addressesOf(limited, { ip: '192.0.2.1' }), ['192.0.2.9']);
});
