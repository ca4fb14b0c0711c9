import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { FaultError } from '../../base/index.ts';
import { type FixtureEntry, tarOf } from '../images/tar-fixture.ts';
import { encodeHeader } from '../images/tar-header.ts';
import { TAR_LIMITS } from '../images/tar-reader.ts';
import { type UnpackJob, unpackLayer } from './unpack-layer.ts';

const privileged = process.getuid?.() === 0;

let home: string;
let count = 0;

/** Opens what the tests of one group share, and removes it after them. */
function useScene(): void {
  before(() => {
    home = fs.mkdtempSync(join(tmpdir(), 'unpack-'));
    fs.writeFileSync(join(home, 'victim'), 'untouched');
    fs.mkdirSync(join(home, 'outside'));
  });
  after(() => {
    assert.equal(fs.readFileSync(join(home, 'victim'), 'utf8'), 'untouched');
    assert.deepEqual(fs.readdirSync(join(home, 'outside')), []);
    fs.rmSync(home, { recursive: true, force: true });
  });
}

const unpack = async (bytes: Buffer, options: Partial<UnpackJob> = {}) => {
  const blob = join(home, `blob-${++count}`);
  const folder = join(home, `layer-${count}`);
  fs.writeFileSync(blob, bytes);
  const result = await unpackLayer({ blob, folder, privileged, ...options });
  return { folder, result };
};
const faultOf = async (bytes: Buffer, options: Partial<UnpackJob> = {}): Promise<string> => {
  const before = count + 1;
  const error = await unpack(bytes, options).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof FaultError, `not refused: ${String(error)}`);
  assert.ok(!fs.existsSync(join(home, `layer-${before}`)), 'the folder of a refused layer stays');
  return `${error.fault.code} ${JSON.stringify(error.fault.params)}`;
};

const REFUSED: readonly [string, readonly FixtureEntry[], RegExp][] = [
  ['a name with ..', [{ name: '../victim', content: 'x' }], /leaves the image/],
  ['.. in the middle', [{ name: 'a/../../victim', content: 'x' }], /leaves the image/],
  ['a hard link outside', [{ name: 'l', type: 'hardlink', linkName: '../victim' }], /leaves the image/],
  [
    'a hard link to an absolute host file',
    [{ name: 'l', type: 'hardlink', linkName: '/etc/passwd' }],
    /not in this layer/,
  ],
  [
    'a hard link through a link',
    [
      { name: 's', type: 'symlink', linkName: '/etc' },
      { name: 'l', type: 'hardlink', linkName: 's/passwd' },
    ],
    /not in this layer/,
  ],
  ['a hard link to a folder', [{ name: 'd/' }, { name: 'l', type: 'hardlink', linkName: 'd' }], /names a folder/],
  ['a device outside /dev', [{ name: 'etc/sda', type: 'block', major: 8, minor: 0 }], /device nodes/],
  ['a smuggled overlay whiteout', [{ name: 'etc/passwd', type: 'character', major: 0, minor: 0 }], /device nodes/],
  [
    'a file as folder',
    [
      { name: 'f', content: 'x' },
      { name: 'f/g', content: 'y' },
    ],
    /is no folder/,
  ],
  [
    'a loop of links',
    [
      { name: 'a', type: 'symlink', linkName: 'b' },
      { name: 'b', type: 'symlink', linkName: 'a' },
      { name: 'a/x', content: '1' },
    ],
    /too many symbolic links/,
  ],
  ['a whiteout of nothing', [{ name: '.wh..', content: '' }], /names no file/],
  ['an owner out of range', [{ name: 'f', content: 'x', uid: 2 ** 33 }], /owner is out of range/],
  ['a long name', [{ name: `${'a'.repeat(300)}`, content: '' }], /exceeds 255/],
  ['a deep name', [{ name: 'a/'.repeat(400), type: 'folder' }], /deeper/],
];

describe('hostile layers', () => {
  useScene();
  for (const [name, entries, why] of REFUSED)
    it(`refuses ${name}`, async () => assert.match(await faultOf(tarOf(entries)), why));

  it('keeps everything below links inside the layer', async () => {
    const { folder } = await unpack(
      tarOf([
        { name: 'abs', type: 'symlink', linkName: join(home, 'outside') },
        { name: 'abs/one', content: '1' },
        { name: 'up', type: 'symlink', linkName: '../../../../../../tmp' },
        { name: 'up/two', content: '2' },
        { name: 'victim', type: 'symlink', linkName: join(home, 'victim') },
        { name: 'victim', content: 'replaced' },
        { name: '/rooted', content: '3' },
        { name: './dotted', content: '4' },
      ]),
    );
    assert.equal(fs.readFileSync(join(folder, home, 'outside/one'), 'utf8'), '1');
    assert.equal(fs.readFileSync(join(folder, 'tmp/two'), 'utf8'), '2');
    assert.ok(fs.lstatSync(join(folder, 'victim')).isFile());
    assert.equal(fs.readFileSync(join(folder, 'rooted'), 'utf8'), '3');
    assert.equal(fs.readFileSync(join(folder, 'dotted'), 'utf8'), '4');
  });

  it('swaps a folder for a link and back without leaving the layer', async () => {
    const { folder } = await unpack(
      tarOf([
        { name: 'd/' },
        { name: 'd/a', content: 'a' },
        { name: 'd', type: 'symlink', linkName: join(home, 'outside') },
        { name: 'd/b', content: 'b' },
        { name: 'd', type: 'folder', mode: 0o755 },
        { name: 'd/c', content: 'c' },
      ]),
    );
    assert.deepEqual(fs.readdirSync(join(folder, 'd')), ['c']);
    assert.equal(fs.readFileSync(join(folder, home, 'outside/b'), 'utf8'), 'b');
  });
});

describe('broken and large layers', () => {
  useScene();
  it('lets the last of several entries of one name win', async () => {
    const { folder } = await unpack(
      tarOf([
        { name: 'f', content: 'one' },
        { name: 'f', content: 'two' },
        { name: 'g/' },
        { name: 'g/x', content: '' },
        { name: 'g', content: 'file now', type: 'file' },
      ]),
    );
    assert.equal(fs.readFileSync(join(folder, 'f'), 'utf8'), 'two');
    assert.equal(fs.readFileSync(join(folder, 'g'), 'utf8'), 'file now');
  });

  it('refuses what exceeds limits, before it is on the disk', async () => {
    const limits = { ...TAR_LIMITS, bytes_max: 1024 * 1024, entries_max: 10 };
    assert.match(
      await faultOf(tarOf(Array.from({ length: 11 }, (_, i) => ({ name: `f${i}` }))), { limits }),
      /more than 10 entries/,
    );
    const bomb = tarOf([{ name: 'zeros', content: Buffer.alloc(8 * 1024 * 1024) }]);
    assert.match(await faultOf(gzipSync(bomb), { limits }), /exceed/);
    assert.match(await faultOf(zstdCompressSync(bomb), { limits }), /exceed/);
    assert.match(
      await faultOf(gzipSync(Buffer.concat([tarOf([]), Buffer.alloc(4 * 1024 * 1024)])), { limits }),
      /unpacks to more/,
    );
    const lying = encodeHeader({ name: 'huge', type: 'file', mode: 0o644, size: 2 ** 50 });
    assert.match(await faultOf(lying), /exceed/);
  });

  it('refuses broken archives', async () => {
    const good = tarOf([{ name: 'f', content: 'x'.repeat(5000) }]);
    assert.match(await faultOf(good.subarray(0, 2000)), /middle of an entry/);
    assert.match(await faultOf(gzipSync(good).subarray(0, 60)), /bad-layer/);
    const broken = Buffer.from(good);
    broken[0] = 0x67;
    assert.match(await faultOf(broken), /checksum/);
    assert.match(await faultOf(good, { diffId: `sha256:${'0'.repeat(64)}` }), /bad-digest/);
  });
});

describe('faithful layers', () => {
  useScene();
  it('keeps names, modes, times, links, owners and pax data', async () => {
    const long = `${'folder/'.repeat(30)}file-with-a-long-name`;
    const { folder, result } = await unpack(
      tarOf([
        { name: long, content: 'long', mode: 0o4755, mtime: 1_000_000 },
        { name: 'hard', type: 'hardlink', linkName: long },
        { name: 'soft', type: 'symlink', linkName: 'nowhere' },
        { name: '名字', content: '汉字' },
        { name: 'dev/null', type: 'character', major: 1, minor: 3 },
        { name: 'closed/', mode: 0o500 },
        { name: 'closed/in', content: 'x' },
        ...(privileged ? [{ name: 'owned', content: '', uid: 1234, gid: 4321 }] : []),
      ]),
    );
    const found = fs.statSync(join(folder, long));
    assert.equal(found.mode & 0o7777, 0o4755);
    assert.equal(found.mtimeMs, 1_000_000_000);
    assert.equal(found.ino, fs.statSync(join(folder, 'hard')).ino);
    assert.equal(fs.readlinkSync(join(folder, 'soft')), 'nowhere');
    assert.equal(fs.readFileSync(join(folder, '名字'), 'utf8'), '汉字');
    assert.equal(result.skippedDevices, 1);
    assert.equal(fs.statSync(join(folder, 'closed')).mode & 0o777, privileged ? 0o500 : 0o700);
    if (privileged)
      assert.deepEqual([fs.statSync(join(folder, 'owned')).uid, fs.statSync(join(folder, 'owned')).gid], [1234, 4321]);
  });
});
