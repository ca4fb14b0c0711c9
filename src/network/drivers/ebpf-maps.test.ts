import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { mountAt, unmount } from '../../ebpf/index.ts';
import { withPins } from './ebpf-maps.ts';

const isMounted = (path: string): boolean => readFileSync('/proc/self/mounts', 'utf8').includes(` ${path} bpf `);

function refused(): string | false {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-pins-'));
  try {
    mountAt('bpf', folder);
    unmount(folder);
    return false;
  } catch (error) {
    return `a bpf file system cannot be mounted: ${(error as Error).message}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('the bpf file system of a state', { skip: refused() }, () => {
  let folder = '';
  before(() => void (folder = mkdtempSync(join(tmpdir(), 'tenon-pins-'))));
  after(() => {
    unmount(join(folder, 'bpf'));
    rmSync(folder, { recursive: true, force: true });
  });

  it('is taken away again where what it was mounted for fails, and only then', () => {
    const path = join(folder, 'bpf');
    const fail = (): never => {
      assert.ok(isMounted(path));
      throw new Error('bpf(2) is refused');
    };
    assert.throws(() => withPins(folder, fail), /is refused/);
    assert.deepEqual([isMounted(path), existsSync(path)], [false, false]);

    withPins(folder, ({ programs }) => mkdirSync(join(programs, 'kept')));
    assert.throws(() => withPins(folder, fail), /is refused/);
    assert.deepEqual([isMounted(path), existsSync(join(path, 'programs/kept'))], [true, true]);
  });
});
