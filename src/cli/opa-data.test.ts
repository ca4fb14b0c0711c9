import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { rego } from '../policy/index.ts';
import { DataError, exists, patched, removed } from './opa-data.ts';

const DATA = { a: { b: 1, l: [1, 2] }, __proto__x: 1 };

test('patches change documents as a whole or not at all', () => {
  const patch: rego.Value = [
    { op: 'add', path: '/c', value: 2 },
    { op: 'replace', path: 'b', value: 5 },
    { op: 'remove', path: 'l/0', value: null },
    { op: 'add', path: 'l/-', value: 9 },
  ];
  assert.deepEqual(JSON.parse(JSON.stringify(patched(DATA, ['a'], patch))), { ...DATA, a: { b: 5, c: 2, l: [2, 9] } });
  assert.deepEqual(DATA.a, { b: 1, l: [1, 2] });
});

test('what is not there is refused as OPA does', () => {
  const refused = (run: () => unknown, status: number, message: RegExp): void =>
    assert.throws(
      run,
      (error: unknown) => error instanceof DataError && error.status === status && message.test(error.message),
    );
  refused(() => patched(DATA, ['a'], [{ op: 'replace', path: '/zz', value: 1 }]), 404, /document does not exist/);
  refused(() => patched(DATA, ['a'], [{ op: 'bogus', path: '/zz', value: 1 }]), 400, /bad patch operation: bogus/);
  refused(() => patched(DATA, ['n', 'x'], [{ op: 'add', path: '-', value: 1 }]), 404, /document does not exist/);
  refused(() => removed(DATA, ['constructor']), 404, /document does not exist/);
  assert.equal(exists(DATA, ['a', 'l', '1']), true);
  assert.equal(exists(DATA, ['toString']), false);
});
