import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fault, FaultError, formatSpan, reportFault } from '../../../base/index.ts';
import { scenarioOf, scenarioText } from './testhost.ts';

const CSV = 'time,value\n2026-01-01 00:00:00,1\n2026-01-01 00:05:00,2\n';

/** What is wrong with a text: `code line:column`, of each mistake. */
function faultsOf(text: string, files: Readonly<Record<string, string>> = { 'x.csv': CSV }): string[] {
  try {
    scenarioOf(text, files);
    return [];
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    const { fault } = error;
    const all: readonly Fault[] = fault.code === 'scenario/invalid' ? fault.causes! : [fault];
    return all.map(
      ({ code, where }) => `${code.replace('scenario/', '')} ${typeof where === 'object' ? formatSpan(where) : where}`,
    );
  }
}

const step = (text: string): string => scenarioText(`until: 1h\nsteps:\n- ${text}`);

// Line 5 is `until`, 6 `steps`, 7 the step, which begins in column 5.
const BAD: readonly (readonly [what: string, text: string, faults: readonly string[]])[] = [
  ['no until', scenarioText('steps: []'), ['missing-field test.yaml:5:3']],
  ['unknown field of spec', scenarioText('until: 1h\nsteps: []\nsede: 1'), ['unknown-field test.yaml:7:9']],
  ['until without a unit', scenarioText('until: 5\nsteps: []'), ['wrong-value test.yaml:5:10']],
  ['seed with a fraction', scenarioText('until: 1h\nseed: 1.5\nsteps: []'), ['wrong-value test.yaml:6:9']],
  ['a step that does nothing', step('at: 1m'), ['one-thing test.yaml:7:5']],
  [
    'a step that does two things',
    step('{apply: [], stop: x}'),
    ['wrong-value test.yaml:7:13', 'one-thing test.yaml:7:5'],
  ],
  ['a negative rate', step('send: {to: a/b, rate: -1/s}'), ['wrong-value test.yaml:7:27']],
  ['a negative rate as a number', step('send: {to: a/b, rate: -1}'), ['wrong-value test.yaml:7:27']],
  ['two rates', step('send: {to: a/b, rate: 1/s, wave: {low: 0, high: 1/s}}'), ['one-thing test.yaml:7:11']],
  [
    'rate steps that go back',
    step('send: {to: a/b, steps: [{after: 5m, rate: 1/s}, {after: 1m, rate: 2/s}]}'),
    ['wrong-value test.yaml:7:61'],
  ],
  ['a target that is none', step('send: {to: "a b", rate: 1/s}'), ['explain/bad-place test.yaml:7:16']],
  [
    'a step beyond the end',
    step('{at: 2h, expect: "true"}'),
    ['beyond-end test.yaml:7:10', 'beyond-end test.yaml:7:22'],
  ],
  ['a deadline beyond the end', step('{at: 59m, expect: "true", within: 5m}'), ['beyond-end test.yaml:7:23']],
  ['steps out of order', step('{at: 2m, expect: "true"}\n- {at: 1m, expect: "true"}'), ['step-back test.yaml:8:10']],
  ['at and after', step('{at: 2m, after: 1m, expect: "true"}'), ['wrong-value test.yaml:7:5']],
  ['a misspelt name', step('expect: pods.runing == 5'), ['expression test.yaml:7:17']],
  ['a misspelt name in quotes', step('expect: "pods.runing == 5"'), ['expression test.yaml:7:18']],
  [
    'a misspelt name in a block',
    step('expect: |\n      pods.total == 5\n      && pods.runing == 5'),
    ['expression test.yaml:9:16'],
  ],
  ['CEL that is no truth value', step('expect: pods.running'), ['expression test.yaml:7:13']],
  ['CEL that does not parse', step('expect: pods.running =='), ['expression test.yaml:7:28']],
  ['when beside what is not expected', step('{stop: x, within: 1m}'), ['wrong-value test.yaml:7:23']],
  [
    'a case with an unknown field',
    step('expect: {from: a/b, to: a/c, expects: allow}'),
    ['explain/test-invalid test.yaml:7:13'],
  ],
  ['a case that asks nothing', step('expect: {name: x}'), ['explain/test-invalid test.yaml:7:13']],
  ['a load nobody sends', step('stop: buyers'), ['not-known test.yaml:7:5']],
  [
    'two loads of one name',
    step('send: {name: x, to: a/b, rate: 1}\n- send: {name: x, to: a/b, rate: 1}'),
    ['name-twice test.yaml:8:5'],
  ],
  ['a kind nobody knows', step('delete: [deplo/a/b]'), ['not-known test.yaml:7:14']],
  ['too many names', step('delete: [node/a/b]'), ['wrong-value test.yaml:7:14']],
  ['undo of what has no revisions', step('undo: svc/a/b'), ['wrong-value test.yaml:7:11']],
  ['an object without a kind', step('apply: [{metadata: {name: x}}]'), ['wrong-value test.yaml:7:13']],
  ['a file that is not there', step('apply: ./no.yaml'), ['file-missing test.yaml:7:12']],
  ['a trace that is not there', step('send: {to: a/b, trace: {file: no.csv}}'), ['file-missing test.yaml:7:35']],
  [
    'a column that is not there',
    step('send: {to: a/b, trace: {file: x.csv, value: valu}}'),
    ['trace-column x.csv:1:1'],
  ],
  [
    'a distribution of two kinds',
    scenarioText(
      'until: 1h\nsteps: []\nworld: {images: [{match: x, pull: {normal: {mean: 1s, deviation: 0}, uniform: {min: 0, max: 1s}}}]}',
    ),
    ['one-thing test.yaml:7:37'],
  ],
  [
    'two nodes of one name',
    scenarioText('until: 1h\nsteps: []\nworld: {nodes: [{name: a-0}, {name: a, count: 2}]}'),
    ['name-twice test.yaml:7:32'],
  ],
  [
    'a link to nowhere',
    scenarioText('until: 1h\nsteps: []\nworld: {network: {links: [{from: zone-a, to: zone-b}]}}'),
    ['not-known test.yaml:7:29'],
  ],
  [
    'a share above all',
    scenarioText('until: 1h\nsteps: []\nworld: {workloads: [{match: {}, fails: 101%}]}'),
    ['wrong-value test.yaml:7:42'],
  ],
  [
    'a truth value for a name',
    scenarioText('until: 1h\nsteps: []\nworld: {nodes: [{name: n}]}'),
    ['wrong-value test.yaml:7:26'],
  ],
  [
    'several mistakes',
    step('send: {too: a/b, rate: -1/s}'),
    ['unknown-field test.yaml:7:17', 'missing-field test.yaml:7:11', 'wrong-value test.yaml:7:28'],
  ],
];

test('what is wrong in a scenario is told with its place', () => {
  const got = BAD.map(([what, text]) => [what, ...faultsOf(text)]);
  assert.deepEqual(
    got,
    BAD.map(([what, , faults]) => [what, ...faults]),
  );
});

test('a slip is told with the nearest name, in both languages', () => {
  assert.throws(
    () => scenarioOf(step('send: {to: a/b, rat: 1/s}')),
    (error: FaultError) => {
      const report = reportFault(error.fault.causes?.[0] ?? error.fault, 'en');
      assert.match(report.remedy!, /^Did you mean "rate"\? Fields: name, from/);
      assert.match(reportFault(error.fault.causes?.[0] ?? error.fault, 'zh').remedy!, /^是否想写“rate”?/);
      return true;
    },
  );
});

test('settings of disruptions are durations and shares, nodes stand for their kubelets', () => {
  const { steps } = scenarioOf(
    step(
      'disrupt: {kind: Latency, target: node-1, for: 5s, settings: {latency: 300ms, loss: 5%}}\n- disrupt: {kind: ClockSkew, target: node-2, settings: {skew: -1m}}',
    ),
  );
  assert.deepEqual(
    steps.map(one => one.do === 'disrupt' && [one.disruption.target, one.disruption.settings]),
    [
      ['kubelet/node-1', { latency_ms: 300, loss: 0.05 }],
      ['kubelet/node-2', { skew_ms: -60_000 }],
    ],
  );
});

test('a whole scenario is read', () => {
  const scenario = scenarioOf(
    scenarioText(
      `seed: 7
until: 2h
start: 2026-03-01T08:00:00Z
world:
  nodes: [{name: w, count: 2, zone: a, capacity: {cpu: 8}, labels: {tier: gold}}]
  images: [{match: "shop/*", pull: {uniform: {min: 1s, max: 3s}}}]
  workloads:
  - match: {namespace: shop, labels: {app: web}}
    startup: {lognormal: {median: 2s, p99: 8s}}
    cpu: {idle: 5m, perRequest: 8ms}
    memory: {base: 64Mi, leak: 1Mi/min}
    latency: {concurrency: 4, service: {exponential: {mean: 20ms}}}
    calls: [{to: shop/catalog:80/items, probability: 50%}]
  - {match: {image: "shop/web:v2"}, ready: false}
  - {match: {}, cpu: 100m, latency: {empirical: {p50: 10ms, p99: 80ms}}}
steps:
- apply: [{apiVersion: v1, kind: Namespace, metadata: {name: shop}}]
- at: 10m
  send: {name: buyers, to: "shop/web:80/pay", trace: {file: x.csv, unit: /5m, scale: 300}}
- after: 5m
  scale: {object: deploy/shop/web, replicas: 3}
- expect: [pods.running == 5, {that: nodes.ready == 2, for: 1m, name: nodes}]
  within: 30s
- when: deployments['shop/web'].stuck
  undo: deploy/shop/web`,
    ),
    { 'x.csv': CSV },
  );
  assert.deepEqual(scenario.world.nodes[0]!.names, ['w-0', 'w-1']);
  assert.equal(scenario.world.nodes[0]!.capacity.cpu, '8');
  assert.deepEqual(scenario.world.workloads[0]!.latency, {
    kind: 'queue',
    concurrency: 4,
    service: { kind: 'exponential', mean: 20 },
  });
  assert.equal(scenario.world.workloads[0]!.memory!.leak_per_s, 1048576 / 60);
  assert.deepEqual(scenario.world.workloads[0]!.cpu!.perRequest, { kind: 'fixed', value: 0.008 });
  assert.equal(scenario.world.workloads[0]!.calls![0]!.probability, 0.5);
  assert.deepEqual(
    scenario.steps.map(step => [step.do, step.at_ms, step.when]),
    [
      ['apply', 0, undefined],
      ['send', 600_000, undefined],
      ['patch', 900_000, undefined],
      ['expect', 900_000, undefined],
      ['expect', 900_000, undefined],
      ['undo', 900_000, "deployments['shop/web'].stuck"],
    ],
  );
  const send = scenario.steps[1]!;
  assert.ok(send.do === 'send' && send.load.rate.kind === 'series');
  assert.deepEqual([...send.load.rate.values], [1, 2]);
  assert.deepEqual([...send.load.rate.times_ms], [0, 300_000]);
  assert.equal(send.load.rate.length_ms, 600_000);
  const second = scenario.steps[4]!;
  assert.ok(second.do === 'expect');
  assert.deepEqual(
    [second.expectation.within_ms, second.expectation.for_ms, second.expectation.name],
    [30_000, 60_000, 'nodes'],
  );
  // Handed to a worker as it is.
  assert.deepEqual(structuredClone(scenario), scenario);
});
