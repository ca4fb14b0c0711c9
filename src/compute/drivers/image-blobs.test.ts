import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { digestOf } from '../images/digest.ts';
import { BlobStore } from './image-blobs.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-blobs-'));
after(() => rmSync(folder, { recursive: true, force: true }));

it('takes a file in without copying it, twice as well, and refuses one that is not what was promised', async () => {
  const store = await new BlobStore(join(folder, 'store')).open();
  const file = join(folder, 'file');
  writeFileSync(file, 'layer');
  const digest = digestOf(Buffer.from('layer'), 'sha256');
  for (let i = 0; i < 2; i++)
    assert.deepEqual(await store.adopt(file, { digest, size: 5 }), { digest, size: 5 }, `time ${i + 1}`);
  assert.equal(statSync(store.path(digest)).ino, statSync(file).ino);
  const wrong = digestOf(Buffer.from('other'), 'sha256');
  await assert.rejects(store.adopt(file, { digest: wrong }), /does not match/);
  await assert.rejects(store.adopt(file, { size: 4 }), /does not match/);
  assert.equal(await store.size(wrong), undefined);
  assert.deepEqual(readdirSync(join(store.root, 'ingest')), []);
  rmSync(file);
  assert.equal(readFileSync(store.path(digest), 'utf8'), 'layer');
});
