import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { kinds } from '../../kernel/index.ts';
import { isStatusDue } from './node-status.ts';

const ready: kinds.NodeCondition = {
  type: 'Ready',
  status: 'True',
  reason: 'KubeletReady',
  message: 'kubelet is posting ready status',
  lastHeartbeatTime: '2026-01-01T00:00:00Z',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const own = {
  conditions: [ready],
  capacity: { cpu: '4' },
  allocatable: { cpu: '4' },
  addresses: [{ type: 'Hostname', address: 'n1' }],
  nodeInfo: { machineID: '', kernelVersion: '6' },
};

test('a node writes its status where the API has another one, whoever wrote it, and not for a heartbeat or what is others’', () => {
  const there = own as unknown as kinds.NodeStatus;
  const rows: readonly (readonly [string, kinds.NodeStatus | undefined, boolean])[] = [
    ['the same', there, false],
    ['nothing yet', undefined, true],
    ['looked at earlier', { ...there, conditions: [{ ...ready, lastHeartbeatTime: '2025-01-01T00:00:00Z' }] }, false],
    ['Unknown, by the node controller', { ...there, conditions: [{ ...ready, status: 'Unknown' }] }, true],
    ['another reason', { ...there, conditions: [{ ...ready, reason: 'NodeStatusUnknown' }] }, true],
    ['a condition is missing', { ...there, conditions: [] }, true],
    [
      'a condition of somebody else’s',
      { ...there, conditions: [{ type: 'NetworkUnavailable', status: 'False' }, ready] },
      false,
    ],
    ['an amount written otherwise', { ...there, capacity: { cpu: '4000m' } }, false],
    ['another amount', { ...there, allocatable: { cpu: '3' } }, true],
    ['a resource of a device plugin', { ...there, capacity: { cpu: '4', 'example.org/gpu': '1' } }, false],
    ['an address is missing', { ...there, addresses: [] }, true],
    ['empty fields left out', { ...there, nodeInfo: { kernelVersion: '6' } as kinds.NodeStatus['nodeInfo'] }, false],
    ['another kernel', { ...there, nodeInfo: { kernelVersion: '5' } as kinds.NodeStatus['nodeInfo'] }, true],
  ];
  for (const [what, status, due] of rows) assert.equal(isStatusDue(status, own), due, what);
});
