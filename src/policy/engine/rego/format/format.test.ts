import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatModule } from './index.ts';

const v1 = { file: 'x.rego', version: 'v1' } as const;

/** Source and what `opa fmt` 1.22.2 writes for it, observed with the real program. */
const ROWS: readonly (readonly [string, string])[] = [
  ['package a\nx:=1\ny  := 2 # yc\nz = 3', 'package a\n\nx := 1\ny := 2 # yc\nz := 3\n'],
  ['package a\nallow if {input.y; input.z}', 'package a\n\nallow if {\n\tinput.y\n\tinput.z\n}\n'],
  ['package a\na if {\n\tb\n\t# inner\n\tc\n}', 'package a\n\na if {\n\tb\n\n\t# inner\n\tc\n}\n'],
  ['package a\nx := [\n1,2,\n3\n]', 'package a\n\nx := [\n\t1, 2,\n\t3,\n]\n'],
  ['package a\nx := 1+2*3', 'package a\n\nx := 1 + (2 * 3)\n'],
  ['package a\nx := f(\n1)\ny := f(1,\n2)', 'package a\n\nx := f(1)\n\ny := f(\n\t1,\n\t2,\n)\n'],
  ['package a\nx := {\n  # only\n}', 'package a\n\nx := {\n  # only\n}\n'],
  ['package a\nx :=  [ # a\n  1, # b\n2] # c', 'package a\n\nx := [ # a\n  1, # b\n2] # c\n'],
  ['package a\nx if every q in [1] { q>0 ; q<3 }', 'package a\n\nx if every q in [1] { q > 0; q < 3}\n'],
  ['package a\nx if every q in [1] { q }', 'package a\n\nx if every q in [1] { q }\n'],
  ['package a\nx if { y } else := 1', 'package a\n\nx if y\n\nelse := 1\n'],
  ['package a\nx if {\ny } else := 1 if {\n z }', 'package a\n\nx if {\n\ty\n} else := 1 if {\n\tz\n}\n'],
  [
    'package a\nimport data.z\nimport data.b # c\n\nimport input.x',
    'package a\n\nimport data.b # c\nimport data.z\n\nimport input.x\n',
  ],
  ['package a\nx if {\n f(y)\n  with input as 1\n}', 'package a\n\nx if {\n\tf(y)\n\t\twith input as 1\n}\n'],
  ['package a\nx := $"a {1} {b}"', 'package a\n\nx := $"a 1 {b}"\n'],
  ['package a\np["x"] := 1', 'package a\n\np["x"] := 1\n'],
];

test('modules are written as opa fmt writes them', () => {
  for (const [source, expected] of ROWS) assert.equal(formatModule(source, v1), expected, source);
});

test('a second pass changes nothing', () => {
  for (const [source] of ROWS) {
    const once = formatModule(source, v1);
    assert.equal(formatModule(once, v1), once, source);
  }
});

test('v0 keeps its forms, and may be made to read in both versions', () => {
  const source = 'package a\np[x] { x = 1 }\nq = 1';
  assert.equal(formatModule(source, { ...v1, version: 'v0' }), 'package a\n\np[x] {\n\tx = 1\n}\n\nq = 1\n');
  assert.equal(
    formatModule(source, { ...v1, version: 'v0', both: true }),
    'package a\n\nimport rego.v1\n\np contains x if x = 1\nq := 1\n',
  );
});
