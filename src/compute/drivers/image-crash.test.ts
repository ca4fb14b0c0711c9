import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { seededRandom } from '../../base/index.ts';
import { tarOf } from '../images/tar-fixture.ts';
import { importArchive } from './image-archive.ts';
import { ImageContent } from './image-content.ts';
import { putImage } from './image-fixture.ts';
import { openImages } from './image-open.ts';
import { saveArchive } from './image-save.ts';
import { hostPlatform } from './image-store.ts';

const SEED = 20;
const ROUNDS = 5;

/** A process of its own that imports and unpacks, to be killed at any moment. */
const CHILD = `
  const { importArchive } = await import(process.argv[1] + '/image-archive.ts');
  const { openImages } = await import(process.argv[1] + '/image-open.ts');
  const open = await openImages({ folder: process.argv[2], offline: true });
  process.stdout.write('begun');
  await importArchive(open.images.content, process.argv[3]);
  await open.images.warm('t/crash:1');
  process.exit(0);`;

/** Starts the child and kills it `after_ms` milliseconds into its work. */
async function importAndDie(store: string, archive: string, after_ms: number): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, import.meta.dirname, store, archive], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
  const timer = { id: setTimeout(() => child.kill('SIGKILL'), 20_000) };
  child.stdout.once('data', () => {
    clearTimeout(timer.id);
    timer.id = setTimeout(() => child.kill('SIGKILL'), after_ms);
  });
  await ended;
  clearTimeout(timer.id);
}

describe('a killed import', () => {
  it(`leaves only whole content behind, and the next one works (seed ${SEED})`, async () => {
    const home = mkdtempSync(join(tmpdir(), 'image-crash-'));
    try {
      const random = seededRandom(SEED);
      const files = Array.from({ length: 120 }, (_, i) => ({
        name: `d${i % 20}/f${i}`,
        content: Buffer.from(random.bytes(20_000)),
      }));
      const made = await new ImageContent(join(home, 'made')).open();
      await putImage(made, 't/crash:1', [tarOf(files), tarOf([{ name: 'last', content: 'x' }])]);
      const archive = join(home, 'image.tar');
      await saveArchive(made, ['t/crash:1'], archive, hostPlatform());

      for (let round = 0; round < ROUNDS; round++) {
        const store = join(home, `store-${round}`);
        await importAndDie(store, archive, random.next() * 250);
        const blobs = join(store, 'blobs/sha256');
        for (const hex of existsSync(blobs) ? readdirSync(blobs) : [])
          assert.equal(
            createHash('sha256')
              .update(readFileSync(join(blobs, hex)))
              .digest('hex'),
            hex,
          );
        await using open = await openImages({ folder: store, offline: true });
        // Whatever was left, the same import ends well.
        await importArchive(open.images.content, archive);
        const record = (await open.images.resolve('t/crash:1'))!;
        const rootfs = await open.images.prepareRootfs(record.id, `c${round}`);
        const lower = rootfs.kind === 'overlay' ? rootfs.lower.at(-1)! : rootfs.kind === 'folder' ? rootfs.path : '';
        for (const { name, content } of files) assert.ok(readFileSync(join(lower, name)).equals(content), name);
      }
    } finally {
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    }
  });
});
