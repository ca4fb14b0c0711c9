/** Random policies over nine pods: what packets do must be what the model says. Run by network.test.ts. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../../base/index.ts';
import { bindSocket, inNetns, openSocket } from '../../ebpf/drivers/system.ts';
import { type KubeObject, memoryLog, openKernel } from '../../kernel/index.ts';
import { startNetwork } from '../controller.ts';
import { socketAddress } from '../drivers/dns.ts';
import { withNetlink } from '../drivers/netlink.ts';
import type { FlowRecord } from '../flows.ts';
import { REFS } from '../policies.ts';
import { realClock as clock, realRandom as random, until } from './clock.ts';
import { openDatagrams } from './datagrams.ts';
import { NAMESPACES, PODS, randomPolicy } from './policygenerator.ts';
import { greet, serveInside } from './traffic.ts';

const [kind = 'ebpf', ...rest] = process.argv.slice(2);
const seeds = rest.map(Number);
/** A refusal is silence: this long. An answer may take longer on a busy machine. */
const REFUSED_MS = 250;
const ANSWER_MS = 5000;
const ASK_AGAIN_MS = 100;
withNetlink(netlink => netlink.up(netlink.index('lo')));
const folder = mkdtempSync(join(tmpdir(), 'tenon-policy-'));
const kernel = await openKernel({ log: memoryLog(), clock, random });
const client = kernel.client();
const network = await startNetwork({
  client,
  clock,
  random,
  nodeName: 'n1',
  stateId: 'nettest2',
  folder,
  podCidrs: ['10.244.8.0/24', 'fd00:8::/64'],
  serviceCidrs: ['10.96.0.0/16', 'fd00:96::/112'],
  dnsAddresses: ['10.96.0.10'],
  upstreams: [],
  enforcement: kind as 'ebpf' | 'nftables',
  report: problem => console.error(problem),
});
assert.equal(network.enforcement.kind, kind);

interface Running {
  readonly name: string;
  readonly netnsPath: string;
  readonly ips: readonly string[];
}

function udpEcho(netnsPath: string, port: number): Promise<void> {
  const fd = inNetns(netnsPath, () => {
    const socket = openSocket(2, 2 | 0o4000);
    bindSocket(socket, socketAddress('0.0.0.0', port));
    return socket;
  });
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => socket.send(message, from.port, from.address));
  return new Promise(resolve => socket.bind({ fd }, resolve));
}

/** Asks until it is answered: one datagram may be lost under load, and says nothing of policy then. */
async function udpAsk(netnsPath: string, address: string, port: number, limit_ms: number): Promise<boolean> {
  // Bound before others may share its port (libuv lets them): answers must come here.
  const socket = await openDatagrams(netnsPath, '0.0.0.0', 0);
  return new Promise(resolve => {
    const done = (answer: boolean): void => {
      clearTimeout(timer);
      clearInterval(again);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => done(false), limit_ms);
    const ask = (): void => socket.send('?', port, address);
    const again = setInterval(ask, ASK_AGAIN_MS);
    socket.once('message', () => done(true));
    ask();
  });
}

const pods: Running[] = [];
for (const namespace of NAMESPACES) {
  await client.create(REFS.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { ns: namespace } },
  });
  for (const name of PODS) {
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: { pod: name } },
      spec: {
        nodeName: 'n1',
        containers: [
          {
            name: 'main',
            image: 'none',
            ports: [{ name: 'web', containerPort: 80 }, ...(name === 'a' ? [{ name: 'alt', containerPort: 81 }] : [])],
          },
        ],
      },
    };
    await client.create(REFS.pods, object, { namespace });
    const id = `${namespace}${name}`;
    const { ips, netnsPath } = await network.podNetwork.attach({
      pod: { namespace, name, uid: id },
      sandboxId: id,
      hostNetwork: false,
      isolation: 'namespace',
      ports: [],
      labels: {},
      annotations: {},
    });
    pods.push({ name: `${namespace}/${name}`, netnsPath: netnsPath!, ips });
    for (const port of [80, 81]) await serveInside(netnsPath!, port, id);
    await udpEcho(netnsPath!, 80);
  }
}
const { decisions, addresses } = network.policy;
const numberOf = (pod: Running): number => addresses.get(pod.ips[0]!) ?? 0;
await until('every pod has an identity', () => pods.every(pod => numberOf(pod) > 0));

let cells = 0;
let refused = 0;
const flows: FlowRecord[] = [];
network.onFlow(flow => flows.push(flow));
for (const seed of seeds) {
  const seeded = seededRandom(seed);
  const policies = Array.from({ length: 1 + Math.floor(seeded.next() * 4) }, (_, index) => randomPolicy(seeded, index));
  for (const policy of policies) await client.create(REFS.policies, policy, { namespace: policy.metadata.namespace! });
  await until('the policies are compiled', () => [...decisions.policies()].length === policies.length);
  await network.settled();
  const checks: Promise<void>[] = [];
  for (const source of pods) {
    for (const destination of pods) {
      if (source === destination) continue;
      const expect = async (
        what: string,
        protocol: 'TCP' | 'UDP',
        port: number,
        real: (limit_ms: number) => Promise<boolean>,
      ): Promise<void> => {
        const said = decisions.decide(numberOf(source), numberOf(destination), protocol, port);
        const text = `seed ${seed}: ${source.name} to ${destination.name} ${what}\n${JSON.stringify(policies)}`;
        assert.equal(await real(said ? ANSWER_MS : REFUSED_MS), said, text);
        cells++;
        if (!said) refused++;
      };
      const connects =
        (address: string, port: number) =>
        async (limit_ms: number): Promise<boolean> =>
          !/^(timeout|ABORT_ERR|23|E)/.test(await greet(source.netnsPath, address, port, limit_ms));
      const [four, six] = destination.ips as [string, string];
      checks.push(
        expect('TCP 80', 'TCP', 80, connects(four, 80)),
        expect('TCP 81', 'TCP', 81, connects(four, 81)),
        expect('TCP 80 on IPv6', 'TCP', 80, connects(six, 80)),
        expect('UDP 80', 'UDP', 80, limit_ms => udpAsk(source.netnsPath, four, 80, limit_ms)),
      );
    }
  }
  await Promise.all(checks);
  if (kind === 'ebpf') await until('flows are told', () => flows.length > 0);
  for (const policy of policies)
    await client.delete(REFS.policies, { namespace: policy.metadata.namespace!, name: policy.metadata.name! });
  await until('the policies are gone', () => [...decisions.policies()].length === 0);
}

await until(
  'every refusal is told',
  () => kind !== 'ebpf' || flows.filter(flow => flow.verdict === 'dropped').length >= refused,
);
const dropped = flows.filter(flow => flow.verdict === 'dropped');
if (refused > 0 && kind === 'ebpf') assert.ok(dropped.length > 0, 'refusals are told');
for (const flow of dropped) {
  assert.ok([133, 181].includes(flow.dropReason), `reason ${flow.dropReason}`);
  assert.ok(flow.source.namespace && flow.destination.namespace, 'both ends are named');
}

await network.remove();
rmSync(folder, { recursive: true, force: true });
console.log(`cells=${cells} refused=${refused} flows=${flows.length}`);
process.exit(0);
