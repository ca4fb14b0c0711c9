/** What a packet of a pod on the node's network costs, in namespaces and a control group of its own: prints one JSON line. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { enableStats, programStats } from '../../ebpf/index.ts';
import { dialInside } from '../drivers/dial.ts';
import { REFS } from '../policies.ts';
import { testGroups } from './hostpod.ts';
import { anyDefinition, startNode } from './onenode.ts';
import { listenInside } from './traffic.ts';

const rounds = Number(process.argv[2] ?? 10);
const STREAM_MS = 500;
const ip = (...words: string[]): unknown => execFileSync('ip', words);
ip('netns', 'add', 'outside');
ip('link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', 'outside');
ip('addr', 'add', '198.51.100.7/24', 'dev', 'wire');
ip('link', 'set', 'wire', 'up');
ip('-n', 'outside', 'addr', 'add', '198.51.100.1/24', 'dev', 'wire');
ip('-n', 'outside', 'link', 'set', 'wire', 'up');

const groups = testGroups('hostbench');
const clusterwide = { group: 'cilium.io', version: 'v2', resource: 'ciliumclusterwidenetworkpolicies' };
const kind = 'CiliumClusterwideNetworkPolicy';
const node = await startNode({ hostFirewall: { groupFolder: groups.folder } }, [
  anyDefinition('cilium.io', 'v2', clusterwide.resource, kind),
]);
await node.client.create(REFS.nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } });
await node.apply(clusterwide, {
  apiVersion: 'cilium.io/v2',
  kind,
  metadata: { name: 'host' },
  spec: { nodeSelector: {}, egress: [{ toCIDR: ['198.51.100.0/24'], toPorts: [{ ports: [{ port: '80' }] }] }] },
});
const attach = () =>
  node.network.podNetwork.attach({
    pod: { namespace: 'x', name: 'agent', uid: 'agent' },
    sandboxId: 'agent',
    hostNetwork: true,
    isolation: 'namespace',
    ports: [],
    cgroup: 'agent',
    labels: {},
    annotations: {},
  });

// Sockets belong to the group their process is in when they are made: the server's is not ours, the streams are.
let received = 0;
createServer(stream => stream.on('data', chunk => (received += chunk.length)).on('error', () => undefined)).listen({
  fd: listenInside('/run/netns/outside', 80),
});
mkdirSync(groups.folder('agent'), { recursive: true });
writeFileSync(join(groups.folder('agent'), 'cgroup.procs'), String(process.pid));
async function stream(): Promise<number> {
  const socket = await dialInside(undefined, '198.51.100.1', 80, AbortSignal.timeout(5000));
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
  return Math.round(rate);
}
await stream();
const rates: { open: number[]; held: number[] } = { open: [], held: [] };
const { ingress, egress } = node.network.hostFirewall!.programs;
const stats = enableStats();
for (let round = 0; round < rounds; round++) {
  rates.open.push(await stream());
  await attach();
  rates.held.push(await stream());
  await node.network.podNetwork.detach('agent');
}
const cost = Object.entries({ ingress, egress }).map(([side, program]) => {
  const { runs, time_ns } = programStats(program);
  return [side, { runs, ns: Math.round(time_ns / runs) }];
});
stats[Symbol.dispose]();
writeFileSync(join(groups.folder('..'), 'cgroup.procs'), String(process.pid));
await node.network.remove();
groups.remove();
console.log(JSON.stringify({ rates, ...Object.fromEntries(cost) }));
process.exit(0);
