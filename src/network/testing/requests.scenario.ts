/** Rules that read requests, names and messages, enforced on real traffic. Run by network.test.ts. */
import assert from 'node:assert/strict';
import { createServer as createHttp, get, request } from 'node:http';
import {
  connect as connectHttp2,
  createServer as createHttp2,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer, type Server, Socket } from 'node:net';
import { decode, encode, type Packet } from 'dns-packet';
import { createSocket } from 'node:dgram';
import { bindSocket, inNetns, listenSocket, openSocket, setOption, writeSysctl } from '../../ebpf/drivers/system.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { dialInside } from '../drivers/dial.ts';
import { socketAddress } from '../drivers/dns.ts';
import { withNetlink } from '../drivers/netlink.ts';
import { REFS } from '../policies.ts';
import { until } from './clock.ts';
import { anyDefinition, startNode, type TestPod } from './onenode.ts';
import { resolveInside } from './traffic.ts';

const kind = process.argv[2] as 'ebpf' | 'nftables';
const OUTSIDE = ['8.8.8.8', '9.9.9.9'];
withNetlink(netlink => {
  netlink.up(netlink.index('lo'));
  for (const address of OUTSIDE) netlink.addAddress(netlink.index('lo'), `${address}/32`);
});
// A name server of the world: api.example.com is 8.8.8.8, everything else 9.9.9.9.
const upstream = createSocket('udp4');
upstream.on('message', (bytes, from) => {
  const query = decode(bytes);
  const { name } = query.questions![0]!;
  const data = name === 'api.example.com' ? OUTSIDE[0]! : OUTSIDE[1]!;
  const answer: Packet = {
    id: query.id!,
    type: 'response',
    questions: query.questions!,
    answers: [{ type: 'A', name, ttl: 30, data }],
  };
  upstream.send(encode(answer), from.port, from.address);
});
await new Promise<void>(resolve => upstream.bind(5353, '127.0.0.1', resolve));

const node = await startNode({ enforcement: kind, upstreams: ['127.0.0.1#5353'], flowAddresses: ['127.0.0.1:0'] }, [
  anyDefinition('cilium.io', 'v2', 'ciliumnetworkpolicies', 'CiliumNetworkPolicy'),
  anyDefinition('cilium.io', 'v2alpha1', 'ciliumcidrgroups', 'CiliumCIDRGroup'),
]);
const POLICIES = { group: 'cilium.io', version: 'v2', resource: 'ciliumnetworkpolicies' };
const GROUPS = { group: 'cilium.io', version: 'v2alpha1', resource: 'ciliumcidrgroups' };
await node.addNamespace('x');
const server = await node.addPod('x', 'server', { app: 'server' });
const client = await node.addPod('x', 'client', { app: 'client' });
const other = await node.addPod('x', 'other', { app: 'other' });
await node.network.settled();

function listenInside(
  pod: TestPod | undefined,
  port: number,
  at: Server | Http2Server | ReturnType<typeof createHttp>,
): Promise<void> {
  const open = (): number => {
    const descriptor = openSocket(10, 1 | 0o4000);
    setOption(descriptor, 1, 2, 1);
    bindSocket(descriptor, socketAddress('::', port));
    listenSocket(descriptor, 64);
    return descriptor;
  };
  const fd = pod ? inNetns(pod.netnsPath, open) : open();
  return new Promise(resolve => at.listen({ fd }, () => resolve()));
}
const web = createHttp((asked, response) => {
  response.setHeader('x-seen', (asked.socket.remoteAddress ?? '').replace('::ffff:', ''));
  asked.on('data', () => undefined).on('end', () => response.end(`${asked.method} ${asked.url}`));
});
await listenInside(server, 80, web);
const grpc = createHttp2();
grpc.on('stream', (opened, headers) => {
  const stream = opened as ServerHttp2Stream;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(String(headers[':path']));
});
await listenInside(server, 50051, grpc);
const outside = createServer(stream => stream.end('outside'));
await listenInside(undefined, 443, outside);

async function ask(
  pod: TestPod,
  address: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<string> {
  try {
    const socket = await dialInside(pod.netnsPath, address, 80, AbortSignal.timeout(1500));
    return await new Promise((resolve, reject) => {
      const made = (method === 'GET' ? get : request)(
        { createConnection: () => socket, method, path, headers: { host: 'web', ...headers } },
        answer => {
          let text = '';
          answer.on('data', chunk => (text += String(chunk)));
          answer.on('end', () =>
            resolve(`${answer.statusCode} ${text.trim()} ${String(answer.headers['x-seen'] ?? '')}`.trim()),
          );
        },
      );
      made.on('error', reject);
      made.end();
    });
  } catch (error) {
    return error instanceof Error ? `no ${error.name}` : 'no';
  }
}
async function call(pod: TestPod, path: string): Promise<string> {
  const socket = await dialInside(pod.netnsPath, server.ips[0]!, 50051, AbortSignal.timeout(1500));
  const session = connectHttp2('http://server', { createConnection: () => socket });
  session.on('error', () => undefined);
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
  stream.end();
  let status = 0;
  let trailer = '';
  stream.on('response', headers => (status = Number(headers[':status'])));
  stream.on('trailers', headers => (trailer = String(headers['grpc-status'])));
  stream.resume();
  await new Promise(resolve => stream.on('close', resolve));
  session.close();
  return `${status} ${trailer}`.trim();
}
const policy = (name: string, spec: object): KubeObject => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name, namespace: 'x' },
  spec,
});
const apply = (name: string, spec: object): Promise<void> => node.apply(POLICIES, policy(name, spec));
const remove = (name: string): Promise<void> => node.withdraw(POLICIES, { namespace: 'x', name });
const app = (name: string): object => ({ matchLabels: { app: name } });
const [four, six] = server.ips as [string, string];

// HTTP: method, path, headers; every pod the rule does not name stays out.
await apply('web', {
  endpointSelector: app('server'),
  ingress: [
    {
      fromEndpoints: [app('client')],
      toPorts: [
        {
          ports: [{ port: '80', protocol: 'TCP' }],
          rules: {
            http: [
              { method: 'GET', path: '/public.*' },
              { method: 'PUT', path: '/v1', headers: ['X-Token: secret'] },
            ],
          },
        },
        { ports: [{ port: '50051', protocol: 'TCP' }], rules: { http: [{ method: 'POST', path: '/shop.Cart/Get' }] } },
      ],
    },
  ],
});
await until('the policy is known', () => [...node.network.policy.decisions.policies()].length > 0);
await node.network.settled();
assert.equal(
  await ask(client, four, 'GET', '/public/a'),
  `200 GET /public/a ${client.ips[0]}`,
  'the server sees the client',
);
assert.equal(await ask(client, six, 'GET', '/public/a'), `200 GET /public/a ${client.ips[1]}`);
assert.equal(await ask(client, four, 'GET', '/private'), '403 Access denied');
assert.equal(await ask(client, four, 'POST', '/public'), '403 Access denied');
assert.equal(await ask(client, four, 'PUT', '/v1', { 'x-token': 'secret' }), `200 PUT /v1 ${client.ips[0]}`);
assert.equal(await ask(client, four, 'PUT', '/v1', { 'x-token': 'wrong' }), '403 Access denied');
assert.match(await ask(other, four, 'GET', '/public/a'), /^no/);
assert.equal(await call(client, '/shop.Cart/Get'), '200 0');
assert.equal(await call(client, '/shop.Cart/Empty'), '403');
// The field changed, the traffic changes.
await apply('web', {
  endpointSelector: app('server'),
  ingress: [
    {
      fromEndpoints: [app('client')],
      toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [{ path: '/private' }] } }],
    },
  ],
});
assert.equal(await ask(client, four, 'GET', '/private'), `200 GET /private ${client.ips[0]}`);
assert.equal(await ask(client, four, 'GET', '/public/a'), '403 Access denied');
const told = [...node.network.flows.oldest()].filter(flow => flow.http);
assert.ok(
  told.some(flow => flow.http!.url === '/private' && flow.verdict === 'forwarded' && flow.http!.status === 200),
);
assert.ok(told.some(flow => flow.http!.url === '/public/a' && flow.verdict === 'dropped'));

/** Asks from a port of one's own choice, and lets the other side end the connection. */
async function askFrom(port: number): Promise<string> {
  const fd = inNetns(client.netnsPath, () => openSocket(2, 1 | 0o4000));
  setOption(fd, 1, 2, 1);
  bindSocket(fd, socketAddress(client.ips[0]!, port));
  const socket = new Socket({ fd });
  socket.setTimeout(4000, () => socket.destroy());
  socket.connect(80, four, () => socket.write('GET /private HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n'));
  let text = '';
  try {
    for await (const chunk of socket) text += String(chunk);
  } catch (error) {
    return String(error);
  }
  return text.split('\r\n')[0]!;
}
/** Below those that connections are given by themselves: one of them may have it still. */
const OWN_PORT = 20_000;
// A port that was used just before, through the proxy and then without it: what is left of the proxy's connection is not asked.
assert.equal(await askFrom(OWN_PORT), 'HTTP/1.1 200 OK');
await remove('web');
assert.equal(await askFrom(OWN_PORT), 'HTTP/1.1 200 OK', 'the same addresses and ports again');
// Nor while the requests of others are read still, as the table that leads to the proxy stays.
const readsOf = (subject: object): object => ({
  endpointSelector: subject,
  ingress: [
    {
      fromEntities: ['all'],
      toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [{ path: '/private' }] } }],
    },
  ],
});
await apply('others', readsOf(app('other')));
await apply('web', readsOf(app('server')));
assert.equal(await askFrom(OWN_PORT + 1), 'HTTP/1.1 200 OK');
assert.equal(await askFrom(OWN_PORT + 1), 'HTTP/1.1 200 OK', 'the same port through the proxy');
await remove('web');
assert.equal(await askFrom(OWN_PORT + 1), 'HTTP/1.1 200 OK', 'the same port without it');
await remove('others');

// Egress by name: only names that may be looked up, only addresses they led to.
const reach = async (address: string): Promise<boolean> => {
  try {
    const socket = await dialInside(client.netnsPath, address, 443, AbortSignal.timeout(1000));
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return text === 'outside';
  } catch {
    return false;
  }
};
await apply('names', {
  endpointSelector: app('client'),
  egress: [
    {
      toEndpoints: [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'kube-system', 'k8s-app': 'kube-dns' } }],
      toPorts: [{ ports: [{ port: '53', protocol: 'ANY' }], rules: { dns: [{ matchPattern: '*.example.com' }] } }],
    },
    { toFQDNs: [{ matchName: 'api.example.com' }], toPorts: [{ ports: [{ port: '443', protocol: 'TCP' }] }] },
  ],
});
assert.equal(await reach('8.8.8.8'), false, 'nobody looked it up');
const rcode = async (name: string): Promise<string> =>
  String(((await resolveInside(client.netnsPath, '10.96.0.10', name, 'A')) as { rcode?: string }).rcode);
assert.equal(await rcode('evil.example.net'), 'REFUSED');
// The answer comes when its address may be used.
assert.equal(await rcode('api.example.com'), 'NOERROR');
assert.equal(await reach('8.8.8.8'), true);
assert.equal(await rcode('www.example.com'), 'NOERROR');
assert.equal(await reach('9.9.9.9'), false, 'a name that may be looked up, not used');
await remove('names');

// Prefixes by name, and the world by family.
const group = (cidr: string): KubeObject => ({
  apiVersion: 'cilium.io/v2alpha1',
  kind: 'CiliumCIDRGroup',
  metadata: { name: 'outside' },
  spec: { externalCIDRs: [cidr] },
});
await node.apply(GROUPS, group('8.0.0.0/8'));
await apply('group', { endpointSelector: app('client'), egress: [{ toCIDRSet: [{ cidrGroupRef: 'outside' }] }] });
assert.deepEqual([await reach('8.8.8.8'), await reach('9.9.9.9')], [true, false]);
await node.apply(GROUPS, group('9.0.0.0/8'));
assert.deepEqual([await reach('8.8.8.8'), await reach('9.9.9.9')], [false, true], 'the group changed');
await remove('group');
await apply('world', { endpointSelector: app('client'), egress: [{ toEntities: ['world-ipv6'] }] });
assert.equal(await reach('8.8.8.8'), false);
await apply('world', { endpointSelector: app('client'), egress: [{ toEntities: ['world-ipv4'] }] });
assert.equal(await reach('8.8.8.8'), true);
await remove('world');

// Services stand for the pods they select.
await node.client.create(
  REFS.services,
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'x' },
    spec: { clusterIP: '10.96.7.7', ports: [{ port: 80 }], selector: { app: 'server' } },
  },
  { namespace: 'x' },
);
await apply('services', {
  endpointSelector: app('client'),
  egress: [{ toServices: [{ k8sService: { serviceName: 'web', namespace: 'x' } }] }],
});
assert.match(await ask(client, four, 'GET', '/'), /^200/);
await apply('services', {
  endpointSelector: app('client'),
  egress: [{ toServices: [{ k8sService: { serviceName: 'none', namespace: 'x' } }] }],
});
assert.match(await ask(client, four, 'GET', '/'), /^no/);
await remove('services');

// Messages by type.
async function ping(address: string): Promise<boolean> {
  const isSix = address.includes(':');
  const fd = inNetns(client.netnsPath, () => {
    writeSysctl('net.ipv4.ping_group_range', '0 2147483647');
    return openSocket(isSix ? 10 : 2, 2 | 0o4000, isSix ? 58 : 1);
  });
  const socket = createSocket(isSix ? 'udp6' : 'udp4');
  const answered = new Promise<boolean>(resolve => {
    socket.once('message', () => resolve(true));
    setTimeout(() => resolve(false), 1000);
  });
  await new Promise<void>(resolve => socket.bind({ fd }, () => resolve()));
  const echo = Buffer.alloc(16);
  echo.writeUInt8(isSix ? 128 : 8, 0);
  socket.send(echo, 1, address);
  const answer = await answered;
  socket.close();
  return answer;
}
assert.deepEqual([await ping(four), await ping(six)], [true, true], 'echoes and their answers pass');
const icmp = (type: unknown): object => ({
  endpointSelector: app('server'),
  ingress: [{ icmps: [{ fields: [{ family: 'IPv4', type }] }] }],
});
await apply('icmp', icmp('EchoRequest'));
assert.deepEqual([await ping(four), await ping(six)], [true, false], 'the other family is not named');
await apply('icmp', icmp(13));
assert.equal(await ping(four), false, 'another type');
await remove('icmp');
// Nobody's nodes, and another protocol.
await apply('nodes', { endpointSelector: app('client'), egress: [{ toNodes: [{ matchLabels: { a: 'b' } }] }] });
assert.equal(await ping(four), false);
await remove('nodes');
await node.remove();
process.exit(0);
