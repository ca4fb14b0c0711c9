import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { ERRNO } from './wasm-files.ts';
import { preview1 } from './wasm-preview1.ts';
import { Exited } from './wasm-world.ts';

type Call = (...args: (number | bigint)[]) => number;

const READ = 1n << 1n;
const WRITE = 1n << 6n;
const CREATE = 1;
const FOLDER = 2;
const EXCLUSIVE = 4;
const TRUNCATE = 8;

describe('WASI preview 1', { skip: process.platform !== 'linux' }, () => {
  const home = mkdtempSync(join(tmpdir(), 'tenon-p1-'));
  after(() => rmSync(home, { recursive: true, force: true }));

  const buffer = new ArrayBuffer(65_536);
  const memory = new DataView(buffer);
  let wasi: Record<string, Call>;
  let said = '';

  /** Descriptor 3 is the volume, 4 the same one for reading only. */
  beforeEach(() => {
    rmSync(join(home, 'volume'), { recursive: true, force: true });
    mkdirSync(join(home, 'volume/inner'), { recursive: true });
    writeFileSync(join(home, 'secret'), 'outside');
    writeFileSync(join(home, 'volume/file'), 'content');
    symlinkSync('file', join(home, 'volume/link'));
    symlinkSync('../../secret', join(home, 'volume/inner/up'));
    symlinkSync(join(home, 'secret'), join(home, 'volume/absolute'));
    symlinkSync('loop', join(home, 'volume/loop'));
    symlinkSync('..', join(home, 'volume/inner/parent'));
    said = '';
    const path = join(home, 'volume');
    wasi = preview1(
      {
        args: ['program', 'ä'],
        environment: [['A', 'b']],
        folders: [
          { name: '/data', path, readOnly: false },
          { name: '/config', path, readOnly: true },
          { name: '/etc/hosts', path: join(home, 'secret'), readOnly: false },
        ],
        output: (_stream, bytes) => (said += Buffer.from(bytes).toString()),
      },
      () => ({ buffer }),
    ) as Record<string, Call>;
  });

  const put = (at: number, text: string): [number, number] => {
    const bytes = Buffer.from(text);
    new Uint8Array(buffer).set(bytes, at);
    return [at, bytes.length];
  };
  const open = (path: string, { folder = 3, flags = 0, rights = READ, follow = 1, state = 0 } = {}): number => {
    const errno = wasi.path_open!(folder, follow, ...put(1000, path), flags, rights, 0n, state, 900);
    return errno === 0 ? memory.getUint32(900, true) : -errno;
  };
  const vector = (at: number, size: number): void => {
    memory.setUint32(800, at, true);
    memory.setUint32(804, size, true);
  };
  const read = (fd: number): string => {
    vector(2000, 100);
    assert.equal(wasi.fd_read!(fd, 800, 1, 900), 0);
    return Buffer.from(buffer, 2000, memory.getUint32(900, true)).toString();
  };
  const write = (fd: number, text: string): number => {
    vector(...put(2000, text));
    return wasi.fd_write!(fd, 800, 1, 900);
  };

  for (const [path, errno] of [
    ['../secret', ERRNO.PERM],
    ['inner/../../secret', ERRNO.PERM],
    ['inner/up', ERRNO.PERM],
    ['inner/parent/../secret', ERRNO.PERM],
    ['absolute', ERRNO.PERM],
    ['/etc/passwd', ERRNO.PERM],
    ['loop', ERRNO.LOOP],
    ['file/x', ERRNO.NOTDIR],
    ['file/', ERRNO.NOTDIR],
    ['missing', ERRNO.NOENT],
    ['', ERRNO.NOENT],
    ['a\0b', ERRNO.INVAL],
  ] as const)
    it(`refuses ${JSON.stringify(path)}`, () => assert.equal(open(path), -errno));

  for (const path of ['file', './file', 'inner/../file', 'link', 'inner/parent/file', 'inner/parent/inner/parent/link'])
    it(`opens ${path}`, () => assert.equal(read(open(path)), 'content'));

  it('does not open a link it is told not to follow', () => {
    assert.equal(open('link', { follow: 0 }), -ERRNO.LOOP);
  });

  it('writes, appends, seeks, truncates', () => {
    const fd = open('new', { flags: CREATE | EXCLUSIVE, rights: READ | WRITE });
    assert.equal(write(fd, 'abcdef'), 0);
    assert.equal(wasi.fd_seek!(fd, -4n, 1, 900), 0);
    assert.equal(memory.getBigUint64(900, true), 2n);
    assert.equal(read(fd), 'cdef');
    assert.equal(wasi.fd_filestat_set_size!(fd, 3n), 0);
    assert.equal(wasi.fd_seek!(fd, -1n, 0, 900), ERRNO.INVAL);
    assert.equal(open('new', { flags: CREATE | EXCLUSIVE, rights: WRITE }), -ERRNO.EXIST);
    write(open('new', { rights: WRITE, state: 1 }), 'XY');
    assert.equal(readFileSync(join(home, 'volume/new'), 'utf8'), 'abcXY');
    open('new', { flags: TRUNCATE, rights: WRITE });
    assert.equal(readFileSync(join(home, 'volume/new'), 'utf8'), '');
    assert.equal(write(open('file'), 'x'), ERRNO.BADF);
  });

  it('changes nothing under what is granted for reading', () => {
    assert.equal(read(open('file', { folder: 4 })), 'content');
    assert.equal(open('file', { folder: 4, rights: WRITE }), -ERRNO.ROFS);
    assert.equal(open('made', { folder: 4, flags: CREATE }), -ERRNO.ROFS);
    assert.equal(wasi.path_unlink_file!(4, ...put(1000, 'file')), ERRNO.ROFS);
    assert.equal(wasi.path_create_directory!(4, ...put(1000, 'made')), ERRNO.ROFS);
    const inner = open('inner', { folder: 4, flags: FOLDER });
    assert.equal(wasi.path_symlink!(...put(1000, 'x'), inner, ...put(1100, 'y')), ERRNO.ROFS);
  });

  it('reads folders in pieces', () => {
    const fd = open('.', { flags: FOLDER });
    const names: string[] = [];
    let cookie = 0n;
    for (let round = 0; round < 30; round++) {
      assert.equal(wasi.fd_readdir!(fd, 4000, 40, cookie, 900), 0);
      const used = memory.getUint32(900, true);
      if (used < 24) break;
      const size = memory.getUint32(4016, true);
      cookie = memory.getBigUint64(4000, true);
      names.push(Buffer.from(buffer, 4024, Math.min(size, 16)).toString());
    }
    assert.deepEqual(names.sort(), ['.', '..', 'absolute', 'file', 'inner', 'link', 'loop']);
  });

  it('makes, renames, links and removes', () => {
    const two = (name: string, from: string, to: string): number =>
      wasi[name]!(3, ...put(1000, from), 3, ...put(1100, to));
    assert.equal(wasi.path_create_directory!(3, ...put(1000, 'made/')), 0);
    assert.equal(two('path_rename', 'file', 'made/file'), 0);
    assert.equal(two('path_rename', 'made/file', '../stolen'), ERRNO.PERM);
    assert.equal(wasi.path_remove_directory!(3, ...put(1000, 'made')), ERRNO.NOTEMPTY);
    assert.equal(wasi.path_unlink_file!(3, ...put(1000, 'made')), ERRNO.ISDIR);
    assert.equal(wasi.path_link!(3, 0, ...put(1000, 'made/file'), 3, ...put(1100, 'hard')), 0);
    assert.equal(wasi.path_symlink!(...put(1000, '/etc/passwd'), 3, ...put(1100, 'bad')), ERRNO.PERM);
    assert.equal(wasi.path_symlink!(...put(1000, 'hard'), 3, ...put(1100, 'soft')), 0);
    assert.equal(wasi.path_readlink!(3, ...put(1000, 'soft'), 2000, 3, 900), 0);
    assert.equal(Buffer.from(buffer, 2000, 3).toString(), 'har');
    assert.equal(wasi.path_filestat_get!(3, 0, ...put(1000, 'soft'), 2000), 0);
    assert.equal(memory.getUint8(2016), 7);
    assert.equal(wasi.path_filestat_get!(3, 1, ...put(1000, 'soft'), 2000), 0);
    assert.equal(memory.getUint8(2016), 4);
    assert.equal(wasi.path_filestat_set_times!(3, 1, ...put(1000, 'soft'), 0n, 5_000_000_000n, 1 | 4), 0);
    assert.equal(lstatSync(join(home, 'volume/hard')).mtimeMs, 5000);
    assert.equal(wasi.path_unlink_file!(3, ...put(1000, 'soft')), 0);
    assert.ok(existsSync(join(home, 'volume/hard')) && !existsSync(join(home, 'stolen')));
  });

  it('tells arguments, environment, grants and streams', () => {
    wasi.args_sizes_get!(900, 904);
    assert.deepEqual([memory.getUint32(900, true), memory.getUint32(904, true)], [2, 11]);
    wasi.environ_get!(900, 2000);
    assert.equal(Buffer.from(buffer, memory.getUint32(900, true), 3).toString(), 'A=b');
    assert.equal(wasi.fd_prestat_get!(3, 900), 0);
    assert.equal(memory.getUint32(904, true), 5);
    assert.equal(wasi.fd_prestat_get!(5, 900), ERRNO.BADF);
    assert.equal(write(1, 'hi\n'), 0);
    assert.equal(said, 'hi\n');
    assert.equal(read(0), '');
    assert.equal(wasi.sock_shutdown!(3, 1), ERRNO.NOTSOCK);
    assert.equal(wasi.sock_shutdown!(77, 1), ERRNO.BADF);
    assert.equal(wasi.fd_renumber!(open('file'), 3), 0);
    assert.equal(read(3), 'content');
    assert.equal(wasi.fd_close!(3), 0);
    assert.equal(wasi.fd_close!(3), ERRNO.BADF);
    assert.throws(() => wasi.proc_exit!(7), new Exited(7));
  });

  it('waits for clocks', () => {
    new Uint8Array(buffer, 3000, 48).fill(0);
    memory.setBigUint64(3000, 9n, true);
    memory.setUint32(3016, 1, true);
    memory.setBigUint64(3024, 5_000_000n, true);
    const started = performance.now();
    assert.equal(wasi.poll_oneoff!(3000, 4000, 1, 900), 0);
    assert.ok(performance.now() - started >= 4.9);
    assert.deepEqual([memory.getUint32(900, true), memory.getBigUint64(4000, true)], [1, 9n]);
    assert.equal(wasi.poll_oneoff!(3000, 4000, 0, 900), ERRNO.INVAL);
  });
});
