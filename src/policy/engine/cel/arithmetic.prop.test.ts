import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileCel, STANDARD_ENVIRONMENT, toJson } from './index.ts';

/** An expression and what the slow obvious twin says of it: exact integers, undefined for an error. */
interface Sample {
  readonly text: string;
  readonly value: bigint | undefined;
}

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const inRange = (value: bigint): bigint | undefined => (value >= MIN && value <= MAX ? value : undefined);

const EDGES = [
  0n,
  1n,
  -1n,
  2n,
  3n,
  -7n,
  2n ** 31n,
  2n ** 52n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  -(2n ** 53n),
  3037000499n,
  94906267n,
  MAX,
  MIN,
];
const leaf = fc
  .oneof(fc.constantFrom(...EDGES), fc.bigInt(MIN, MAX), fc.bigInt(-100n, 100n))
  .map((value): Sample => ({ text: `${value}`, value }));

const WORK: Readonly<Record<string, (a: bigint, b: bigint) => bigint | undefined>> = {
  '+': (a, b) => inRange(a + b),
  '-': (a, b) => inRange(a - b),
  '*': (a, b) => inRange(a * b),
  '/': (a, b) => (b === 0n ? undefined : inRange(a / b)),
  '%': (a, b) => (b === 0n ? undefined : inRange(a % b)),
};

const sample = fc.letrec<{ node: Sample }>(tie => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.tuple(tie('node'), fc.constantFrom(...Object.keys(WORK)), tie('node')).map(
      ([a, op, b]): Sample => ({
        text: `(${a.text} ${op} ${b.text})`,
        value: a.value === undefined || b.value === undefined ? undefined : WORK[op]!(a.value, b.value),
      }),
    ),
  ),
})).node;

test('integers are exact over the whole of int64', () => {
  fc.assert(
    fc.property(sample, fc.boolean(), ({ text, value }, check) => {
      const outcome = compileCel(`string(${text})`, { ...STANDARD_ENVIRONMENT, check }).value.evaluate({});
      if (value === undefined) assert.ok('error' in outcome, text);
      else {
        assert.ok('value' in outcome, text);
        assert.equal(outcome.value, String(value), text);
      }
    }),
    { numRuns: 4000 },
  );
});

test('order and equality of integers are exact', () => {
  fc.assert(
    fc.property(leaf, leaf, (a, b) => {
      const outcome = compileCel(
        `[${a.text} < ${b.text}, ${a.text} <= ${b.text}, ${a.text} == ${b.text}, ${a.text} in [${b.text}], {${a.text}: 1}.exists(k, k == ${b.text})]`,
        STANDARD_ENVIRONMENT,
      ).value.evaluate({});
      assert.ok('value' in outcome);
      const same = a.value === b.value;
      assert.deepEqual(toJson(outcome.value), [a.value! < b.value!, a.value! <= b.value!, same, same, same]);
    }),
    { numRuns: 2000 },
  );
});

/** Programs that are well typed say the same with and without the type checker. */
const boolean = fc.letrec<{ bool: string; int: string; list: string }>(tie => ({
  int: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('1', '0', 'n', '-3', 'x'),
    fc.tuple(tie('int'), fc.constantFrom('+', '*', '/', '%'), tie('int')).map(([a, o, b]) => `(${a} ${o} ${b})`),
    tie('list').map(list => `size(${list})`),
    fc.tuple(tie('bool'), tie('int'), tie('int')).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
  ),
  list: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('[1, 2]', '[7]', 'l'),
    fc.tuple(tie('list'), tie('int')).map(([list, body]) => `${list}.map(x, ${body})`),
    fc.tuple(tie('list'), tie('bool')).map(([list, body]) => `${list}.filter(x, ${body})`),
  ),
  bool: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('true', 'false'),
    fc.tuple(tie('int'), fc.constantFrom('<', '==', '>=', '!='), tie('int')).map(([a, o, b]) => `(${a} ${o} ${b})`),
    fc.tuple(tie('bool'), fc.constantFrom('&&', '||'), tie('bool')).map(([a, o, b]) => `(${a} ${o} ${b})`),
    tie('bool').map(a => `!${a}`),
    fc
      .tuple(tie('list'), fc.constantFrom('all', 'exists', 'exists_one'), tie('bool'))
      .map(([list, fold, body]) => `${list}.${fold}(x, ${body})`),
  ),
})).bool;

test('checked and unchecked programs agree', () => {
  const variables = new Map([
    ['n', 'int'],
    ['x', 'int'],
    ['l', 'list'],
  ] as const);
  const activation = { n: 4, x: 2, l: [3, 0, 5] };
  const environment = {
    ...STANDARD_ENVIRONMENT,
    variables: new Map([...variables].map(([name]) => [name, compileCel('dyn(1)', STANDARD_ENVIRONMENT).value.type])),
  };
  let errors = 0;
  fc.assert(
    fc.property(boolean, text => {
      const checked = compileCel(text, environment);
      assert.deepEqual(checked.faults, [], text);
      const left = checked.value.evaluate(activation);
      const right = compileCel(text, { ...environment, check: false }).value.evaluate(activation);
      if ('error' in left) errors++;
      assert.deepEqual('value' in left ? left.value : 'error', 'value' in right ? right.value : 'error', text);
    }),
    { numRuns: 2000 },
  );
  assert.ok(errors > 20, 'errors were met');
});
