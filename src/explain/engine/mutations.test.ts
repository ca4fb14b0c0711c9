import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDocuments, type KubeObject } from '../../kernel/index.ts';
import type { Documents } from '../model.ts';
import { readCases, type TestCase } from './cases-read.ts';
import { mutate } from './mutations.ts';

/** Rules gone and rules weakened: which of them the cases notice, and which flow shows that they do not. */
const pod = (namespace: string, name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: ${namespace}, labels: {app: ${name}}}\nspec: {containers: [{name: c, ports: [{containerPort: 80}]}]}\n---\n`;
const PODS = pod('a', 'one') + pod('a', 'two') + pod('a', 'three') + pod('b', 'far');
const policy = (spec: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\nspec: ${spec}\n`;
const cilium = (spec: string): string =>
  `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: a}\nspec: ${spec}\n`;

function documents(text: string): Documents {
  const objects = decodeDocuments(text, { file: 'm.yaml' }).value.map(({ value }) => value as unknown as KubeObject);
  return { objects, originOf: (_, pointer) => ({ object: pointer ?? '' }) };
}

function casesOf(...lines: readonly string[]): TestCase[] {
  const text = `apiVersion: tenon.dev/v1\nkind: Test\nspec: {cases: [${lines.map(line => `{${line}}`).join(', ')}]}\n`;
  return readCases(decodeDocuments(text, { file: 't.yaml' }).value[0]!)!;
}

/** What is not noticed: the place, the change and a flow. */
function unpinned(text: string, ...lines: readonly string[]): string[] {
  return mutate(documents(PODS + text), casesOf(...lines))
    .filter(({ caughtBy }) => caughtBy.length === 0)
    .map(
      ({ where, change, unnoticed }) =>
        `${where} ${change.en}: ${unnoticed ? `${unnoticed.allowed ? '+' : '-'} ${unnoticed.flow}` : '?'}`,
    );
}

const TO_TWO = '{podSelector: {matchLabels: {app: two}}, ingress: [';
const FROM_ONE = 'from: a/one, to: "a/two:80", expect: allow';
const ROWS: readonly (readonly [
  name: string,
  policy: string,
  cases: readonly string[],
  unpinned: readonly string[],
])[] = [
  [
    'a rule that goes, and one that selects everybody',
    policy(`${TO_TWO}{from: [{podSelector: {matchLabels: {app: one}}}]}]}`),
    ['from: a/three, to: "a/two:80", expect: deny', 'from: a/one, to: "a/three:80", expect: allow'],
    [
      '/spec/ingress/0 is gone: - a/one[Pod] → a/two[Pod]: All Connections',
      '/spec/podSelector selects everybody: - a/two[Pod] → a/one[Pod]: All Connections',
    ],
  ],
  [
    'ports, and cases that pin every word',
    policy(`${TO_TWO}{from: [{podSelector: {matchLabels: {app: one}}}], ports: [{port: 80}]}]}`),
    [
      FROM_ONE,
      'from: a/three, to: "a/two:80", expect: deny',
      'from: a/one, to: "a/two:81", expect: deny',
      'from: a/two, to: "a/three:80", expect: allow',
    ],
    [],
  ],
  [
    'ports that nobody asks about',
    policy(`${TO_TWO}{from: [{podSelector: {matchLabels: {app: one}}}], ports: [{port: 80}]}]}`),
    [FROM_ONE, 'from: a/three, to: "a/two:80", expect: deny', 'from: a/two, to: "a/three:80", expect: allow'],
    ['/spec/ingress/0/ports takes every port: + a/one[Pod] → a/two[Pod]: SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535'],
  ],
  [
    'a prefix and its exception',
    policy(`${TO_TWO}{from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}]}]}`),
    ['from: 192.0.2.1, to: "a/two:80", expect: allow', 'from: a/two, to: "a/three:80", expect: allow'],
    [
      '/spec/ingress/0/from/0/ipBlock/cidr takes every address: + 0.0.0.0-192.0.1.255[External] → a/two[Pod]: All Connections',
      '/spec/ingress/0/from/0/ipBlock/except has no exception: + 192.0.2.128-192.0.2.255[External] → a/two[Pod]: All Connections',
    ],
  ],
  [
    'namespaces',
    policy(
      `${TO_TWO}{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}, podSelector: {matchLabels: {app: one}}}]}]}`,
    ),
    [FROM_ONE, 'from: a/three, to: "a/two:80", expect: deny', 'from: a/two, to: "a/three:80", expect: allow'],
    // Only a pod of another namespace that is called the same could tell: the documents have none.
    [],
  ],
  [
    'the words of Cilium',
    cilium(
      '{endpointSelector: {matchLabels: {app: two}}, ingress: [{fromEndpoints: [{matchLabels: {app: one}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}, {fromCIDR: [192.0.2.0/24]}]}',
    ),
    [FROM_ONE, 'from: 192.0.2.1, to: "a/two:80", expect: allow'],
    [
      '/spec/ingress/0/fromEndpoints/0 selects everybody: + a/three[Pod] → a/two[Pod]: TCP 80',
      '/spec/ingress/0/toPorts takes every port: + a/one[Pod] → a/two[Pod]: SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535',
      '/spec/ingress/1/fromCIDR/0 takes every address: + 0.0.0.0-192.0.1.255[External] → a/two[Pod]: All Connections',
      '/spec/endpointSelector selects everybody: - a/one[Pod] → a/three[Pod]: SCTP 1-65535,TCP 1-79,81-65535,UDP 1-65535',
    ],
  ],
];

for (const [name, text, cases, expected] of ROWS)
  test(name, () => assert.deepEqual(unpinned(text, ...cases).toSorted(), expected.toSorted()));

test('a weaker rule under which every flow is decided as before counts for nothing', () => {
  const text = policy(`${TO_TWO}{from: [{podSelector: {matchExpressions: [{key: app, operator: Exists}]}}]}]}`);
  const changes = mutate(documents(PODS + text), casesOf(FROM_ONE)).map(({ where, change }) => `${where} ${change.en}`);
  assert.ok(!changes.some(change => change.startsWith('/spec/ingress/0/from/0')), changes.join('\n'));
});
