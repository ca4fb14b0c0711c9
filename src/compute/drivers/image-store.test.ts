import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { tarOf } from '../images/tar-fixture.ts';
import { importArchive } from './image-archive.ts';
import { ImageContent } from './image-content.ts';
import { putImage } from './image-fixture.ts';
import { openImages } from './image-open.ts';
import { saveArchive } from './image-save.ts';
import { NodeImages } from './image-store.ts';
import { UnpackPool } from './unpack-pool.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const root = process.getuid?.() === 0;
const BASE = tarOf([
  { name: 'etc/' },
  { name: 'etc/passwd', content: 'root:x:0:0::/:/bin/sh\napp:x:1000:1001::/:/bin/sh\n' },
  { name: 'etc/group', content: 'root:x:0:\napp:x:1001:\nwheel:x:10:app\n' },
  { name: 'a/' },
  { name: 'a/one', content: '1' },
  { name: 'a/two', content: '2' },
  { name: 'gone', content: 'x' },
]);
const TOP = tarOf([
  { name: '.wh.gone' },
  { name: 'a/' },
  { name: 'a/.wh..wh..opq' },
  { name: 'a/three', content: '3' },
]);

let folder: string;
let pool: UnpackPool;
let content: ImageContent;

/** Opens what the tests of one group share, and removes it after them. */
function useScene(): void {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'images-'));
    pool = new UnpackPool(2);
    content = await new ImageContent(join(folder, 'a')).open();
  });
  after(async () => {
    await pool[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
}

const images = (overlay: boolean, at = content): NodeImages =>
  new NodeImages({ content: at, pool, platform, privileged: root, overlay });

describe('image store', () => {
  useScene();
  for (const packing of ['none', 'gzip', 'zstd'] as const)
    it(`resolves, unpacks and merges a ${packing} image`, async () => {
      await putImage(content, `shop/${packing}:1`, [BASE, TOP], {
        packing,
        config: { Cmd: ['/x'], User: 'app', Env: ['A=1'] },
      });
      const store = images(false);
      const record = await store.resolve(`shop/${packing}:1`);
      assert.equal(record?.tags[0], `docker.io/shop/${packing}:1`);
      assert.deepEqual(record.config.command, ['/x']);
      const rootfs = await store.prepareRootfs(record.id, `c-${packing}`);
      assert.equal(rootfs.kind, 'folder');
      const path = rootfs.kind === 'folder' ? rootfs.path : '';
      assert.equal(readFileSync(join(path, 'a/three'), 'utf8'), '3');
      assert.ok(!existsSync(join(path, 'a/one')) && !existsSync(join(path, 'gone')));
      assert.deepEqual(await store.account(record.id, 'app'), { uid: 1000, gid: 1001, groups: [10], home: '/' });
      assert.equal(await store.account(record.id, 'nobody'), undefined);
      await store.release(`c-${packing}`);
      assert.ok(!existsSync(path));
    });

  it('gives overlay lowers topmost first with kernel markers', {
    skip: !root && 'needs root for device nodes',
  }, async () => {
    await putImage(content, 'shop/overlay:1', [BASE, TOP]);
    const store = images(true);
    const record = (await store.resolve('shop/overlay:1'))!;
    const rootfs = await store.prepareRootfs(record.id, 'c-overlay');
    assert.ok(rootfs.kind === 'overlay' && rootfs.lower.length === 2);
    const marker = lstatSync(join(rootfs.lower[0]!, 'gone'));
    assert.ok(marker.isCharacterDevice() && marker.rdev === 0);
    assert.deepEqual(await store.prepareRootfs(record.id, 'c-overlay'), rootfs);
    await store.release('c-overlay');
  });
});

describe('image store, saved and broken images', () => {
  useScene();
  it('saves an archive that imports to the same digest, and collects what nothing names', async () => {
    const target = await putImage(content, 'shop/saved:1', [BASE]);
    const file = join(folder, 'saved.tar');
    await saveArchive(content, ['shop/saved:1'], file, platform);
    const other = await new ImageContent(join(folder, 'b')).open();
    const [imported] = await importArchive(other, file);
    assert.equal(imported?.target.digest, target.digest);
    assert.deepEqual(imported.references, ['docker.io/shop/saved:1']);
    const store = images(false, other);
    assert.equal((await store.list()).length, 1);
    await store.remove('shop/saved:1');
    assert.equal((await store.list()).length, 0);
    const collected = await store.collect(Date.now() + 1000, 0);
    assert.equal(collected.blobs, 3);
  });

  it('refuses an image whose layer is not what its configuration says', async () => {
    await putImage(content, 'bad/diff:1', [BASE]);
    const { config } = (await images(false).find('bad/diff:1'))!;
    assert.equal(config.diffIds.length, 1);
    const lying = await content.manifest(
      (await content.lookup({ registry: 'docker.io', repository: 'bad/diff', tag: '1' }))!,
    );
    assert.ok(lying.form === 'manifest');
    const store = images(false);
    await assert.rejects(store.layers.ensure(`sha256:${'0'.repeat(64)}`, lying.layers[0]!), /does not match/);
    assert.equal(await store.layers.get(`sha256:${'0'.repeat(64)}`), undefined);
  });
});

describe('image store after the machine went down', () => {
  useScene();
  it('unpacks a layer again whose files may not have reached the disk', async () => {
    await putImage(content, 'shop/lost:1', [BASE]);
    const store = images(false);
    const { manifest, config } = (await store.find('shop/lost:1'))!;
    const [layer] = await store.layers.ensureAll(manifest, config);
    const record = join(layer!.folder, '..', 'layer.json');
    const read = () => JSON.parse(readFileSync(record, 'utf8')) as Record<string, unknown>;
    while (read().synced !== true) await new Promise(resolve => setTimeout(resolve, 10));
    const text = read();
    writeFileSync(record, JSON.stringify({ ...text, synced: false, boot: 'another' }));
    writeFileSync(join(layer!.folder, 'gone'), 'cut');
    assert.equal(await store.layers.get(layer!.diffId), undefined);
    await store.layers.ensureAll(manifest, config);
    assert.equal(readFileSync(join(layer!.folder, 'gone'), 'utf8'), 'x');
  });
});

describe('image store with a registry', () => {
  useScene();
  it('keeps its address from start to start', async () => {
    const at = join(folder, 'served');
    const addresses: (string | undefined)[] = [];
    for (let start = 0; start < 2; start++) {
      await using open = await openImages({ folder: at, serve: {} });
      addresses.push(open.registry);
    }
    assert.match(addresses[0] ?? '', /^127\.0\.0\.1:\d+$/);
    assert.equal(addresses[1], addresses[0]);
    await using first = await openImages({ folder: at, serve: {} });
    await using second = await openImages({ folder: at, serve: {} });
    assert.notEqual(second.registry, first.registry);
  });
});
