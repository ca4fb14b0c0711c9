import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PLANTED_BUGS } from './index.ts';

const SRC = join(import.meta.dirname, '../../../..');

test('every planted bug has its place in the source exactly once', () => {
  assert.ok(PLANTED_BUGS.length >= 30);
  assert.equal(new Set(PLANTED_BUGS.map(bug => bug.name)).size, PLANTED_BUGS.length);
  for (const { name, file, find, replace } of PLANTED_BUGS) {
    const text = readFileSync(join(SRC, file), 'utf8');
    assert.equal(text.split(find).length - 1, 1, `${name} in ${file}`);
    assert.notEqual(find, replace);
  }
});
