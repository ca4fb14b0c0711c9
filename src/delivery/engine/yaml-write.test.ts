import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { sha1 } from './sha1.ts';
import { sha256 } from './sha256.ts';
import { compareKeys, writeYaml } from './yaml-write.ts';

const ROWS: readonly (readonly [value: unknown, text: string])[] = [
  [{ a: [{ b: 1, c: ['x', [1, 2]] }] }, 'a:\n- b: 1\n  c:\n  - x\n  - - 1\n    - 2\n'],
  [{ a: {}, b: [], c: null }, 'a: {}\nb: []\nc: null\n'],
  [
    { a: 'yes', b: '1e3', c: '2001-01-01', d: '', e: '0x1F', f: '1:30' },
    'a: "yes"\nb: "1e3"\nc: "2001-01-01"\nd: ""\ne: "0x1F"\nf: "1:30"\n',
  ],
  [
    { a: ': x', b: "it's", c: '- x', d: ' x', e: '#x', f: 'a #b' },
    "a: ': x'\nb: it's\nc: '- x'\nd: ' x'\ne: '#x'\nf: 'a #b'\n",
  ],
  [
    { a: 'x\ny\n', b: 'x\ny', c: 'x\n\n', d: '\nx', e: 'x \ny' },
    'a: |\n  x\n  y\nb: |-\n  x\n  y\nc: |+\n  x\n\nd: |2-\n\n  x\ne: "x \\ny"\n',
  ],
  [{ k10: 1, k9: 2, Z: 3, a: 4, _b: 5 }, '_b: 5\nZ: 3\na: 4\nk9: 2\nk10: 1\n'],
  [{ a: 1234567.25, b: 1e6, c: 0.1, d: 10n }, 'a: 1.23456725e+06\nb: 1000000\nc: 0.1\nd: 10\n'],
  [{ a: 'a\tb' }, 'a: "a\\tb"\n'],
  ['x', 'x\n'],
];

test('values are written as Go writes them', () => {
  for (const [value, text] of ROWS) assert.equal(writeYaml(value), text);
});

test('long lines break at the first space after column 80', () => {
  const words = 'word '.repeat(40).trim();
  for (const line of writeYaml({ a: words }).split('\n')) assert.ok(line.length <= 86, line);
});

test('keys with foreign names are only keys', () => {
  assert.equal(writeYaml(JSON.parse('{"__proto__": 1, "constructor": 2}')), '__proto__: 1\nconstructor: 2\n');
  assert.ok(compareKeys('a2', 'a10') < 0);
});

test('the hashes are SHA-256 and SHA-1', () => {
  for (const text of ['', 'abc', 'x'.repeat(55), 'x'.repeat(56), 'é'.repeat(1000)]) {
    assert.equal(sha256(text), createHash('sha256').update(text).digest('hex'));
    assert.equal(sha1(text), createHash('sha1').update(text).digest('hex'));
  }
});
