import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { deploymentOf } from '../../cluster/testhost.ts';
import { Cluster } from './cluster.ts';
import { ThreadPool } from './drivers/pool.ts';

const pool = new ThreadPool({ program: new URL('./testing/bare-worker.ts', import.meta.url) });
const folder = mkdtempSync(join(tmpdir(), 'tenon-sim-cluster-'));
after(() => rmSync(folder, { recursive: true, force: true }));
before(() => pool.warm());

const YAML = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n';

test('files, folders, text and objects are applied; objects are read back typed', async () => {
  writeFileSync(join(folder, 'settings.yaml'), YAML);
  await using cluster = await Cluster.open(pool, { folder });
  await cluster.apply('settings.yaml', YAML.replace('settings', 'other'), deploymentOf('web', 2));
  await cluster.until("deployments['default/web'].complete");
  assert.deepEqual((await cluster.list('configmaps', 'default')).map(({ metadata }) => metadata.name).sort(), [
    'kube-root-ca.crt',
    'other',
    'settings',
  ]);
  await cluster.scale('deploy/web', 5);
  await cluster.until("deployments['default/web'].ready == 5", '1m');
  await cluster.delete('deploy/web');
  await cluster.until('pods.total == 0');
  assert.ok(cluster.t_ms < 300_000);
});

test('what is refused or does not hold fails with what is seen', async () => {
  await using cluster = await Cluster.open(pool);
  await assert.rejects(cluster.expect('nodes.ready == 4'), /nodes\.ready=3/);
  await assert.rejects(cluster.until('pods.running > 0', '10s'), /Within 10s/);
  await assert.rejects(cluster.advance('soon'), /"soon" is no duration/);
  await assert.rejects(cluster.steps({ apply: [], scale: 1 }), /cluster:1:/);
  await assert.rejects(cluster.apply('nowhere.yaml'), /./);
});

test('a snapshot is come back to, and goes on as the first did', async () => {
  const go = async (cluster: Cluster): Promise<string> => {
    await cluster.scale('deploy/web', 4);
    await cluster.advance('1m');
    return cluster.hash();
  };
  const cluster = await Cluster.open(pool, { seed: 5 });
  await cluster.apply(deploymentOf('web', 2));
  await cluster.advance('30s');
  const snapshot = await cluster.snapshot();
  const hash = await go(cluster);
  await cluster.finish();
  const again = await Cluster.restore(pool, snapshot);
  assert.equal(again.t_ms, 30_000);
  assert.equal(await go(again), hash);
  await again.finish();
  await assert.rejects(Cluster.restore(pool, { ...snapshot, hash: 'else' }), /came to another run/);
});

test('a cluster that is closed says so, and its thread serves the next', async () => {
  const cluster = await Cluster.open(pool);
  const { ok } = await cluster.finish();
  assert.equal(ok, true);
  await assert.rejects(cluster.observe(), /closed/);
});
