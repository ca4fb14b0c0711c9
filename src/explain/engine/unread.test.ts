import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fault, FaultError } from '../../base/index.ts';
import { deliveryFaults } from '../../delivery/index.ts';
import { decodeDocuments, type KubeObject } from '../../kernel/index.ts';
import type { Documents, FlowQuestion } from '../model.ts';
import { runCases } from './cases.ts';
import { readCases } from './cases-read.ts';
import { whyOutOfSync } from './drift.ts';
import { plan } from './plan.ts';
import { whyPod } from './pod.ts';
import { prepare } from './prepared.ts';
import { whyReplicas } from './replicas.ts';
import { whyFlow } from './why.ts';

/** A document that nobody could read may be a policy, a quota or a route: no answer is certain then. */
const PAY = `apiVersion: apps/v1
kind: Deployment
metadata: {name: pay, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: pay}}
  template:
    metadata: {labels: {app: pay}}
    spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
`;
const objects = decodeDocuments(PAY, { file: 'm.yaml' }).value.map(({ value }) => value as unknown as KubeObject);
const documents = (...faults: Fault[]): Documents => ({ objects, originOf: () => undefined, faults });
const place = { kind: 'named', namespace: 'shop', name: 'pay', of: 'Deployment' } as const;
const flow: FlowQuestion = { source: place, destination: place, protocol: 'TCP', port: 80 };
const TESTS = `apiVersion: tenon.dev/v1
kind: Test
spec:
  cases:
    - {admit: deploy/shop/pay, expect: allow}
    - {admit: deploy/shop/pay, expect: unknown}
    - {mutate: deploy/shop/pay, set: {/metadata/labels/app: pay}}
    - {route: shop.example.test/pay, expect: notFound}
    - {from: deploy/shop/pay, to: 'deploy/shop/pay', expect: allow}
`;
const cases = readCases(decodeDocuments(TESTS, { file: 't.yaml' }).value[0]!)!;

const syntax = decodeDocuments('a: [b\n', { file: 'broken.yaml' }).faults[0]!;
const UNSEEN: readonly (readonly [name: string, fault: Fault])[] = [
  ['a syntax error', syntax],
  ['a file that is too large', deliveryFaults.make('file-too-large', { file: 'f' })],
  ['a kustomization that cannot be built', deliveryFaults.make('kustomize-failed', { reason: 'r' })],
  ['a chart that cannot be rendered', deliveryFaults.make('chart-failed', { chart: 'c', reason: 'r' })],
];

for (const [name, fault] of UNSEEN)
  test(`beside ${name} every answer is unknown, and it is told`, () => {
    const prepared = prepare(documents(fault));
    const answers = [
      whyFlow(prepared, flow),
      whyPod(prepared, place, 'denied'),
      whyPod(prepared, place, 'not-ready'),
      whyReplicas(prepared, place, 2),
      whyOutOfSync(prepared, prepare(documents()), 'shop'),
    ];
    for (const { outcome, hops } of answers) {
      assert.equal(outcome, 'unknown');
      assert.ok(hops.some(({ unmodelled }) => unmodelled.includes(fault)));
    }
    assert.deepEqual(
      runCases(prepared, cases).map(({ got, passed }) => [got, passed]),
      [
        ['unknown', false],
        ['unknown', true],
        ['unknown', false],
        ['unknown', false],
        ['unknown', false],
      ],
    );
    const { becameUnknown, unknown } = plan(documents(), documents(fault));
    assert.deepEqual([becameUnknown.map(each => each.fault), unknown], [[fault], [fault]]);
  });

test('with every document read the same answers are certain', () => {
  const other = deliveryFaults.make('not-an-object', { field: 'apiVersion' });
  const prepared = prepare(documents(other));
  assert.deepEqual(
    [
      whyFlow(prepared, flow),
      whyPod(prepared, place, 'denied'),
      whyReplicas(prepared, place, 2),
      whyOutOfSync(prepared, prepare(documents()), 'shop'),
    ].map(({ outcome }) => outcome),
    ['allow', 'allow', 'allow', 'allow'],
  );
  assert.deepEqual(
    runCases(prepared, cases).map(({ passed }) => passed),
    [true, false, true, true, true],
  );
});

test('who is not found may stand in a document that could not be read: that is told as the cause', () => {
  const nobody = { ...flow, source: { ...place, name: 'gone' } };
  const causes = (...faults: Fault[]): unknown => {
    try {
      return whyFlow(prepare(documents(...faults)), nobody);
    } catch (error) {
      return (error as FaultError).fault.causes;
    }
  };
  assert.deepEqual(causes(syntax), [syntax]);
  assert.equal(causes(), undefined);
});
