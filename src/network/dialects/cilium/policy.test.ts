import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { explain, type FlowQuestion, type PartyReference } from '../../analysis/explain.ts';
import { readSnapshot } from '../../analysis/snapshot.ts';
import type { KubeObject } from '../../../kernel/index.ts';
import type { Protocol } from '../../model.ts';
import { parseCiliumPolicy } from './policy.ts';

const pod = (namespace: string, name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: name } },
  spec: { containers: [{ name: 'main', ports: [{ name: 'web', containerPort: 80 }] }] },
});
const namespace = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { team: name } },
});
const BASE = ['x', 'y'].flatMap(ns => [namespace(ns), pod(ns, 'a'), pod(ns, 'b')]);
const policy = (spec: object, kind = 'CiliumNetworkPolicy', name = 'p'): KubeObject => ({
  apiVersion: 'cilium.io/v2',
  kind,
  metadata: { name, ...(kind === 'CiliumNetworkPolicy' ? { namespace: 'x' } : {}) },
  spec,
});
const party = (text: string): PartyReference => {
  const [ns, name] = text.split('/') as [string, string | undefined];
  return name === undefined ? { kind: 'address', address: ns } : { kind: 'workload', namespace: ns, name };
};
function verdict(
  objects: readonly KubeObject[],
  source: string,
  destination: string,
  port = 80,
  protocol: Protocol = 'TCP',
): string {
  const answers = explain(
    { source: party(source), destination: party(destination), protocol, port },
    readSnapshot([...BASE, ...objects]),
  );
  return answers.find(answer => answer.outcome !== 'allow')?.outcome ?? 'allow';
}
const everyone = { matchLabels: {} };
const app = (name: string): object => ({ matchLabels: { app: name } });

type Row = [
  what: string,
  spec: object,
  source: string,
  destination: string,
  expected: string,
  port?: number,
  protocol?: Protocol,
];
const ROWS: Row[] = [
  ['an empty rule denies all', { endpointSelector: everyone, ingress: [{}] }, 'x/a', 'x/b', 'deny'],
  ['an empty section says nothing', { endpointSelector: everyone, ingress: [] }, 'x/a', 'x/b', 'allow'],
  [
    'any endpoint of the namespace',
    { endpointSelector: everyone, ingress: [{ fromEndpoints: [{}] }] },
    'x/a',
    'x/b',
    'allow',
  ],
  ['but not of another', { endpointSelector: everyone, ingress: [{ fromEndpoints: [{}] }] }, 'y/a', 'x/b', 'deny'],
  [
    'unless it is named',
    {
      endpointSelector: everyone,
      ingress: [{ fromEndpoints: [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'y' } }] }],
    },
    'y/a',
    'x/b',
    'allow',
  ],
  [
    'or chosen by its labels',
    {
      endpointSelector: everyone,
      ingress: [{ fromEndpoints: [{ matchLabels: { 'io.cilium.k8s.namespace.labels.team': 'y' } }] }],
    },
    'y/a',
    'x/b',
    'allow',
  ],
  [
    'ports without peers are for anyone',
    { endpointSelector: everyone, ingress: [{ toPorts: [{ ports: [{ port: '80' }] }] }] },
    'y/a',
    'x/b',
    'allow',
  ],
  [
    'and for no other port',
    { endpointSelector: everyone, ingress: [{ toPorts: [{ ports: [{ port: '80' }] }] }] },
    'y/a',
    'x/b',
    'deny',
    81,
  ],
  [
    'a port without protocol is all of them',
    { endpointSelector: everyone, ingress: [{ toPorts: [{ ports: [{ port: '80' }] }] }] },
    'y/a',
    'x/b',
    'allow',
    80,
    'UDP',
  ],
  [
    'ranges',
    { endpointSelector: everyone, ingress: [{ toPorts: [{ ports: [{ port: '80', endPort: 90, protocol: 'TCP' }] }] }] },
    'y/a',
    'x/b',
    'allow',
    85,
  ],
  [
    'names',
    { endpointSelector: everyone, ingress: [{ toPorts: [{ ports: [{ port: 'web', protocol: 'TCP' }] }] }] },
    'y/a',
    'x/b',
    'allow',
  ],
  [
    'deny beats allow',
    { endpointSelector: everyone, ingress: [{ fromEndpoints: [{}] }], ingressDeny: [{ fromEndpoints: [app('a')] }] },
    'x/a',
    'x/b',
    'deny',
  ],
  [
    'deny alone isolates',
    { endpointSelector: everyone, ingressDeny: [{ fromEndpoints: [app('a')] }] },
    'y/b',
    'x/b',
    'deny',
  ],
  [
    'unless told otherwise',
    { endpointSelector: everyone, enableDefaultDeny: { ingress: false }, ingressDeny: [{ fromEndpoints: [app('a')] }] },
    'y/b',
    'x/b',
    'allow',
  ],
  ['the world', { endpointSelector: everyone, egress: [{ toEntities: ['world'] }] }, 'x/a', '8.8.8.8', 'allow'],
  ['is not the cluster', { endpointSelector: everyone, egress: [{ toEntities: ['world'] }] }, 'x/a', 'y/b', 'deny'],
  ['the cluster', { endpointSelector: everyone, egress: [{ toEntities: ['cluster'] }] }, 'x/a', 'y/b', 'allow'],
  [
    'CIDRs with exceptions',
    { endpointSelector: everyone, egress: [{ toCIDRSet: [{ cidr: '8.0.0.0/8', except: ['8.8.0.0/16'] }] }] },
    'x/a',
    '8.8.8.8',
    'deny',
  ],
  [
    'CIDRs do not match pods',
    { endpointSelector: everyone, egress: [{ toCIDR: ['0.0.0.0/0'] }] },
    'x/a',
    'y/b',
    'deny',
  ],
  [
    'HTTP rules depend on the request',
    {
      endpointSelector: everyone,
      ingress: [{ toPorts: [{ ports: [{ port: '80' }], rules: { http: [{ path: '/a' }] } }] }],
    },
    'y/a',
    'x/b',
    'unknown',
  ],
  [
    'HTTP rules that ask nothing allow any request',
    { endpointSelector: everyone, ingress: [{ toPorts: [{ ports: [{ port: '80' }], rules: { http: [{}] } }] }] },
    'y/a',
    'x/b',
    'allow',
  ],
  [
    'a rule for the port alone beats those for requests',
    {
      endpointSelector: everyone,
      ingress: [
        { toPorts: [{ ports: [{ port: '80' }], rules: { http: [{ path: '/a' }] } }] },
        { toPorts: [{ ports: [{ port: '80' }] }] },
      ],
    },
    'y/a',
    'x/b',
    'allow',
  ],
  [
    'Kafka rules are not modelled',
    { endpointSelector: everyone, ingress: [{ toPorts: [{ ports: [{ port: '80' }], rules: { kafka: [{}] } }] }] },
    'y/a',
    'x/b',
    'unknown',
  ],
  [
    'names on the Internet depend on who looked them up',
    { endpointSelector: everyone, egress: [{ toFQDNs: [{ matchName: 'example.com' }] }] },
    'x/a',
    '8.8.8.8',
    'unknown',
  ],
  [
    'the world of one family',
    { endpointSelector: everyone, egress: [{ toEntities: ['world-ipv6'] }] },
    'x/a',
    '8.8.8.8',
    'deny',
  ],
  [
    'the API server is the node',
    { endpointSelector: everyone, egress: [{ toEntities: ['kube-apiserver'] }] },
    'x/a',
    'y/b',
    'deny',
  ],
  [
    'ICMP by the name of its type',
    { endpointSelector: everyone, ingress: [{ icmps: [{ fields: [{ type: 'EchoRequest', family: 'IPv4' }] }] }] },
    'y/a',
    'x/b',
    'allow',
    9,
    'ICMP',
  ],
  [
    'and no other type',
    { endpointSelector: everyone, ingress: [{ icmps: [{ fields: [{ type: 'EchoRequest', family: 'IPv4' }] }] }] },
    'y/a',
    'x/b',
    'deny',
    1,
    'ICMP',
  ],
  [
    'ICMP rules open no port',
    { endpointSelector: everyone, ingress: [{ icmps: [{ fields: [{ type: 8 }] }] }] },
    'y/a',
    'x/b',
    'deny',
  ],
];

for (const [what, spec, source, destination, expected, port, protocol] of ROWS) {
  test(what, () => assert.equal(verdict([policy(spec)], source, destination, port, protocol), expected));
}

test('requests, names and groups decide when they are known', () => {
  const ask = (spec: object, question: Partial<FlowQuestion>, more: readonly KubeObject[] = []): string => {
    const asked = { source: party('y/a'), destination: party('x/b'), protocol: 'TCP' as const, port: 80, ...question };
    const answers = explain(asked, readSnapshot([...BASE, policy(spec), ...more]));
    return answers.find(answer => answer.outcome !== 'allow')?.outcome ?? 'allow';
  };
  const http = (rule: object): object => ({
    endpointSelector: everyone,
    ingress: [{ toPorts: [{ ports: [{ port: '80' }], rules: { http: [rule] } }] }],
  });
  const get = { kind: 'http', method: 'GET', path: '/a/b', host: 'web', headers: { 'x-a': '1' } } as const;
  assert.equal(ask(http({ method: 'GET', path: '/a/.*' }), { request: get }), 'allow');
  assert.equal(ask(http({ path: '/a' }), { request: get }), 'deny', 'the whole path');
  assert.equal(ask(http({ headers: ['X-A: 1'] }), { request: get }), 'allow');
  assert.equal(ask(http({ headerMatches: [{ name: 'X-A', value: '2' }] }), { request: get }), 'deny');
  const names = (peer: object): object => ({ endpointSelector: everyone, egress: [{ toFQDNs: [peer] }] });
  const to = (...known: string[]): Partial<FlowQuestion> => ({
    source: party('x/a'),
    destination: { kind: 'address', address: '8.8.8.8', names: known },
  });
  assert.equal(ask(names({ matchName: 'API.example.com.' }), to('api.example.com')), 'allow');
  assert.equal(ask(names({ matchPattern: '*.example.com' }), to('a.example.com')), 'allow');
  assert.equal(ask(names({ matchPattern: '*.example.com' }), to('a.b.example.com')), 'deny', 'a star is no dot');
  assert.equal(ask(names({ matchPattern: '**.example.com' }), to('a.b.example.com')), 'allow');
  assert.equal(ask(names({ matchPattern: '*.example.com' }), to('example.com', 'x.org')), 'deny');
  const group: KubeObject = {
    apiVersion: 'cilium.io/v2alpha1',
    kind: 'CiliumCIDRGroup',
    metadata: { name: 'g', labels: { a: 'b' } },
    spec: { externalCIDRs: ['8.8.8.0/24'] },
  };
  const groups = (set: object): object => ({ endpointSelector: everyone, egress: [{ toCIDRSet: [set] }] });
  assert.equal(ask(groups({ cidrGroupRef: 'g' }), to(), [group]), 'allow');
  assert.equal(ask(groups({ cidrGroupRef: 'h' }), to(), [group]), 'deny');
  assert.equal(ask(groups({ cidrGroupSelector: { matchLabels: { a: 'b' } } }), to(), [group]), 'allow');
  const service = (spec: object): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace: 'y', labels: { tier: 'front' } },
    spec,
  });
  const services = (entry: object): object => ({ endpointSelector: everyone, egress: [{ toServices: [entry] }] });
  const toB = { source: party('x/a'), destination: party('y/b') };
  const named = { k8sService: { serviceName: 's', namespace: 'y' } };
  assert.equal(ask(services(named), toB, [service({ selector: { app: 'b' } })]), 'allow');
  assert.equal(ask(services(named), toB, [service({ selector: { app: 'a' } })]), 'deny');
  const chosen = { k8sServiceSelector: { selector: { matchLabels: { tier: 'front' } } } };
  assert.equal(ask(services(chosen), toB, [service({ selector: { app: 'b' } })]), 'allow');
});

test('clusterwide policies select and mean every namespace', () => {
  const wide = policy(
    { endpointSelector: app('b'), ingress: [{ fromEndpoints: [app('a')] }] },
    'CiliumClusterwideNetworkPolicy',
  );
  assert.equal(verdict([wide], 'y/a', 'x/b'), 'allow');
  assert.equal(verdict([wide], 'y/b', 'x/b'), 'deny');
});

test('nodes are peers by their labels', () => {
  const node = (name: string, address: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { role: name } },
    status: { addresses: [{ type: 'InternalIP', address }] },
  });
  const objects = [node('edge', '192.168.1.1'), node('core', '192.168.1.2')];
  const edge = [{ matchLabels: { role: 'edge' } }];
  const out = policy({ endpointSelector: everyone, egress: [{ toNodes: edge }] });
  assert.equal(verdict([...objects, out], 'x/a', '192.168.1.1'), 'allow');
  assert.equal(verdict([...objects, out], 'x/a', '192.168.1.2'), 'deny');
  assert.equal(verdict([...objects, out], 'x/a', '192.168.1.3'), 'deny', 'the world is no node');
  const into = policy({ endpointSelector: everyone, ingress: [{ fromNodes: edge }] });
  assert.equal(verdict([...objects, into], '192.168.1.1', 'x/a'), 'allow');
  assert.equal(verdict([...objects, into], '192.168.1.2', 'x/a'), 'deny');
  assert.equal(verdict([...objects, into], 'x/b', 'x/a'), 'deny');
});

test('a deny beats what a Kubernetes policy allows', () => {
  const open: KubeObject = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'open', namespace: 'x' },
    spec: { podSelector: {}, ingress: [{}] },
  };
  const deny = policy({ endpointSelector: everyone, ingressDeny: [{ fromEndpoints: [app('a')] }] });
  assert.equal(verdict([open, deny], 'x/a', 'x/b'), 'deny');
  assert.equal(verdict([open, deny], 'x/b', 'x/a'), 'allow');
});

test('a policy for whom nobody can tell makes verdicts of its namespace unknown, and of no other', () => {
  const container = { matchLabels: { 'container:image': 'a' } };
  const deny = policy({ endpointSelector: container, ingressDeny: [{ fromEntities: ['all'] }] });
  assert.equal(verdict([deny], 'y/b', 'x/b'), 'unknown');
  assert.equal(verdict([deny], 'x/b', 'y/b'), 'allow');
});

test('a field nobody reads makes verdicts unknown, in every dialect, not allowed', () => {
  const misspelt: KubeObject = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'misspelt', namespace: 'x' },
    spec: { podSelector: {}, ingress: [{ form: [{ podSelector: { matchLabels: { app: 'a' } } }] }] },
  };
  const foreign = policy({ endpointSelector: everyone, ingress: [{ fromMoon: [{}], fromEntities: ['all'] }] });
  const admin: KubeObject = {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: 'admin' },
    spec: {
      tier: 'Admin',
      priority: 1,
      subject: { namespaces: {} },
      ingress: [{ action: 'Accept', from: [{ namespaces: {} }], unless: {} }],
    },
  };
  for (const object of [misspelt, foreign, admin]) {
    assert.equal(verdict([object], 'y/b', 'x/b'), 'unknown', object.kind);
    assert.equal(verdict([object], 'x/b', '203.0.113.7'), 'allow', object.kind);
  }
});

test('pods are told apart by their service accounts', () => {
  const account = (name: string): object => ({ matchLabels: { 'io.cilium.k8s.policy.serviceaccount': name } });
  const rule = (name: string): KubeObject =>
    policy({ endpointSelector: everyone, ingress: [{ fromEndpoints: [account(name)] }] });
  // Pods of the set-up name none: theirs is "default".
  assert.equal(verdict([rule('default')], 'x/a', 'x/b'), 'allow');
  assert.equal(verdict([rule('robot')], 'x/a', 'x/b'), 'deny');
  assert.equal(verdict([policy({ endpointSelector: account('robot'), ingress: [{}] })], 'x/a', 'x/b'), 'allow');
});

test('a field nobody reads inside ports, requests, names, prefixes and selectors makes verdicts unknown', () => {
  const tcp = { port: '80', protocol: 'TCP' };
  const inside: readonly object[] = [
    { fromEndpoints: [{ matchLabel: { app: 'a' } }] },
    { fromEndpoints: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'], not: true }] }] },
    { fromCIDRSet: [{ cidr: '0.0.0.0/0', excepted: ['10.0.0.0/8'] }] },
    { fromEntities: ['all'], toPorts: [{ ports: [tcp], unless: {} }] },
    { fromEntities: ['all'], toPorts: [{ ports: [{ ...tcp, endport: 90 }] }] },
    { fromEntities: ['all'], toPorts: [{ ports: [tcp], rules: { http: [{ pathPrefix: '/a' }] } }] },
    { fromEntities: ['all'], icmps: [{ fields: [{ type: 8, code: 0 }] }] },
  ];
  for (const rule of inside)
    assert.equal(
      verdict([policy({ endpointSelector: everyone, ingress: [rule] })], 'y/b', 'x/b'),
      'unknown',
      JSON.stringify(rule),
    );
  const plain = (ingress: object): KubeObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'plain', namespace: 'x' },
    spec: { podSelector: {}, ingress: [ingress] },
  });
  for (const rule of [{ ports: [{ port: 80, endport: 90 }] }, { from: [{ podSelector: { matchlabels: { a: 'b' } } }] }])
    assert.equal(verdict([plain(rule)], 'y/b', 'x/b'), 'unknown', JSON.stringify(rule));
});

test('every document of the connectivity scenarios is read', t => {
  const suites = process.env.TENON_SUITES ?? join(import.meta.dirname, '../../../../../shared/suites');
  const folder = join(suites, 'mesh/cilium-connectivity/manifests');
  if (!existsSync(folder)) return t.skip('the suites are not here');
  let read = 0;
  for (const name of readdirSync(folder)) {
    for (const document of parseAllDocuments(readFileSync(join(folder, name), 'utf8'))) {
      const object = document.toJS() as KubeObject | null;
      if (object?.apiVersion !== 'cilium.io/v2' || !object.kind.endsWith('NetworkPolicy')) continue;
      const unread = parseCiliumPolicy(object).faults.filter(({ code }) => code !== 'network/not-modelled');
      assert.deepEqual(unread, [], name);
      read++;
    }
  }
  assert.ok(read > 20, `only ${read}`);
});
