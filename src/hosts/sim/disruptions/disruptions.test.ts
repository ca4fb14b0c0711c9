import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../../kernel/index.ts';
import type { Disruption } from '../model.ts';
import { Simulation } from '../simulation.ts';
import { Disruptor } from './apply.ts';
import { checkDisruption } from './check.ts';
import { DISRUPTION_KINDS } from './kinds.ts';
import type { WorldHooks } from './ports.ts';

const of = (kind: string, settings: JsonObject = {}, more: Partial<Disruption> = {}): Disruption => ({
  name: kind,
  kind,
  at_ms: 0,
  settings,
  ...more,
});

test('what is wrong with a disruption is said', () => {
  const rows: readonly (readonly [Disruption, string])[] = [
    [of('Earthquake'), 'disruption/unknown-kind'],
    [of('NodeLoss'), 'disruption/no-target'],
    [of('StoreCrash', { depth: 3 }), 'disruption/unknown-setting'],
    [of('StoreCrash', { restart_ms: -1 }), 'disruption/bad-setting'],
    [of('ApiError', { share: 'half' }), 'disruption/bad-setting'],
    [of('DnsFailure', { how: 'politely' }), 'disruption/bad-setting'],
    [of('StoreCrash', {}, { at_ms: -5 }), 'disruption/bad-time'],
    [of('ApiError', {}, { for_ms: 0 }), 'disruption/bad-time'],
  ];
  for (const [disruption, code] of rows)
    assert.deepEqual(
      checkDisruption(disruption).map(fault => fault.code),
      [code],
      JSON.stringify(disruption),
    );
  for (const kind of DISRUPTION_KINDS.values())
    assert.deepEqual(checkDisruption(of(kind.name, {}, kind.needsTarget ? { target: 'n1' } : {})), []);
});

test('every kind begins, is told of, heals by itself, and leaves the run as it was', async () => {
  const told: string[] = [];
  const observer = {
    disrupted: ({ kind }: Disruption, active: boolean, t: number) => void told.push(`${t} ${kind} ${active}`),
  };
  const run = await Simulation.open({ seed: 1, durable: true, observers: [observer] });
  let held = 0;
  const hook = (): Disposable => {
    held++;
    return { [Symbol.dispose]: () => void held-- };
  };
  const names =
    'loseNode slowNode fillDisk failPulls silenceWebhooks expireCertificates failNames hideGit stopMetrics'.split(' ');
  const world = {
    nodes: () => ['n1'],
    resetCounters: () => undefined,
    ...Object.fromEntries(names.map(name => [name, hook])),
  } as WorldHooks;
  const disruptor = new Disruptor({
    on: { ...run.platform, world },
    log: run.log,
    observers: run.observers,
    now: () => run.t,
    after: (delay_ms, action) => run.at(run.t + delay_ms, action),
  });
  for (const kind of DISRUPTION_KINDS.values()) {
    told.length = 0;
    const at_ms = run.t;
    const target = { node: 'n1', process: 'scheduler', place: 'kubelet/n1', pattern: '*', none: '' }[kind.target];
    const for_ms = kind.once ? {} : { for_ms: 5_000 };
    const faults = disruptor.begin(of(kind.name, {}, { at_ms, ...for_ms, ...(target ? { target } : {}) }));
    assert.deepEqual(faults, [], kind.name);
    await run.run(at_ms + 20_000);
    const healed_ms = at_ms + (kind.once ? 0 : 5_000);
    assert.deepEqual(told, [`${at_ms} ${kind.name} true`, `${healed_ms} ${kind.name} false`]);
    assert.equal(held, 0, kind.name);
    assert.ok(run.platform.links.quiet, kind.name);
    assert.ok(run.platform.api.running && run.platform.processes.runs('scheduler'), kind.name);
    await run.client().list({ group: '', version: 'v1', resource: 'pods' });
  }
  assert.deepEqual(
    disruptor.begin(of('NodeLoss', {}, { target: 'n9' })).map(fault => fault.code),
    ['disruption/unknown-target'],
  );
  run.end();
});
