import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { kinds } from '../../kernel/index.ts';
import { findBinary } from '../drivers/runtime-oci.ts';
import { formatCpus } from '../engine/cpus.ts';
import { machineProcessors, ProcessorShares } from './cpus.ts';
import { isReady, TestNode, unavailable } from './testhost.ts';

const all = machineProcessors().map(({ cpu }) => cpu);
const handlers = ['process', 'runc'].filter(name => name === 'process' || findBinary(name));
const skip = unavailable || (all.length < 2 && 'needs two processors');

/** What the kernel lets a container's process run on, as it is now. */
async function held(node: TestNode, pod: string): Promise<string> {
  const worker = node.agent.worker('default', pod)!;
  const { pid } = await worker.runtime!.status(worker.state.containers[0]!.current!.id);
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
}

async function becomes(node: TestNode, pod: string, wanted: string): Promise<void> {
  for (let turn = 0; turn < 600 && (await held(node, pod)) !== wanted; turn++) await pause(50);
  assert.equal(await held(node, pod), wanted, pod);
}

describe('processors of one’s own', { skip }, () => {
  for (const handler of handlers)
    it(`${handler}: whole ones of a Guaranteed pod; others move away and come back; a restart of ours keeps them`, async () => {
      const [first] = all;
      await using node = await TestNode.start([handler], undefined, [first!]);
      const container = { name: 'c', image: 'busybox:1', command: ['sleep', '1000'] };
      const whole = { cpu: '1', memory: '32Mi' };
      await node.pod('sharing', { containers: [container] });
      await node.until('sharing', isReady);
      await becomes(node, 'sharing', formatCpus(all));
      await node.pod('alone', { containers: [{ ...container, resources: { limits: whole, requests: whole } }] });
      await node.until('alone', isReady);
      const own = await held(node, 'alone');
      assert.match(own, /^\d+$/);
      assert.notEqual(Number(own), first);
      const rest = formatCpus(all.filter(cpu => cpu !== Number(own)));
      await becomes(node, 'sharing', rest);
      const state = JSON.parse(readFileSync(join(node.folder, 'node', 'cpu_manager_state'), 'utf8')) as object;
      assert.equal((state as { defaultCpuSet: string }).defaultCpuSet, rest);
      await node.stopAgent();
      await node.startAgent([handler]);
      await node.pod('later', { containers: [container] });
      await node.until('later', isReady);
      assert.deepEqual([await held(node, 'alone'), await held(node, 'later')], [own, rest]);
      const many = { cpu: String(all.length - 1), memory: '32Mi' };
      await node.pod('greedy', { containers: [{ ...container, resources: { limits: many, requests: many } }] });
      const refused = await node.until('greedy', pod => pod?.status?.phase === 'Failed');
      assert.match(refused.status?.reason ?? '', /^(OutOfcpu|UnexpectedAdmissionError)$/);
      await node.delete('alone');
      await becomes(node, 'sharing', formatCpus(all));
      await becomes(node, 'later', formatCpus(all));
      for (const name of ['sharing', 'later', 'greedy']) await node.delete(name);
    });
});

/** Two NUMA nodes of four processors. */
const TWO_NODES = Array.from({ length: 8 }, (_, cpu) => {
  const node = cpu < 4 ? 0 : 1;
  return { cpu, core: cpu, socket: node, node };
});

const podOf = (uid: string, cpu: string): kinds.Pod => {
  const amounts = { cpu, memory: '1Mi' };
  const resources = { requests: amounts, limits: amounts };
  const spec = { containers: [{ name: 'c', image: 'i', resources }] };
  return { metadata: { name: uid, uid }, spec, status: { qosClass: 'Guaranteed' } } as unknown as kinds.Pod;
};

describe('processors near to each other', () => {
  it('refuses pods as kubelet does, and takes them when a node is free again, also after a restart', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tenon-cpus-'));
    try {
      const open = (): ProcessorShares =>
        new ProcessorShares(folder, [0], { policy: 'single-numa-node', scope: 'container' }, TWO_NODES);
      const shares = open();
      assert.equal(shares.admit(podOf('a', '2')), true);
      assert.equal(shares.admit(podOf('b', '3')), true);
      assert.deepEqual([shares.of('a', 'c').cpuset, shares.of('b', 'c').cpuset], ['1-2', '4-6']);
      const refused = {
        reason: 'TopologyAffinityError',
        message: 'Resources cannot be allocated with Topology locality',
      };
      assert.deepEqual(shares.admit(podOf('c', '2')), refused);
      const later = open();
      assert.deepEqual(later.admit(podOf('c', '2')), refused);
      assert.equal(later.release('a'), true);
      assert.equal(later.admit(podOf('c', '2')), true);
      assert.equal(later.of('c', 'c').cpuset, '1-2');
      assert.deepEqual(later.admit(podOf('d', '5')), refused);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('the machine tells a NUMA node of every processor', () => {
    for (const { cpu, node } of machineProcessors())
      assert.ok(Number.isInteger(node) && node >= 0, `cpu ${cpu}: ${node}`);
  });
});
