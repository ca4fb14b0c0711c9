import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeCrypto } from '../../drivers/rego-crypto.ts';
import { fromJsonText, objectOf } from './value.ts';
import {
  BUILTINS,
  builtinContext,
  checkStrict,
  compileRego,
  EvaluationError,
  jsonText,
  parseModule,
  RegoError,
  type Value,
} from './index.ts';

const FUEL = 1_000_000;

function decide(
  module: string,
  path: string,
  input: Value = {},
  data: Value = {},
  version: 'v0' | 'v1' = 'v1',
): string {
  const program = compileRego([parseModule(module, { file: 'a.rego', version })], BUILTINS);
  const value = program.entry(path.split('.'))!({
    input,
    data,
    builtins: builtinContext({ fuel: FUEL, crypto: nodeCrypto }),
  });
  return value === undefined ? 'undefined' : jsonText(value);
}

test('every builtin of OPA 1.22 has a line in a table', () => {
  assert.equal(BUILTINS.size, 206);
  for (const [name, { arity }] of BUILTINS) assert.ok(arity >= -1 && arity <= 5, name);
});

test('rules decide', async t => {
  const rows: [string, string, string, Value, string][] = [
    ['default', 'package a\ndefault p := 1\np := 2 if input.x', 'a.p', {}, '1'],
    ['body', 'package a\np := 2 if input.x == 3', 'a.p', { x: 3 }, '2'],
    ['set', 'package a\np contains x if some x in input.l', 'a.p', { l: [2, 1, 2] }, '[1,2]'],
    ['general reference', 'package a\np[x].r := 1 if x := "q"\np.z := 2', 'a.p', {}, '{"q":{"r":1},"z":2}'],
    ['null in an object', 'package a\np["x"] := null\np[y] := 1 if y := "z"', 'a.p', {}, '{"x":null,"z":1}'],
    ['keys of prototypes', 'package a\np := [input.constructor, input["__proto__"]]', 'a.p', {}, 'undefined'],
    [
      'own keys of such names',
      'package a\np := input["__proto__"].x',
      'a.p',
      JSON.parse('{"__proto__":{"x":1}}') as Value,
      '1',
    ],
    ['key found by its own use', 'package a\np := i if { some i; i == input.l[i] }', 'a.p', { l: [2, 1, 0] }, '1'],
    ['mock', 'package a\nf(x) := x\np := y if y := f(1) with f as 7', 'a.p', {}, '7'],
    ['builtin as mock', 'package a\nf(_) := 2\np := y if y := f([1]) with f as count', 'a.p', {}, '1'],
    ['object.get of null', 'package a\np := object.get({"a": null}, "a", 1)', 'a.p', {}, 'null'],
    ['membership chain', 'package a\np if { "x", 2 in {"x": 2} in [true] }', 'a.p', {}, 'true'],
    ['big numbers', 'package a\np := 12345678901234567890 * 10', 'a.p', {}, '123456789012345678900'],
    ['the last of two values', 'package a\np := {"k": input.none, "k": 1}', 'a.p', {}, '{"k":1}'],
    ['every operand is judged', 'package a\np := replace("x", "y", input.n)', 'a.p', { n: 1 }, 'undefined'],
    ['exact fractions', 'package a\np := 0.1 + 0.2', 'a.p', {}, '0.3'],
  ];
  for (const [name, module, path, input, expected] of rows)
    await t.test(name, () => assert.equal(decide(module, path, input), expected));
});

test('an index over equalities changes no answer', () => {
  const rules = Array.from({ length: 50 }, (_, i) => `p contains ${i} if { input.k == "v${i % 7}"; input.n > ${i} }`);
  const module = `package a\n${rules.join('\n')}\np contains 99 if input.always`;
  for (const k of ['v0', 'v3', 'none', '__proto__']) {
    for (const n of [0, 25, 100]) {
      const wanted = rules.flatMap((_, i) => (k === `v${i % 7}` && n > i ? [i] : []));
      assert.equal(decide(module, 'a.p', { k, n, always: true }), JSON.stringify([...wanted, 99]));
    }
  }
});

test('refusals carry the codes of OPA', () => {
  const rows: [string, string][] = [
    ['package a\np if', 'rego_parse_error'],
    ['package a\np := x', 'rego_unsafe_var_error'],
    ['package a\np := q\nq := p', 'rego_recursion_error'],
    ['package a\np := nothing(1)', 'rego_type_error'],
    ['package a\np := count(1, 2, 3)', 'rego_type_error'],
    ['package a\np := 1\np contains 2', 'rego_type_error'],
    ['package a\nimport data.b.c\np := 1', 'rego_compile_error'],
    ['package a\np if { x := 1; true }', 'rego_compile_error'],
  ];
  for (const [module, code] of rows) {
    assert.throws(
      () => {
        const parsed = parseModule(module, { file: 'a.rego', version: 'v1' });
        checkStrict([parsed]);
        compileRego([parsed], BUILTINS);
      },
      (error: unknown) => error instanceof RegoError && error.code === code,
      module,
    );
  }
});

test('evaluation stops when its fuel is used up', () => {
  const module =
    'package a\np := count([1 | some x in numbers.range(1, 100000); some y in numbers.range(1, 100000); x == y])';
  assert.throws(
    () => decide(module, 'a.p'),
    (error: unknown) => error instanceof EvaluationError && error.code === 'eval_cancel_error',
  );
});

test('a call to the outside is told as a need and answered by the host', () => {
  const module = parseModule('package a\np := http.send({"method": "get", "url": "http://x"}).status_code', {
    file: 'a',
    version: 'v1',
  });
  const entry = compileRego([module], BUILTINS).entry(['a', 'p'])!;
  const first = builtinContext({ fuel: FUEL });
  assert.equal(entry({ builtins: first }), undefined);
  const [[key, need]] = [...first.needs] as unknown as [[string, { name: string }]];
  assert.equal(need.name, 'http.send');
  const answers = new Map<string, Value>([[key, { status_code: 204 }]]);
  assert.equal(entry({ builtins: builtinContext({ fuel: FUEL, answers }) }), 204);
});

test('names in JSON text stand in the order of their code points, whatever JavaScript makes of them', () => {
  const value = fromJsonText('{"10": 1, "b": 2, "-1": 3, "9": {"2": 1, "1": 2}}');
  assert.equal(jsonText(value), '{"-1":3,"10":1,"9":{"1":2,"2":1},"b":2}');
  const keyed = objectOf([
    ['b<', 1],
    [[1, '<'], 2],
    [3, 4],
  ]);
  assert.equal(jsonText(keyed), String.raw`{"3":4,"[1,\"\\u003c\"]":2,"b<":1}`);
});
