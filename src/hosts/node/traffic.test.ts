import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { kinds, KubeObject } from '../../kernel/index.ts';
import type { ObservedFlow } from '../../network/index.ts';
import { boxOf, countPairs } from './traffic.ts';

const pod = (name: string, labels: Record<string, string>, owner?: string): kinds.Pod & KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      labels,
      ...(owner
        ? { ownerReferences: [{ kind: 'ReplicaSet', apiVersion: 'apps/v1', name: owner, uid: 'u', controller: true }] }
        : {}),
    },
  }) as kinds.Pod & KubeObject;
const service = (name: string, namespace: string, selector?: Record<string, string>): kinds.Service & KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: selector ? { selector } : {},
  }) as kinds.Service & KubeObject;
const services = [
  service('none', 'shop'),
  service('web', 'other', { app: 'web' }),
  service('www', 'shop', { app: 'web' }),
];

const rows: readonly (readonly [string, kinds.Pod & KubeObject, string])[] = [
  ['its Service', pod('web-5466486885-abcde', { app: 'web' }, 'web-5466486885'), 'shop/www'],
  ['its workload', pod('load-64b46b99d4-abcde', { app: 'load' }, 'load-64b46b99d4'), 'shop/load'],
  ['itself', pod('alone', {}), 'shop/alone'],
];
for (const [what, one, expected] of rows)
  test(`a pod is shown as ${what}`, () => assert.equal(boxOf(one, services), expected));

const flow = (from: string, to: string, verdict: 'forwarded' | 'dropped'): ObservedFlow => {
  const end = (address: string) => ({ kind: 'pod' as const, address, port: 80, identity: 1 });
  const source = end(from);
  const destination = end(to);
  return {
    uuid: 'u',
    node: 'n',
    time_ns: 0n,
    verdict,
    dropReason: 0,
    direction: 'ingress',
    protocol: 'TCP',
    source,
    destination,
    by: 'default',
  };
};

test('flows are counted by pair and verdict; unknown ends are left out', () => {
  const boxes = new Map([
    ['10.0.0.1', 'a/one'],
    ['10.0.0.2', 'a/one'],
    ['10.0.0.3', 'a/two'],
  ]);
  const flows = [
    flow('10.0.0.1', '10.0.0.3', 'forwarded'),
    flow('10.0.0.2', '10.0.0.3', 'forwarded'),
    flow('10.0.0.2', '10.0.0.3', 'dropped'),
    flow('10.0.0.9', '10.0.0.3', 'forwarded'),
  ];
  assert.deepEqual(countPairs(flows, boxes), [
    { from: 'a/one', to: 'a/two', verdict: 'forwarded', count: 2 },
    { from: 'a/one', to: 'a/two', verdict: 'dropped', count: 1 },
  ]);
});
