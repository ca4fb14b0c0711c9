import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Value } from './ast.ts';
import { compileJq } from './run.ts';
import { compare } from './values.ts';

const NOW = Date.UTC(2026, 0, 1);
const plain = (values: readonly Value[] | undefined): unknown =>
  values &&
  (JSON.parse(
    JSON.stringify(values, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item)),
  ) as unknown);

const POD = {
  metadata: { name: 'a', labels: { app: 'web', 'x.io/y': 'true' }, ownerReferences: [{ kind: 'Job', name: 'j' }] },
  spec: {
    containers: [
      { name: 'c', image: 'i:1' },
      { name: 'd', image: 'i:2' },
    ],
    replicas: 3,
  },
  status: {
    phase: 'Running',
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Initialized', status: 'False' },
    ],
  },
};

const ROWS: readonly (readonly [filter: string, wanted: unknown])[] = [
  ['.metadata.name', ['a']],
  ['.metadata.deletionTimestamp', [null]],
  ['.metadata.missing.deeper', [null]],
  ['.metadata.labels["x.io/y"]', ['true']],
  ['.metadata.labels."x.io/y"', ['true']],
  ['.status.conditions.[] | select( .type == "Ready" ) | .status', ['True']],
  ['.status.conditions[] | select(.type == "Nothing") | .status', []],
  ['.metadata.ownerReferences.[].kind', ['Job']],
  ['.metadata.finalizers.[]', undefined],
  ['.metadata.finalizers[]?', []],
  ['.status.initContainerStatuses.[].state.waiting.reason', undefined],
  ['.spec.containers | length', [2]],
  ['.spec.containers[0].image, .spec.containers[-1].image', ['i:1', 'i:2']],
  ['.spec.containers[1:] | map(.name)', [['d']]],
  ['[.spec.containers[].image | split(":")[1] | tonumber] | add', [3]],
  ['.spec.replicas + 1 > 3 and (.status.phase | startswith("Run"))', [true]],
  ['.spec.none // "nothing"', ['nothing']],
  ['(.spec.none, .spec.replicas) // "nothing"', [3]],
  ['if .status.phase == "Running" then "up" elif .x then 1 else "down" end', ['up']],
  ['"\\(.metadata.name)-\\(.spec.replicas)"', ['a-3']],
  ['{name: .metadata.name, "k": 1, (.status.phase): [2, 3]}', [{ name: 'a', k: 1, Running: [2, 3] }]],
  ['{a: (1, 2)}', [{ a: 1 }, { a: 2 }]],
  ['reduce .spec.containers[] as $c (""; . + $c.name)', ['cd']],
  ['.spec.replicas as $n | $n * 2', [6]],
  ['1, 2 as $x | $x', [1, 2]],
  ['try error("no") catch .', ['no']],
  ['.metadata.labels | to_entries | map(.key) | sort', [['app', 'x.io/y']]],
  ['.metadata.labels | with_entries(select(.value == "true"))', [{ 'x.io/y': 'true' }]],
  ['[.spec.containers[] | select(.image | test("^i:[2-9]$"))] | length', [1]],
  ['any(.spec.containers[]; .name == "d")', [true]],
  ['[limit(2; range(10))]', [[0, 1]]],
  ['[.. | numbers]', [[3]]],
  ['1 as $x | [$x, $x + 1] | max', [2]],
  ['10 / 4, 7 % 3, -2', [2.5, 1, -2]],
  ['{} | .__proto__', [null]],
  ['"a" * 2, ([1, 2] - [1])', ['aa', [2]]],
  ['.metadata.name | .x', undefined],
  ['now', [NOW / 1000]],
  ['"2026-01-01T00:00:00Z" | fromdate', [NOW / 1000]],
  ['[1 | recurse(if . < 3 then . + 1 else empty end)]', [[1, 2, 3]]],
];

test('filters give what jq gives', () => {
  for (const [filter, wanted] of ROWS) assert.deepEqual(plain(compileJq(filter).all(POD, NOW)), wanted, filter);
});

test('what is no filter, or one that does what is not there, is refused', () => {
  for (const filter of [
    '',
    '.a |',
    '.[',
    'foo',
    '.a = 1',
    'def f: 1; f',
    '$x',
    '"abc',
    '@base64',
    '. as $x',
    'if . then 1',
    '.a..b',
    '\u0000',
  ])
    assert.throws(() => compileJq(filter), { name: 'JqError' }, filter);
});

test('a filter that never ends gives nothing', () => {
  for (const filter of ['[recurse(.)]', 'range(1000000000)', '[range(0; 90000)] | map([range(0; 90000)])'])
    assert.equal(compileJq(filter).all(POD, NOW), undefined, filter);
});

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Value>;

test('the order of values is total, and sorting keeps what there is', () => {
  fc.assert(
    fc.property(json, json, json, (a, b, c) => {
      assert.equal(Math.sign(compare(a, b)), -Math.sign(compare(b, a)) + 0);
      if (compare(a, b) <= 0 && compare(b, c) <= 0) assert.ok(compare(a, c) <= 0);
      assert.equal((compileJq('sort | length').all([a, b, c], NOW) as Value[])[0], 3n);
    }),
  );
});

test('any text is read or refused, and what is read ends', () => {
  const pieces = fc.array(
    fc.constantFrom(
      '.',
      'a',
      '.a',
      '[',
      ']',
      '(',
      ')',
      '|',
      ',',
      '//',
      '==',
      '+',
      '-',
      'select',
      'map',
      '"x"',
      '1',
      '$x',
      'as',
      'if',
      'then',
      'end',
      '..',
      '?',
      ' ',
      '{',
      '}',
      ':',
      'not',
    ),
    { maxLength: 14 },
  );
  fc.assert(
    fc.property(pieces, json, (words, input) => {
      try {
        compileJq(words.join('')).all(input, NOW);
      } catch (error) {
        assert.equal((error as Error).name, 'JqError');
      }
    }),
    { numRuns: 500 },
  );
});
