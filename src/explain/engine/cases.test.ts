import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultError } from '../../base/index.ts';
import { decodeDocuments, type KubeObject } from '../../kernel/index.ts';
import type { Documents } from '../model.ts';
import { runCases } from './cases.ts';
import { readCases } from './cases-read.ts';
import { differences } from './differences.ts';
import { plan } from './plan.ts';
import { prepare } from './prepared.ts';

const documents = (text: string): Documents => ({
  objects: decodeDocuments(text, { file: 'm.yaml' }).value.map(document => document.value as unknown as KubeObject),
  originOf: () => undefined,
});
const POD = (name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: a, labels: {app: ${name}}}\nspec: {containers: [{name: c, ports: [{containerPort: 80}]}]}\n---\n`;
const POLICY = (from: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\nspec: {podSelector: {matchLabels: {app: two}}, ingress: [{from: [{podSelector: {matchLabels: {app: ${from}}}}]}]}\n---\n`;
const PODS = POD('one') + POD('two') + POD('three');
const TEST = (cases: string): string => `apiVersion: tenon.dev/v1\nkind: Test\nspec: {cases: [${cases}]}\n`;
const casesOf = (text: string): ReturnType<typeof readCases> =>
  readCases(decodeDocuments(TEST(text), { file: 't.yaml' }).value[0]!);

test('cases pass and fail by what is decided', () => {
  const cases = casesOf(
    '{from: a/one, to: a/two, expect: allow}, {from: a/three, to: a/two, expect: allow}, {from: a/nobody, to: a/two, expect: deny}',
  )!;
  const results = runCases(prepare(documents(PODS + POLICY('one'))), cases);
  assert.deepEqual(
    results.map(({ passed, got }) => [passed, got]),
    [
      [true, 'allow'],
      [false, 'deny'],
      [false, 'unknown'],
    ],
  );
});

test('a test of the wrong form is a fault with its place', () => {
  for (const text of [
    '{from: a/one, expect: allow}',
    '{from: a/one, to: a/two, expect: maybe}',
    '{from: a/one, to: a/two, expect: allow, extra: 1}',
    '3',
  ]) {
    assert.throws(
      () => casesOf(text),
      error => error instanceof FaultError && error.fault.code === 'explain/test-invalid',
      text,
    );
  }
});

test('a plan tells objects, and whose traffic is newly allowed and denied', () => {
  const result = plan(documents(PODS + POLICY('one')), documents(PODS + POLICY('three')));
  assert.deepEqual(
    result.objects.map(({ change, kind, paths }) => [change, kind, paths]),
    [['changed', 'NetworkPolicy', ['/spec/ingress/0/from/0/podSelector/matchLabels/app']]],
  );
  assert.deepEqual(
    result.newlyAllowed.map(({ sources, destinations }) => `${sources}>${destinations}`),
    ['a/three[Pod]>a/two[Pod]'],
  );
  assert.deepEqual(
    result.newlyDenied.map(({ sources, destinations }) => `${sources}>${destinations}`),
    ['a/one[Pod]>a/two[Pod]'],
  );
  const same = plan(documents(PODS), documents(PODS));
  assert.deepEqual([same.objects, same.newlyAllowed, same.newlyDenied], [[], [], []]);
});

test('what servers write is no difference', () => {
  assert.deepEqual(
    differences({ status: { a: 1 }, metadata: { uid: 'x' } }, { status: { a: 2 }, metadata: { uid: 'y' } }),
    [],
  );
  assert.deepEqual(differences({ a: { 'b/c': 1 } }, { a: { 'b/c': 2 } }), ['/a/b~1c']);
});
