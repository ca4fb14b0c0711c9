import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { parsePolicies } from '../dialects/index.ts';
import { randomPolicy } from '../testing/policygenerator.ts';
import { applyEdit } from './edits.ts';
import { explain } from './explain.ts';
import { readSnapshot } from './snapshot.ts';

const namespace = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { ns: name } },
});
const pod = (ns: string, name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: ns, labels: { pod: name } },
  spec: { containers: [{ name: 'main', ports: [{ name: 'web', containerPort: 80 }] }] },
});
const PARTIES = ['x', 'y', 'z'].flatMap(ns => [namespace(ns), ...['a', 'b', 'c'].map(name => pod(ns, name))]);
const ask = (objects: readonly KubeObject[], source: string, destination: string, port = 80) => {
  const party = (text: string) => {
    const [ns, name] = text.split('/') as [string, string | undefined];
    return name === undefined
      ? ({ kind: 'address', address: ns } as const)
      : ({ kind: 'workload', namespace: ns, name } as const);
  };
  return explain(
    { source: party(source), destination: party(destination), protocol: 'TCP', port },
    readSnapshot(objects),
  );
};
const policy = (spec: object, name = 'p'): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'x' },
  spec,
});

test('no policy: both sides allow by default', () => {
  const answers = ask(PARTIES, 'x/a', 'y/b');
  assert.deepEqual(
    answers.map(answer => [answer.direction, answer.outcome]),
    [
      ['egress', 'allow'],
      ['ingress', 'allow'],
    ],
  );
  assert.ok('default' in answers[0]!.by);
});

test('a port that misses is named, and the edit that opens it is the smallest', () => {
  const guard = policy({ podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 443 }] }] });
  const ingress = ask([...PARTIES, guard], 'y/a', 'x/b')[1]!;
  assert.equal(ingress.outcome, 'deny');
  assert.match(ingress.nearMisses[0]!.failed.en, /port 80\/TCP/);
  assert.deepEqual(
    [ingress.flip?.action, ingress.flip?.path, ingress.flip?.value],
    ['add', '/spec/ingress/0/ports/-', { protocol: 'TCP', port: 80 }],
  );
});

test('a label that misses is named', () => {
  const guard = policy({ podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { pod: 'c' } } }] }] });
  const ingress = ask([...PARTIES, guard], 'x/a', 'x/b')[1]!;
  assert.match(ingress.nearMisses[0]!.failed.en, /pod=c/);
});

test('an admin rule decides before namespaces, and its action flips', () => {
  const admin: KubeObject = {
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: 'AdminNetworkPolicy',
    metadata: { name: 'admin' },
    spec: {
      priority: 1,
      subject: { namespaces: {} },
      ingress: [{ name: 'no-y', action: 'Deny', from: [{ namespaces: { matchLabels: { ns: 'y' } } }] }],
    },
  };
  const ingress = ask([...PARTIES, admin], 'y/a', 'x/b')[1]!;
  assert.ok('kind' in ingress.by && ingress.by.rule === 'no-y');
  assert.deepEqual([ingress.flip?.path, ingress.flip?.value], ['/spec/ingress/0/action', 'Allow']);
});

test('what is not modelled makes the answer unknown', () => {
  const groups: KubeObject = {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'groups', namespace: 'x' },
    spec: { endpointSelector: {}, egress: [{ toGroups: [{ aws: { region: 'eu' } }] }] },
  };
  const egress = ask([...PARTIES, groups], 'x/a', '8.8.8.8')[0]!;
  assert.equal(egress.outcome, 'unknown');
  assert.equal(egress.unmodelled.length, 1);
});

test('names of an administrator: allowed by them, unknown where the names of an address are, refused in rules that deny', () => {
  const admin: KubeObject = {
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: 'AdminNetworkPolicy',
    metadata: { name: 'admin' },
    spec: {
      priority: 1,
      subject: { namespaces: {} },
      egress: [{ action: 'Allow', to: [{ domainNames: ['example.com'] }] }],
    },
  };
  const rules = (admin.spec as { egress: object[] }).egress;
  const told = (...names: string[]): string => {
    const destination = { kind: 'address', address: '8.8.8.8', ...(names.length > 0 ? { names } : {}) } as const;
    const source = { kind: 'workload', namespace: 'x', name: 'a' } as const;
    return explain({ source, destination, protocol: 'TCP', port: 80 }, readSnapshot([...PARTIES, admin]))[0]!.outcome;
  };
  assert.equal(told(), 'allow', 'nobody denies anything');
  rules.push({ action: 'Deny', to: [{ networks: ['0.0.0.0/0'] }] });
  assert.deepEqual([told(), told('example.com'), told('www.example.com')], ['unknown', 'allow', 'deny']);
  rules[0] = { action: 'Deny', to: [{ domainNames: ['example.com'] }] };
  assert.equal(told('example.org'), 'unknown');
});

test('a name nobody has is unknown, not allowed', () => {
  assert.equal(ask(PARTIES, 'x/a', 'x/nobody')[0]!.outcome, 'unknown');
});

test('every edit offered really flips, over random policies', () => {
  let flips = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const policies = Array.from({ length: 3 }, (_, index) => randomPolicy(random, index));
    for (const [source, destination] of [
      ['x/a', 'y/b'],
      ['z/c', 'x/a'],
      ['y/a', 'y/b'],
    ] as const) {
      for (const [side, answer] of ask([...PARTIES, ...policies], source, destination).entries()) {
        const { flip } = answer;
        if (!flip) continue;
        flips++;
        const edited = policies.map(object =>
          object.metadata.name === flip.object.name ? applyEdit(object, flip)! : object,
        );
        const [egress, ingress] = ask([...PARTIES, ...edited], source, destination);
        const again = side === 0 ? egress! : ingress!;
        assert.notEqual(again.outcome, answer.outcome, `seed ${seed}: ${flip.text.en}`);
      }
    }
    for (const object of policies) assert.deepEqual(parsePolicies(object)?.faults, []);
  }
  assert.ok(flips > 50, `only ${flips} edits were offered`);
});

test('an address of a node is the node: rules about nodes select it, prefixes only those that mean the inside too', () => {
  const node: KubeObject = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1', labels: { 'kubernetes.io/os': 'linux' } },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.9' }] },
  };
  const rule = (name: string, action: string, to: object): object => ({ name, action, to: [to] });
  const admin: KubeObject = {
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: 'AdminNetworkPolicy',
    metadata: { name: 'nodes' },
    spec: {
      priority: 1,
      subject: { namespaces: {} },
      egress: [
        rule('no-prefix', 'Deny', { networks: ['192.0.3.0/24'] }),
        rule('nodes', 'Allow', { nodes: { matchLabels: { 'kubernetes.io/os': 'linux' } } }),
      ],
    },
  };
  const [known] = ask([...PARTIES, admin, node], 'x/a', '192.0.2.9');
  assert.equal(known!.outcome, 'allow');
  assert.equal('name' in known!.by && known!.by.rule, 'nodes');
  assert.equal(ask([...PARTIES, admin], 'x/a', '192.0.2.9')[0]!.outcome, 'allow');
  // "Cluster-internal traffic will be checked against the rule as well" (AdminNetworkPolicyEgressPeer, networks).
  const text = JSON.stringify(admin).replace('192.0.3.0', '192.0.2.0');
  const byPrefix = ask([...PARTIES, JSON.parse(text) as KubeObject, node], 'x/a', '192.0.2.9')[0]!;
  assert.equal(byPrefix.outcome, 'deny');
  assert.equal('name' in byPrefix.by && byPrefix.by.rule, 'no-prefix');
  const plain: KubeObject = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'blocks', namespace: 'x' },
    spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }] },
  };
  assert.equal(ask([...PARTIES, plain, node], 'x/a', '192.0.2.9')[0]!.outcome, 'deny');
});

test('networks of an administrator select pods by address: one that is not known makes the verdict unknown', () => {
  const admin = (...networks: string[]): KubeObject => ({
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: 'AdminNetworkPolicy',
    metadata: { name: 'networks' },
    spec: {
      priority: 1,
      subject: { namespaces: {} },
      egress: [{ name: 'no', action: 'Deny', to: [{ networks }] }],
    },
  });
  const outcome = (...networks: string[]): string => ask([...PARTIES, admin(...networks)], 'x/a', 'x/b')[0]!.outcome;
  assert.equal(outcome('0.0.0.0/0'), 'deny');
  assert.equal(outcome('10.0.0.0/8'), 'unknown');
  assert.equal(outcome('10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'), 'deny');
  assert.equal(outcome('8.8.8.0/24'), 'allow', 'no pod has an address of the internet');
  const [unknown] = ask([...PARTIES, admin('10.0.0.0/8')], 'x/a', 'x/b');
  assert.equal(unknown!.unmodelled[0]!.code, 'network/pod-address-needed');
});
