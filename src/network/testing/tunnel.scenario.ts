/** Pods of two nodes reach each other through the tunnel. Run by network.test.ts. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inNetns, removeNetns, writeSysctl } from '../../ebpf/drivers/system.ts';
import { lowerService } from '../dialects/kubernetes/services.ts';
import { withNetlink } from '../drivers/netlink.ts';
import { applyNft } from '../drivers/nft.ts';
import { RoutedPodNetwork } from '../drivers/podnetwork.ts';
import { GATEWAY, makeNetns } from '../drivers/router.ts';
import { hostTable, routerTable } from '../engine/services.ts';
import type { Attachment } from '../ports.ts';
import { greet, serveInside } from './traffic.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-tunnel-'));
const hosts = ['nettesth1', 'nettesth2'].map((name, index) => ({
  path: `/run/netns/${name}`,
  address: `192.168.50.${index + 1}`,
  podCidrs: [`10.244.${20 + index}.0/24`, `fd00:${20 + index}::/64`],
  stateId: `nett${index + 1}`,
}));
const [one, two] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
for (const host of hosts) {
  removeNetns(host.path);
  makeNetns(host.path);
}

// A wire between the two machines.
const other = openSync(two.path, 'r');
inNetns(one.path, () =>
  withNetlink(netlink => netlink.addVeth('wire', '02:00:00:00:01:01', 'wire', '02:00:00:00:01:02', other, 1500)),
);
closeSync(other);
for (const host of hosts) {
  // Node ports answer other machines only where the owner lets the machine forward.
  inNetns(host.path, () => writeSysctl('net.ipv4.ip_forward', '1'));
  inNetns(host.path, () =>
    withNetlink(netlink => {
      netlink.up(netlink.index('lo'));
      const wire = netlink.index('wire');
      netlink.addAddress(wire, `${host.address}/24`);
      netlink.up(wire);
    }),
  );
}

const networks: RoutedPodNetwork[] = [];
const pods: Attachment[] = [];
for (const host of hosts) {
  const network = new RoutedPodNetwork({
    stateId: host.stateId,
    podCidrs: host.podCidrs,
    serviceCidrs: [],
    mtu: 1450,
    folder: join(folder, host.stateId),
    nameservers: [],
  });
  const attached = inNetns(host.path, () => {
    network.open();
    network.router.ensureTunnel(host.address, 77, 8472);
    for (const peer of hosts) if (peer !== host) network.router.addPeer({ name: peer.stateId, ...peer });
    const name = `pod-${host.stateId}`;
    return network.attach({
      pod: { namespace: 'default', name, uid: name },
      sandboxId: name,
      hostNetwork: false,
      isolation: 'namespace',
      ports: [],
      labels: {},
      annotations: {},
    });
  });
  pods.push(await attached);
  networks.push(network);
}
const [left, right] = pods as [Attachment, Attachment];
await serveInside(right.netnsPath!, 8080, 'right');
assert.equal(await greet(left.netnsPath, right.ips[0]!, 8080, 2000), `right ${left.ips[0]}`, 'IPv4 between nodes');
assert.equal(await greet(left.netnsPath, right.ips[1]!, 8080, 2000), `right ${left.ips[1]}`, 'IPv6 between nodes');
assert.equal(await greet(one.path, right.ips[0]!, 8080, 2000), 'right 10.244.20.1', 'a node reaches pods of another');

// Services over both nodes: each node lowers the same objects from where it is.
const ENDS = [
  { addresses: [left.ips[0]!], nodeName: one.stateId },
  { addresses: [right.ips[0]!], nodeName: two.stateId },
];
const HINTS = [{ forZones: [{ name: 'zone-1' }] }, { forZones: [{ name: 'zone-2' }] }];
async function write(spec: object, ends: readonly object[] = ENDS): Promise<void> {
  const metadata = { name: 'web', namespace: 'default' };
  const ports = [{ port: 80, nodePort: 30080 }];
  const service = { metadata, spec: { type: 'NodePort', clusterIP: '10.96.5.5', ports, ...spec } };
  const slice = { metadata, addressType: 'IPv4', ports: [{ port: 8080 }], endpoints: ends };
  for (const [index, host] of hosts.entries()) {
    const place = { node: host.stateId, zone: `zone-${index + 1}` };
    const services = lowerService(service as never, [slice as never], place);
    const { router } = networks[index]!;
    const table = `tenon_${host.stateId}`;
    const nodePortAddress = GATEWAY[4];
    const nodeAddresses = { 4: `10.244.${20 + index}.1` };
    const serviceCidrs = ['10.96.0.0/16'];
    await applyNft(routerTable({ table, services, serviceCidrs, nodeAddresses, nodePortAddress }), router.path);
    const nodePorts = [{ protocol: 'TCP', port: 30080 }];
    const { device } = router;
    await applyNft(
      hostTable({ table, device, podCidrs: host.podCidrs, nodePortAddress, nodePorts, hostPorts: [] }),
      host.path,
    );
  }
}
/** Who answers twenty connections, without the addresses they saw. */
async function answers(from: string, address: string, port: number): Promise<string> {
  const seen = new Set<string>();
  for (let time = 0; time < 20; time++) seen.add((await greet(from, address, port, 2000)).split(' ')[0]!);
  return [...seen].sort().join(' ');
}
await serveInside(left.netnsPath!, 8080, 'left');
await write({});
assert.equal(await answers(left.netnsPath!, '10.96.5.5', 80), 'left right', 'a Service has endpoints of both nodes');
await write({ sessionAffinity: 'ClientIP' });
assert.match(await answers(left.netnsPath!, '10.96.5.5', 80), /^(left|right)$/, 'a client stays with one endpoint');
await write({ internalTrafficPolicy: 'Local' });
assert.equal(await answers(left.netnsPath!, '10.96.5.5', 80), 'left', 'internalTrafficPolicy Local, node one');
assert.equal(await answers(right.netnsPath!, '10.96.5.5', 80), 'right', 'internalTrafficPolicy Local, node two');
await write(
  {},
  ENDS.map((end, index) => ({ ...end, hints: HINTS[index] })),
);
assert.equal(await answers(left.netnsPath!, '10.96.5.5', 80), 'left', 'hints keep traffic in its zone, node one');
assert.equal(await answers(right.netnsPath!, '10.96.5.5', 80), 'right', 'hints keep traffic in its zone, node two');
await write(
  {},
  ENDS.map((end, index) => (index === 0 ? { ...end, hints: HINTS[0] } : end)),
);
assert.equal(await answers(left.netnsPath!, '10.96.5.5', 80), 'left right', 'hints count only where all have them');
await write({ externalTrafficPolicy: 'Cluster' });
assert.equal(await answers(two.path, one.address, 30080), 'left right', 'externalTrafficPolicy Cluster');
await write({ externalTrafficPolicy: 'Local' });
assert.equal(await answers(two.path, one.address, 30080), 'left', 'externalTrafficPolicy Local');
assert.equal(await greet(two.path, one.address, 30080, 2000), `left ${two.address}`, 'Local keeps the source');

inNetns(one.path, () => networks[0]!.router.removePeer({ name: two.stateId, ...two }));
assert.notEqual(
  await greet(left.netnsPath, right.ips[0]!, 8080, 500),
  `right ${left.ips[0]}`,
  'a removed node is not reached',
);
for (const [index, network] of networks.entries()) inNetns(hosts[index]!.path, () => network.remove());
for (const host of hosts) removeNetns(host.path);
rmSync(folder, { recursive: true, force: true });
console.log('ok');
process.exit(0);
