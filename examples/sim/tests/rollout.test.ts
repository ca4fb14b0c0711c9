/** A release that never gets ready must cost no request, and an undo must bring the old one back. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { cluster, warm } from 'tenon/sim';

before(warm);

const WORLD = {
  workloads: [
    { match: { name: 'web' }, startup: '3s', latency: '20ms' },
    { match: { image: 'shop/web:v2' }, ready: false },
  ],
};
const image = (name: string) => ({ spec: { template: { spec: { containers: [{ name: 'web', image: name }] } } } });

test('a release that is never ready stops at its deadline, and nobody notices', async () => {
  await using shop = await cluster({ world: WORLD, folder: import.meta.dirname });
  await shop.apply('web.yaml');
  await shop.until("deployments['shop/web'].complete");
  await shop.send({ name: 'buyers', to: 'shop/web:80', rate: 10 });

  await shop.steps({ patch: { object: 'deploy/shop/web', strategic: image('shop/web:v2') } });
  await shop.until("deployments['shop/web'].stuck", '3m');
  await shop.expect("deployments['shop/web'].ready == 4");

  await shop.steps({ undo: 'deploy/shop/web' });
  await shop.until("deployments['shop/web'].complete", '1m');
  await shop.expect("traffic['buyers'].errors == 0");
  const web = await shop.get('deploy', 'shop/web');
  assert.match(JSON.stringify(web), /shop\/web:v1/);
});
