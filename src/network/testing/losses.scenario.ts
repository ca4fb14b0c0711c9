/** Flows that come faster than they are read are told as lost, each once. Run by network.test.ts. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import { inNetns, openSocket, sendBytesTo } from '../../ebpf/drivers/system.ts';
import type { Message } from '../dialects/hubble/messages.ts';
import { socketAddress } from '../drivers/dns.ts';
import { OBSERVER } from '../drivers/flowserver.ts';
import { REFS } from '../policies.ts';
import { until } from './clock.ts';
import { networkPolicy, startNode } from './onenode.ts';

const FLOOD = 100_000;
/** As flow tools number it: the kernel's ring. */
const KERNEL = 1;
const folder = mkdtempSync(join(tmpdir(), 'tenon-losses-'));
const socket = `unix:${join(folder, 'flows.sock')}`;
const node = await startNode({ flowAddresses: [socket], enforcement: process.argv[2] as 'ebpf' | 'nftables' });
await node.addNamespace('x');
const server = await node.addPod('x', 'server', { app: 'server' });
const client = await node.addPod('x', 'client', { app: 'client' });
const spec = { podSelector: { matchLabels: { app: 'server' } }, policyTypes: ['Ingress'] };
await node.apply(REFS.policies, networkPolicy('x', 'closed', spec));

let refused = 0;
let lost = 0;
node.network.flows.follow({
  flow: ({ verdict, destination }) => void (verdict === 'dropped' && destination.port === 9999 && refused++),
  lost: (count, name, where) => {
    assert.deepEqual([name, where], ['n1', 'kernel']);
    lost += count;
  },
});
const grpc = new Client(socket, credentials.createInsecure());
const { path, requestSerialize, responseDeserialize } = OBSERVER.GetFlows;
const call = grpc.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { follow: true });
let told = 0;
call.on('data', ({ lost_events }: Message) => {
  const { source, num_events_lost } = (lost_events ?? {}) as { source?: number; num_events_lost?: number };
  if (source === KERNEL) told += Number(num_events_lost);
});
call.on('error', () => undefined);
await new Promise(resolve => setTimeout(resolve, 200));

const sender = inNetns(client.netnsPath, () => openSocket(2, 2));
const target = socketAddress(server.ips[0]!, 9999);
// Nobody reads meanwhile: this thread is the reader.
for (let packet = 0; packet < FLOOD; packet++) sendBytesTo(sender, Buffer.from('x'), target);
// What was lost last is known by what comes after it.
await new Promise(resolve => setTimeout(resolve, 500));
for (let packet = 0; packet < 100; packet++) sendBytesTo(sender, Buffer.from('x'), target);
await until('every packet is told of', () => refused + lost === FLOOD + 100, 10_000).catch(() => undefined);
assert.equal(refused + lost, FLOOD + 100, `${refused} refused, ${lost} lost`);
assert.ok(lost > 0 && refused > 0, `${refused} refused, ${lost} lost`);
await until('the observer is told', () => told === lost);
call.cancel();
grpc.close();
await node.remove();
rmSync(folder, { recursive: true, force: true });
console.log(`refused=${refused} lost=${lost}`);
process.exit(0);
