/**
 * Errors about packets a pod sent reach it under default deny (conntrack's RELATED), so that it learns the largest packet
 * a path takes; errors about packets it never sent do not. Run by network.test.ts.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { bindSocket, closeDescriptor, getOption, inNetns, openSocket, sendBytesTo } from '../../ebpf/drivers/system.ts';
import { parseAddress } from '../engine/addresses.ts';
import { socketAddress } from '../drivers/dns.ts';
import { withNetlink } from '../drivers/netlink.ts';
import { REFS } from '../policies.ts';
import { until } from './clock.ts';
import { networkPolicy, startNode } from './onenode.ts';

const kind = process.argv[2] as 'ebpf' | 'nftables';
const OUTSIDE = { 4: '8.8.8.8', 6: '2001:db8:8::8' } as const;
const SMALL = 1300;
const PORT = 4000;
const RAW = 3;
/** Level and name of the option that tells the largest packet a connected socket may send (ip(7), ipv6(7)). */
const MTU = { 4: [0, 14], 6: [41, 24] } as const;

withNetlink(netlink => {
  netlink.up(netlink.index('lo'));
  for (const ip of Object.values(OUTSIDE))
    netlink.addAddress(netlink.index('lo'), `${ip}/${ip.includes(':') ? 128 : 32}`);
});
const node = await startNode({ enforcement: kind });
await node.addNamespace('x');
const pod = await node.addPod('x', 'pod', { app: 'pod' });
await node.network.settled();
const sending = {
  to: [{ ipBlock: { cidr: '0.0.0.0/0' } }, { ipBlock: { cidr: '::/0' } }],
  ports: [{ port: PORT, protocol: 'UDP' }],
};
await node.apply(
  REFS.policies,
  networkPolicy('x', 'closed', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [sending] }),
);

const bytesOf = (address: string): Buffer => {
  const { family, value } = parseAddress(address)!;
  return Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex');
};

function sum(bytes: Uint8Array): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) total += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}

/** The start of a UDP packet as the pod sent it. */
function cause(family: 4 | 6, source: string, destination: string, ports: readonly [number, number]): Buffer {
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(ports[0], 0);
  udp.writeUInt16BE(ports[1], 2);
  udp.writeUInt16BE(8 + 1380, 4);
  const ip = Buffer.alloc(family === 4 ? 20 : 40);
  if (family === 4) {
    ip.set([0x45, 0, 0x05, 0x80, 0, 1, 0x40, 0, 63, 17]);
    ip.set([...bytesOf(source), ...bytesOf(destination)], 12);
    ip.writeUInt16BE(sum(ip), 10);
  } else {
    ip.set([0x60, 0, 0, 0, 0x05, 0x58, 17, 63, ...bytesOf(source), ...bytesOf(destination)]);
  }
  return Buffer.concat([ip, udp]);
}

/** "Fragmentation needed" (RFC 792, RFC 1191), "Packet too big" (RFC 4443 section 3.2): from an address outside. */
function sendError(family: 4 | 6, to: string, about: Buffer): void {
  const message = Buffer.alloc(8 + about.length);
  message.set(family === 4 ? [3, 4] : [2, 0]);
  message.writeUInt32BE(SMALL, 4);
  message.set(about, 8);
  // Of ICMPv6 the kernel writes the sum (RFC 3542 section 3.1).
  if (family === 4) message.writeUInt16BE(sum(message), 2);
  const socket = openSocket(family === 4 ? 2 : 10, RAW, family === 4 ? 1 : 58);
  bindSocket(socket, socketAddress(OUTSIDE[family], 0));
  sendBytesTo(socket, message, socketAddress(to, 0));
  closeDescriptor(socket);
}

for (const family of [4, 6] as const) {
  const own = pod.ips.find(ip => ip.includes(':') === (family === 6))!;
  const fd = inNetns(pod.netnsPath, () => openSocket(family === 4 ? 2 : 10, 2 | 0o4000));
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  // What the error says about the path is what is looked at, not that nobody listens there.
  socket.on('error', () => undefined);
  await new Promise<void>(resolve => socket.bind({ fd }, () => resolve()));
  await new Promise<void>(resolve => socket.connect(PORT, OUTSIDE[family], () => resolve()));
  const mtu = (): number => Buffer.from(getOption(fd, MTU[family][0], MTU[family][1], 4)).readInt32LE();
  const before = mtu();
  assert.ok(before > SMALL, `${before}`);
  const { port } = socket.address();
  // The policy refuses this one, so nothing was sent: an error about it is no answer. The kernel says so at once.
  sendError(family, own, cause(family, own, OUTSIDE[family], [port, PORT + 1]));
  await new Promise(resolve => setTimeout(resolve, 200));
  assert.equal(mtu(), before, 'an error about what was never sent');
  socket.send('x');
  await new Promise(resolve => setTimeout(resolve, 50));
  await until(
    `the pod learns the path's size (IPv${family})`,
    () => {
      sendError(family, own, cause(family, own, OUTSIDE[family], [port, PORT]));
      return mtu() === SMALL;
    },
    5000,
  );
  socket.close();
}
await node.remove();
process.exit(0);
