import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deploymentOf } from '../../cluster/testhost.ts';
import { CONFIG_MAPS, DEPLOYMENTS, PODS } from '../../cluster/refs.ts';
import { isAlreadyExists, type KubeObject, StatusError } from '../../kernel/index.ts';
import type { Delivery, Watching } from './model.ts';
import { Simulation } from './simulation.ts';

const MAP = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'default' } } as KubeObject;

test('a refused call has no effect; a lost answer is one whose write was done', async () => {
  const run = await Simulation.open({ seed: 1 });
  const { interference } = run.platform;
  const client = run.client();
  const refusing = interference.refuse({ by: 'scenario', code: 503, share: 1 });
  await assert.rejects(client.create(CONFIG_MAPS, MAP), (error: StatusError) => error.code === 503);
  refusing[Symbol.dispose]();
  const losing = interference.lose({ share: 1 });
  await assert.rejects(client.create(CONFIG_MAPS, MAP), (error: StatusError) => error.code === 504);
  losing[Symbol.dispose]();
  await assert.rejects(client.create(CONFIG_MAPS, MAP), isAlreadyExists);
  run.end();
});

test('the cluster gets there all the same: refusals, lost answers, closed and slow watches', async () => {
  const watches: Watching[] = [];
  const told: Delivery[] = [];
  const observer = {
    watching: (each: Watching) => void watches.push(each),
    deliver: (each: Delivery) => void told.push(each),
  };
  const run = await Simulation.open({ seed: 2, observers: [observer] });
  const { interference } = run.platform;
  const rules = [
    interference.refuse({ code: 500, share: 0.3 }),
    interference.lose({ share: 0.3 }),
    interference.delay({ by: 'controller-manager', delay_ms: 3_000 }),
  ];
  await run.settle();
  run.at(5_000, () => assert.ok(interference.closeWatches('controller-manager') > 10));
  // The hand that writes is refused, too: it tries again.
  const create = async (): Promise<void> => {
    try {
      await run.client().create(DEPLOYMENTS, deploymentOf('web', 3) as KubeObject, { namespace: 'default' });
    } catch (error) {
      if (!isAlreadyExists(error)) await create();
    }
  };
  await create();
  await run.run(60_000);
  for (const rule of rules) rule[Symbol.dispose]();
  await run.run(200_000);
  assert.equal((await run.client().list(PODS)).items.length, 3);
  assert.ok(watches.filter(each => each.collection === 'pods' && each.after !== undefined).length > 0);
  assert.ok(told.every((each, at) => at === 0 || each.t >= told[at - 1]!.t));
  run.end();
});
