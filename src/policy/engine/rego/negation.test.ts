import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILTINS, builtinContext, compileRego, parseModule } from './index.ts';

const MODULE = `package a
f(x) = y { y := x }
g(_, _)
get() = out { out := "y" }
`;

/** [rule body in v0, whether it holds with an empty input]: what a negated literal is made of must be there (as OPA has it). */
const BODIES: [string, boolean][] = [
  ['not startswith(input.foo, "a")', false],
  ['not f(input.foo)', false],
  ['not input.foo == 1', true],
  ['not input.foo != 1', false],
  ['not count(f(input.foo)) == 1', false],
  ['not [input.foo] == [1]', false],
  ['not f(data.none)', false],
  ['not input.foo', true],
  ['not f(f(5) == 6)', true],
  ['f(get) == "y"', true],
  ['f(get()) == "y"', true],
];

test('operands of a negated literal are asked for first', () => {
  for (const [body, holds] of BODIES) {
    const module = parseModule(`${MODULE}p { ${body} }`, { file: 'a.rego', version: 'v0' });
    const program = compileRego([module], BUILTINS);
    const value = program.entry(['a', 'p'])!({ input: {}, data: {}, builtins: builtinContext({ fuel: 100_000 }) });
    assert.equal(value === true, holds, body);
  }
});
