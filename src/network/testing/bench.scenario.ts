/** Figures of the node's own datapath, in namespaces of its own: prints one JSON line. Run by bench/network.ts. */
import { createServer } from 'node:net';
import { enableStats, programStats } from '../../ebpf/index.ts';
import { bindSocket, inNetns, listenSocket, openSocket } from '../../ebpf/drivers/system.ts';
import { dialInside } from '../drivers/dial.ts';
import { socketAddress } from '../drivers/dns.ts';
import type { EbpfEnforcement } from '../drivers/ebpf-enforcement.ts';
import { syntheticPod, syntheticPolicy } from '../engine/decisions.bench.ts';
import { REFS } from '../policies.ts';
import { networkPolicy, startNode, type TestPod } from './onenode.ts';

const count = Number(process.argv[2] ?? 10_000);
const rounds = Number(process.argv[3] ?? 6);
const PODS = 50;
const STREAM_MS = 300;

const node = await startNode({ enforcement: 'ebpf' });
await node.addNamespace('x');
const pods: TestPod[] = [];
const attach_ms: number[] = [];
const attach_cpu_ms: number[] = [];
for (let index = 0; index < PODS; index++) {
  const start = performance.now();
  const before = process.cpuUsage();
  pods.push(await node.addPod('x', `pod-${index}`, { app: `app-${index % (count / 5)}`, pod: `${index}` }));
  const used = process.cpuUsage(before);
  attach_ms.push(performance.now() - start);
  attach_cpu_ms.push((used.user + used.system) / 1000);
}
const { decisions } = node.network.policy;
const enforcement = node.network.enforcement as EbpfEnforcement;

// Streams with and without policy, turn and turn about.
const [server, client] = pods as [TestPod, TestPod];
const fd = inNetns(server.netnsPath, () => {
  const socket = openSocket(2, 1 | 0o4000);
  bindSocket(socket, socketAddress('0.0.0.0', 80));
  listenSocket(socket, 16);
  return socket;
});
let received = 0;
createServer(stream => stream.on('data', chunk => (received += chunk.length)).on('error', () => undefined)).listen({
  fd,
});
async function stream(): Promise<number> {
  const socket = await dialInside(client.netnsPath, server.ips[0]!, 80, AbortSignal.timeout(5000));
  socket.on('error', () => undefined);
  const chunk = Buffer.alloc(256 * 1024);
  received = 0;
  const start = performance.now();
  let open = true;
  const push = (): void => {
    while (open && socket.write(chunk));
  };
  socket.on('drain', push);
  push();
  await new Promise(resolve => setTimeout(resolve, STREAM_MS));
  open = false;
  const rate = received / 1e6 / ((performance.now() - start) / 1000);
  socket.destroy();
  return rate;
}
const guard = networkPolicy('x', 'guard', {
  podSelector: { matchLabels: { pod: '0' } },
  policyTypes: ['Ingress'],
  ingress: [{ from: [{ podSelector: { matchLabels: { pod: '1' } } }], ports: [{ port: 80 }] }],
});
const rates: { policy: number[]; open: number[] } = { policy: [], open: [] };
await stream();
const stats = enableStats();
for (let round = 0; round < rounds; round++) {
  rates.open.push(await stream());
  await node.apply(REFS.policies, guard);
  rates.policy.push(await stream());
  await node.client.delete(REFS.policies, { namespace: 'x', name: 'guard' });
  await new Promise(resolve => setTimeout(resolve, 30));
}
const packet_ns = programStats(enforcement.links.policy);
stats[Symbol.dispose]();

// Many policies and identities; then one policy changes until the kernel decides by it.
for (let index = 0; index < count; index++) decisions.setIdentity(`synthetic-${index}`, syntheticPod(index, count));
for (let index = 0; index < count; index++) decisions.setPolicy(`synthetic-${index}`, syntheticPolicy(index, count));
enforcement.policyChanged({ subjects: new Set(decisions.pods()), peers: new Set() });
const update_ms: number[] = [];
const update_cpu_ms: number[] = [];
for (let turn = 0; turn < 21; turn++) {
  const index = turn % 7;
  const policy = { ...syntheticPolicy(index, count), isolates: { ingress: true, egress: turn % 2 === 0 } };
  const start = performance.now();
  const before = process.cpuUsage();
  const subjects = decisions.setPolicy(`synthetic-${index}`, policy);
  enforcement.policyChanged({ subjects, peers: new Set() });
  decisions.sweep();
  const used = process.cpuUsage(before);
  update_ms.push(performance.now() - start);
  update_cpu_ms.push((used.user + used.system) / 1000);
}
await node.network.remove();
console.log(JSON.stringify({ attach_ms, attach_cpu_ms, rates, packet_ns, update_ms, update_cpu_ms }));
process.exit(0);
