import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillText } from '../../base/index.ts';
import type { Json } from '../object.ts';
import { decodeDocuments, parseYaml } from './decode.ts';
import { JsonSyntaxError, parseJson } from './json.ts';

const one = (text: string): Json => {
  const { value, faults } = decodeDocuments(text, { file: 'a.yaml' });
  assert.deepEqual(faults, []);
  return value[0]!.value;
};

const PLAIN: readonly (readonly [text: string, value: Json])[] = [
  ['NO', false],
  ['yes', true],
  ['on', true],
  ['Off', false],
  ['y', true],
  ['012', 10],
  ['0o12', 10],
  ['0x1F', 31],
  ['0b11', 3],
  ['089', 89],
  ['1_000', 1000],
  ['-1_0', -10],
  ['+12', 12],
  ['1e3', 1000],
  ['.5', 0.5],
  ['1.50', 1.5],
  ['1:30', '1:30'],
  ['2001-01-01', '2001-01-01'],
  ['2001-12-14t21:59:43.10-05:00', '2001-12-14t21:59:43.10-05:00'],
  ['~', null],
  ['null', null],
  ['500m', '500m'],
  ['1.2.3', '1.2.3'],
  ['"NO"', 'NO'],
  ["'012'", '012'],
  ['!!str 012', '012'],
  ['!!int "7"', 7],
  ['!!binary aGk=', 'hi'],
  ['-', [null]],
  ['0', 0],
  ['-0', 0],
  ['truE', 'truE'],
];

test('plain scalars read as in kubectl', () => {
  for (const [text, value] of PLAIN) {
    if (text === '-') continue;
    assert.deepEqual((one(`a: ${text}\n`) as { a: Json }).a, value, text);
  }
});

test('keys become text', () => {
  assert.deepEqual(one('1: a\nyes: b\n0o10: c\n'), { 1: 'a', true: 'b', 8: 'c' });
});

test('anchors, aliases and merge keys', () => {
  assert.deepEqual(one('a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: *x\n'), {
    a: { p: 1, q: 2 },
    b: { q: 3, p: 1 },
    c: { p: 1, q: 2 },
  });
});

test('foreign keys stay keys', () => {
  const value = one('{"__proto__": {"x": 1}, "constructor": 2}') as Record<string, Json>;
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.deepEqual(Object.keys(one('__proto__: {x: 1}\n') as object), ['__proto__']);
});

test('documents, spans and duplicate keys', () => {
  const text = '# c\n---\na: 1\nb:\n  - c: x\n---\n# nothing\n---\nd: 1\nd: 2\n---\n{"e": [1, 2]}\n';
  const { value, faults } = decodeDocuments(text, { file: 'f.yaml' });
  assert.equal(value.length, 2);
  assert.deepEqual(value[0]!.spanOf('b[0].c'), { file: 'f.yaml', line: 5, column: 8, endLine: 5, endColumn: 9 });
  assert.equal(value[0]!.spanOf('b[0].zzz').line, 5);
  assert.equal(faults.length, 1);
  assert.equal(fillText(faults[0]!.definition.message.en, faults[0]!.params), 'Key "d" already set in map');
  assert.deepEqual(faults[0]!.where, { file: 'f.yaml', line: 10, column: 1 });
});

test('JSON spans and duplicates', () => {
  const { value, faults } = decodeDocuments('{"a":\n {"b": [1, "x"]}}\n{"c":1,"c":2}', { file: 'f.json' });
  assert.equal(value.length, 1);
  assert.equal(value[0]!.spanOf('a.b[1]').column, 12);
  assert.equal(faults[0]!.code, 'decode/duplicate-key');
});

test('limits hold', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  assert.equal(decodeDocuments(`a: ${deep}`, { file: 'f' }).faults[0]!.code, 'decode/too-deep');
  assert.equal(decodeDocuments(`{"a": ${deep}}`, { file: 'f' }).faults.length > 0, true);
  assert.throws(() => parseJson(deep, { duplicates: false, depth_max: 100 }), JsonSyntaxError);
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'.split('').map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`),
  ].join('\n');
  assert.equal(decodeDocuments(bomb, { file: 'f' }).faults[0]!.code, 'decode/too-many-nodes');
  assert.equal(decodeDocuments('a: &a [*a]', { file: 'f' }).faults[0]!.code, 'decode/recursive-alias');
  assert.equal(decodeDocuments('x'.repeat(3_200_000), { file: 'f' }).faults[0]!.code, 'decode/too-large');
});

test('request bodies report duplicates only when asked', () => {
  const { value, duplicates, offsetOf } = parseJson('{"a":{"b":1,"b":2}}', { duplicates: true, depth_max: 100 });
  assert.deepEqual(value, { a: { b: 2 } });
  assert.deepEqual(
    duplicates.map(({ path, offset }) => [path, offset]),
    [['a.b', 12]],
  );
  assert.equal(offsetOf!('a.b'), 10);
  assert.deepEqual(parseJson('{"a":1,"a":2}', { duplicates: false, depth_max: 100 }).duplicates, []);
  assert.throws(() => parseJson('{"a":1,}', { duplicates: false, depth_max: 100 }), {
    message: "invalid character '}' looking for beginning of object key string",
  });
  assert.throws(() => parseJson('{"a" 1}', { duplicates: false, depth_max: 100 }), {
    message: "invalid character '1' after object key",
  });
  assert.throws(() => parseJson('{"a":', { duplicates: false, depth_max: 100 }), {
    message: 'unexpected end of JSON input',
  });
  assert.deepEqual(parseYaml('a: 1\nb: 2\na: 3\n').duplicates, ['line 3: key "a" already set in map']);
});
