import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FaultError } from '../../base/index.ts';
import { openState, runningOn, stateFolderPath, STATE_FORMAT } from './state.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'tenon-state-'));
const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof FaultError, String(error));
    return error.fault.code;
  }
  return 'none';
};

test('one Tenon keeps a folder; it is free again afterwards', async () => {
  const path = folder();
  const state = openState(path);
  assert.equal(runningOn(path), process.pid);
  assert.equal(
    codeOf(() => openState(path)),
    'host/state-locked',
  );
  await state[Symbol.asyncDispose]();
  assert.equal(runningOn(path), undefined);
  await openState(path)[Symbol.asyncDispose]();
  rmSync(path, { recursive: true });
});

test('a lock left by a dead process, or by an id used again, is taken over', async () => {
  const path = folder();
  const child = spawn('true');
  await new Promise(done => child.on('exit', done));
  writeFileSync(join(path, 'tenon.pid'), JSON.stringify({ pid: child.pid }));
  await openState(path)[Symbol.asyncDispose]();
  writeFileSync(join(path, 'tenon.pid'), JSON.stringify({ pid: process.pid, started: '1' }));
  await openState(path)[Symbol.asyncDispose]();
  rmSync(path, { recursive: true });
});

test('a newer format is refused and left as it is', () => {
  const path = folder();
  writeFileSync(join(path, 'format'), `${STATE_FORMAT + 1}\n`);
  assert.equal(
    codeOf(() => openState(path)),
    'host/state-newer',
  );
  assert.equal(readFileSync(join(path, 'format'), 'utf8'), `${STATE_FORMAT + 1}\n`);
  assert.equal(runningOn(path), undefined);
  rmSync(path, { recursive: true });
});

test('a folder that cannot be made is a fault', () => {
  const file = join(folder(), 'file');
  writeFileSync(file, '');
  assert.equal(
    codeOf(() => openState(join(file, 'state'))),
    'host/state-unwritable',
  );
});

test('the folder comes from the option, the environment, the XDG default, in that order', () => {
  assert.equal(stateFolderPath('/a', { TENON_STATE: '/b' }), '/a');
  assert.equal(stateFolderPath(undefined, { TENON_STATE: '/b' }), '/b');
  assert.equal(stateFolderPath(undefined, { XDG_STATE_HOME: '/c' }), '/c/tenon');
});
