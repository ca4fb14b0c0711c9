/** What a node that dies costs, and how long it takes until all is well again. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { cluster, warm } from 'tenon/sim';

before(warm);

test('the pods of a lost node run elsewhere within six minutes', async () => {
  await using shop = await cluster({ nodes: 3, folder: import.meta.dirname });
  await shop.apply('web.yaml');
  await shop.until("deployments['shop/web'].complete");

  const pods = await shop.list('pods', 'shop');
  const victim = String((pods[0]!.spec as { nodeName: string }).nodeName);
  await shop.disrupt({ name: 'outage', kind: 'NodeLoss', target: victim });
  const lost_ms = shop.t_ms;
  await shop.until('nodes.ready == 2', '1m');
  await shop.until("deployments['shop/web'].available == 4", '7m');
  // 40 s until the node is missed, 300 s that its pods tolerate it, then a scheduler's moment.
  assert.ok(shop.t_ms - lost_ms > 300_000 && shop.t_ms - lost_ms < 360_000, `${shop.t_ms - lost_ms} ms`);

  await shop.heal('outage');
  await shop.until('nodes.ready == 3', '1m');
});
