import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILTINS } from './builtins/index.ts';
import { compileRego } from './compile.ts';
import { builtinContext } from './context.ts';
import { Coverage } from './coverage.ts';
import { parseModule } from './parser.ts';

const SOURCE = `package p

default allow := false

allow if {
	input.user == "a"
	input.x > 1
}

allow if input.admin

f(x) := y if {
	y := x + 1
} else := 0
`;

test('lines that gave or tried something are covered', () => {
  const module = parseModule(SOURCE, { file: 'p.rego', version: 'v1' });
  const coverage = new Coverage();
  const interpreter = compileRego([module], BUILTINS).interpreter(coverage);
  const input = { user: 'a', x: 2 };
  assert.equal(interpreter.entry(['p', 'allow'], { input, builtins: builtinContext({ fuel: 1000 }) }), true);
  const report = coverage.report([module]);
  const rows = (ranges: readonly { readonly start: { readonly row: number } }[] = []): number[] => [
    ...new Set(ranges.map(range => range.start.row)),
  ];
  const file = report.files['p.rego']!;
  assert.deepEqual(rows(file.covered), [5, 6, 7]);
  assert.deepEqual(rows(file.not_covered), [3, 10, 12, 13, 14]);
  assert.equal(report.coverage, 37.5);
});
