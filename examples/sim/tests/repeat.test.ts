/** The same calls with the same seed are the same run, event for event; a snapshot is a place to start again from. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { cluster, restore, warm } from 'tenon/sim';

before(warm);

async function busy(seed: number): Promise<string> {
  await using shop = await cluster({ seed, folder: import.meta.dirname });
  await shop.apply('web.yaml');
  await shop.send({ name: 'buyers', to: 'shop/web:80', rate: '20/s', for: '30s' });
  await shop.advance('1m');
  return shop.hash();
}

test('the same seed is the same run, another is another', async () => {
  const first = await busy(7);
  assert.equal(await busy(7), first);
  assert.notEqual(await busy(8), first);
});

test('two futures begin at one snapshot', async () => {
  const shop = await cluster({ folder: import.meta.dirname });
  await shop.apply('web.yaml');
  await shop.until("deployments['shop/web'].complete");
  const ready = await shop.snapshot();
  await shop.finish();

  for (const replicas of [1, 9]) {
    await using future = await restore(ready);
    await future.scale('deploy/shop/web', replicas);
    await future.until(`deployments['shop/web'].ready == ${replicas} && pods.total == ${replicas}`, '2m');
  }
});
