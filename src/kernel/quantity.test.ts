import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalQuantity, Quantity } from './quantity.ts';

const CANONICAL: readonly (readonly [text: string, canonical: string])[] = [
  ['1', '1'],
  ['0', '0'],
  ['0.0', '0'],
  ['500m', '500m'],
  ['1000m', '1'],
  ['0.1', '100m'],
  ['1.5', '1500m'],
  ['1.5Gi', '1536Mi'],
  ['1024Mi', '1Gi'],
  ['.5Gi', '512Mi'],
  ['100000Ki', '100000Ki'],
  ['2000000k', '2G'],
  ['1e3', '1e3'],
  ['12e6', '12e6'],
  ['-5m', '-5m'],
  ['0.0000000001', '1n'],
  ['12345678901234567890', '9223372036854775807'],
  ['1E', '1E'],
];

test('quantities have one canonical text', () => {
  for (const [text, canonical] of CANONICAL) assert.equal(canonicalQuantity(text), canonical, text);
  for (const wrong of ['', 'x', '1x', '1.2.3', 'Gi', '--1', '1e', '0x10', ' 1'])
    assert.equal(Quantity.parse(wrong), undefined, wrong);
});

test('sums are exact', () => {
  assert.equal(Quantity.of('100m').add(Quantity.of('200m')).toString(), '300m');
  assert.equal(Quantity.of('1Gi').subtract(Quantity.of('1Mi')).toString(), '1023Mi');
  assert.equal(Quantity.of('1').compare(Quantity.of('1000m')), 0);
  assert.equal(Quantity.of('1500m').value(), 2);
  assert.equal(Quantity.of('1.5').milliValue(), 1500);
});

test('reading the canonical text gives the same amount', () => {
  const suffix = fc.constantFrom('', 'm', 'k', 'M', 'Gi', 'Ki', 'u', 'n', 'T', 'e2', 'E-3');
  fc.assert(
    fc.property(
      fc.integer({ min: -99_999, max: 99_999 }),
      fc.integer({ min: 0, max: 999 }),
      suffix,
      (whole, part, unit) => {
        const amount = Quantity.of(`${whole}.${part}${unit}`);
        assert.equal(Quantity.of(amount.toString()).compare(amount), 0);
      },
    ),
    { numRuns: 500 },
  );
});
