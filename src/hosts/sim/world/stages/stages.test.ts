import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../../base/index.ts';
import { type KubeObject, parseYaml } from '../../../../kernel/index.ts';
import { actsOf, delayRange, durationMs, finalizerChanges, nextStage, possibleStages, weightOf } from './lifecycle.ts';
import type { Stage, StageAct } from './model.ts';
import { readStage } from './read.ts';

const NOW = Date.UTC(2026, 0, 1);

function stage(spec: string, name = 's'): Stage {
  const { value, faults } = readStage(document(name, spec));
  assert.deepEqual(faults, []);
  return value;
}

const document = (name: string, spec: string): KubeObject => ({
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'Stage',
  metadata: { name },
  spec: parseYaml(`{resourceRef: {kind: Pod}, ${spec}}`).value,
});

const pod = (extra: object = {}, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { app: 'web' }, ...metadata },
  spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }], priority: 7 },
  ...extra,
});

const context = { now_ms: NOW, functions: {}, chance: () => 0, patchType: 'merge' as const };
const acts = (spec: string, object = pod()): StageAct[] => actsOf(stage(spec), object, context);
const names = (stages: readonly Stage[], object = pod()): string[] =>
  possibleStages(stages, object, NOW).map(({ name }) => name);

test('a selector asks of labels, annotations, filters and CEL, all of them', () => {
  const rows: readonly (readonly [string, boolean])[] = [
    ['selector: {}', true],
    ['weight: 1', false],
    ['selector: {matchLabels: {app: web}}', true],
    ['selector: {matchLabels: {app: web, x: z}}', false],
    ['selector: {matchAnnotations: {a: b}}', false],
    ['selector: {matchExpressions: [{key: .spec.nodeName, operator: Exists}]}', true],
    ['selector: {matchExpressions: [{jq: {key: ".spec.containers[].name", operator: In, values: [a, c]}}]}', true],
    ['selector: {matchExpressions: [{key: ".metadata.finalizers.[]", operator: DoesNotExist}]}', true],
    ['selector: {matchExpressions: [{key: ".status.phase", operator: NotIn, values: [Running]}]}', true],
    ['selector: {matchExpressions: [{key: ".spec.containers | length", operator: In, values: ["1"]}]}', true],
    // A number of the object is a float to kwok, which equals no text.
    ['selector: {matchExpressions: [{key: .spec.priority, operator: In, values: ["7"]}]}', false],
    ['selector: {matchExpressions: [{cel: {expression: "self.spec.priority > 5"}}]}', true],
    ['selector: {matchExpressions: [{cel: {expression: "has(self.status)"}}]}', false],
  ];
  for (const [spec, wanted] of rows) assert.equal(names([stage(spec)]).length === 1, wanted, spec);
  const fails = stage('selector: {matchExpressions: [{cel: {expression: "self.nothing == 1"}}]}');
  assert.throws(() => names([fails]), { name: 'StageError' });
});

test('of several stages those with weight may be next, and are drawn by it', () => {
  const of = (name: string, weight: string): Stage => stage(`selector: {}, ${weight}`, name);
  assert.deepEqual(names([of('a', 'weight: 0'), of('b', 'weight: 0')]), ['a', 'b']);
  assert.deepEqual(names([of('a', 'weight: 0'), of('b', 'weight: 3')]), ['b']);
  const from = 'weight: 5, weightFrom: {expressionFrom: ".metadata.annotations.w"}';
  assert.equal(weightOf(of('a', from), pod(), NOW), 5);
  assert.equal(weightOf(of('a', from), pod({}, { annotations: { w: '0x10' } }), NOW), 16);
  assert.equal(weightOf(of('a', from), pod({}, { annotations: { w: 'x' } }), NOW), undefined);
  assert.deepEqual(names([of('a', from), of('b', 'weight: 0')], pod({}, { annotations: { w: 'x' } })), ['b']);
  assert.equal(weightOf(of('a', 'weightFrom: {cel: {expression: "self.spec.priority * 2"}}'), pod(), NOW), 14);
  const random = seededRandom(1);
  const stages = [of('a', 'weight: 1'), of('b', 'weight: 3')];
  const drawn = Array.from({ length: 4000 }, () => nextStage(stages, pod(), NOW, random)!.name);
  const share = drawn.filter(name => name === 'b').length / drawn.length;
  assert.ok(share > 0.72 && share < 0.78, String(share));
});

test('a delay is a constant, what an expression finds, and jitter up to its bound', () => {
  const range = (delay: string, object = pod()): readonly number[] | undefined =>
    delayRange(stage(`selector: {}, delay: {${delay}}`), object, NOW);
  assert.equal(delayRange(stage('selector: {}'), pod(), NOW), undefined);
  assert.deepEqual(range('durationMilliseconds: 1000'), [1000]);
  assert.deepEqual(range('durationMilliseconds: 1000, jitterDurationMilliseconds: 5000'), [1000, 5000]);
  assert.deepEqual(range('durationMilliseconds: 1000, jitterDurationMilliseconds: 10'), [10]);
  const from = 'durationMilliseconds: 10, durationFrom: {jq: {expression: ".metadata.annotations.d"}}';
  assert.deepEqual(range(from), [10]);
  assert.deepEqual(range(from, pod({}, { annotations: { d: '1m1.5s' } })), [61_500]);
  assert.deepEqual(range(from, pod({}, { annotations: { d: '2026-01-01T00:00:02Z' } })), [2000]);
  assert.deepEqual(range(from, pod({}, { annotations: { d: '2020-01-01T00:00:00Z' } })), [0]);
  assert.deepEqual(['0', '-1s', '1h2m', '1.5h', '300ms', '', '5', '1d', '1s1'].map(durationMs), [
    0,
    -1000,
    3_720_000,
    5_400_000,
    300,
    ...Array.from({ length: 4 }, () => undefined),
  ]);
});

test('what a stage does: events, finalizers, patches with a root, objects, deletion last', () => {
  assert.deepEqual(
    acts(
      'selector: {}, next: {event: {type: Normal, reason: R, message: M}, statusTemplate: "phase: {{ .spec.nodeName }}"}',
    ),
    [
      { kind: 'event', type: 'Normal', reason: 'R', message: 'M' },
      { kind: 'patch', type: 'merge', subresource: 'status', data: { status: { phase: 'n1' } } },
    ],
  );
  assert.deepEqual(
    acts('selector: {}, next: {delete: true, finalizers: {add: [{value: a}]}, statusTemplate: "x: 1"}'),
    [
      {
        kind: 'patch',
        type: 'json',
        subresource: '',
        data: [{ op: 'add', path: '/metadata/finalizers', value: ['a'] }],
      },
      { kind: 'delete' },
    ],
  );
  assert.deepEqual(
    acts(
      'selector: {}, steps: [{patch: {type: json, root: spec, template: "[{op: remove, path: /x}]"}}, {delete: true}, {patch: {template: "a: 1"}}]',
    ),
    [{ kind: 'patch', type: 'json', subresource: '', data: [{ op: 'remove', path: '/spec/x' }] }, { kind: 'delete' }],
  );
  assert.deepEqual(
    acts(
      'selector: {}, steps: [{apply: {template: "{apiVersion: v1, kind: ConfigMap, data: {k: {{ .spec.priority | Quote }}}}"}}]',
    ),
    [
      {
        kind: 'apply',
        type: 'apply',
        subresource: '',
        data: { apiVersion: 'v1', kind: 'ConfigMap', data: { k: '7' } },
      },
    ],
  );
});

test('finalizers are added, removed and emptied by the fewest changes', () => {
  const none = { add: [], remove: [], empty: false };
  const remove = (at: number): object => ({ op: 'remove', path: `/metadata/finalizers/${at}` });
  assert.deepEqual(finalizerChanges(['a', 'b', 'c'], { ...none, remove: ['a', 'c'] }), [remove(2), remove(0)]);
  assert.deepEqual(finalizerChanges(['a'], { ...none, remove: ['a'] }), [
    { op: 'remove', path: '/metadata/finalizers' },
  ]);
  assert.deepEqual(finalizerChanges(['a'], { ...none, add: ['a', 'b'] }), [
    { op: 'add', path: '/metadata/finalizers/-', value: 'b' },
  ]);
  assert.deepEqual(finalizerChanges(['a'], { ...none, empty: true, add: ['b'] }), [
    { op: 'remove', path: '/metadata/finalizers' },
    { op: 'add', path: '/metadata/finalizers', value: ['b'] },
  ]);
  assert.deepEqual(finalizerChanges([], { ...none, remove: ['a'] }), []);
});

test('a stage that cannot be used is refused with the field', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['selector: {}, extra: 1', 'spec.extra'],
    ['selector: {matchExpressions: [{key: ".[", operator: Exists}]}', 'spec.selector.matchExpressions[0].key'],
    ['selector: {matchExpressions: [{key: .a, operator: Near}]}', 'spec.selector.matchExpressions[0].operator'],
    ['selector: {matchExpressions: [{key: .a, operator: In}]}', 'spec.selector.matchExpressions[0].values'],
    [
      'selector: {matchExpressions: [{cel: {expression: "self."}}]}',
      'spec.selector.matchExpressions[0].cel.expression',
    ],
    ['selector: {}, delay: {durationMilliseconds: -1}', 'spec.delay.durationMilliseconds'],
    ['selector: {}, next: {statusTemplate: "{{ if }}"}', 'spec.next.statusTemplate'],
    ['selector: {}, steps: [{patch: {type: odd, template: "a: 1"}}]', 'spec.steps[0].patch.type'],
  ];
  for (const [spec, field] of rows)
    assert.deepEqual(
      readStage(document('s', spec)).faults.map(({ params }) => params.field),
      [field],
      spec,
    );
});
