/** Pods of two nodes reach each other through the tunnel. Run by network.test.ts. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inNetns, removeNetns } from '../../ebpf/drivers/system.ts';
import { withNetlink } from '../drivers/netlink.ts';
import { RoutedPodNetwork } from '../drivers/podnetwork.ts';
import { makeNetns } from '../drivers/router.ts';
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
