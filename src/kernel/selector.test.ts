import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatLabelSelector,
  labelRequirements,
  matchLabels,
  parseFieldSelector,
  parseLabelSelector,
  selects,
} from './selector.ts';
import { StatusError } from './status.ts';

const LABELS = { app: 'shop', tier: 'web', 'example.org/size': '10' };

/** Selector, and whether it selects the labels above. */
const ROWS: readonly (readonly [string, boolean])[] = [
  ['', true],
  ['app=shop', true],
  ['app==shop', true],
  ['app!=shop', false],
  ['other!=x', true],
  ['app=bank', false],
  ['app in (bank, shop)', true],
  ['app notin (bank)', true],
  ['other notin (bank)', true],
  ['other in (bank)', false],
  ['tier', true],
  ['!tier', false],
  ['!other', true],
  ['! other', true],
  ['app=shop,tier=web', true],
  ['app=shop, tier=db', false],
  ['app in (shop),tier notin (db,cache),example.org/size', true],
  ['example.org/size>9', true],
  ['example.org/size<10', false],
  ['app>1', false],
  ['app=', false],
  ['other in ()', false],
];

for (const [text, expected] of ROWS) {
  test(`labels ${expected ? 'meet' : 'do not meet'} ${JSON.stringify(text)}`, () => {
    assert.equal(matchLabels(parseLabelSelector(text), LABELS), expected);
  });
}

for (const text of [
  'app in shop',
  'a b',
  '=x',
  'app in (a',
  'app=a b',
  'app>x',
  ',',
  'UPPER_/x=1',
  'a=-b',
  `${'k'.repeat(64)}=v`,
]) {
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.throws(
      () => parseLabelSelector(text),
      (error: unknown) => error instanceof StatusError && error.code === 400,
    );
  });
}

test('a selector object matches as its text does, and an empty one matches all', () => {
  const selector = {
    matchLabels: { app: 'shop' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['web', 'db'] },
      { key: 'gone', operator: 'DoesNotExist' },
    ],
  };
  assert.equal(formatLabelSelector(selector), 'app=shop,tier in (db,web),!gone');
  assert.ok(selects(selector, LABELS));
  assert.ok(selects({}, undefined));
  assert.ok(!selects({ matchLabels: { constructor: 'x' } }, LABELS));
});

test('what formatLabelSelector writes, parseLabelSelector reads', () => {
  const name = fc.constantFrom('app', 'tier', 'example.org/size', 'x');
  const value = fc.constantFrom('shop', 'web', '10', 'a.b-c_d');
  const expression = fc.oneof(
    fc.record({
      key: name,
      operator: fc.constantFrom('In', 'NotIn'),
      values: fc.array(value, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ key: name, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
  );
  fc.assert(
    fc.property(
      fc.dictionary(name, value),
      fc.array(expression),
      fc.dictionary(name, value),
      (matchLabels_, matchExpressions, labels) => {
        const selector = { matchLabels: matchLabels_, matchExpressions };
        const read = parseLabelSelector(formatLabelSelector(selector));
        assert.equal(matchLabels(read, labels), matchLabels(labelRequirements(selector), labels));
      },
    ),
  );
});

test('field selectors split at commas and take escapes', () => {
  assert.deepEqual(parseFieldSelector('metadata.name=a,status.phase!=Running,x==y'), [
    { path: 'metadata.name', operator: '=', value: 'a' },
    { path: 'status.phase', operator: '!=', value: 'Running' },
    { path: 'x', operator: '=', value: 'y' },
  ]);
  assert.deepEqual(parseFieldSelector('reason=a\\,b\\=c'), [{ path: 'reason', operator: '=', value: 'a,b=c' }]);
  assert.throws(() => parseFieldSelector('nothing'), StatusError);
});
