import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, VirtualClock } from '../../../base/index.ts';
import {
  type Client,
  customCatalog,
  customSchemaPort,
  type KubeObject,
  memoryLog,
  openKernel,
  type ResourceRef,
} from '../../../kernel/index.ts';
import { explain, findIdentity, type Identity, loneAddress, readSnapshot } from '../../../network/index.ts';
import { families, SERVICE } from '../../../network/testing/families.ts';
import { anyDefinition } from '../../../network/testing/onenode.ts';
import type { RequestTarget } from '../scenario/model.ts';
import { openReach } from './reach.ts';
import type { Reach, RequestSource, Route } from './reach-port.ts';

const ADMIN = 'policy.networking.k8s.io';
const ref = (group: string, version: string, resource: string): ResourceRef => ({ group, version, resource });
const REFS: Readonly<Record<string, ResourceRef>> = {
  Namespace: ref('', 'v1', 'namespaces'),
  Node: ref('', 'v1', 'nodes'),
  Pod: ref('', 'v1', 'pods'),
  Service: ref('', 'v1', 'services'),
  EndpointSlice: ref('discovery.k8s.io', 'v1', 'endpointslices'),
  Ingress: ref('networking.k8s.io', 'v1', 'ingresses'),
  NetworkPolicy: ref('networking.k8s.io', 'v1', 'networkpolicies'),
  CiliumNetworkPolicy: ref('cilium.io', 'v2', 'ciliumnetworkpolicies'),
  AdminNetworkPolicy: ref(ADMIN, 'v1alpha1', 'adminnetworkpolicies'),
  BaselineAdminNetworkPolicy: ref(ADMIN, 'v1alpha1', 'baselineadminnetworkpolicies'),
  ClusterNetworkPolicy: ref(ADMIN, 'v1alpha2', 'clusternetworkpolicies'),
  AuthorizationPolicy: ref('security.istio.io', 'v1', 'authorizationpolicies'),
  CustomResourceDefinition: ref('apiextensions.k8s.io', 'v1', 'customresourcedefinitions'),
};
const HEAD = { method: 'GET', headers: {} };

interface World {
  readonly client: Client;
  readonly reach: Reach;
  add(...objects: readonly KubeObject[]): Promise<void>;
  remove(object: KubeObject): Promise<void>;
  ask(from: RequestSource, to: RequestTarget, head?: { method: string; headers: Record<string, string> }): Route;
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

async function openWorld(): Promise<World> {
  const clock = new VirtualClock(Date.parse('2026-01-01T00:00:00Z'));
  const random = seededRandom(1);
  const definitions = [
    anyDefinition('cilium.io', 'v2', 'ciliumnetworkpolicies', 'CiliumNetworkPolicy'),
    ...['AdminNetworkPolicy', 'BaselineAdminNetworkPolicy', 'ClusterNetworkPolicy'].map(kind =>
      anyDefinition(REFS[kind]!.group, REFS[kind]!.version, REFS[kind]!.resource, kind),
    ),
    anyDefinition('security.istio.io', 'v1', 'authorizationpolicies', 'AuthorizationPolicy'),
  ];
  const catalog = customCatalog();
  for (const definition of definitions) {
    const acceptedNames = (definition.spec as { names: object }).names;
    const conditions = ['Established', 'NamesAccepted'].map(type => ({ type, status: 'True' }));
    catalog.set({ ...definition, status: { acceptedNames, conditions } } as never);
  }
  const kernel = await openKernel({ log: memoryLog(), clock, random, catalog, schema: customSchemaPort(catalog) });
  const client = kernel.client();
  const problems: unknown[] = [];
  const reach = openReach({ client, clock, random, report: error => problems.push(error) });
  const settle = async (): Promise<void> => {
    let seen = -2;
    for (let quiet = 0; quiet < 3; seen = reach.version) {
      await turn();
      quiet = seen === reach.version ? quiet + 1 : 0;
    }
    assert.deepEqual(problems, []);
  };
  const world: World = {
    client,
    reach,
    async add(...objects) {
      for (const object of objects) {
        const { namespace: space } = object.metadata;
        const made = await client.create(REFS[object.kind]!, object, space ? { namespace: space } : {});
        if (object.status !== undefined)
          await client.update(REFS[object.kind]!, { ...made, status: object.status }, { subresource: 'status' });
      }
      await settle();
    },
    async remove({ kind, metadata: { namespace: space, name = '' } }) {
      await client.delete(REFS[kind]!, { ...(space ? { namespace: space } : {}), name });
      await settle();
    },
    ask: (from, to, head = HEAD) => reach.route(from, to, head),
  };
  await world.add(...definitions);
  return world;
}

const namespace = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});
const pod = (
  space: string,
  name: string,
  ip: string,
  labels: Record<string, string>,
  nodeName = 'n1',
  more: object = {},
): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: space, labels, ...more },
    spec: {
      nodeName,
      containers: [{ name: 'main', image: 'none', ports: [{ name: 'web', containerPort: 80, protocol: 'TCP' }] }],
    },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], hostIP: '192.0.2.1' },
  }) as KubeObject;
const service = (space: string, name: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: space },
  spec: {
    clusterIP: '10.96.0.7',
    clusterIPs: ['10.96.0.7'],
    ports: [{ name: 'http', port: 80, targetPort: 80 }],
    ...spec,
  },
});
const slice = (
  space: string,
  of: string,
  endpoints: readonly { ip: string; node?: string; zone?: string; ready?: boolean }[],
  port = 80,
): KubeObject =>
  ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${of}-1`, namespace: space, labels: { 'kubernetes.io/service-name': of } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: endpoints.map(({ ip, node, zone, ready = true }) => ({
      addresses: [ip],
      conditions: { ready },
      ...(node ? { nodeName: node } : {}),
      ...(zone ? { hints: { forZones: [{ name: zone }] } } : {}),
    })),
  }) as unknown as KubeObject;
const policy = (space: string, name: string, spec: object): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: space },
  spec,
});
const from = (space: string, name: string): RequestSource => ({ kind: 'pod', namespace: space, name });
const to = (space: string, name: string, port?: number | string, path = '/'): RequestTarget => ({
  kind: 'service',
  namespace: space,
  name,
  ...(port === undefined ? {} : { port }),
  path,
});
const host = (name: string, path = '/', port?: number): RequestTarget => ({
  kind: 'host',
  host: name,
  path,
  ...(port === undefined ? {} : { port }),
});
const INTERNET: RequestSource = { kind: 'outside' };

test('the simulator decides as why does, for every family of policies and every pair of nine pods', async () => {
  const world = await openWorld();
  const documents: KubeObject[] = [];
  const parties: { space: string; name: string; ip: string }[] = [];
  for (const [at, space] of ['x', 'y', 'z'].entries()) {
    documents.push(namespace(space, { ns: space }));
    for (const [place, name] of ['a', 'b', 'c'].entries()) {
      const ip = `10.244.8.${10 * at + place + 2}`;
      documents.push(pod(space, name, ip, { pod: name }));
      parties.push({ space, name, ip });
    }
  }
  documents.push(SERVICE);
  await world.add(...documents);
  const outcomes: Record<string, number> = {};
  const all = families();
  for (const family of all) {
    await world.add(...family.policies);
    const snapshot = readSnapshot([...documents, ...family.policies]);
    for (const source of parties)
      for (const destination of parties) {
        if (source === destination || (source.name !== 'b' && destination.name !== 'b')) continue;
        for (const port of [80, 81]) {
          const workload = ({ space, name, ip }: typeof source) => {
            const found = findIdentity(snapshot, { kind: 'workload', namespace: space, name })!;
            const identity = { ...found, own: loneAddress(ip) } as Identity;
            return { kind: 'pod', namespace: space, name, identity } as const;
          };
          const question = {
            source: workload(source),
            destination: workload(destination),
            protocol: 'TCP',
            port,
          } as const;
          const request = { kind: 'http', method: 'GET', path: '/', host: destination.ip, headers: {} } as const;
          const why = explain({ ...question, request }, snapshot).find(({ outcome }) => outcome !== 'allow');
          const simulated = world.ask(from(source.space, source.name), host(destination.ip, '/', port)).outcome;
          const where = `${family.name}: ${source.space}/${source.name} to ${destination.space}/${destination.name} ${port}`;
          assert.equal(simulated, why?.outcome ?? 'allow', where);
          outcomes[simulated] = (outcomes[simulated] ?? 0) + 1;
        }
      }
    for (const object of family.policies) await world.remove(object);
  }
  assert.ok(all.length >= 200 && outcomes.allow! > 1000 && outcomes.deny! > 1000, JSON.stringify(outcomes));
  await world.reach[Symbol.asyncDispose]();
});

/** Two namespaces: a shop with two web pods behind a Service, and a client beside. */
async function openShop(spec: object = {}): Promise<World> {
  const world = await openWorld();
  const node = (name: string, zone: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } },
    spec: {},
  });
  await world.add(
    node('n1', 'a'),
    node('n2', 'b'),
    namespace('shop', { team: 'shop' }),
    namespace('other'),
    pod('shop', 'web-1', '10.244.0.2', { app: 'web' }, 'n1'),
    pod('shop', 'web-2', '10.244.1.2', { app: 'web' }, 'n2'),
    pod('shop', 'client', '10.244.0.3', { app: 'client' }, 'n1'),
    pod('other', 'client', '10.244.1.3', { app: 'client' }, 'n2'),
    service('shop', 'web', spec),
  );
  return world;
}
const TWO = [
  { ip: '10.244.0.2', node: 'n1', zone: 'a' },
  { ip: '10.244.1.2', node: 'n2', zone: 'b' },
];
const bare = TWO.map(({ ip, node }) => ({ ip, node }));

test('Services: no name, no endpoint, ports by name, endpoints as they become ready', async () => {
  const world = await openShop();
  const asked = from('shop', 'client');
  assert.equal(world.ask(asked, to('shop', 'nobody')).outcome, 'dns');
  assert.equal(world.ask(asked, to('shop', 'web', 80)).outcome, 'no-endpoint');
  const one = slice('shop', 'web', [bare[0]!, { ...bare[1]!, ready: false }]);
  await world.add(one);
  assert.deepEqual(world.ask(asked, to('shop', 'web', 80)), { outcome: 'allow', pods: ['10.244.0.2'] });
  assert.deepEqual(world.ask(asked, to('shop', 'web', 'http')).pods, ['10.244.0.2']);
  assert.equal(world.ask(asked, to('shop', 'web', 81)).outcome, 'no-endpoint');
  await world.remove(one);
  await world.add(slice('shop', 'web', bare));
  assert.deepEqual(world.ask(asked, to('shop', 'web')).pods, ['10.244.0.2', '10.244.1.2']);
  assert.deepEqual(world.ask(INTERNET, to('shop', 'web')).pods, ['10.244.0.2', '10.244.1.2']);
  assert.deepEqual(world.ask(asked, host('10.96.0.7', '/', 80)).pods, ['10.244.0.2', '10.244.1.2']);
  assert.equal(world.ask(from('shop', 'nobody'), to('shop', 'web')).outcome, 'unknown');
});

test('traffic policy, hints and affinity choose endpoints by where the client is', async () => {
  for (const [spec, endpoints, expected] of [
    [{ internalTrafficPolicy: 'Local' }, bare, { shop: ['10.244.0.2'], other: ['10.244.1.2'] }],
    [{}, TWO, { shop: ['10.244.0.2'], other: ['10.244.1.2'] }],
    [{}, [TWO[0]!, bare[1]!], { shop: ['10.244.0.2', '10.244.1.2'], other: ['10.244.0.2', '10.244.1.2'] }],
    [{ internalTrafficPolicy: 'Local' }, [bare[0]!], { shop: ['10.244.0.2'], other: [] }],
  ] as const) {
    const world = await openShop(spec);
    await world.add(slice('shop', 'web', endpoints));
    for (const space of ['shop', 'other'] as const)
      assert.deepEqual(world.ask(from(space, 'client'), to('shop', 'web', 80)).pods, expected[space]);
    assert.equal(world.ask(INTERNET, to('shop', 'web', 80)).pods.length, endpoints.length);
  }
  const sticky = await openShop({ sessionAffinity: 'ClientIP' });
  await sticky.add(slice('shop', 'web', bare));
  const [first] = sticky.ask(from('shop', 'client'), to('shop', 'web', 80)).pods;
  assert.equal(sticky.ask(from('shop', 'client'), to('shop', 'web', 80)).pods.length, 1);
  await sticky.add(policy('shop', 'idle', { podSelector: { matchLabels: { app: 'none' } } }));
  assert.deepEqual(sticky.ask(from('shop', 'client'), to('shop', 'web', 80)).pods, [first]);
});

test('a Service without an address leads to the port that was asked for, another name out of the cluster', async () => {
  const world = await openShop({
    clusterIP: 'None',
    clusterIPs: ['None'],
    ports: [{ name: 'http', port: 8080, targetPort: 80 }],
  });
  await world.add(slice('shop', 'web', bare));
  const only80 = {
    podSelector: { matchLabels: { app: 'web' } },
    ingress: [{ ports: [{ port: 80, protocol: 'TCP' }] }],
  };
  assert.equal(world.ask(from('shop', 'client'), to('shop', 'web', 8080)).pods.length, 2);
  await world.add(policy('shop', 'only-80', only80));
  assert.equal(world.ask(from('shop', 'client'), to('shop', 'web', 8080)).outcome, 'deny');
  assert.equal(world.ask(from('shop', 'client'), to('shop', 'web', 'http')).outcome, 'allow');
  await world.add({
    ...service('shop', 'far'),
    spec: { type: 'ExternalName', externalName: 'api.example.com' },
  });
  assert.equal(world.ask(from('shop', 'client'), to('shop', 'far', 80)).outcome, 'unknown');
});

test('policy decides after the Service chose: all refuse, some refuse, and the change is seen at once', async () => {
  const world = await openShop();
  await world.add(slice('shop', 'web', bare));
  const asked = from('other', 'client');
  const version = world.reach.version;
  const deny = policy('shop', 'own', {
    podSelector: { matchLabels: { app: 'web' } },
    ingress: [{ from: [{ podSelector: {} }] }],
  });
  await world.add(deny);
  assert.ok(world.reach.version > version);
  const refused = world.ask(asked, to('shop', 'web', 80));
  assert.equal(refused.outcome, 'deny');
  assert.equal(refused.by, 'NetworkPolicy shop/own ingress');
  assert.equal(world.ask(from('shop', 'client'), to('shop', 'web', 80)).by, 'NetworkPolicy shop/own ingress #1');
  assert.equal(world.ask(INTERNET, to('shop', 'web', 80)).outcome, 'deny');
  await world.remove(deny);
  assert.equal(world.ask(asked, to('shop', 'web', 80)).outcome, 'allow');
  await world.add(pod('shop', 'web-3', '10.244.0.9', { app: 'web', closed: 'yes' }, 'n1'));
  await world.add(
    policy('shop', 'closed', { podSelector: { matchLabels: { closed: 'yes' } }, policyTypes: ['Ingress'] }),
  );
  await world.add(
    slice('shop', 'third', [{ ip: '10.244.0.9' }]),
    service('shop', 'third', { clusterIP: '10.96.0.8', clusterIPs: ['10.96.0.8'] }),
  );
  assert.equal(world.ask(asked, to('shop', 'third', 80)).outcome, 'deny');
  const [mixed] = [slice('shop', 'mix', [...bare, { ip: '10.244.0.9' }])];
  await world.add(service('shop', 'mix', { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'] }), mixed);
  const route = world.ask(asked, to('shop', 'mix', 80));
  assert.deepEqual(
    [route.outcome, route.pods, route.refusing],
    ['allow', ['10.244.0.2', '10.244.1.2'], ['10.244.0.9']],
  );
});

test('clients outside: rules by address hold for who has it, and for nobody in particular are unknown', async () => {
  const world = await openShop();
  await world.add(slice('shop', 'web', bare));
  const rule = (cidr: string): KubeObject =>
    policy('shop', 'by-address', {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ ipBlock: { cidr } }] }],
    });
  await world.add(rule('203.0.113.0/24'));
  const web = to('shop', 'web', 80);
  assert.equal(world.ask({ kind: 'outside', address: '203.0.113.9' }, web).outcome, 'allow');
  assert.equal(world.ask({ kind: 'outside', address: '198.51.100.9' }, web).outcome, 'deny');
  assert.equal(world.ask(INTERNET, web).outcome, 'unknown');
  await world.remove(rule('203.0.113.0/24'));
  // Nobody of the internet has such an address; somebody in a zone may.
  await world.add(rule('10.0.0.0/8'));
  assert.equal(world.ask(INTERNET, web).outcome, 'deny');
  assert.equal(world.ask({ kind: 'outside', zone: 'a' }, web).outcome, 'unknown');
});

test('requests: rules that read them decide each one, and the name must be looked up', async () => {
  const world = await openShop();
  await world.add(slice('shop', 'web', bare));
  await world.add({
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'read-only', namespace: 'shop' },
    spec: {
      endpointSelector: { matchLabels: { app: 'web' } },
      ingress: [
        {
          fromEndpoints: [{}],
          toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [{ method: 'GET', path: '/items' }] } }],
        },
      ],
    },
  });
  const items = to('shop', 'web', 80, '/items');
  const asked = from('shop', 'client');
  assert.equal(world.ask(asked, items).outcome, 'allow');
  assert.equal(world.ask(asked, items, { method: 'POST', headers: {} }).outcome, 'deny');
  assert.equal(world.ask(asked, to('shop', 'web', 80, '/admin')).outcome, 'deny');
  assert.equal(world.ask(asked, host('web.shop.svc.cluster.local', '/items', 80)).outcome, 'allow');
  const egress = [{ to: [{ podSelector: { matchLabels: { app: 'web' } } }] }];
  await world.add(
    policy('shop', 'no-names', { podSelector: { matchLabels: { app: 'client' } }, policyTypes: ['Egress'], egress }),
  );
  assert.equal(world.ask(asked, items).outcome, 'allow');
  assert.equal(world.ask(asked, host('web.shop', '/items', 80)).outcome, 'dns');
  assert.equal(world.ask(asked, host('example.com', '/', 443)).outcome, 'dns');
});

test('the edge: hosts and paths lead to Services, and a policy for pods it may not be is unknown', async () => {
  const world = await openShop();
  await world.add(slice('shop', 'web', bare));
  const backend = { service: { name: 'web', port: { number: 80 } } };
  await world.add({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'shop', namespace: 'shop' },
    spec: { rules: [{ host: 'shop.example.com', http: { paths: [{ path: '/web', pathType: 'Prefix', backend }] } }] },
  });
  const route = world.ask(INTERNET, host('shop.example.com', '/web/1'));
  assert.deepEqual([route.outcome, route.pods, route.by], ['allow', ['10.244.0.2', '10.244.1.2'], 'Ingress shop/shop']);
  assert.equal(world.ask(INTERNET, host('shop.example.com', '/other')).outcome, 'no-endpoint');
  assert.equal(world.ask(INTERNET, host('nobody.example.com')).outcome, 'dns');
  await world.add(policy('shop', 'own', { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }));
  assert.equal(world.ask(INTERNET, host('shop.example.com', '/web/1')).outcome, 'unknown');
});

test('layers that are not built make it unknown, never allowed', async () => {
  const world = await openShop();
  await world.add(slice('shop', 'web', bare));
  const web = to('shop', 'web', 80);
  const asked = from('other', 'client');
  await world.add(namespace('mesh', { 'istio-injection': 'enabled' }), pod('mesh', 'client', '10.244.0.20', {}, 'n1'));
  assert.match(
    world.ask(from('mesh', 'client'), web).by ?? '',
    /istio-injection=enabled puts mesh\/client into a mesh/,
  );
  assert.equal(world.ask(asked, web).outcome, 'allow');
  await world.add({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'deny', namespace: 'shop' },
    spec: {},
  });
  assert.equal(world.ask(asked, web).outcome, 'unknown');
  await world.add(policy('shop', 'nobody', { podSelector: {}, policyTypes: ['Ingress'] }));
  assert.equal(world.ask(asked, web).outcome, 'deny');
});

test('an answer that is known costs about a microsecond', async t => {
  const world = await openShop();
  await world.add(slice('shop', 'web', bare));
  const web = to('shop', 'web', 80);
  const count = 200_000;
  const before = process.cpuUsage();
  for (let at = 0; at < count; at++) world.ask(from('shop', 'client'), web);
  const { user, system } = process.cpuUsage(before);
  const each_us = (user + system) / count;
  t.diagnostic(`${each_us.toFixed(3)} us`);
  assert.ok(each_us < 5, `${each_us} us`);
});
