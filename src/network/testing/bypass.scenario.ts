/** Ways around policy that must not be: old connections, answers to what was refused, other pods' names. Run by network.test.ts. */
import assert from 'node:assert/strict';
import { REFS } from '../policies.ts';
import { countArrivals, openDatagrams, sendSome } from './datagrams.ts';
import { networkPolicy, startNode } from './onenode.ts';

const kind = process.argv[2] as 'ebpf' | 'nftables';
const node = await startNode({ enforcement: kind });
assert.equal(node.network.enforcement.kind, kind);
await node.addNamespace('x');
const [server, friend, stranger] = [
  await node.addPod('x', 'server', { app: 'server' }),
  await node.addPod('x', 'friend', { app: 'friend' }),
  await node.addPod('x', 'stranger', { app: 'stranger' }),
];
await node.network.settled();
const from = (app: string): object => ({ from: [{ podSelector: { matchLabels: { app } } }] });
const guard = (app: string): object => ({
  podSelector: { matchLabels: { app: 'server' } },
  policyTypes: ['Ingress'],
  ingress: [from(app)],
});
const at80 = await openDatagrams(server.netnsPath, server.ips[0]!, 80);
const arrived = countArrivals(at80);
const friend5000 = await openDatagrams(friend.netnsPath, friend.ips[0]!, 5000);
const stranger5000 = await openDatagrams(stranger.netnsPath, stranger.ips[0]!, 5000);
at80.on('message', (bytes, peer) => at80.send(`answer to ${String(bytes)}`, peer.port, peer.address));
const answers = countArrivals(friend5000);

// A connection, even one that was answered, does not outlive the policy that allowed it.
await sendSome(friend5000, 'open', server.ips[0]!, 80);
assert.equal(arrived.get('open'), 3);
assert.equal(answers.get('answer to open'), 3);
await node.apply(REFS.policies, networkPolicy('x', 'guard', guard('nobody')));
await sendSome(friend5000, 'closed', server.ips[0]!, 80);
assert.equal(arrived.get('closed'), undefined, 'the same ports again, after the policy changed');
await node.apply(REFS.policies, networkPolicy('x', 'guard', guard('friend')));
await sendSome(friend5000, 'again', server.ips[0]!, 80);
assert.equal(arrived.get('again'), 3);
assert.equal(answers.get('answer to again'), 3, 'answers pass though nothing allows the server to open');

// What was refused cannot be answered: two pods that want to talk may not, whoever begins.
const talkers = { podSelector: { matchLabels: { app: 'stranger' } }, policyTypes: ['Ingress'], ingress: [] };
await node.apply(REFS.policies, networkPolicy('x', 'closed', talkers));
const leaked = countArrivals(stranger5000);
await sendSome(stranger5000, 'refused', server.ips[0]!, 80);
await sendSome(at80, 'a false answer', stranger.ips[0]!, 5000);
await sendSome(stranger5000, 'refused again', server.ips[0]!, 80);
assert.equal(arrived.get('refused'), undefined);
assert.equal(leaked.get('a false answer'), undefined, 'an answer to nothing');
assert.equal(arrived.get('refused again'), undefined);

// A pod sends as itself only.
for (const address of [friend.ips[0]!, '10.244.8.1', '10.96.0.10', '169.254.1.1', '8.8.8.8']) {
  const disguised = await openDatagrams(stranger.netnsPath, address, 6000);
  await sendSome(disguised, `as ${address}`, server.ips[0]!, 80);
  assert.equal(arrived.get(`as ${address}`), undefined, `a pod that sends as ${address}`);
  disguised.close();
}
await node.remove();
process.exit(0);
