import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Allocation, AllocationRecord } from '../../kernel/store/port.ts';
import type { Service } from '../types.ts';
import { NodePorts } from './node-ports.ts';
import { PortBits } from './port-bits.ts';

const random = { next: () => 0, bytes: (count: number) => new Uint8Array(count) };

const service = (uid: string, port: number): Service =>
  ({ metadata: { name: uid, uid }, spec: { type: 'NodePort', ports: [{ port: 80, nodePort: port }] } }) as Service;

test('a record is one big-endian number, bit n for the n-th port', () => {
  const bits = new PortBits(30_000, 30_019);
  for (const port of [30_000, 30_009, 29_999, 30_020]) bits.add(port);
  assert.deepEqual(bits.written(), { range: '30000-30019', data: new Uint8Array([0b10, 0b1]) });
  const read = PortBits.read(bits.written(), 30_000, 30_019)!;
  assert.deepEqual(read.ports(), [30_000, 30_009]);
  read.delete(30_009);
  assert.deepEqual(read.written().data, new Uint8Array([1]));
  assert.equal(PortBits.read(bits.written(), 30_000, 30_020), undefined);
});

test('a port nobody has stays in the record for three rounds, and one of a service that the record lacks comes back', async () => {
  let held: Allocation | undefined;
  const record: AllocationRecord = async build => void (held = build(held) ?? held);
  const ports = new NodePorts([30_000, 30_019], random);
  const kept = () => PortBits.read(held, 30_000, 30_019)!.ports();
  await ports.share(record, [service('a', 30_001)]);
  held = { range: '30000-30019', data: new Uint8Array([0b100]) };
  for (let round = 0; round < 3; round++) {
    await ports.mend([service('a', 30_001)]);
    assert.deepEqual(kept(), [30_001, 30_002]);
  }
  await ports.mend([service('a', 30_001)]);
  assert.deepEqual(kept(), [30_001]);
});

test('what another server took between reading and writing is asked for again', async () => {
  let held: Allocation | undefined;
  let race = true;
  const record: AllocationRecord = async build => {
    const next = build(held);
    if (!next || !race) return void (held = next ?? held);
    race = false;
    const theirs = PortBits.read(held, 30_000, 30_019) ?? new PortBits(30_000, 30_019);
    theirs.add(30_000);
    held = theirs.written();
    held = build(held);
  };
  const ports = new NodePorts([30_000, 30_019], random);
  race = false;
  await ports.share(record, []);
  race = true;
  const wants = service('b', 30_000);
  delete wants.spec.ports![0]!.nodePort;
  const mine = new Set<number>();
  await ports.give(wants, undefined, mine, false);
  assert.notEqual(wants.spec.ports![0]!.nodePort, 30_000);
  assert.deepEqual([...mine], [wants.spec.ports![0]!.nodePort]);
  await assert.rejects(ports.give(service('c', 30_000), undefined, new Set(), false), /already allocated/);
  await ports.giveBack('b', mine);
  assert.deepEqual(PortBits.read(held, 30_000, 30_019)!.ports(), [30_000]);
});
