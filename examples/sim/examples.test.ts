/** Every example holds what it says, comes out the same when it is run again, and draws its report. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { RunThread } from '../../src/hosts/sim/drivers/run-thread.ts';

/** With what a reader of the report looks for. */
const EXAMPLES: readonly (readonly [name: string, shown: readonly string[]])[] = [
  ['flash-sale', ['shop/web', 'buyers', 'SuccessfulRescale', 'CPU in use', 'Autoscaler']],
  ['zone-loss', ['NodeLoss', 'shop/web', 'NodeNotReady', 'p99', 'east-0']],
  ['slow-leak', ['shop/catalog', 'readers', 'Memory in use', 'and is not killed any more']],
  ['bad-rollout', ['shop/checkout', 'buyers', 'version 1 is back']],
];

const thread = new RunThread();
after(() => thread[Symbol.asyncDispose]());

for (const [name, shown] of EXAMPLES)
  test(`${name} holds, twice with the same hash`, async () => {
    const file = join(import.meta.dirname, name, 'scenario.yaml');
    const document = readFileSync(file, 'utf8');
    const hashes: string[] = [];
    for (const record of [true, false]) {
      const { until_ms } = await thread.ask('open', { document, file, record });
      await thread.ask('play', { until_ms });
      const report = record ? { replay: `tenon sim ${name}`, revision: 'test' } : undefined;
      const result = await thread.ask('finish', report ? { report } : {});
      const failed = result.expectations.filter(({ outcome }) => outcome !== 'held');
      assert.deepEqual(failed, []);
      assert.ok(result.expectations.length >= 5 && result.ok, JSON.stringify(result.refusals));
      hashes.push(result.hash);
      for (const text of report ? shown : [])
        assert.ok(result.report?.includes(text), `the report does not show ${text}`);
    }
    assert.equal(hashes[0], hashes[1]);
  });
