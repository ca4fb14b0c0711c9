import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../kernel/index.ts';
import { realRooms } from '../rooms.ts';
import { ScenarioRun } from '../run.ts';
import { scenarioOf } from '../scenario/testhost.ts';
import { DISRUPTIONS } from './served.ts';

const TEXT = `
apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: served}
spec:
  until: 20m
  world: {nodes: [{name: node, count: 2}]}
  steps:
    - at: 1m
      apply:
        - {apiVersion: tenon.dev/v1, kind: Disruption, metadata: {name: gone}, spec: {kind: NodeLoss, target: node-0}}
        - {apiVersion: tenon.dev/v1, kind: Disruption, metadata: {name: nowhere}, spec: {kind: NodeLoss, target: moon}}
    - at: 3m
      expect: nodes.ready == 1 && disruptions.active == 1
    - at: 4m
      delete: [{apiVersion: tenon.dev/v1, kind: Disruption, name: gone}]
    - at: 6m
      expect: nodes.ready == 2 && disruptions.active == 0
`;

test('a Disruption object disrupts, is refused with a reason, and heals when it is deleted', async () => {
  using run = await ScenarioRun.open(scenarioOf(TEXT), realRooms);
  await run.simulation.run(120_000);
  const states = async (): Promise<Record<string, unknown>> => {
    const listed = run.simulation
      .client()
      .list<KubeObject & { status?: { state?: string; message?: string } }>(DISRUPTIONS);
    return Object.fromEntries((await listed).items.map(({ metadata, status }) => [metadata.name, status?.state]));
  };
  assert.deepEqual(await states(), { gone: 'Active', nowhere: 'Refused' });
  await run.simulation.run(run.until_ms);
  const { expectations, refusals } = run.finish();
  assert.deepEqual(refusals, []);
  assert.deepEqual(
    expectations.filter(({ outcome }) => outcome !== 'held'),
    [],
  );
});
