import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILTINS } from '../builtins/index.ts';
import { compileRego } from '../compile.ts';
import { parseModule } from '../parser.ts';
import { RegoError } from '../syntax.ts';
import { declarationOf } from './declarations.ts';

function refusals(source: string): string[] {
  try {
    compileRego([parseModule(`package t\n${source}`, { file: 't.rego', version: 'v1' })], BUILTINS);
    return [];
  } catch (error) {
    assert.ok(error instanceof RegoError);
    return [error, ...error.others].map(each => [each.message, ...each.details].join(' / '));
  }
}

/** Source and what `opa check` 1.22.2 says of it, observed with the real program. */
const ROWS: readonly (readonly [string, ...string[]])[] = [
  ['p := 1 + "a"', 'plus: invalid argument(s) / have: (number, string, ???) / want: (x: number, y: number, z: number)'],
  ['p if 1 + "a"', 'plus: invalid argument(s) / have: (number, string) / want: (x: number, y: number, z: number)'],
  ['p if count(1)', 'count: invalid argument(s) / have: (number) / want: (collection: any<...>, n: number)'],
  ['f(x) := x + 1\np := f("a")', 'data.t.f: invalid argument(s) / have: (string, ???) / want: (number, number)'],
  ['p := "a"\nq if p == 1', 'match error / left  : string / right : number'],
  [
    'p := {"a": 1}\nq := p.b',
    'undefined ref: data.t.p.b / data.t.p.b /          ^ /          have: "b" /          want (one of): ["a"]',
  ],
  ['p := 1\nq := p.foo', 'undefined ref: data.t.p.foo / data.t.p.foo / ^^^^^^^^ / have: number'],
  ['p if { x := "a"; x = 1 }', 'match error / left  : string / right : number'],
  [
    'p := concat(",", [1])',
    'concat: invalid argument(s) / have: (string, array<number>, ???) / want: (delimiter: string, collection: any<array[string], set[string]>, output: string)',
  ],
  [
    'p if { some x in {"a"}; x + 1 }',
    'plus: invalid argument(s) / have: (string, number) / want: (x: number, y: number, z: number)',
  ],
  ['p := [x | x := 1; x.y]', 'undefined ref: x.y / x.y / ^ / have: number'],
  ['p if { every k, v in {"a": 1} { k + v } }'],
  ['p := input.x + 1\nq := input.x.y'],
  ['p := object.get({"a": 1}, "a", 2) + 1'],
  ['p if { x := {1, 2}; x - {1} }'],
  ['p if { v := 1; $"{v}" == 1 }', 'match error / left  : string / right : number'],
  ['p if { x := (1 in ["a"]) }', 'match error / left  : number / right : string'],
  ['f(x) if { sum([x]); upper(x) }', 'upper: invalid argument(s) / have: (number) / want: (x: string, y: string)'],
  ['f(x) if { y := set(); upper(y) }', 'upper: invalid argument(s) / have: (set) / want: (x: string, y: string)'],
  ['f(x) if { object.remove({}, [x]); abs(x) }'],
  ['f(x) if { every v in x { v > 1 }; upper(x); abs(x) }'],
  ['p if { v := true; replace($"{v}", v, "a") }'],
  ['p if { {1: 2 | input.a} == {"k": 1} }'],
  ['p if { {} == {"k": 1, input.a: 2} }'],
  ['r[100] := {"a": v | v := 1} if { input.x }\np if { "x" in r }'],
  ['p if { v := set(); count(v) }'],
  ['p if { v := set(); v & {1}; v == {1}; v[k]; upper(k) }'],
  ['p := set()\nq if { p[_].a }'],
  ['p if { v := []; v[0] == 1 }', 'undefined ref: v[0] / v[0] /   ^ /   have: 0 /   want (one of): []'],
  ['p if { v := set(); v[1].b == 1 }', 'undefined ref: v[1].b / v[1].b /   ^ /   have: 1 /   want (one of): []'],
  [
    'p if { every q in [1] { q != [w | [1, 2] == false; w := 1] } }',
    'match error / left  : array<number, number> / right : boolean',
  ],
  ['p if { every q in [1] { y := {w | w := upper(q)}; every r in y { count([x | x := [q, r]]) > 1 } } }'],
  ['p := "a" if input.x\nelse := 1 if input.y\nq := p + 1'],
  ['p if { x := "a"; count([x]); abs(x) }'],
  ['f(x) if { v := true; concat(",", [v, x]); upper(x) }'],
  ['p if { v := set(); concat(",", ["k", v]) }'],
  [
    'p if { x := "a"; y := {x} - x }',
    'minus: invalid argument(s) / have: (set[string], string, ???) / want: (x: any<number, set[any]>, y: any<number, set[any]>, z: any<number, set[any]>)',
  ],
  ['p if { input == false with input.a as 1 }', 'match error / left  : object<a: any>[string: any] / right : boolean'],
  ['p if { input.b with input.a as 1; input == false }'],
  ['p if { x := {}; x[k]; upper(k); abs(k) }'],
  ['p if { x := set(); y := set(); x == y }'],
  [
    'p if { x := {1: 2, input.x: 3, input.y: "a"}; upper(x) }',
    'upper: invalid argument(s) / have: (object<1: number>[any: string]) / want: (x: string, y: string)',
  ],
  [
    'q["a"] := 1\np if { [q] == [[1]] }',
    'match error / left  : array<object<a: number>[string: any]> / right : array<array<number>> / hint  : both sides are arrays but their types differ, so they can never be equal (see https://www.openpolicyagent.org/docs/errors/rego-type-error/match-error)',
  ],
  ['p if { x := 1; true with input.a as input.b[_]; x == input.c }'],
];

test('types are checked as opa check does', () => {
  for (const [source, ...expected] of ROWS) assert.deepEqual(refusals(source), expected, source);
});

test('every builtin has a declaration of its own arity', () => {
  for (const { name, arity } of BUILTINS.values()) {
    const declaration = declarationOf(name);
    assert.ok(declaration, name);
    if (arity >= 0) assert.equal(declaration.args.length, arity, name);
  }
  assert.ok(BUILTINS.size > 200);
});
