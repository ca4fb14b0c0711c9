import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILTINS } from '../builtins/index.ts';
import { compileRego } from '../compile.ts';
import { builtinContext } from '../context.ts';
import { parseModule } from '../parser.ts';
import { randomModule } from '../random-program.ts';
import { EvaluationError } from '../runtime.ts';
import { RegoError } from '../syntax.ts';
import { inputText } from '../twin.ts';
import { fromJsonText, jsonText, type Value } from '../value.ts';
import { queryText, supportText } from './index.ts';

const FUEL = 2_000_000;
const DATA = fromJsonText('{"roles": [{"name": "a"}, {"name": "b"}], "grants": {"x": 1, "y": 2}}');

function left(rules: string, query: string, options: { disabled?: string[][]; shallow?: boolean } = {}): string[] {
  const program = compileRego([parseModule(`package p\n${rules}`, { file: 'p.rego', version: 'v1' })], BUILTINS);
  const { queries, support } = program.partially(
    query,
    { unknowns: [['input']], disabled: options.disabled ?? [], shallow: options.shallow ?? false },
    { data: DATA, builtins: builtinContext({ fuel: FUEL }) },
  );
  return [...queries.map(queryText), ...support.map(supportText)].map(text => text.replaceAll('\n', '; '));
}

/** Rules, a query and what `opa eval --partial` 1.22.2 leaves of it, but for the names of variables. */
const ROWS: readonly (readonly [string, string, ...string[]])[] = [
  ['allow if { 1 == 2 }', 'data.p.allow'],
  ['allow if { 1 == 1 }', 'data.p.allow', ''],
  [
    'default allow := false\nallow if { input.x == 1; input.y == "a" }\nallow if { some r in data.roles; r.name == input.role }',
    'data.p.allow == true',
    'input.x = 1; input.y = "a"',
    '"a" = input.role',
    '"b" = input.role',
  ],
  [
    'default allow := false\nallow if input.x',
    'data.p.allow',
    'data.partial.p.allow',
    'package partial.p; ; default allow := false; ; allow if input.x',
  ],
  ['allow if { x := input.a; x > 1; x < 3 }', 'data.p.allow', 'input.a > 1; input.a < 3'],
  ['allow if { x := input.a[i]; y := input.b[i]; x == y }', 'data.p.allow', 'input.a[i0] = input.b[i0]'],
  ['allow if not input.z', 'data.p.allow', 'not input.z'],
  [
    'allow if f(input.y)\nf(x) if x > 3\nf(x) if startswith(x, "q")',
    'data.p.allow',
    'input.y > 3',
    'startswith(input.y, "q")',
  ],
  ['allow if input.method in ["GET", "POST"]', 'data.p.allow', 'input.method in ["GET", "POST"]'],
  ['allow if data.grants[input.who] > 1', 'data.p.allow', '"y" = input.who'],
  ['s contains x if { x := input.a[_]; x > 1 }\ns contains "k"', 'data.p.s[x]', 'x = input.a[_]; x > 1; x', 'x = "k"'],
  ['allow := 1 if input.a else := 2 if input.b', 'data.p.allow', 'data.p.allow'],
  ['allow if { time.now_ns() > 3; input.x }', 'data.p.allow', 'time.now_ns() > 3; input.x'],
  ['r[x] := {"name": y} if y := input.a[x]', 'data.p.r[x].name', 'input.a[x]'],
  [
    'allow if not deny\ndeny if { input.y > 3; input.r }',
    'data.p.allow',
    'not data.partial.__not0__',
    'package partial; ; __not0__ if {; \tinput.y > 3; \tinput.r; }',
  ],
  // What must have a value may be false.
  ['allow if x := input.a', 'data.p.allow', '_ = input.a'],
  // What variables stand for is evaluated outside of `with` (opa writes it inside, where it is something else).
  [
    'allow if { x := input.a; x == input.b with input.a as 2 }',
    'data.p.allow',
    '__local0__1 = input.a; __local0__1 == input.b with input.a as 2',
  ],
];

test('what is left of a query is what opa leaves', () => {
  for (const [rules, query, ...expected] of ROWS) assert.deepEqual(left(rules, query), expected, rules);
});

test('documents that are not to be written in line stay rules', () => {
  const rules = 'allow if q\nq if input.x == 1';
  const [query, module] = ['data.partial.p.q', 'package partial.p; ; q if input.x = 1'];
  assert.deepEqual(left(rules, 'data.p.allow', { disabled: [['data', 'p', 'q']] }), [query, module]);
  assert.equal(left(rules, 'data.p.allow', { shallow: true })[0], 'data.partial.p.allow');
});

const PROGRAMS = 200;

/** The values of `x`, or undefined where the evaluation ends in an error. */
function values(run: () => readonly { readonly [name: string]: Value }[]): string[] | undefined {
  try {
    return [...new Set(run().map(row => jsonText(row.x!)))];
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof RegoError) return undefined;
    throw error;
  }
}

test('what is left gives, once the input is known, what the whole gives', () => {
  const input = fromJsonText(inputText);
  const builtins = (): ReturnType<typeof builtinContext> => builtinContext({ fuel: FUEL });
  let compared = 0;
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    const module = parseModule(randomModule(seed), { file: 'p.rego', version: 'v1' });
    const names = new Set(
      module.rules
        .filter(({ head }) => !head.args)
        .map(({ head }) => jsonText((head.path[0] as { name: string }).name)),
    );
    for (const name of names) {
      const query = `x = data.p[${name}]`;
      const wanted = values(() =>
        compileRego([module], BUILTINS).query(query).evaluate({ input, builtins: builtins() }),
      );
      if (!wanted) continue;
      const program = compileRego([module], BUILTINS);
      const options = { unknowns: [['input']], disabled: [], shallow: false };
      const got = values(() => {
        const { queries, support } = program.partially(query, options, { builtins: builtins() });
        const made = support.map((each, index) => parseModule(supportText(each), { file: `s${index}`, version: 'v1' }));
        const whole = compileRego([module, ...made], BUILTINS);
        return queries.flatMap(body =>
          whole.query(queryText(body), { imports: ['in', 'every'] }).evaluate({ input, builtins: builtins() }),
        );
      });
      // Written out, an operand that never fits is seen by the type checker.
      if (!got) continue;
      compared++;
      assert.deepEqual(got, wanted, `seed ${seed} ${name}`);
    }
  }
  assert.ok(compared > PROGRAMS, `only ${compared} were compared`);
});
