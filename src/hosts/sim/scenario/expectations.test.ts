import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunRooms } from '../run.ts';
import { runScenario } from '../run.ts';
import { Expectations, type Outcome } from './expectations.ts';
import type { Expectation } from './model.ts';
import type { Concern } from './question.ts';
import { openExpectations } from './room.ts';
import { scenarioOf, scenarioText } from './testhost.ts';

const WHERE = { file: 'x', line: 1, column: 1 };
const expecting = (more: Partial<Expectation> = {}): Expectation => ({
  name: 'x',
  test: { kind: 'cel', expression: 'pods.running == 5' },
  within_ms: 0,
  for_ms: 0,
  where: WHERE,
  ...more,
});

/** A run in which only a number of pods changes; counts how often it was looked at. */
class Stage {
  t = 0;
  looked = 0;
  running = 0;
  readonly outcomes: Outcome[] = [];
  readonly wakes: number[] = [];
  readonly versions = new Proxy({} as Record<Concern, number>, {
    get: (target, name) => (target as Record<string | symbol, number>)[name] ?? 0,
  });
  readonly expectations = new Expectations({
    t: () => this.t,
    wake: t => this.wakes.push(t),
    versions: this.versions,
    scene: {
      observe: () => {
        this.looked++;
        const traffic = { a: { errorRate: 0.5 } };
        return { pods: { running: this.running }, traffic, time_s: this.t / 1000 } as never;
      },
      object: () => undefined,
      objects: () => [],
      ports: {},
    },
    decided: outcome => this.outcomes.push(outcome),
  });

  set(running: number, t: number): void {
    this.t = t;
    if (running !== this.running) this.versions.pods = (this.versions.pods ?? 0) + 1;
    this.running = running;
    this.expectations.instant(t);
  }

  get told(): string[] {
    return this.outcomes.map(({ outcome, t, message }) => [outcome, t, ...(message ? [message] : [])].join(' '));
  }
}

/** What becomes of an expectation when so many pods run at such times, and the run ends at 100 s. */
const ROWS: readonly (readonly [
  what: string,
  more: Partial<Expectation>,
  changes: readonly (readonly [number, number])[],
  told: string,
])[] = [
  ['now, and so it is', {}, [[5, 0]], 'held 0'],
  ['now, and it is not', {}, [[4, 0]], 'failed 0 pods.running=4'],
  [
    'within, in time',
    { within_ms: 10_000 },
    [
      [1, 0],
      [5, 9000],
    ],
    'held 9000',
  ],
  [
    'within, at the last moment',
    { within_ms: 10_000 },
    [
      [1, 0],
      [5, 10_000],
    ],
    'held 10000',
  ],
  [
    'within, too late',
    { within_ms: 10_000 },
    [
      [1, 0],
      [2, 10_000],
      [5, 11_000],
    ],
    'failed 10000 pods.running=2',
  ],
  [
    'for a time',
    { for_ms: 5000 },
    [
      [5, 0],
      [5, 5000],
    ],
    'held 5000',
  ],
  [
    'for a time, broken',
    { for_ms: 5000 },
    [
      [5, 0],
      [4, 3000],
    ],
    'failed 3000 pods.running=4, after it held from 0s',
  ],
  [
    'within and for: a second try',
    { within_ms: 10_000, for_ms: 5000 },
    [
      [5, 0],
      [4, 3000],
      [5, 8000],
      [5, 13_000],
    ],
    'held 13000',
  ],
  [
    'within and for: no second try',
    { within_ms: 10_000, for_ms: 5000 },
    [
      [5, 8000],
      [4, 11_000],
    ],
    'failed 11000 pods.running=4, after it held from 8s',
  ],
  [
    'always',
    { for_ms: Number.POSITIVE_INFINITY },
    [
      [5, 0],
      [5, 50_000],
    ],
    'held 100000',
  ],
  [
    'always, broken',
    { for_ms: Number.POSITIVE_INFINITY },
    [
      [5, 0],
      [6, 50_000],
      [5, 50_001],
    ],
    'failed 50000 pods.running=6, after it held from 0s',
  ],
  ['the run ends first', { within_ms: 200_000 }, [[4, 0]], 'open 100000 the run ended before it was decided'],
];

test('expectations come out as they are written', () => {
  for (const [what, more, changes, told] of ROWS) {
    const stage = new Stage();
    stage.expectations.begin(expecting(more));
    for (const [running, t] of changes) stage.set(running, t);
    stage.t = 100_000;
    stage.expectations.end(100_000);
    assert.deepEqual(stage.told, [told], what);
  }
});

test('nothing is looked at that has not changed; what moves with time once a second', () => {
  const stage = new Stage();
  stage.expectations.begin(expecting({ within_ms: 1e6 }));
  for (let t = 0; t < 1000; t++) stage.set(1, t);
  assert.equal(stage.looked, 1);
  const timed = new Stage();
  timed.expectations.begin(
    expecting({ test: { kind: 'cel', expression: "traffic['a'].errorRate < 0.1 && time_s > 1" }, within_ms: 1e6 }),
  );
  for (let t = 0; t < 10_000; t += 10) timed.set(1, t);
  assert.equal(timed.looked, 10);
});

test('deadlines wake the run', () => {
  const stage = new Stage();
  stage.expectations.begin(expecting({ within_ms: 7000, for_ms: 2000 }));
  stage.set(5, 100);
  assert.deepEqual(stage.wakes, [7000, 2100]);
});

test('once: at the first instant that holds, and never again', () => {
  const stage = new Stage();
  let called = 0;
  stage.expectations.once('pods.running == 5', () => called++);
  for (const [running, t] of [
    [1, 0],
    [5, 10],
    [4, 20],
    [5, 30],
  ] as const)
    stage.set(running, t);
  assert.equal(called, 1);
});

/** A world in which nothing ever runs. */
const EMPTY: RunRooms = {
  world: async () => ({ start: async () => undefined, send: () => undefined, stop: () => undefined, cost: () => 0 }),
  disruptions: () => ({ begin: () => undefined, heal: () => undefined, storm: () => undefined }),
  expectations: context => openExpectations(context),
  invariants: () => ({ observers: [], found: () => [] }),
};

const deployment = (image: string): string =>
  `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {replicas: 3, progressDeadlineSeconds: 60, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "${image}"}]}}}}`;

const RUN = scenarioText(`until: 10m
steps:
- apply: [{apiVersion: v1, kind: Namespace, metadata: {name: shop}}, ${deployment('shop/web:v1')}]
- expect:
  - deployments['shop/web'].current == 3
  - {object: deploy/shop/web, values: {/spec/replicas: 3, /metadata/annotations/deployment.kubernetes.io~1revision: "1"}}
  - {object: deploy/shop/nobody, exists: false}
  - {object: deploy/shop/web, that: object.status.unavailableReplicas == 3}
  - {from: shop/web, to: "198.51.100.7:443", expect: allow}
  within: 10s
- expect: pods.running == 1
  within: 20s
  name: nobody runs them
- at: 2m
  apply: ${deployment('shop/web:v2')}
- when: deployments['shop/web'].stuck && deployments['shop/web'].revision == 2
  undo: deploy/shop/web
- expect: {object: deploy/shop/web, values: {/spec/template/spec/containers/0/image: "shop/web:v1"}, name: rolled back}
  within: 5m
- at: 8m
  apply:
  - {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: shop}, spec: {podSelector: {}, policyTypes: [Egress]}}
- expect: {from: shop/web, to: "198.51.100.7:443", expect: deny, name: closed now}
  within: 10s
- scale: {object: deploy/shop/web, replicas: 1}
- expect: deployments['shop/web'].replicas == 1
  within: 10s
- expect: nodes.total == 0
  always: true`);

test('a run holds its expectations, and two runs are one', async () => {
  const first = await runScenario(scenarioOf(RUN), EMPTY);
  assert.deepEqual(first.refusals, []);
  const told = first.expectations.map(({ name, outcome, message }) =>
    [outcome, name, ...(message ? [message] : [])].join(': '),
  );
  assert.deepEqual(
    told.filter(line => !line.startsWith('held')),
    ['failed: nobody runs them: pods.running=0'],
  );
  assert.equal(told.length, 10);
  const second = await runScenario(scenarioOf(RUN), EMPTY);
  assert.equal(second.hash, first.hash);
  assert.equal(first.ok, false);
});
