/** Policies for nodes, by packets of pods on the node's network. Run by hostfirewall.test.ts. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { KubeObject } from '../../kernel/index.ts';
import { explain, type PartyReference } from '../analysis/explain.ts';
import { readSnapshot } from '../analysis/snapshot.ts';
import { GROUP_REFS, POLICY_DIALECTS } from '../dialects/index.ts';
import type { FlowRecord } from '../flows.ts';
import { HOST_FIREWALL } from '../hostview.ts';
import { REFS } from '../policies.ts';
import { until } from './clock.ts';
import { openDatagrams } from './datagrams.ts';
import { HostPod, testGroups } from './hostpod.ts';
import { anyDefinition, startNode } from './onenode.ts';
import { greet, serveInside } from './traffic.ts';

const NODE = ['198.51.100.7', '192.0.2.7', 'fd00:98::7'];
const OUTSIDE = '198.51.100.1';
const OUTSIDE6 = 'fd00:98::1';
const CORE = '192.0.2.8';
const ip = (...words: string[]): unknown => execFileSync('ip', words);

/** Two more machines, each behind a wire of its own. */
function wire(name: string, ...pairs: (readonly [ours: string, theirs: string])[]): string {
  ip('netns', 'add', name);
  ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'wire', 'netns', name);
  for (const [ours, theirs] of pairs) {
    const calm = ours.includes(':') ? ['nodad'] : [];
    ip('addr', 'add', ours, 'dev', name, ...calm);
    ip('-n', name, 'addr', 'add', theirs, 'dev', 'wire', ...calm);
  }
  ip('link', 'set', name, 'up');
  ip('-n', name, 'link', 'set', 'wire', 'up');
  ip('-n', name, 'link', 'set', 'lo', 'up');
  return `/run/netns/${name}`;
}

const outside = wire('world', [`${NODE[0]}/24`, `${OUTSIDE}/24`], [`${NODE[2]}/64`, `${OUTSIDE6}/64`]);
const core = wire('core', [`${NODE[1]}/24`, `${CORE}/24`]);
const groups = testGroups('hostfirewall');
const clusterwide = POLICY_DIALECTS.flatMap(({ refs }) => refs).find(
  ({ resource }) => resource === 'ciliumclusterwidenetworkpolicies',
)!;
const node = await startNode({ hostFirewall: { groupFolder: groups.folder } }, [
  anyDefinition('cilium.io', 'v2', clusterwide.resource, 'CiliumClusterwideNetworkPolicy'),
  anyDefinition('cilium.io', GROUP_REFS[0]!.version, 'ciliumcidrgroups', 'CiliumCIDRGroup'),
]);
const firewall = node.network.hostFirewall!;
const flows: FlowRecord[] = [];
const none = (count: number): void => assert.fail(`${count} flows were lost`);
firewall.drainFlows(() => undefined, none);

const machine = async (name: string, ips: readonly string[], metadata: KubeObject['metadata']): Promise<void> => {
  const made = { apiVersion: 'v1', kind: 'Node', metadata: { name, ...metadata } };
  const status = { addresses: ips.map(address => ({ type: 'InternalIP', address })) };
  await node.client.create(REFS.nodes, made);
  const known = await node.client.get(REFS.nodes, { name });
  await node.client.update(REFS.nodes, { ...known, status }, { subresource: 'status' });
};
const { annotation, pods: heldPods } = HOST_FIREWALL;
await machine('n1', NODE, { labels: { role: 'edge' }, annotations: { [annotation]: heldPods } });
await machine('n2', [CORE], { labels: { role: 'core' } });
await node.addNamespace('x');
const attach = (group: string | undefined) =>
  node.network.podNetwork.attach({
    pod: { namespace: 'x', name: 'agent', uid: 'agent' },
    sandboxId: 'agent',
    hostNetwork: true,
    isolation: 'namespace',
    ports: [],
    ...(group === undefined ? {} : { cgroup: group }),
    labels: {},
    annotations: {},
  });
await attach('pods/agent');
const pod = await HostPod.start(groups.folder('pods/agent/main'));
for (const port of [8080, 8081]) await pod.ask({ serve: port });
await pod.ask({ echo: { address: '0.0.0.0', port: 5353 } });
// Another process of the node, in no group of a pod.
await serveInside(undefined, 9090, 'machine');
await serveInside(outside, 80, 'outside');
await serveInside(core, 80, 'core');
const client = await node.addPod('x', 'client', { app: 'client' });
const stranger = await node.addPod('x', 'stranger', { app: 'stranger' });

const answers = async (from: string | undefined, address: string, port: number): Promise<boolean> =>
  (await greet(from, address, port, 400)).includes(' ');
async function answersDatagram(): Promise<boolean> {
  const socket = await openDatagrams(outside, OUTSIDE, 0);
  try {
    return await new Promise(resolve => {
      socket.on('message', () => resolve(true));
      setTimeout(() => resolve(false), 300);
      socket.send('hello', 5353, NODE[0]!);
    });
  } finally {
    socket.close();
  }
}
/** Who reaches the pod and whom it reaches, as letters: what does not is a dash. */
async function world(): Promise<string> {
  const asked: readonly (readonly [string, () => Promise<boolean>])[] = [
    ['o', () => answers(outside, NODE[0]!, 8080)],
    ['O', () => answers(outside, NODE[0]!, 8081)],
    ['6', () => answers(outside, NODE[2]!, 8080)],
    ['u', answersDatagram],
    ['n', () => answers(core, NODE[1]!, 8080)],
    ['c', () => answers(client.netnsPath, NODE[0]!, 8080)],
    ['s', () => answers(stranger.netnsPath, NODE[0]!, 8080)],
    [' ', () => Promise.resolve(true)],
    ['W', () => pod.reaches(OUTSIDE, 80)],
    ['X', () => pod.reaches(OUTSIDE6, 80)],
    ['N', () => pod.reaches(CORE, 80)],
  ];
  const found = await Promise.all(asked.map(async ([letter, ask]) => ((await ask()) ? letter : '-')));
  // What the node says to itself, and what its other processes take and send, is nobody's to refuse.
  assert.equal(await answers(undefined, NODE[0]!, 8080), true, 'the node itself');
  assert.equal(await pod.reaches('127.0.0.1', 9090), true, 'loopback');
  assert.equal(await answers(outside, NODE[0]!, 9090), true, 'another process of the node');
  assert.equal(await answers(undefined, OUTSIDE, 80), true, 'another process of the node');
  firewall.drainFlows(flow => flows.push(flow), none);
  return found.join('');
}
const at = (address: string): PartyReference => ({ kind: 'address', address });
const own = (name: string): PartyReference => ({ kind: 'workload', namespace: 'x', name });
const FLOWS: Readonly<Record<string, readonly [PartyReference, PartyReference, number]>> = {
  o: [at(OUTSIDE), at(NODE[0]!), 8080],
  O: [at(OUTSIDE), at(NODE[0]!), 8081],
  6: [at(OUTSIDE6), at(NODE[2]!), 8080],
  n: [at(CORE), at(NODE[1]!), 8080],
  c: [own('client'), at(NODE[0]!), 8080],
  s: [own('stranger'), at(NODE[0]!), 8080],
  W: [at(NODE[0]!), at(OUTSIDE), 80],
  X: [at(NODE[2]!), at(OUTSIDE6), 80],
  N: [at(NODE[1]!), at(CORE), 80],
};
let settled = 0;
/** What `why` says for certain is what packets do. */
async function compare(found: string): Promise<void> {
  const lists = [REFS.nodes, REFS.pods, REFS.namespaces, REFS.slices, clusterwide].map(ref => node.client.list(ref));
  const kinds = ['Node', 'Pod', 'Namespace', 'EndpointSlice', 'CiliumClusterwideNetworkPolicy'];
  const objects = (await Promise.all(lists)).flatMap(({ items }, index) =>
    items.map(item => ({ ...item, kind: kinds[index]! })),
  );
  const snapshot = readSnapshot(objects as KubeObject[]);
  for (const [letter, [source, destination, port]] of Object.entries(FLOWS)) {
    const answers = explain({ source, destination, port, protocol: 'TCP' }, snapshot);
    const outcome = answers.find(answer => answer.outcome !== 'allow')?.outcome ?? 'allow';
    if (outcome === 'unknown') continue;
    settled++;
    assert.equal(outcome, found.includes(letter) ? 'allow' : 'deny', `${letter} of "${found}"`);
  }
}
const hold = async (spec: object, role = 'edge'): Promise<string> => {
  const nodeSelector = { matchLabels: { role } };
  const object = { apiVersion: 'cilium.io/v2', kind: 'CiliumClusterwideNetworkPolicy', metadata: { name: 'host' } };
  await node.apply(clusterwide, { ...object, spec: { nodeSelector, ...spec } });
  return world();
};
const ports = (...numbers: number[]): object => ({
  toPorts: [{ ports: numbers.map(port => ({ port: String(port), protocol: 'TCP' })) }],
});

const ALL = 'oO6uncs WXN';
assert.equal(await world(), ALL, 'no policy');
for (const [name, expected, spec, role] of [
  ['another node', ALL, { ingress: [{ fromEntities: ['host'] }] }, 'core'],
  ['a prefix and a port', 'o------ WXN', { ingress: [{ fromCIDR: ['198.51.100.0/24'], ...ports(8080) }] }],
  ['a prefix of IPv6', '--6---- WXN', { ingress: [{ fromCIDR: ['fd00:98::/64'] }] }],
  ['the world', 'oO6u--- WXN', { ingress: [{ fromEntities: ['world'] }] }],
  ['other nodes', '----n-- WXN', { ingress: [{ fromEntities: ['remote-node'] }] }],
  ['no node', '------- WXN', { ingress: [{ fromEntities: ['host'] }] }],
  ['a node by label', '----n-- WXN', { ingress: [{ fromNodes: [{ matchLabels: { role: 'core' } }] }] }],
  ['pods by label', '-----c- WXN', { ingress: [{ fromEndpoints: [{ matchLabels: { app: 'client' } }] }] }],
  [
    'deny beats allow',
    'o-6uncs WXN',
    { ingress: [{ fromEntities: ['all'] }], ingressDeny: [{ fromEntities: ['all'], ...ports(8081) }] },
  ],
  ['egress to nodes, answers pass', 'oO6uncs --N', { egress: [{ toEntities: ['remote-node'] }] }],
  ['egress to a prefix', 'oO6uncs W--', { egress: [{ toCIDR: [`${OUTSIDE}/32`], ...ports(80) }] }],
  ['nothing either way', '-------'.concat(' ---'), { ingress: [{}], egress: [{}] }],
] as const) {
  assert.equal(await hold(spec, role), expected, name);
  // The other node is no machine that holds anything.
  if (role !== 'core') await compare(expected);
}

// A Service's address stands for its endpoints: where one of them is closed, it is closed.
await serveInside(client.netnsPath, 80, 'client');
await serveInside(stranger.netnsPath, 80, 'stranger');
await node.apply(REFS.services, {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'shop', namespace: 'x' },
  spec: { clusterIP: '10.96.7.7', clusterIPs: ['10.96.7.7'], ports: [{ port: 8000, targetPort: 80, protocol: 'TCP' }] },
} as KubeObject);
const lead = (...pods: readonly { readonly ips: readonly string[] }[]): Promise<void> =>
  node.apply(REFS.slices, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'shop', namespace: 'x', labels: { 'kubernetes.io/service-name': 'shop' } },
    addressType: 'IPv4',
    endpoints: pods.map(({ ips }) => ({ addresses: [ips[0]], conditions: { ready: true } })),
    ports: [{ port: 80, protocol: 'TCP' }],
  } as KubeObject);
const toApps = (...values: string[]): object => ({
  egress: [{ toEndpoints: [{ matchExpressions: [{ key: 'app', operator: 'In', values }] }], ...ports(80) }],
});
/** Asks thrice: which endpoint is chosen is left to chance. */
const buys = async (): Promise<string> => {
  const found = [];
  for (let turn = 0; turn < 3; turn++) found.push((await pod.reaches('10.96.7.7', 8000, 300)) ? '+' : '-');
  return found.join('');
};
await lead(client);
for (const [expected, spec, backends] of [
  ['+++', { egress: [{ toEntities: ['all'] }] }, [client]],
  ['+++', toApps('client'), [client]],
  ['---', toApps('stranger'), [client]],
  ['---', toApps('client'), [client, stranger]],
  ['+++', toApps('client', 'stranger'), [client, stranger]],
  ['+++', toApps('stranger'), [stranger]],
  ['---', toApps('stranger'), []],
] as const) {
  await hold(spec);
  await lead(...backends);
  assert.equal(await buys(), expected, JSON.stringify(spec));
}
await hold({ ingress: [{ fromEntities: ['all'] }] });
await lead(client);
assert.equal(await buys(), '+++', 'what the node sends is not spoken of');

// Every refusal is told with the rule or the policy that refused.
const refused = flows.filter(({ verdict }) => verdict === 'dropped');
const named = refused.filter(({ destination }) => destination.address !== '10.96.7.7');
assert.ok(named.length > 20 && named.every(({ isHost, by }) => isHost && by !== 'default' && by.name === 'host'));
assert.ok(refused.some(({ destination, by }) => destination.address === '10.96.7.7' && by !== 'default'));
assert.ok(refused.some(({ dropReason }) => dropReason === 181) && refused.some(({ dropReason }) => dropReason === 133));
assert.ok(flows.some(({ verdict, direction }) => verdict === 'forwarded' && direction === 'ingress'));
assert.ok(firewall.counters().some(({ by, packets }) => by !== 'default' && by.name === 'host' && packets > 0n));

// The API's addresses, and labels of this node, are heeded as they come.
assert.ok(settled > 80, `${settled} verdicts of ${11 * 9} are certain`);
assert.equal(await hold({ ingress: [{ fromEntities: ['kube-apiserver'] }] }), '------- WXN');
const slice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: [CORE] }],
  ports: [{ port: 6443, protocol: 'TCP' }],
};
await node.apply(REFS.slices, slice as never);
assert.equal(await world(), '----n-- WXN', 'a node that serves the API');
await compare('----n-- WXN');
const edge = await node.client.get(REFS.nodes, { name: 'n1' });
await node.apply(REFS.nodes, { ...edge, metadata: { ...edge.metadata, labels: { role: 'core' } } });
assert.equal(await world(), ALL, 'the node is another one');

// A pod whose group cannot be held does not get onto the node's network.
await node.network.podNetwork.detach('agent');
await assert.rejects(attach('../../../../proc/none'), /cannot be held/);
assert.deepEqual(
  (await node.network.podNetwork.list()).filter(({ sandboxId }) => sandboxId === 'agent'),
  [],
);
assert.deepEqual(node.problems, []);
await attach(undefined);
await until('an open pod is told of', () => node.problems.length === 1);
assert.equal((node.problems.pop() as { code?: string } | undefined)?.code, 'network/host-pod-open');
await pod.stop();
await node.remove();
groups.remove();
console.log(`flows=${flows.length} refused=${refused.length} verdicts=${settled}`);
process.exit(0);
