import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder } from './make-folder.ts';

test('folders are made with those above them', t => {
  const scratch = mkdtempSync(join(tmpdir(), 'make-folder-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  makeFolder(join(scratch, 'a/b/c'), 0o700);
  makeFolder(join(scratch, 'a/b/c'), 0o700);
  assert.equal(statSync(join(scratch, 'a/b/c')).mode & 0o777, 0o700);
  writeFileSync(join(scratch, 'file'), '');
  assert.throws(() => makeFolder(join(scratch, 'file/inner'), 0o700), { code: 'ENOTDIR' });
});

test('a file system that refuses is told from one that hangs', { skip: process.platform !== 'linux' }, () => {
  assert.throws(() => makeFolder('/proc/tenon/state', 0o700), { code: 'ENOENT' });
});
