/** One node's network, end to end, in namespaces of its own: run by network.test.ts. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type KubeObject, memoryLog, openKernel, type ResourceRef } from '../../kernel/index.ts';
import { startNetwork } from '../controller.ts';
import { withNetlink } from '../drivers/netlink.ts';
import { REFS } from '../policies.ts';
import { realClock as clock, realRandom as random, until } from './clock.ts';
import { greet, resolveInside, serveInside } from './traffic.ts';

withNetlink(netlink => netlink.up(netlink.index('lo')));
const folder = mkdtempSync(join(tmpdir(), 'tenon-network-'));
const problems: string[] = [];
const kernel = await openKernel({ log: memoryLog(), clock, random });
const client = kernel.client();
const options = {
  client,
  clock,
  random,
  nodeName: 'n1',
  stateId: 'nettest1',
  folder,
  podCidrs: ['10.244.7.0/24', 'fd00:7::/64'],
  serviceCidrs: ['10.96.0.0/16', 'fd00:96::/112'],
  dnsAddresses: ['10.96.0.10', 'fd00:96::a'],
  upstreams: [],
  report: (problem: unknown) => problems.push(String((problem as Error).message ?? JSON.stringify(problem))),
};
let network = await startNetwork(options);

const request = (name: string, ports: { containerPort: number; hostPort: number; protocol: 'TCP' }[] = []) => ({
  pod: { namespace: 'default', name, uid: name },
  sandboxId: name,
  hostNetwork: false,
  isolation: 'namespace' as const,
  ports,
  labels: {},
  annotations: {},
});
const pod = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: 'web', name } },
  spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'none' }] },
});
for (const name of ['a', 'b', 'c']) await client.create(REFS.pods, pod(name), { namespace: 'default' });
await until('the pods are known', () => [...network.policy.decisions.pods()].length >= 3);
const start = performance.now();
const a = await network.podNetwork.attach(request('a', [{ containerPort: 8080, hostPort: 8088, protocol: 'TCP' }]));
const b = await network.podNetwork.attach(request('b'));
const c = await network.podNetwork.attach(request('c'));
const attach_ms = (performance.now() - start) / 3;
await assert.rejects(
  network.podNetwork.attach(request('d', [{ containerPort: 1, hostPort: 8088, protocol: 'TCP' }])),
  /8088/,
);
const servers = [await serveInside(a.netnsPath!, 8080, 'a'), await serveInside(b.netnsPath!, 8080, 'b')];

const create = (ref: ResourceRef, object: KubeObject) => client.create(ref, object, { namespace: 'default' });
const service = (name: string, spec: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec,
});
const slice = (
  name: string,
  of: string,
  addressType: string,
  ips: (string | undefined)[],
  hostname?: string,
): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': of } },
  addressType,
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints: ips.map(ip => ({
    addresses: [ip!],
    conditions: { ready: true },
    nodeName: 'n1',
    ...(hostname ? { hostname } : {}),
  })),
});
const http = { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' };
const selector = { app: 'web' };
await create(
  REFS.services,
  service('web', {
    type: 'NodePort',
    clusterIP: '10.96.5.5',
    clusterIPs: ['10.96.5.5', 'fd00:96::55'],
    ipFamilyPolicy: 'RequireDualStack',
    ipFamilies: ['IPv4', 'IPv6'],
    ports: [{ ...http, nodePort: 30080 }],
    selector,
  }),
);
await create(
  REFS.services,
  service('sticky', { clusterIP: '10.96.5.7', sessionAffinity: 'ClientIP', ports: [http], selector }),
);
await create(
  REFS.services,
  service('outside', {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 30999,
    clusterIP: '10.96.5.8',
    ports: [{ ...http, nodePort: 30081 }],
    selector,
  }),
);
await create(REFS.services, service('silent', { clusterIP: '10.96.5.6', ports: [http] }));
await create(REFS.services, service('headless', { clusterIP: 'None', ports: [http], selector }));
await create(
  REFS.services,
  service('elsewhere', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }),
);
await create(REFS.slices, slice('web-4', 'web', 'IPv4', [a.ips[0], b.ips[0]]));
await create(REFS.slices, slice('web-6', 'web', 'IPv6', [a.ips[1]]));
await create(REFS.slices, slice('sticky-4', 'sticky', 'IPv4', [a.ips[0], b.ips[0]]));
await create(REFS.slices, slice('outside-4', 'outside', 'IPv4', [a.ips[0], b.ips[0]]));
await create(REFS.slices, slice('headless-4', 'headless', 'IPv4', [a.ips[0]], 'a-0'));

const from = (path: string | undefined) => async (address: string, port: number) =>
  (await greet(path, address, port)).split(' ')[0];
const inC = from(c.netnsPath);
const onHost = from(undefined);
await until('the Service answers', async () => (await inC('10.96.5.5', 80)) !== 'timeout');
await network.settled();

const seen = new Set<string | undefined>();
for (let i = 0; i < 40; i++) seen.add(await inC('10.96.5.5', 80));
assert.deepEqual([...seen].sort(), ['a', 'b'], 'both endpoints are used');
const kept = new Set<string | undefined>();
for (let i = 0; i < 10; i++) kept.add(await inC('10.96.5.7', 80));
assert.equal(kept.size, 1, 'a sticky client keeps its endpoint');
assert.equal(await inC('fd00:96::55', 80), 'a');
assert.match((await onHost('10.96.5.5', 80)) ?? '', /^[ab]$/, 'the host reaches a cluster IP');
assert.equal(await onHost('fd00:96::55', 80), 'a');
assert.equal(await from(a.netnsPath)('fd00:96::55', 80), 'a', 'a pod reaches itself through its Service');
assert.match((await onHost('127.0.0.1', 30080)) ?? '', /^[ab]$/, 'node port on loopback');
assert.match((await onHost('10.244.7.1', 30080)) ?? '', /^[ab]$/, 'node port on the node address');
assert.match((await inC('10.244.7.1', 30080)) ?? '', /^[ab]$/, 'node port from a pod of the node');
assert.equal(await onHost('127.0.0.1', 8088), 'a', 'host port');
assert.equal(await inC('10.96.5.6', 80), 'ECONNREFUSED', 'a Service without endpoints refuses');
assert.equal(
  (await greet(c.netnsPath, a.ips[0]!, 8080)).split(' ')[1],
  c.ips[0],
  "pods see each other's own addresses",
);
assert.equal((await greet(a.netnsPath, '127.0.0.1', 8080)).split(' ')[0], 'a', 'loopback is up');

// Load balancers that keep the source ask which nodes have endpoints.
const health = async (): Promise<unknown> => {
  const answer = await fetch('http://127.0.0.1:30999/healthz');
  return [answer.status, ((await answer.json()) as { localEndpoints: number }).localEndpoints];
};
assert.deepEqual(await health(), [200, 2]);
await client.delete(REFS.slices, { namespace: 'default', name: 'outside-4' });
await until('a node without endpoints says so', async () => isDeepStrictEqual(await health(), [503, 0]));

// A range that is added while the node runs leads here too, and no more once it is gone.
const added = { name: 'added' };
const range = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'ServiceCIDR',
  metadata: added,
  spec: { cidrs: ['10.97.4.0/24'] },
};
await client.create(REFS.ranges, range);
await create(REFS.services, service('late', { clusterIP: '10.97.4.7', ports: [http], selector }));
await create(REFS.slices, slice('late-4', 'late', 'IPv4', [a.ips[0]]));
await until('pods reach a range that was added', async () => (await inC('10.97.4.7', 80)) === 'a');
await until('the host does', async () => (await onHost('10.97.4.7', 80)) === 'a');
assert.equal(await inC('10.97.4.8', 80), 'ECONNREFUSED', 'what no Service has there refuses');
const routes = (): string => execFileSync('ip', ['route', 'show', '10.97.4.0/24'], { encoding: 'utf8' });
assert.match(routes(), /10\.97\.4\.0\/24/);
await client.delete(REFS.ranges, added);
await until('its route is gone', async () => routes() === '');

const ask = async (name: string, type: string, server = '10.96.0.10') => {
  const packet = await resolveInside(c.netnsPath!, server, name, type);
  return [
    (packet as { rcode?: string }).rcode,
    ...(packet.answers ?? []).map(answer => ('data' in answer ? answer.data : '')),
  ];
};
assert.deepEqual(await ask('web.default.svc.cluster.local', 'A'), ['NOERROR', '10.96.5.5']);
assert.deepEqual(await ask('web.default.svc.cluster.local', 'AAAA', 'fd00:96::a'), ['NOERROR', 'fd00:96::55']);
assert.deepEqual(await ask('headless.default.svc.cluster.local', 'A'), ['NOERROR', a.ips[0]]);
assert.deepEqual(await ask('a-0.headless.default.svc.cluster.local', 'A'), ['NOERROR', a.ips[0]]);
assert.deepEqual(await ask('elsewhere.default.svc.cluster.local', 'A'), [
  'NOERROR',
  'web.default.svc.cluster.local',
  '10.96.5.5',
]);
assert.deepEqual(await ask('5.5.96.10.in-addr.arpa', 'PTR'), ['NOERROR', 'web.default.svc.cluster.local']);
assert.deepEqual(await ask('10-1-2-3.default.pod.cluster.local', 'A'), ['NOERROR', '10.1.2.3']);
assert.deepEqual(await ask('nobody.default.svc.cluster.local', 'A'), ['NXDOMAIN']);
const [, located] = (await ask('_http._tcp.web.default.svc.cluster.local', 'SRV')) as [
  string,
  { port: number; target: string },
];
assert.deepEqual([located.port, located.target], [80, 'web.default.svc.cluster.local']);

// A restart finds everything as it was, and traffic never stopped.
await network[Symbol.asyncDispose]();
assert.equal((await greet(c.netnsPath, a.ips[0]!, 8080)).split(' ')[0], 'a');
network = await startNetwork(options);
assert.equal((await network.podNetwork.list()).length, 3);
assert.deepEqual(await network.podNetwork.attach(request('a')), a, 'attach is idempotent');
assert.match((await inC('10.96.5.5', 80)) ?? '', /^[ab]$/);
const connection = await network.podNetwork.dial('a', 8080, AbortSignal.timeout(1000));
connection.close();
await network.podNetwork.detach('b');
await network.podNetwork.detach('b');

for (const server of servers) server.close();
await network.remove();
assert.deepEqual(
  readdirSync('/run/netns').filter(name => name.includes('nettest1')),
  [],
  'no namespace stays',
);
assert.equal(execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).trim(), '', 'no table stays');
assert.equal(
  withNetlink(netlink => netlink.has('tnnettest1')),
  false,
  'no device stays',
);
await assert.rejects(health(), 'no port stays open');
assert.deepEqual(problems, []);
rmSync(folder, { recursive: true, force: true });
console.log(`attach_ms=${attach_ms.toFixed(2)}`);
process.exit(0);
