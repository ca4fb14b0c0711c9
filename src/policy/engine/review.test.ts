import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyJsonPatch, equalJson, type Json, type JsonObject, type KubeObject } from '../../kernel/index.ts';
import type { CompiledPolicy, PolicyAnswer, PolicyRequest } from '../model.ts';
import { jsonPatchBetween } from './json-diff.ts';
import { answerMutation, answerValidation, readReview } from './review.ts';

const world = { parameter: () => undefined, parameters: () => [], authorize: () => ({ allowed: false }) };
const review = (more: object = {}): JsonObject => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u-1',
    operation: 'CREATE',
    kind: { group: '', version: 'v1', kind: 'ConfigMap' },
    resource: { group: '', version: 'v1', resource: 'configmaps' },
    name: 'c',
    namespace: 'shop',
    userInfo: { username: 'ada', groups: ['dev'], extra: { scope: ['a'] } },
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'shop' }, data: { a: '1' } },
    oldObject: null,
    dryRun: true,
    ...more,
  } as unknown as Json,
});
const SHOP: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'x' } } };
const read = (body: unknown): PolicyRequest | undefined =>
  readReview(body, name => (name === 'shop' ? SHOP : undefined))?.request;

const answer = (actions: PolicyAnswer['actions'], refusal: string): PolicyAnswer => ({
  outcome: 'deny',
  layer: 'policy',
  enforcer: 'test',
  by: { kind: 'Rule', name: 'r' },
  because: [],
  nearMisses: [],
  unmodelled: [],
  actions,
  message: refusal,
  reason: 'Forbidden',
  code: 403,
  refusal,
});
const policy = (more: Partial<CompiledPolicy>): CompiledPolicy => ({
  system: 'test',
  kind: 'Rule',
  name: 'r',
  faults: [],
  matches: () => true,
  ...more,
});

test('a review is read as the request it stands for, with the labels of its namespace', () => {
  const request = read(review())!;
  assert.equal(request.operation, 'CREATE');
  assert.equal(request.resource, 'configmaps');
  assert.equal(request.namespaceObject, SHOP);
  assert.equal(request.dryRun, true);
  assert.deepEqual(request.user, { name: 'ada', groups: ['dev'], extra: { scope: ['a'] } });
});

for (const [name, body] of [
  ['nothing', undefined],
  ['a list', []],
  ['another version', { ...review(), apiVersion: 'admission.k8s.io/v1beta1' }],
  ['no request', { ...review(), request: null }],
  ['no uid', review({ uid: '' })],
  ['an unknown operation', review({ operation: '__proto__' })],
] as const)
  test(`${name} is no review`, () => assert.equal(read(body), undefined));

test('a refusal carries code and reason, without the words the API server adds itself; warnings go along', async () => {
  const source = {
    world,
    policies: () => [
      policy({
        decide: () => ({
          answers: [answer(['warn'], 'soft\n words')],
          annotations: { 'p.example/k': 'v' },
        }),
      }),
      policy({
        decide: () => ({
          answers: [answer(['deny'], 'admission webhook "x" denied the request: [c] no')],
          annotations: {},
        }),
      }),
    ],
  };
  const { response } = await answerValidation(readReview(review(), () => undefined)!, source);
  assert.deepEqual(response, {
    uid: 'u-1',
    allowed: false,
    status: { code: 403, reason: 'Forbidden', message: '[c] no', status: 'Failure' },
    warnings: ['Validation failed for soft words'],
    auditAnnotations: { 'p.example-k': 'v' },
  });
});

test('mutations run until none changes anything, and the answer is the patch between', async () => {
  const set = (name: string, from: string, to: string): CompiledPolicy =>
    policy({
      mutate: ({ object }) => {
        const data = (object as unknown as { data: Record<string, string> }).data;
        return {
          object:
            data[name] === from ? ({ ...object, data: { ...data, [name]: to } } as unknown as KubeObject) : object!,
          faults: [],
        };
      },
    });
  const source = { world, policies: () => [set('a', '2', '3'), set('a', '1', '2')] };
  const { response } = await answerMutation(readReview(review(), () => undefined)!, source);
  assert.equal(response.patchType, 'JSONPatch');
  assert.deepEqual(JSON.parse(atob(response.patch as string)), [{ op: 'replace', path: '/data/a', value: '3' }]);
});

test('a patch between two values makes one of the other', () => {
  const json = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<Json>(null, 0, 1, 'x', true),
      fc.array(tie('value') as fc.Arbitrary<Json>, { maxLength: 3 }),
      tie('object') as fc.Arbitrary<Json>,
    ),
    object: fc.dictionary(fc.constantFrom('a', 'b/c', 'd~e', ''), tie('value') as fc.Arbitrary<Json>),
  }));
  const object = json.object as fc.Arbitrary<JsonObject>;
  fc.assert(
    fc.property(object, object, (before, after) => {
      assert.ok(equalJson(applyJsonPatch(before as never, jsonPatchBetween(before, after)), after));
    }),
    { numRuns: 2_000 },
  );
});
