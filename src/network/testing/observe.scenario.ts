/** Flows as flow tools read them, over the socket. Run by network.test.ts. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { Message } from '../dialects/hubble/messages.ts';
import { OBSERVER } from '../drivers/flowserver.ts';
import { REFS } from '../policies.ts';
import { until } from './clock.ts';
import { networkPolicy, startNode } from './onenode.ts';
import { greet, serveInside } from './traffic.ts';

const sockets = mkdtempSync(join(tmpdir(), 'tenon-flows-'));
const socket = `unix:${join(sockets, 'flows.sock')}`;
const node = await startNode({
  flowAddresses: [socket],
  version: '1.2.3',
  enforcement: process.argv[2] as 'ebpf' | 'nftables',
});
await node.addNamespace('x');
await node.addNamespace('y');
const server = await node.addPod('x', 'server-1', { app: 'server' });
const friend = await node.addPod('x', 'friend', { app: 'friend' });
const stranger = await node.addPod('y', 'stranger', { app: 'stranger' });
const listener = await serveInside(server.netnsPath, 80, 'server');
await node.apply(
  REFS.policies,
  networkPolicy('x', 'guard', {
    podSelector: { matchLabels: { app: 'server' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'friend' } } }], ports: [{ port: 80 }] }],
  }),
);
await node.apply(
  REFS.policies,
  networkPolicy('y', 'out', { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 80 }] }] }),
);

assert.equal(statSync(join(sockets, 'flows.sock')).mode & 0o777, 0o600);
const client = new Client(socket, credentials.createInsecure());
const ask = (name: 'ServerStatus' | 'GetNodes' | 'GetNamespaces'): Promise<Message> =>
  new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = OBSERVER[name];
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, (error, value) =>
      error ? reject(error) : resolve(value!),
    );
  });
interface Seen extends Message {
  readonly verdict: number;
  readonly traffic_direction: number;
  readonly source: { readonly pod_name?: string; readonly labels: string[]; readonly identity: number };
}
function open(request: Message, deliver: (flow: Seen) => void): { done: Promise<void>; cancel(): void } {
  const { path, requestSerialize, responseDeserialize } = OBSERVER.GetFlows;
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
  const done = new Promise<void>((resolve, reject) => {
    call.on('data', (answer: Message) => answer.flow && deliver(answer.flow as Seen));
    call.on('end', resolve);
    call.on('error', (error: ServiceError) => (error.code === status.CANCELLED ? resolve() : reject(error)));
  });
  return { done, cancel: () => call.cancel() };
}
async function flows(request: Message): Promise<Seen[]> {
  const found: Seen[] = [];
  await open(request, flow => found.push(flow)).done;
  return found;
}

const followed: Seen[] = [];
const following = open({ follow: true, whitelist: [{ verdict: [2] }] }, flow => followed.push(flow));
await new Promise(resolve => setTimeout(resolve, 100));
const before_s = Math.floor(Date.now() / 1000);
assert.match(await greet(friend.netnsPath, server.ips[0]!, 80), /^server/);
assert.match(await greet(friend.netnsPath, server.ips[1]!, 80), /^server/);
await greet(stranger.netnsPath, server.ips[0]!, 80, 200);
await greet(stranger.netnsPath, server.ips[0]!, 81, 200);
await until('refusals are followed', () => followed.length >= 2);
following.cancel();
await following.done;

// What the source's side let through and the destination's refused is two flows.
const all = await flows({});
const toPort = (flow: Message): unknown => ((flow.l4 as Message).TCP as Message).destination_port;
const ofStranger = all.filter(flow => flow.source.pod_name === 'stranger');
assert.deepEqual(
  [...new Set(ofStranger.map(flow => `${flow.traffic_direction} ${flow.verdict} ${String(toPort(flow))}`))].sort(),
  ['1 2 80', '2 1 80', '2 2 81'],
);
const [refused] = ofStranger.filter(flow => flow.traffic_direction === 1);
assert.equal(refused!.drop_reason_desc, 133);
assert.equal((refused!.ingress_denied_by as Message[])[0]!.name, 'guard', 'the policy that isolates is named');
assert.ok(refused!.source.labels.includes('k8s:app=stranger'));
assert.ok(refused!.source.labels.includes('k8s:io.kubernetes.pod.namespace=y'));
const [allowed] = all.filter(flow => flow.source.pod_name === 'friend' && flow.traffic_direction === 1);
assert.deepEqual((allowed!.ingress_allowed_by as Message[])[0]!.name, 'guard');
assert.ok(Number((allowed!.time as { seconds: number }).seconds) - before_s < 60);

const count = async (filter: Message, extra: Message = {}): Promise<number> =>
  (await flows({ whitelist: [filter], ...extra })).length;
assert.ok((await count({ source_pod: ['x/fri'] })) >= 4);
assert.equal(await count({ source_pod: ['fri'] }), 0, 'without a namespace it is the default one');
assert.equal(await count({ source_pod: ['y/'], verdict: [1] }), 1);
assert.ok((await count({ destination_label: ['app=server'], ip_version: [2] })) >= 2);
assert.equal(await count({ source_label: ['app in (nobody)'] }), 0);
assert.equal(
  await count({ source_ip: ['10.244.8.0/24'], destination_port: ['81'] }),
  await count({ destination_port: ['81'] }),
);
assert.equal(await count({ protocol: ['udp'] }), 0);
assert.equal(await count({ event_type: [{ type: 1 }] }), await count({ verdict: [2] }));
assert.equal(await count({}, { number: 1 }), 1);
assert.equal(await count({}, { since: { seconds: before_s + 600 } }), 0);
assert.equal((await flows({ blacklist: [{ verdict: [1, 2] }] })).length, 0);
assert.equal((await flows({ number: 1, first: true }))[0]!.uuid, all[0]!.uuid);
assert.equal((await flows({ number: 1 }))[0]!.uuid, all.at(-1)!.uuid);
const own = await ask('ServerStatus');
assert.equal(own.version, '1.2.3');
assert.ok(Number(own.seen_flows) >= all.length && Number(own.max_flows) > 1000);
assert.equal(((await ask('GetNodes')).nodes as Message[])[0]!.name, 'n1');
const names = ((await ask('GetNamespaces')).namespaces as Message[]).map(each => each.namespace);
assert.ok(names.includes('x') && names.includes('y'));

// The real tool, where it is there.
const tool = process.argv[3];
if (tool) {
  const run = async (...args: readonly string[]): Promise<string> =>
    (await promisify(execFile)(tool, [...args, '--server', socket.replace('unix:', 'unix://')], { timeout: 10_000 }))
      .stdout;
  assert.match(await run('status'), /Current\/Max Flows/);
  const lines = (await run('observe', '--last', '100', '-o', 'json')).trim().split('\n');
  assert.equal(lines.length, all.length);
  const told = (JSON.parse(lines.at(-1)!) as { flow: { verdict: string; uuid: string } }).flow;
  assert.equal(told.uuid, all.at(-1)!.uuid);
  const dropped = await run('observe', '--last', '100', '--verdict', 'DROPPED', '--pod', 'y/stranger');
  assert.match(dropped, /y\/stranger:\d+ .*x\/server-1:80 .*POLICY_DENIED|Policy denied/i);
  console.log(await run('observe', '--last', '100'));
  console.log(await run('list', 'nodes'));
}

client.close();
listener.close();
await node.remove();
rmSync(sockets, { recursive: true, force: true });
console.log(`flows=${all.length}`);
process.exit(0);
