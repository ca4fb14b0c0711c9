import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileJsonPath } from './jsonPath.ts';

const object = JSON.parse(
  '{"spec":{"replicas":3,"list":[{"name":"a","v":1},{"name":"b","v":2}],"a.b":"dotted"},"status":{"conditions":[{"type":"Ready","status":"True"}]},"__proto__":{"x":1}}',
) as object;

const ROWS: readonly (readonly [string, unknown[]])[] = [
  ['.spec.replicas', [3]],
  ['{.spec.replicas}', [3]],
  ['.spec.list[0].name', ['a']],
  ['.spec.list[-1].name', ['b']],
  ['.spec.list[*].v', [1, 2]],
  ['.spec.list[0:1].v', [1]],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  [".status.conditions[?(@.type=='Gone')].status", []],
  ['.spec.list[?(@.v>1)].name', ['b']],
  ['.spec.a\\.b', ['dotted']],
  [".spec['a.b']", ['dotted']],
  ['..name', ['a', 'b']],
  ['.missing.deeper', []],
  ['.spec.replicas.toString', []],
  ['.constructor', []],
];

for (const [path, found] of ROWS)
  test(`JSONPath ${path}`, () => assert.deepEqual(compileJsonPath(path)(object), found));
