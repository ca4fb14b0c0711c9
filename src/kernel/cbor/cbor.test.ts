import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../object.ts';
import { schemaOf } from '../schema/index.ts';
import { CborError, decodeCbor } from './decode.ts';
import { encodeCbor } from './encode.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const read = (text: string): Json => decodeCbor(hex(text)).value;

/** Examples of RFC 8949, Appendix A, and what they are here. */
const READ: readonly (readonly [string, Json])[] = [
  ['00', 0],
  ['1818', 24],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['20', -1],
  ['3903e7', -1000],
  ['f93c00', 1],
  ['f93e00', 1.5],
  ['f97bff', 65_504],
  ['f90001', 5.960464477539063e-8],
  ['fa47c35000', 100_000],
  ['fb3ff199999999999a', 1.1],
  ['f4', false],
  ['f6', null],
  ['6449455446', 'IETF'],
  ['4449455446', 'IETF'],
  ['62c3bc', 'ü'],
  ['83010203', [1, 2, 3]],
  ['a26161016162820203', { a: 1, b: [2, 3] }],
  ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
  ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
  ['7f657374726561646d696e67ff', 'streaming'],
  ['d9d9f7a0', {}],
  ['c074323031332d30332d32315432303a30343a30305a', '2013-03-21T20:04:00Z'],
  ['c11a514b67b0', '2013-03-21T20:04:00Z'],
  ['d6 43 010203', 'AQID'],
  ['d7 43 010203', '010203'],
];

test('items are read as JSON would have them', () => {
  for (const [bytes, value] of READ) assert.deepEqual(read(bytes), value, bytes);
});

test('what has no place in an object is refused', () => {
  const refused = [
    '',
    'ff',
    '1c',
    '18',
    '61',
    '61ff',
    'f7',
    'f97e00',
    'f97c00',
    'a10102',
    'a161',
    '81ff',
    '0000',
    '1f',
  ].concat(['5f6161ff', 'c249010000000000000000', '3bffffffffffffffff', '9b7fffffffffffffff', '81'.repeat(100)]);
  for (const bytes of refused) assert.throws(() => read(bytes), CborError, bytes);
  assert.deepEqual(decodeCbor(hex('a2 6161 a2 6162 01 6162 02 6161 03')).duplicates, ['a.b', 'a']);
  assert.ok(Object.hasOwn(read('a1 69 5f5f70726f746f5f5f 01') as object, '__proto__'));
});

test('objects are written in one way', () => {
  assert.equal(
    encodeCbor({ bb: 1.5, a: 'x', c: [true, null, -25], b: 0.1 }).toString('hex'),
    'd9d9f7a4 4161 4178 4162 fb3fb999999999999a 4163 83f5f63818 426262 f93e00'.replaceAll(' ', ''),
  );
  const secret = { kind: 'Secret', data: { k: 'AQID', odd: '?' } };
  const schema = schemaOf({ group: '', version: 'v1', kind: 'Secret' })!;
  assert.ok(encodeCbor(secret, schema).includes(hex('d643010203')));
  assert.deepEqual(decodeCbor(encodeCbor(secret, schema)).value, secret);
});

test('integers beyond what a double counts by one keep their value', () => {
  for (const value of [2 ** 53, -(2 ** 53), -(2 ** 53) - 2, -9_106_473_100_473_422, 2 ** 62])
    assert.equal(decodeCbor(encodeCbor(value)).value, value);
});

test('every JSON value comes back from CBOR, and equal values are equal bytes', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), value => {
      const plain = JSON.parse(JSON.stringify(value)) as Json;
      const bytes = encodeCbor(plain);
      assert.deepEqual(decodeCbor(bytes).value, plain);
      assert.ok(bytes.equals(encodeCbor(decodeCbor(bytes).value)));
    }),
    { numRuns: 200 },
  );
});

test('no bytes take long or crash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      try {
        decodeCbor(bytes);
      } catch (error) {
        assert.ok(error instanceof CborError);
      }
    }),
    { numRuns: 3_000 },
  );
});
