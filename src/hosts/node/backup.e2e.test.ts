import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FaultError } from '../../base/index.ts';
import { realClock, realRandom } from '../../api/testing/server.ts';
import { openKernel } from '../../kernel/index.ts';
import { restoreStore } from './backup.ts';
import { askBackup, serveControl } from './control.ts';
import { openState } from './state.ts';
import { chooseStore } from './store.ts';

const CONFIG_MAPS = { group: '', version: 'v1', resource: 'configmaps' };

test('a backup taken while writes go on is a state that was; restoring goes back to it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-kernel-backup-'));
  const file = join(folder, 'saved.db');
  await using state = openState(join(folder, 'state'));
  try {
    const store = await chooseStore({}, state, realRandom);
    const kernel = await openKernel({ ...store.ports, clock: realClock, random: realRandom });
    const create = (name: string): Promise<unknown> =>
      kernel
        .client()
        .create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } });
    for (let i = 0; i < 200; i++) await create(`before-${i}`);
    const socket = state.file('control.sock');
    const control = await serveControl(socket, () => Promise.reject(new Error('unused')), store.backup);
    const during = Promise.all(Array.from({ length: 500 }, (_, i) => create(`during-${i}`)));
    await askBackup(socket, file);
    await during;
    await create('after');
    await control[Symbol.asyncDispose]();
    await kernel[Symbol.asyncDispose]();

    assert.throws(
      () => {
        writeFileSync(join(folder, 'broken.db'), readFileSync(file).subarray(0, 50_000));
        restoreStore(state, join(folder, 'broken.db'));
      },
      (error: unknown) => error instanceof FaultError && error.fault.code === 'host/backup-unusable',
    );
    restoreStore(state, file);
    await using restored = await openKernel({
      ...(await chooseStore({}, state, realRandom)).ports,
      clock: realClock,
      random: realRandom,
    });
    const names = (await restored.client().list(CONFIG_MAPS)).items.map(item => item.metadata.name!);
    assert.equal(names.filter(name => name.startsWith('before-')).length, 200);
    assert.ok(!names.includes('after'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
