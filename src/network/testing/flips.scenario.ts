/** Policies, prefixes and labels change under traffic: no packet passes that neither the step before nor after allows. */
import { Worker } from 'node:worker_threads';
import { seededRandom } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { withNetlink } from '../drivers/netlink.ts';

import { REFS } from '../policies.ts';
import { until } from './clock.ts';
import type { FlipTask } from './flips.worker.ts';
import { anyDefinition, networkPolicy, startNode, type TestPod } from './onenode.ts';

const [kind = 'ebpf', steps = '60', seed = '1', families = 'IPv4', tiers = 'namespaces'] = process.argv.slice(2);
const PORTS = [80, 81];
/** What an IPv4 address or prefix is called in IPv6 here: a group of its own for each byte. */
const inSix = (cidr: string): string => {
  const [address = '', bits] = cidr.split('/');
  if (bits === '0') return '::/0';
  const groups = address.split('.').map(byte => Number(byte).toString(16));
  return `2a0${groups.join(':')}::${bits === undefined ? '' : `/${Number(bits) * 2}`}`;
};
const NAMING: readonly ((cidr: string) => string)[] =
  { IPv4: [(cidr: string) => cidr], IPv6: [inSix], both: [(cidr: string) => cidr, inSix] }[families] ?? [];
const OUTSIDE = NAMING.flatMap(naming => ['8.8.8.8', '9.9.9.9'].map(naming));
const NAMES = ['a', 'b', 'c', 'd'];
withNetlink(netlink => {
  for (const address of OUTSIDE)
    netlink.addAddress(netlink.index('lo'), `${address}/${address.includes(':') ? 128 : 32}`);
});
const ADMIN = { group: 'policy.networking.k8s.io', version: 'v1alpha1', resource: 'adminnetworkpolicies' };
const node = await startNode({ enforcement: kind as 'ebpf' | 'nftables' }, [
  anyDefinition(ADMIN.group, ADMIN.version, ADMIN.resource, 'AdminNetworkPolicy'),
]);
await node.addNamespace('x');
const pods: TestPod[] = [];
for (const name of NAMES) pods.push(await node.addPod('x', name, { app: name }));
await node.network.settled();
const { decisions, addresses } = node.network.policy;

const random = seededRandom(Number(seed));
const pick = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!;
const block = (): object => {
  const cidr = pick(['0.0.0.0/0', '8.0.0.0/8', '8.8.0.0/16', '8.8.8.8/32', '9.0.0.0/8', '9.9.9.0/24']);
  const [, bits] = cidr.split('/') as [string, string];
  const inside = ['8.8.8.0/24', '9.9.9.9/32', '8.0.0.0/8', '9.9.0.0/16'].filter(
    other => Number(other.split('/')[1]) > Number(bits) && (bits === '0' || other[0] === cidr[0]),
  );
  const except = inside.length > 0 && random.next() < 0.5 ? [pick(inside)] : undefined;
  const naming = NAMING.length > 1 ? pick(NAMING) : NAMING[0]!;
  return { ipBlock: { cidr: naming(cidr), ...(except ? { except: except.map(naming) } : {}) } };
};
const peers = (): object[] =>
  [
    () => [block()],
    () => [{ podSelector: { matchLabels: { app: pick(NAMES) } } }],
    () => [block(), { podSelector: {} }],
    () => [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: [pick(NAMES)] }] } }],
  ][Math.floor(random.next() * 4)]!();
const ports = (): object => (random.next() < 0.5 ? { ports: [{ port: pick(PORTS), protocol: 'UDP' }] } : {});
function anyPolicy(name: string): KubeObject {
  const side = pick(['Ingress', 'Egress']);
  const rule = { [side === 'Ingress' ? 'from' : 'to']: peers(), ...ports() };
  return networkPolicy('x', name, {
    podSelector: random.next() < 0.4 ? {} : { matchLabels: { app: pick(NAMES) } },
    policyTypes: [side],
    [side.toLowerCase()]: random.next() < 0.2 ? [] : [rule],
  });
}

/** An administrator's policy: of pods by labels or by addresses, which then tell pods with the same labels apart. */
function anyAdminPolicy(name: string): KubeObject {
  const networks = ['0.0.0.0/0', '10.244.8.0/30', '10.244.8.4/31', '8.0.0.0/8', 'fd00:8::/126', '::/0'];
  const to = [
    { networks: [pick(networks), pick(networks)] },
    { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: pick(NAMES) } } } },
  ];
  const rule = (): object => ({
    action: pick(['Allow', 'Deny', 'Deny', 'Pass']),
    to: [pick(to)],
    ...(random.next() < 0.5 ? { ports: [{ portNumber: { port: pick(PORTS), protocol: 'UDP' } }] } : {}),
  });
  return {
    apiVersion: `${ADMIN.group}/${ADMIN.version}`,
    kind: 'AdminNetworkPolicy',
    metadata: { name },
    spec: { priority: Math.floor(random.next() * 9), subject: { namespaces: {} }, egress: [rule(), rule()] },
  };
}

async function changeAdmin(): Promise<string> {
  const name = `a${Math.floor(random.next() * 3)}`;
  const policy = random.next() < 0.4 ? undefined : anyAdminPolicy(name);
  if (policy) await node.apply(ADMIN as never, policy);
  else await node.client.delete(ADMIN, { name }).catch(() => undefined);
  await new Promise(resolve => setTimeout(resolve, 20));
  await node.network.settled();
  return policy ? JSON.stringify(policy) : `delete ${name}`;
}

async function change(): Promise<string> {
  if (tiers === 'all' && random.next() < 0.5) return changeAdmin();
  let said = '';
  const name = `p${Math.floor(random.next() * 4)}`;
  const what = random.next();
  if (what < 0.2) {
    said = `delete ${name}`;
    await node.client.delete(REFS.policies, { namespace: 'x', name }).catch(() => undefined);
  } else if (what < 0.4) {
    const pod = pick(pods);
    const current = await node.client.get<KubeObject>(REFS.pods, { namespace: 'x', name: pod.name });
    const metadata = { ...current.metadata, labels: { app: pick(NAMES) } };
    said = `${pod.name} is ${metadata.labels.app}`;
    await node.client.update(REFS.pods, { ...current, metadata });
  } else {
    const policy = anyPolicy(name);
    said = JSON.stringify(policy);
    await node.apply(REFS.policies, policy);
  }
  await new Promise(resolve => setTimeout(resolve, 20));
  await node.network.settled();
  return said;
}

const familyOf = (address: string): string => (address.includes(':') ? 'IPv6' : 'IPv4');
const ends: FlipTask['ends'] = [
  ...pods.flatMap(({ netnsPath, ips }) =>
    ips
      .filter(address => families === 'both' || familyOf(address) === families)
      .map(address => ({ netnsPath, address, sends: true })),
  ),
  ...OUTSIDE.map(address => ({ address, sends: false })),
];
const senders = ends.filter(({ sends }) => sends).length;
const meet = (source: number, destination: number): boolean =>
  ends[source]!.netnsPath !== ends[destination]!.netnsPath &&
  familyOf(ends[source]!.address) === familyOf(ends[destination]!.address);
/** Every cell that is allowed now. */
function allowedNow(): Set<string> {
  const numbers = ends.map(({ address }) => addresses.get(address) ?? decisions.addressIdentity(address));
  const allowed = new Set<string>();
  for (const [source, from] of numbers.slice(0, senders).entries())
    for (const [destination, to] of numbers.entries())
      for (const port of PORTS)
        if (meet(source, destination) && decisions.decide(from, to, 'UDP', port))
          allowed.add(`${source} ${destination} ${port}`);
  return allowed;
}

const step = new SharedArrayBuffer(8);
const current = new Int32Array(step);
const task: FlipTask = { ends, ports: PORTS, step };
const worker = new Worker(new URL('./flips.worker.ts', import.meta.url), { workerData: task });
await new Promise(resolve => worker.once('message', resolve));
const states = [allowedNow()];
const said = ['nothing'];
for (let at = 1; at <= Number(steps); at++) {
  Atomics.store(current, 0, at);
  said.push(await change());
  states.push(allowedNow());
  const rounds = Atomics.load(current, 1);
  await until('every cell was tried', () => Atomics.load(current, 1) > rounds + 2, 20_000);
}
const done = new Promise<{ arrived: Set<string>; sent: number }>(resolve => worker.once('message', resolve));
Atomics.store(current, 0, -1);
const { arrived, sent } = await done;
let wrong = 0;
let refusable = 0;
for (const [at, state] of states.entries()) {
  const near = [states[at - 1], state, states[at + 1]].filter(each => each !== undefined);
  for (let source = 0; source < senders; source++) {
    for (const destination of ends.keys()) {
      for (const port of PORTS) {
        const cell = `${source} ${destination} ${port}`;
        if (!meet(source, destination) || near.some(each => each.has(cell))) continue;
        refusable++;
        if (!arrived.has(`${cell} ${at}`)) continue;
        wrong++;
        console.error(`passed in step ${at}: ${cell}\n${said.slice(0, at + 1).join('\n')}`);
      }
    }
  }
}
// The other way round: what is allowed before, during and after a step does arrive.
let missed = 0;
let open = 0;
for (const [at, state] of states.entries())
  for (const cell of state)
    if (at > 0 && states[at - 1]!.has(cell) && states[at + 1]?.has(cell)) {
      open++;
      if (!arrived.has(`${cell} ${at}`)) missed++;
    }
await worker.terminate();
await node.remove();
console.log(`sent=${sent} refusable=${refusable} wrong=${wrong} open=${open} missed=${missed}`);
// A socket that is full loses datagrams: not one of a hundred.
process.exit(wrong === 0 && missed * 100 <= open ? 0 : 1);
