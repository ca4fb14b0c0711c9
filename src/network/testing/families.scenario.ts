/**
 * Truth tables of every family of policies over 3 namespaces x 3 pods: what packets do, what the compiled structure says,
 * what the simulator decides from live objects and what `why` says of the documents must be one. `families.scenario.ts KIND SEED COUNT` runs COUNT of them (0: all).
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { seededRandom } from '../../base/index.ts';
import { inNetns, openSocket } from '../../ebpf/drivers/system.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { explain } from '../analysis/explain.ts';
import { readSnapshot } from '../analysis/snapshot.ts';
import { parsePolicies } from '../dialects/index.ts';
import { Decisions } from '../engine/decisions.ts';
import { LiveNetwork } from '../live.ts';
import type { Protocol } from '../model.ts';
import { REFS } from '../policies.ts';
import { realClock, realRandom, until } from './clock.ts';
import { openDatagrams } from './datagrams.ts';
import { families, type Family } from './families.ts';
import { anyDefinition, startNode, type TestPod } from './onenode.ts';
import { greet, serveInside } from './traffic.ts';

const [kind = 'ebpf', seed = '1', limit = '0'] = process.argv.slice(2);
const REFUSED_MS = 250;
const ANSWER_MS = 5000;
const NAMESPACES = ['x', 'y', 'z'];
const NAMES = ['a', 'b', 'c'];
const CILIUM = { group: 'cilium.io', version: 'v2', resource: 'ciliumnetworkpolicies' };
const PROBES: readonly (readonly [Protocol, number])[] = [
  ['TCP', 80],
  ['TCP', 81],
  ['UDP', 80],
  // No sockets of it in every kernel: decided and explained, not sent.
  ['SCTP', 80],
];

const random = seededRandom(Number(seed));
const all = families();
const chosen =
  Number(limit) === 0 ? all : Array.from({ length: Number(limit) }, () => all[Math.floor(random.next() * all.length)]!);

const node = await startNode({ enforcement: kind as 'ebpf' | 'nftables' }, [
  anyDefinition('cilium.io', 'v2', 'ciliumnetworkpolicies', 'CiliumNetworkPolicy'),
]);
const ports = [{ name: 'web', containerPort: 80, protocol: 'TCP' }];
const documents: KubeObject[] = [];
const pods: TestPod[] = [];
for (const namespace of NAMESPACES) {
  await node.addNamespace(namespace, { ns: namespace });
  documents.push({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { ns: namespace } } });
  for (const name of NAMES) {
    const spec = { containers: [{ name: 'main', image: 'none', ports }] };
    const pod = await node.addPod(namespace, name, { pod: name }, spec);
    documents.push({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { pod: name } }, spec });
    pods.push(pod);
    for (const port of [80, 81]) await serveInside(pod.netnsPath, port, name);
    const echo = await openDatagrams(pod.netnsPath, '0.0.0.0', 80);
    echo.on('message', (bytes, from) => echo.send(bytes, from.port, from.address));
  }
}
await node.network.settled();
/** What the simulator asks: a structure of its own over the same API. */
await using live = new LiveNetwork({
  client: node.client,
  clock: realClock,
  random: realRandom,
  report: problem => node.problems.push(problem),
});

function askDatagram(source: TestPod, address: string, limit_ms: number): Promise<boolean> {
  const socket = createSocket('udp4');
  const fd = inNetns(source.netnsPath, () => openSocket(2, 2 | 0o4000));
  return new Promise(resolve => {
    const done = (answer: boolean): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => done(false), limit_ms);
    // Sent once: between pods of one machine an answer that is lost is a fault.
    socket.once('message', () => done(true));
    socket.bind({ fd }, () => socket.send('?', 80, address));
  });
}

/** A structure compiled from the documents alone, without an API or a kernel. */
function compile(family: Family): (source: TestPod, destination: TestPod, protocol: Protocol, port: number) => string {
  const snapshot = readSnapshot([...documents, ...family.policies]);
  const decisions = new Decisions();
  for (const { namespace, name, identity } of snapshot.workloads)
    decisions.setIdentity(`${namespace}/${name}`, identity);
  for (const [index, object] of family.policies.entries())
    for (const [place, policy] of (parsePolicies(object)?.value ?? []).entries())
      decisions.setPolicy(`${index}#${place}`, policy);
  return (source, destination, protocol, port) => {
    const [from, to] = [source, destination].map(pod => decisions.numberOf(`${pod.namespace}/${pod.name}`)) as [
      number,
      number,
    ];
    if (!decisions.decide(from, to, protocol, port)) return 'deny';
    const walks = [
      decisions.walkOf('egress', from, to, protocol, port),
      decisions.walkOf('ingress', to, from, protocol, port),
    ];
    return walks.some(walk => walk?.requests) ? 'unknown' : 'allow';
  };
}

let cells = 0;
let sent = 0;
const outcomes: Record<string, number> = { allow: 0, deny: 0, unknown: 0 };
const subject = pods.find(pod => pod.namespace === 'x' && pod.name === 'b')!;
const pairs = pods
  .filter(pod => pod !== subject)
  .flatMap(pod => [
    [pod, subject],
    [subject, pod],
  ]) as [TestPod, TestPod][];

async function check(family: Family): Promise<void> {
  const decided = compile(family);
  const snapshot = readSnapshot([...documents, ...family.policies]);
  const workload = ({ namespace, name }: TestPod) => ({ kind: 'workload', namespace, name }) as const;
  // Asked before anything is sent: an answer that waits for explanations would look like none.
  const asked = pairs.flatMap(([source, destination]) =>
    PROBES.map(([protocol, port]) => {
      const where = `${family.name}: ${source.namespace}/${source.name} to ${destination.namespace}/${destination.name} ${protocol} ${port}`;
      const expected = decided(source, destination, protocol, port);
      const question = { source: workload(source), destination: workload(destination), protocol, port };
      const why = explain(question, snapshot).find(answer => answer.outcome !== 'allow')?.outcome ?? 'allow';
      assert.equal(why, expected, `why disagrees, ${where}`);
      const simulated = live.decide(live.senderAt(source.ips[0]!), destination.ips[0]!, port, protocol).outcome;
      assert.equal(simulated, expected, `the simulator disagrees, ${where}`);
      cells++;
      outcomes[expected] = (outcomes[expected] ?? 0) + 1;
      return { source, destination, protocol, port, expected, where };
    }),
  );
  await Promise.all(
    asked.map(async ({ source, destination, protocol, port, expected, where }) => {
      if (protocol === 'SCTP') return;
      sent++;
      const limit_ms = expected === 'allow' ? ANSWER_MS : REFUSED_MS;
      const address = destination.ips[0]!;
      const real =
        protocol === 'UDP'
          ? await askDatagram(source, address, limit_ms)
          : (await greet(source.netnsPath, address, port, limit_ms)).startsWith(`${destination.name} `);
      assert.equal(real, expected === 'allow', `packets disagree, ${where}\n${JSON.stringify(family.policies)}`);
    }),
  );
}

const { decisions } = node.network.policy;
const holds = (wanted: number): boolean =>
  [decisions, live.policy.decisions].every(each => [...each.policies()].length === wanted);
await until(
  'the simulator has read everything',
  () => live.ready && pods.every(pod => live.podAt(pod.ips[0]!) !== undefined),
);
for (const family of chosen) {
  for (const policy of family.policies) {
    const ref = policy.kind === 'NetworkPolicy' ? REFS.policies : CILIUM;
    await node.client.create(ref, policy, { namespace: 'x' });
  }
  await until(`${family.name} is compiled`, () => holds(family.policies.length), 20_000);
  await node.network.settled();
  await check(family);
  for (const policy of family.policies) {
    const ref = policy.kind === 'NetworkPolicy' ? REFS.policies : CILIUM;
    await node.client.delete(ref, { namespace: 'x', name: policy.metadata.name! });
  }
  await until('the policies are gone', () => holds(0), 20_000);
  await node.network.settled();
}
await node.remove();
console.log(`families=${chosen.length} of=${all.length} cells=${cells} sent=${sent} ${JSON.stringify(outcomes)}`);
process.exit(0);
