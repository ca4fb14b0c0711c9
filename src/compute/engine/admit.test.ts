import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { kinds } from '../../kernel/index.ts';
import { admitPod } from './admit.ts';

const pod = (spec: object): kinds.Pod =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec }) as kinds.Pod;
const ports = (hostPort: number, more: object = {}): kinds.Pod =>
  pod({ containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort, ...more }] }] });
const asks = (cpu: string, init = '0'): kinds.Pod =>
  pod({
    containers: [{ name: 'c', resources: { requests: { cpu } } }],
    initContainers: [{ name: 'i', resources: { requests: { cpu: init } } }],
  });
const room = { milliCpu: 2000, memory_bytes: 1 << 30, pods: 3 };

const CASES: readonly (readonly [string, kinds.Pod, readonly kinds.Pod[], string | undefined])[] = [
  ['a free port', ports(80), [ports(81)], undefined],
  ['a taken port', ports(80), [ports(81), ports(80)], 'NodePorts'],
  ['the same port of another protocol', ports(80, { protocol: 'UDP' }), [ports(80)], undefined],
  ['ports of two addresses', ports(80, { hostIP: '10.0.0.1' }), [ports(80, { hostIP: '10.0.0.2' })], undefined],
  ['a port of every address', ports(80), [ports(80, { hostIP: '10.0.0.2' })], 'NodePorts'],
  ['room enough', asks('1500m'), [asks('500m')], undefined],
  ['too little left', asks('1500m'), [asks('501m')], 'OutOfcpu'],
  ['an init container that asks for more', asks('1', '3'), [], 'OutOfcpu'],
  ['one pod too many', pod({ containers: [] }), [asks('0'), asks('0'), asks('0')], 'OutOfpods'],
];

test('pods that came past the scheduler are refused where they cannot run', () => {
  for (const [name, wanted, running, reason] of CASES)
    assert.equal(admitPod(wanted, running, room)?.reason, reason, name);
});
