import assert from 'node:assert/strict';
import test from 'node:test';
import type { Json } from '../../../kernel/index.ts';
import { matchesLeaf } from './leaf.ts';
import { matchPattern } from './match.ts';
import { applyOverlay } from './overlay.ts';
import { matchesWildcard } from './wildcard.ts';

/** Checked against the released tool, as are the less obvious of them: null is an amount of zero, but no text. */
const LEAVES: readonly (readonly [Json, Json, boolean])[] = [
  ['abc', 'a*', true],
  ['abc', '!a*', false],
  ['1Gi', '<=1024Mi', true],
  ['1h', '60m', true],
  [5, '1-10', true],
  [5, '1!-10', false],
  [null, '<=1Gi', true],
  [null, 'a', false],
  [0, '<2h', false],
  [1, '?', false],
  ['a', 'b | a', true],
  [5, '>1&<10', true],
];
for (const [value, pattern, fits] of LEAVES)
  test(`leaf: ${JSON.stringify(value)} ${fits ? 'fits' : 'does not fit'} ${JSON.stringify(pattern)}`, () =>
    assert.equal(matchesLeaf(value, pattern), fits));

test('pattern: conditions, equality and negation tell themselves apart', () => {
  assert.equal(matchPattern({ a: 1 }, { '(a)': 2, b: 1 })?.kind, 'condition');
  assert.equal(matchPattern({ a: 1 }, { '<(a)': 2 })?.kind, 'global');
  assert.equal(matchPattern({ a: 1 }, { '=(a)': 2 })?.kind, 'mismatch');
  assert.equal(matchPattern({ a: 1 }, { 'X(a)': null })?.kind, 'negation');
  assert.equal(matchPattern({ a: [{ n: 1 }, { n: 2, m: 3 }] }, { a: [{ '(n)': 2, m: 3 }] }), undefined);
});

const CONTAINERS = { type: 'array', patchStrategy: 'merge', patchMergeKey: 'name' } as const;
const LISTED = { type: 'object', fields: new Map([['containers', { schema: CONTAINERS }]]) } as never;
/** Checked against the released tool. */
const OVERLAYS: readonly (readonly [what: string, pattern: Json, wanted: Json | undefined])[] = [
  [
    'an addition the first element needs is made to all',
    [{ name: 'new', '+(pull)': 'Never' }],
    [
      { name: 'c', pull: 'Never' },
      { name: 'd', pull: 'Never' },
    ],
  ],
  [
    'a condition leaves elements out',
    [{ '(name)': 'd', pull: 'Never' }],
    [{ name: 'c' }, { name: 'd', pull: 'Never' }],
  ],
  [
    'an element without anchors is added',
    [{ name: 'new' }],
    [{ name: 'new' }, { name: 'c' }, { name: 'd', pull: 'Always' }],
  ],
  ['an addition speaks of elements that are there', [{ '(name)': 'zz', '+(pull)': 'Never' }], undefined],
];
for (const [what, containers, wanted] of OVERLAYS)
  test(`overlay: ${what}`, () => {
    const resource: { containers: Json } = { containers: [{ name: 'c' }, { name: 'd', pull: 'Always' }] };
    const made = applyOverlay(resource, { containers }, LISTED);
    if (wanted === undefined) assert.deepEqual(made ?? resource, resource);
    else assert.deepEqual(made, { containers: wanted });
  });

test('overlay: additions stay out where something is', () => {
  const any = { type: 'any' } as const;
  assert.deepEqual(applyOverlay({ a: { x: 1 } }, { a: { '+(x)': 2, '+(y)': 3 } }, any), { a: { x: 1, y: 3 } });
  assert.equal(applyOverlay({ a: 1 }, { '(a)': 2, b: 3 }, any), undefined);
});

test('wildcard: many stars take no long time', () => {
  assert.equal(matchesWildcard('*a'.repeat(50), 'a'.repeat(2000).concat('b')), false);
});

/** What the released tool answers to the same patterns over one pod (kyverno apply, 1.19.1). */
const POD: Json = {
  metadata: { name: 'test-pod', labels: { app: 'test-app' } },
  spec: {
    terminationGracePeriodSeconds: 30,
    securityContext: { runAsUser: 5 },
    containers: [
      { name: 'main', image: 'test/foo:1.2.3' },
      { name: 'side', image: 'test/foo:1.2.3' },
    ],
    initContainers: [{ name: 'init', image: 'test/foo:1.2.3' }],
  },
};
const unmet = (value: string, wanted: string, path: string): string =>
  `conditional anchor mismatch: resource value '${value}' does not match '${wanted}' at path ${path}`;
const none = [{ '(name)': 'zz', image: 'nope' }];
const PODS: readonly (readonly [spec: Json, outcome: 'fits' | 'fails' | string])[] = [
  [
    { '(nodeName)': 'zz', 'X(securityContext)': 'null' },
    "conditional anchor mismatch: conditional anchor key doesn't exist in the resource",
  ],
  [
    { '(terminationGracePeriodSeconds)': '>50', '^(containers)': [{ image: 'x/*' }] },
    unmet('30', '>50', '/spec/terminationGracePeriodSeconds/'),
  ],
  [
    { '(terminationGracePeriodSeconds)': '>50', '(securityContext)': { runAsUser: 0 } },
    `${unmet('5', '0', '/spec/securityContext/runAsUser/')}; ${unmet('30', '>50', '/spec/terminationGracePeriodSeconds/')}`,
  ],
  [{ '=(securityContext)': { '(runAsUser)': 0, a: 1 }, '=(terminationGracePeriodSeconds)': 30 }, 'fits'],
  [
    { '=(securityContext)': { '(runAsUser)': 0, a: 1 }, terminationGracePeriodSeconds: 31 },
    unmet('5', '0', '/spec/securityContext/runAsUser/'),
  ],
  [{ '=(containers)': none, '=(nodeName)': 'x' }, 'fits'],
  [{ '=(initContainers)': none, '=(nodeName)': 'x', containers: [{ '(name)': 'main', image: 'no' }] }, 'fails'],
  [
    { initContainers: none, containers: [{ '(name)': 'main', image: 'no' }] },
    unmet('init', 'zz', '/spec/initContainers/0/name/'),
  ],
  [
    { containers: none, hostPID: true },
    `${unmet('main', 'zz', '/spec/containers/0/name/')}; ${unmet('side', 'zz', '/spec/containers/1/name/')}`,
  ],
  [{ '(securityContext)': 'x', hostPID: true }, unmet('map[runAsUser:5]', 'x', '/spec/securityContext/')],
  [{ '(terminationGracePeriodSeconds)': null }, unmet('30', '<nil>', '/spec/terminationGracePeriodSeconds/')],
  [{ '<(nodeName)': 'x', '(terminationGracePeriodSeconds)': 30 }, 'fits'],
];
for (const [spec, outcome] of PODS)
  test(`pattern: ${JSON.stringify(spec)} over a pod: ${outcome}`, () => {
    const found = matchPattern(POD, { spec });
    const skips = found?.kind === 'condition' || found?.kind === 'global';
    assert.equal(found === undefined ? 'fits' : skips ? found.why : 'fails', outcome);
  });

test('pattern: of two maps with unmet conditions the last in order is told', () => {
  const found = matchPattern(POD, { metadata: { '(name)': 'zz' }, spec: { '(terminationGracePeriodSeconds)': 31 } });
  assert.equal(found?.path, '/spec/terminationGracePeriodSeconds/');
});
