import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import type { Protocol } from '../model.ts';
import { explain } from './explain.ts';
import { readSnapshot } from './snapshot.ts';

const node = (name: string, address: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
  status: { addresses: [{ type: 'InternalIP', address }] },
});
const WORLD: readonly KubeObject[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x' } },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'x', labels: { app: 'a' } },
    spec: { containers: [{ name: 'main' }] },
  },
  node('edge', '192.0.2.7', { role: 'edge' }),
  node('core', '192.0.2.8', { role: 'core' }),
];
const host = (spec: object, kind = 'CiliumClusterwideNetworkPolicy'): KubeObject => ({
  apiVersion: 'cilium.io/v2',
  kind,
  metadata: { name: 'host', ...(kind === 'CiliumNetworkPolicy' ? { namespace: 'x' } : {}) },
  spec: { nodeSelector: { matchLabels: { role: 'edge' } }, ...spec },
});
const agents = (data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'cilium-config', namespace: 'kube-system' },
  data,
});
const api = (...ips: string[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name: 'kubernetes', namespace: 'default' },
  subsets: [{ addresses: ips.map(ip => ({ ip })) }],
});
const EDGE = '192.0.2.7';
const CORE = '192.0.2.8';
const OUTSIDE = '198.51.100.1';
const party = (text: string) =>
  text === 'pod'
    ? ({ kind: 'workload', namespace: 'x', name: 'a' } as const)
    : ({ kind: 'address', address: text } as const);
const ask = (extra: readonly KubeObject[], from: string, to: string, port = 22, protocol: Protocol = 'TCP'): Answer[] =>
  explain({ source: party(from), destination: party(to), protocol, port }, readSnapshot([...WORLD, ...extra]));
/** What the node's side says; `-` where it says nothing. */
const said = (
  extra: readonly KubeObject[],
  from: string,
  to: string,
  port = 22,
  protocol: Protocol = 'TCP',
): string => {
  const direction = to === EDGE ? 'ingress' : 'egress';
  return ask(extra, from, to, port, protocol).find(answer => answer.direction === direction)?.outcome ?? '-';
};

const ports = (...numbers: number[]): object => ({
  toPorts: [{ ports: numbers.map(port => ({ port: String(port), protocol: 'TCP' })) }],
});

test('a policy for nodes decides what the nodes it selects take and send, each direction for itself', () => {
  const ingress = [host({ ingress: [{ fromEntities: ['world'], ...ports(22) }] })];
  assert.equal(said(ingress, OUTSIDE, EDGE), 'allow');
  assert.equal(said(ingress, OUTSIDE, EDGE, 80), 'deny');
  assert.equal(said(ingress, CORE, EDGE), 'deny');
  assert.equal(said(ingress, 'pod', EDGE), 'deny');
  assert.equal(said(ingress, EDGE, OUTSIDE, 80), '-', 'egress is not spoken of');
  assert.equal(said(ingress, CORE, OUTSIDE, 80), '-', 'another node');
  assert.equal(ask(ingress, OUTSIDE, CORE).length, 0, 'another node');
  const egress = [host({ egress: [{ toCIDR: ['198.51.100.0/24'] }] })];
  assert.equal(said(egress, EDGE, OUTSIDE), 'allow');
  assert.equal(said(egress, EDGE, '203.0.113.9'), 'deny');
  assert.equal(said(egress, EDGE, 'pod'), 'deny');
  assert.equal(said([host({ egress: [{ toEndpoints: [{ matchLabels: { app: 'a' } }] }] })], EDGE, 'pod'), 'allow');
});

test('deny beats allow, and pods that are no nodes are left alone', () => {
  const both = [
    host({ ingress: [{ fromEntities: ['all'] }], ingressDeny: [{ fromEntities: ['cluster'], ...ports(22) }] }),
  ];
  assert.equal(said(both, CORE, EDGE), 'deny');
  assert.equal(said(both, CORE, EDGE, 23), 'allow');
  assert.equal(said(both, OUTSIDE, EDGE), 'allow');
  assert.deepEqual(
    ask(both, OUTSIDE, 'pod').map(({ outcome }) => outcome),
    ['allow'],
  );
  const denies = [host({ ingressDeny: [{ fromEntities: ['world'] }], enableDefaultDeny: { ingress: false } })];
  assert.deepEqual([said(denies, OUTSIDE, EDGE), said(denies, CORE, EDGE)], ['deny', 'allow']);
});

test('nodes are host, remote-node and kube-apiserver to one another', () => {
  const from = (entity: string): KubeObject[] => [host({ ingress: [{ fromEntities: [entity] }] })];
  assert.equal(said(from('remote-node'), CORE, EDGE), 'allow');
  assert.equal(said(from('host'), CORE, EDGE), 'deny', 'another node is no host');
  assert.equal(said(from('health'), CORE, EDGE), 'deny');
  assert.equal(said(from('kube-apiserver'), CORE, EDGE), 'unknown', 'who serves the API is not written');
  assert.equal(said([...from('kube-apiserver'), api(CORE)], CORE, EDGE), 'allow');
  assert.equal(said([...from('kube-apiserver'), api(EDGE)], CORE, EDGE), 'deny');
  assert.equal(said([...from('kube-apiserver'), api(OUTSIDE)], OUTSIDE, EDGE), 'unknown', 'an API outside');
});

test('a node talks to itself whatever its policies say', () => {
  assert.deepEqual(ask([host({ ingress: [{}], egress: [{}] })], EDGE, EDGE), []);
});

test('a pod that may be seen as its node is not certain where that matters', () => {
  assert.equal(said([host({ ingress: [{ fromEntities: ['remote-node'] }] })], 'pod', EDGE), 'unknown');
  assert.equal(said([host({ ingress: [{ fromEntities: ['cluster'] }] })], 'pod', EDGE), 'allow');
  const refused = ask([host({ ingress: [{ fromEntities: ['world'] }] })], 'pod', EDGE)[1]!;
  assert.deepEqual([refused.outcome, refused.flip], ['deny', undefined], 'no edit is known to help both ways');
});

test('what the agents are told decides whether a refusal is one', () => {
  const closed = host({ ingress: [{ fromEntities: ['host'] }] });
  const on = { 'enable-host-firewall': 'true' };
  assert.equal(said([closed, agents(on)], OUTSIDE, EDGE), 'deny');
  assert.equal(said([closed, agents({})], OUTSIDE, EDGE), 'allow', 'off where it is not written');
  assert.equal(said([closed, agents({ ...on, 'policy-audit-mode': 'true' })], OUTSIDE, EDGE), 'allow');
  assert.equal(said([closed, agents({ ...on, 'enable-policy': 'never' })], OUTSIDE, EDGE), 'allow');
  assert.equal(said([closed, agents({ ...on, 'enable-policy': 'always' })], OUTSIDE, EDGE), 'unknown');
  const [told] = ask([closed], OUTSIDE, EDGE);
  assert.match(told!.because.at(-1)!.en, /Tenon does not hold it/);
});

test('an edit that would open the node is offered', () => {
  const [answer] = ask([host({ ingress: [{ fromEntities: ['world'], ...ports(80) }] })], OUTSIDE, EDGE);
  assert.equal(answer!.outcome, 'deny');
  assert.deepEqual(
    [answer!.flip!.path, answer!.flip!.value],
    ['/spec/ingress/0/toPorts/-', { ports: [{ port: '22', protocol: 'TCP' }] }],
  );
  const [other] = ask([host({ ingress: [{ fromEntities: ['host'] }] })], OUTSIDE, EDGE);
  assert.equal(other!.flip!.path, '/spec/ingress/-');
  assert.deepEqual((other!.flip!.value as { fromCIDR: unknown }).fromCIDR, ['198.51.100.1/32']);
  const pods = { endpointSelector: { matchLabels: { app: 'a' } }, ingress: [{}] };
  const [shut] = ask([{ ...host({}), spec: pods }], OUTSIDE, 'pod');
  assert.deepEqual([shut!.outcome, shut!.flip!.path], ['deny', '/spec/ingress/-']);
});

test('what a host policy may not say, or what agents may hide, makes the verdict unknown', () => {
  const open = { ingress: [{ fromEntities: ['all'] }] };
  assert.equal(
    said([host({ ...open, nodeSelector: { matchLabels: { 'kubernetes.io/os': 'linux' } } })], OUTSIDE, EDGE),
    '-',
  );
  const linux = node('edge', EDGE, { 'kubernetes.io/os': 'linux' });
  const hidden = host({ ...open, nodeSelector: { matchLabels: { 'kubernetes.io/os': 'linux' } } });
  assert.equal(said([linux, hidden], OUTSIDE, EDGE), 'unknown', 'that label is left out of identities');
  const http = { ingress: [{ fromEntities: ['all'], toPorts: [{ ports: [{ port: '22' }], rules: { http: [{}] } }] }] };
  assert.equal(said([host(http)], OUTSIDE, EDGE), 'unknown', 'HTTP is not for hosts');
  assert.equal(said([host({ ...open, endpointSelector: {} })], OUTSIDE, EDGE), 'unknown', 'both selectors');
  assert.equal(said([host(open, 'CiliumNetworkPolicy')], OUTSIDE, EDGE), 'unknown', 'of a namespace');
  assert.equal(said([host(open)], OUTSIDE, EDGE, 129, 'ICMPv6'), 'unknown', 'IPv6 needs some messages');
});

test('a node that Tenon holds says so, whatever agents of Cilium are told, and takes the address of a Service for all behind it', () => {
  const held = node('edge', EDGE, { role: 'edge' });
  const on = { ...held, metadata: { ...held.metadata, annotations: { 'network.tenon.dev/host-firewall': 'pods' } } };
  const closed = host({ ingress: [{ fromEntities: ['host'] }] });
  const [answer] = ask([on, closed, agents({})], OUTSIDE, EDGE);
  assert.deepEqual([answer!.outcome, /Held for pods on the network/.test(answer!.because.at(-1)!.en)], ['deny', true]);
  assert.equal(said([on, host({ ingress: [{ fromEntities: ['kube-apiserver'] }] })], CORE, EDGE), 'unknown');
  const egress = host({ egress: [{ toEntities: ['all'] }] });
  const outcome = (objects: readonly KubeObject[], ...behind: string[]): readonly string[] => {
    const service = behind.map(text => ({ destination: party(text), port: 80 }));
    const question = { source: party(EDGE), destination: party('pod'), protocol: 'TCP', port: 80, service } as const;
    return explain(question, readSnapshot([...WORLD, ...objects])).map(each => each.outcome);
  };
  const toPods = host({ egress: [{ toEndpoints: [{ matchLabels: { app: 'a' } }] }] });
  assert.deepEqual(outcome([on, egress], 'pod', OUTSIDE), ['allow', 'allow'], 'all of them are open');
  assert.deepEqual(outcome([on, toPods], 'pod'), ['allow', 'allow']);
  assert.deepEqual(outcome([on, toPods], 'pod', OUTSIDE), ['deny', 'allow'], 'the socket knows the Service alone');
  assert.deepEqual(outcome([on, toPods], 'pod', EDGE), ['allow', 'allow'], 'the node itself is always open');
  assert.deepEqual(outcome([toPods], 'pod', OUTSIDE), ['allow', 'allow'], 'held elsewhere');
  assert.deepEqual(outcome([on, closed], 'pod', OUTSIDE), ['allow'], 'what the node sends is not spoken of');
});
