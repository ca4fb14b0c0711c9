import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../../kernel/index.ts';
import { SeriesRecorder } from '../series.ts';
import { moment, plot, timeTicks, written } from './chart.ts';
import { reportHtml } from './html.ts';
import type { RunReport } from './model.ts';
import { plotsOf } from './plots.ts';
import { RunRecorder } from './recorder.ts';

const RUN = {
  scenario: 'flash-sale',
  file: 'scenario.yaml',
  digest: 'd1',
  seed: 7,
  hash: 'abc123',
  events: 42,
  t_ms: 600_000,
  wall_ms: 200,
  ok: true,
  expectations: [{ name: 'web scales', where: 'scenario.yaml:9:5', outcome: 'held' as const, t: 60_000 }],
  violations: [],
  refusals: [],
  observables: { cost: 3.5 },
};

function series(values: (t: number) => [string, number][]): RunReport['series'] {
  const recorder = new SeriesRecorder(t => new Map(values(t)));
  for (let t = 0; t <= RUN.t_ms; t += 1_000) recorder.sample(t);
  return recorder.document(RUN.t_ms);
}

const report = (changes: Partial<RunReport> = {}): RunReport => ({
  run: RUN,
  series: series(t => [
    ['pods.running', t / 60_000],
    ['pods.ready', t / 70_000],
    ['traffic.users.rate', 100],
    ['traffic.users.p50_ms', 20],
    ['traffic.users.p99_ms', 90],
    ['cost', t / 100_000],
  ]),
  marks: [],
  marksLeftOut: 0,
  disruptions: [{ name: 'az-down', kind: 'ZoneLoss', target: 'a', from_ms: 120_000, to_ms: 240_000 }],
  invariants: ['no-lost-write'],
  start_ms: 0,
  revision: '1234abc',
  replay: 'tenon sim scenario.yaml --seed 7',
  ...changes,
});

test('a report holds what the run is known by, its outcomes and its plots, in both languages', () => {
  const page = reportHtml(report());
  for (const text of [
    'flash-sale',
    'abc123',
    '1234abc',
    'tenon sim scenario.yaml --seed 7',
    'web scales',
    'no-lost-write',
    'ZoneLoss',
    '期望',
    'Expectations',
  ])
    assert.ok(page.includes(text), `no ${text}`);
  assert.equal(page.match(/<svg class="plot"/g)?.length, 4);
  assert.ok(!/(?:src|href)="(?!data:)/.test(page), 'the page asks for something outside itself');
});

test('names out of a run are shown, never run', () => {
  const evil = '</script><img src=x onerror=alert(1)>';
  const page = reportHtml(
    report({
      run: { ...RUN, scenario: evil, violations: [{ t: 1, invariant: evil, about: evil, message: evil }] },
      series: series(() => [[`traffic.${evil}.rate`, 1]]),
      disruptions: [{ name: evil, kind: evil, target: evil, from_ms: 0 }],
      marks: [{ t: 1, kind: 'event', what: evil, about: evil, message: evil, warning: true, count: 1 }],
    }),
  );
  assert.ok(!page.includes('<img'));
  assert.equal(page.match(/<\/script>/g)?.length, 2);
});

test('figures are written as people say them', () => {
  assert.equal(written(1536 * 1024, 'bytes'), '1.5 MiB');
  assert.equal(written(1234, 'ms'), '1.23 s');
  assert.equal(written(0.125, 'share'), '12.5 %');
  assert.equal(moment(3_905_000), '1:05:05');
  assert.equal(moment(250), '0.250 s');
  for (const hours of [0.01, 0.5, 3, 24, 24 * 30]) {
    const ticks = timeTicks(hours * 3_600_000).length;
    assert.ok(ticks >= 2 && ticks <= 8, `${ticks} ticks in ${hours} h`);
  }
});

test('what is not known is a gap, and flat stretches cost two points', () => {
  const mean = [1, 1, 1, 1, null, 2, 3];
  const drawn = plot({
    series: [{ name: 'a', mean, low: mean, high: mean }],
    unit: 'count',
    step_ms: 1,
    length_ms: 7,
    shades: [],
  });
  const line = /<path d="([^"]+)" fill="none"/.exec(drawn)![1]!;
  assert.equal(line.match(/M/g)!.length, 2);
  assert.equal(line.match(/,/g)!.length, 4);
});

test('of many objects the plots are of those that moved', () => {
  const many = series(t =>
    Array.from({ length: 40 }, (_, at) => [`deployments.shop/d${at}.replicas`, at === 17 ? t : 1]),
  );
  const plans = plotsOf(many).filter(({ title }) => title.en === 'Deployment');
  assert.equal(plans.length, 12);
  assert.equal(plans[0]!.about, 'shop/d17');
});

test('warnings, crashes, steps and disruptions of a run are kept; alike ones are one', () => {
  const recorder = new RunRecorder();
  const event = (type: string, reason: string): KubeObject =>
    ({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'x' },
      type,
      reason,
      involvedObject: { kind: 'Pod', namespace: 'a', name: 'b' },
    }) as KubeObject;
  const commit = (t: number, object: KubeObject): void =>
    recorder.commit({ t, revision: t, collection: 'events', path: 'a/x', object, before: undefined });
  commit(1_000, event('Warning', 'BackOff'));
  commit(5_000, event('Warning', 'BackOff'));
  commit(6_000, event('Normal', 'Pulled'));
  commit(7_000, event('Normal', 'SuccessfulRescale'));
  recorder.line({ t: 8_000, by: 'world', what: 'crash', about: 'scheduler' });
  recorder.line({ t: 9_000, by: 'scenario', what: 'refused', about: 'apply Pod x', detail: 'no' });
  const disruption = { name: 'd', kind: 'NodeLoss', at_ms: 10_000, settings: {} };
  recorder.disrupted(disruption, true, 10_000);
  recorder.disrupted(disruption, false, 11_000);
  recorder.disrupted({ ...disruption, name: 'e' }, true, 12_000);
  const { marks, disruptions } = recorder.document(20_000);
  assert.deepEqual(
    marks.map(({ what, count, warning }) => [what, count, warning]),
    [
      ['BackOff', 2, true],
      ['SuccessfulRescale', 1, false],
      ['crash', 1, true],
      ['refused', 1, true],
    ],
  );
  assert.deepEqual(disruptions, [
    { name: 'd', kind: 'NodeLoss', from_ms: 10_000, to_ms: 11_000 },
    { name: 'e', kind: 'NodeLoss', from_ms: 12_000 },
  ]);
});
