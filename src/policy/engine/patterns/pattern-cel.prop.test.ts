import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../../kernel/index.ts';
import { compileCel, DYN, extendEnvironment, KUBERNETES_ENVIRONMENT } from '../cel/index.ts';
import { NotInCel } from './leaf-cel.ts';
import { matchPattern } from './match.ts';
import { patternConditions } from './pattern-cel.ts';

const ENVIRONMENT = extendEnvironment(KUBERNETES_ENVIRONMENT, { variables: [['object', DYN]] });

/** What CEL says of a resource: fit, skip or fail. */
function inCel(resource: Json, pattern: Json): string {
  const { fits, skips } = patternConditions('object', pattern);
  const holds = (text: string): boolean => {
    const { value, faults } = compileCel(text, ENVIRONMENT);
    assert.equal(faults.map(({ params }) => params.message).join(), '', text);
    const outcome = value.evaluate({ object: resource as never });
    assert.ok('value' in outcome, `${text}: ${JSON.stringify(outcome)}`);
    return outcome.value === true;
  };
  const [fit, skip] = [holds(fits), holds(skips)];
  assert.ok(!(fit && skip), 'both');
  return fit ? 'fit' : skip ? 'skip' : 'fail';
}

function inEngine(resource: Json, pattern: Json): string {
  const found = matchPattern(resource, pattern);
  if (found === undefined) return 'fit';
  return found.kind === 'condition' || found.kind === 'global' ? 'skip' : 'fail';
}

const KEYS = ['a', 'b', 'c'] as const;
const leaf = fc.constantFrom<Json>('x', 'xyz', '', 'true', '5', '10Mi', '2h', 5, 0, 1.5, true, false, null, '-1');
const resource = fc.letrec(tie => ({
  value: fc.oneof({ maxDepth: 3, weightedArbitraries: true } as never, leaf, tie('map'), tie('list')),
  list: fc.array(fc.oneof({ maxDepth: 3 }, leaf, tie('map')), { maxLength: 3 }),
  map: fc.dictionary(fc.constantFrom(...KEYS), fc.oneof({ maxDepth: 3 }, leaf, tie('map'), tie('list')), {
    maxKeys: 3,
  }),
})).map as fc.Arbitrary<Json>;

const patternLeaf = fc.constantFrom<Json>(
  ...[
    'x',
    'x*',
    '?*',
    '*',
    '!x',
    '!x*',
    'x | 5',
    '>3',
    '<=10Mi',
    '1-6',
    '1!-6',
    '>1h',
    '<3h & >1h',
    '!5',
    '5',
    'true',
    '',
  ]
    .map((each): Json => each)
    .concat([5, 1.5, true, false, null]),
);
const keyed = fc
  .tuple(fc.constantFrom('', '', '', '', '=', '()', 'X', '^', '<', '+'), fc.constantFrom(...KEYS))
  .map(([kind, key]) => (kind === '' ? key : kind === '()' ? `(${key})` : `${kind}(${key})`));
const pattern = fc.letrec(tie => ({
  list: fc.oneof(
    { maxDepth: 3 },
    fc.array(patternLeaf, { minLength: 1, maxLength: 2 }),
    fc.array(tie('map'), { minLength: 1, maxLength: 1 }),
  ),
  map: fc.dictionary(keyed, fc.oneof({ maxDepth: 3 }, patternLeaf, tie('map'), tie('list')), { maxKeys: 3 }),
})).map as fc.Arbitrary<JsonObject>;

test('a pattern written as CEL says of every resource what the pattern says', () => {
  const seen = { fit: 0, skip: 0, fail: 0, refused: 0 };
  fc.assert(
    fc.property(resource, pattern, (of, wanted) => {
      let said: string;
      try {
        said = inCel(of, wanted);
      } catch (error) {
        if (!(error instanceof NotInCel)) throw error;
        seen.refused++;
        return;
      }
      seen[said as 'fit']++;
      assert.equal(said, inEngine(of, wanted));
    }),
    { numRuns: 3_000, seed: 11 },
  );
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > 10, `${kind}: ${count}`);
});
