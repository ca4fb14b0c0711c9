import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { VirtualClock } from '../../base/index.ts';
import { systemRandom } from '../../hosts/node/ports.ts';
import { openKernel } from '../kernel.ts';
import { CONFIG_MAPS } from '../testkernel.ts';
import { sqliteLog, STORE_FILE } from './sqlite-log.ts';
import { FORMAT } from './sqlite-protocol.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const formats = readdirSync(FIXTURES).filter(name => /^format-\d+\.sql$/.test(name));

test('every format up to the current one has a fixture', () => {
  assert.deepEqual(
    formats.sort(),
    Array.from({ length: FORMAT }, (_, index) => `format-${index + 1}.sql`),
  );
});

for (const name of formats) {
  test(`a store of ${name} opens with everything in it`, async context => {
    const folder = mkdtempSync(join(tmpdir(), 'kernel-format-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const database = new DatabaseSync(join(folder, STORE_FILE));
    database.exec(readFileSync(join(FIXTURES, name), 'utf8'));
    database.close();
    await using kernel = await openKernel({
      log: sqliteLog(folder),
      clock: new VirtualClock(),
      random: systemRandom(),
    });
    const { store } = kernel.journal;
    assert.ok(store.revision >= 9);
    const client = kernel.client();
    const { items } = await client.list(CONFIG_MAPS);
    assert.deepEqual(
      items.map(({ metadata, data }) => [metadata.name, data]),
      [['a', { n: '2' }]],
    );
    const secrets = { group: '', version: 'v1', resource: 'secrets' };
    assert.equal((await client.get(secrets, { namespace: 'default', name: 's' })).type, 'Opaque');
    const told: string[] = [];
    const context_ = { user: { name: 'u', groups: [] }, warnings: [] };
    await kernel.registry.watch(
      context_,
      CONFIG_MAPS,
      { resourceVersion: '6' },
      events => {
        for (const event of events)
          told.push('stored' in event ? `${event.type} ${event.stored.key.name}` : event.type);
      },
      () => undefined,
    );
    assert.deepEqual(told, ['ADDED b', 'MODIFIED a', 'DELETED b']);
    const late: string[] = [];
    await kernel.registry.watch(
      context_,
      secrets,
      { resourceVersion: '3' },
      events => late.push(...events.map(({ type }) => type)),
      () => undefined,
    );
    assert.deepEqual(late, ['ERROR']);
  });
}
