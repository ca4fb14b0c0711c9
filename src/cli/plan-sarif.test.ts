import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { decodeDocuments, type KubeObject } from '../kernel/index.ts';
import { type Documents, plan, type Plan } from '../explain/index.ts';
import { planSarif } from './plan-sarif.ts';

/** What code scanning asks of a file (plan-sarif.schema.json), of plans of every kind of finding. */
const schema = JSON.parse(readFileSync(join(import.meta.dirname, 'plan-sarif.schema.json'), 'utf8')) as object;
const valid = new Ajv({ allErrors: true }).compile(schema);

interface Sarif {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: { readonly text: string };
      readonly locations: readonly {
        readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } };
      }[];
    }[];
  }[];
}

function checked(result: Plan): Sarif['runs'][number] {
  const [run] = (['en', 'zh'] as const).map(language => {
    const sarif = planSarif(result, language) as unknown as Sarif;
    assert.ok(valid(sarif), JSON.stringify(valid.errors));
    const { results, tool } = sarif.runs[0]!;
    for (const { ruleId, ruleIndex } of results) assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
    return sarif.runs[0]!;
  });
  return run!;
}

const POD = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: a, labels: {app: ${name}}}\nspec: {containers: [{name: c${more}}]}\n---\n`;
const CLOSED =
  'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n---\n';
const SOME_CLOSED = CLOSED.replace(
  'podSelector: {}',
  'podSelector: {matchExpressions: [{key: app, operator: In, values: [one, two]}]}',
);
const GATE = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: owners}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE]}]}
  validations: [{expression: "has(object.metadata.labels.owner)", message: 'no owner: {"labels": {}} [see](1)'}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: owners}
spec: {policyName: owners, validationActions: [Deny]}
---
`;
const LIMITS =
  'apiVersion: v1\nkind: LimitRange\nmetadata: {name: l, namespace: a}\nspec: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}\n---\n';
const QUOTA =
  'apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: a}\nspec: {hard: {pods: "1"}}\n---\n';
const MESH =
  'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: m, namespace: a}\nspec: {}\n---\n';
const documents = (text: string, file: string, placed = true): Documents => {
  const objects = decodeDocuments(text, { file }).value.map(document => document.value as unknown as KubeObject);
  const span = { file, line: 3, column: 1 };
  return { objects, originOf: () => (placed ? { object: '', span } : undefined) };
};
const PODS = POD('one') + POD('two') + POD('three');
const CHANGES: readonly (readonly [rule: string, before: string, after: string])[] = [
  ['newly-denied', PODS, PODS + CLOSED],
  ['newly-allowed', PODS + CLOSED, PODS],
  ['became-unknown', PODS, PODS + MESH],
  ['pod-rejected', PODS, PODS + GATE],
  ['pod-mutated', PODS, PODS + LIMITS],
  ['quota-exceeded', PODS, PODS + QUOTA],
];

for (const [rule, before, after] of CHANGES)
  for (const placed of [true, false])
    test(`a file of ${rule}, its places ${placed ? 'known' : 'not known'}, is one that code scanning takes`, () => {
      const { results } = checked(plan(documents(before, 'all.yaml', placed), documents(after, 'all.yaml', placed)));
      assert.ok(
        results.some(({ ruleId }) => ruleId === rule),
        JSON.stringify(results),
      );
    });

test('the gravest come first; braces of messages stand for themselves', () => {
  const { results } = checked(plan(documents(PODS, 'x'), documents(PODS + GATE + QUOTA + SOME_CLOSED, 'x')));
  const grades = results.map(({ level }) => ['error', 'warning', 'note'].indexOf(level));
  assert.deepEqual(
    grades,
    grades.toSorted((left, right) => left - right),
  );
  assert.ok(results.some(({ message }) => message.text.includes('{{"labels": {{}}}}')));
  assert.ok(results.some(({ message }) => message.text.includes('(a/one[Pod], a/two[Pod])')));
});

test('places are URI references, whatever a file is called', () => {
  const file = 'my apps/50% #1.yaml';
  const { results } = checked(plan(documents(PODS, file), documents(PODS + CLOSED, file)));
  const uris = results.flatMap(({ locations }) =>
    locations.map(({ physicalLocation }) => physicalLocation.artifactLocation.uri),
  );
  assert.ok(uris.length > 0);
  assert.deepEqual([...new Set(uris)], ['my%20apps/50%25%20%231.yaml']);
});

test('nothing changed is a file too, and what is wrong is found', () => {
  assert.deepEqual(checked(plan(documents(PODS, 'x'), documents(PODS, 'x'))).results, []);
  const sarif = planSarif(plan(documents(PODS, 'x'), documents(PODS + CLOSED, 'x')), 'en') as unknown as Sarif;
  const bare = { ...sarif, runs: [{ ...sarif.runs[0]!, results: [{ ...sarif.runs[0]!.results[0]!, locations: [] }] }] };
  assert.ok(!valid(bare));
});
