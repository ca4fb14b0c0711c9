import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeDocuments, type KubeObject } from '../../kernel/index.ts';
import { prepare, type Prepared } from './prepared.ts';
import { type SeenFlow, suggestNetworkPolicies } from './suggest-network.ts';
import { suggestQuotas } from './suggest-quota.ts';

const prepared = (text: string): Prepared =>
  prepare({
    objects: decodeDocuments(text, { file: 'm.yaml' }).value.map(document => document.value as unknown as KubeObject),
    originOf: () => undefined,
  });
const namespace = (name: string): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: {kubernetes.io/metadata.name: ${name}}}\n---\n`;
const deployment = (space: string, name: string, resources = '{}', replicas = 1): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: ${space}}\nspec:\n  replicas: ${replicas}\n  selector: {matchLabels: {app: ${name}}}\n  template:\n    metadata: {labels: {app: ${name}}}\n    spec: {containers: [{name: c, image: "x:1", resources: ${resources}}]}\n---\n`;
const CLUSTER =
  namespace('a') +
  namespace('b') +
  deployment('a', 'web') +
  deployment('a', 'api') +
  deployment('b', 'db') +
  deployment('b', 'job');

const end = fc.oneof(
  fc.constantFrom(
    { namespace: 'a', name: 'web' },
    { namespace: 'a', name: 'api' },
    { namespace: 'b', name: 'db' },
    { namespace: 'b', name: 'job' },
  ),
  fc.constantFrom({ address: '203.0.113.7' }, { address: '198.51.100.1' }),
);
const flows: fc.Arbitrary<SeenFlow[]> = fc.array(
  fc.record({
    source: end,
    destination: end,
    protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
    port: fc.constantFrom(53, 80, 5432),
  }),
  { minLength: 1, maxLength: 8 },
);

for (const form of ['NetworkPolicy', 'CiliumNetworkPolicy'] as const)
  test(`what was seen passes and nothing else does, decided again: ${form}`, () => {
    const cluster = prepared(CLUSTER);
    let policies = 0;
    fc.assert(
      fc.property(flows, seen => {
        const suggestion = suggestNetworkPolicies(cluster, seen, form);
        assert.deepEqual([suggestion.missing, suggestion.surplus, suggestion.unresolved], [[], [], []]);
        policies += suggestion.policies.length;
      }),
      { numRuns: 60, seed: 5 },
    );
    assert.ok(policies > 100);
  });

test('ends that nobody is known for are told, and workloads of the same labels as surplus', () => {
  const twins =
    namespace('a') +
    deployment('a', 'web') +
    deployment('a', 'api') +
    deployment('a', 'copy').replaceAll('app: copy', 'app: api');
  const suggestion = suggestNetworkPolicies(prepared(twins), [
    {
      source: { namespace: 'a', name: 'web' },
      destination: { namespace: 'a', name: 'api' },
      protocol: 'TCP',
      port: 80,
    },
    {
      source: { namespace: 'a', name: 'gone' },
      destination: { namespace: 'a', name: 'api' },
      protocol: 'TCP',
      port: 80,
    },
  ]);
  assert.deepEqual(suggestion.unresolved, ['a/gone']);
  assert.deepEqual(suggestion.missing, []);
  assert.deepEqual(suggestion.surplus, ['a/web[Deployment] → a/copy[Deployment]: TCP 80']);
});

test('pods are found by their addresses', () => {
  const pod = `apiVersion: v1\nkind: Pod\nmetadata: {name: web-1, namespace: a, labels: {app: web, pod-template-hash: x}}\nspec: {containers: [{name: c, image: x}]}\nstatus: {podIP: 10.1.0.5}\n---\n`;
  const { pairs } = suggestNetworkPolicies(prepared(CLUSTER + pod), [
    { source: { address: '10.1.0.5' }, destination: { namespace: 'b', name: 'db' }, protocol: 'TCP', port: 5432 },
  ]);
  assert.equal(pairs.length, 1);
  assert.ok(pairs[0]!.source.kind === 'workload' && pairs[0]!.source.labels.app === 'web');
});

test('a quota holds what is asked for and some more; every workload is let in under it', () => {
  const asked = '{requests: {cpu: 200m, memory: 256Mi}, limits: {cpu: 500m, memory: 512Mi}}';
  const { objects, refused } = suggestQuotas(
    prepared(namespace('a') + deployment('a', 'web', asked, 3) + deployment('a', 'bare')),
    20,
  );
  assert.deepEqual(refused, []);
  const [quota, range] = objects as unknown as { spec: { hard: Record<string, string>; limits: object[] } }[];
  // 4 containers of 200m: the bare one gets the middle of what the others ask for; 800m and a fifth, in steps of 50m.
  assert.deepEqual(quota!.spec.hard, {
    pods: '5',
    'requests.cpu': '1',
    'requests.memory': '1248Mi',
    'limits.cpu': '2400m',
    'limits.memory': '2464Mi',
  });
  assert.deepEqual(range!.spec.limits, [
    {
      type: 'Container',
      default: { cpu: '500m', memory: '512Mi' },
      defaultRequest: { cpu: '200m', memory: '256Mi' },
      max: { cpu: '600m', memory: '640Mi' },
    },
  ]);
});

test('what is used counts where it is more than what is asked for', () => {
  const metrics = `apiVersion: metrics.k8s.io/v1beta1\nkind: PodMetrics\nmetadata: {name: web-1, namespace: a}\ncontainers: [{name: c, usage: {cpu: "3", memory: 10Mi}}]\n`;
  const { objects, refused } = suggestQuotas(prepared(namespace('a') + deployment('a', 'web') + metrics), 0);
  assert.deepEqual(refused, []);
  assert.equal((objects[0] as unknown as { spec: { hard: Record<string, string> } }).spec.hard['requests.cpu'], '3');
});
