import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../base/index.ts';
import { realRooms } from '../rooms.ts';
import { type RunResult, runScenario } from '../run.ts';
import { scenarioOf } from '../scenario/testhost.ts';
import { binomial } from './draw.ts';
import { nameFailure } from './names.ts';

interface Given {
  readonly world?: string;
  readonly pods: string;
  readonly steps: string;
  readonly until?: string;
}

const scenario = ({ world = '', pods, steps, until = '20m' }: Given): string => `
apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: pressure}
spec:
  until: ${until}
  invariants: {except: [placement]}
  world:
    nodes: [{name: node, count: 2, capacity: {cpu: "4", memory: 4Gi, pods: 20}}]
${world}
  steps:
    - apply:
${pods}
${steps}`;

const deployment = (name: string, replicas: number, resources: string, extra = ''): string => `
        - apiVersion: apps/v1
          kind: Deployment
          metadata: {name: ${name}}
          spec:
            replicas: ${replicas}
            selector: {matchLabels: {app: ${name}}}
            template:
              metadata: {labels: {app: ${name}}}
              spec: {containers: [{name: c, image: "a:1", resources: ${resources}}]${extra}}`;

async function held(given: Given): Promise<RunResult> {
  const text = scenario(given);
  const result = await runScenario(scenarioOf(text), realRooms, { seed: 1 });
  assert.deepEqual(
    [result.expectations.filter(({ outcome }) => outcome !== 'held'), result.refusals, result.violations],
    [[], [], []],
  );
  assert.equal((await runScenario(scenarioOf(text), realRooms, { seed: 1 })).hash, result.hash);
  return result;
}

const object = (at: string, kind: string, test: string): string => `
    - at: ${at}
      expect:
        object: ${kind}
        that: '${test}'`;

test('a node short of memory ends what is above its request, one at a time, and says so', async () => {
  const pressed = 'object.status.conditions.exists(c, c.type == "MemoryPressure" && c.status == "True")';
  const result = await held({
    world: `    workloads:
      - {match: {name: hog}, memory: {base: 512Mi, leak: 8Mi/s}}
      - {match: {name: calm}, memory: {base: 256Mi}}`,
    pods:
      deployment('calm', 2, '{requests: {memory: 512Mi}}') +
      deployment('hog', 1, '{requests: {memory: 64Mi}}', ', nodeName: node-0'),
    steps: `    - at: 4m
      expect: pods.failed == 0${object('8m', 'node/node-0', pressed)}
    - at: 12m
      expect: pods.failed >= 1 && deployments["default/calm"].available == 2`,
  });
  assert.equal(result.ok, true);
});

test('a full disk ends pods on it, and none comes there until it is free for five minutes', async () => {
  await held({
    pods: deployment('web', 2, '{requests: {cpu: 100m}}'),
    steps: `    - at: 1m
      disrupt: {name: full, kind: NodeDiskFull, target: node-0, for: 5m}${object('3m', 'node/node-0', 'object.status.conditions.exists(c, c.type == "DiskPressure" && c.status == "True")')}
    - at: 5m
      expect: deployments["default/web"].available == 2${object('15m', 'node/node-0', 'object.status.conditions.exists(c, c.type == "DiskPressure" && c.status == "False")')}`,
  });
});

test('a pod that names its node is refused where it does not fit', async () => {
  const pod = (name: string, cpu: string): string => `
        - apiVersion: v1
          kind: Pod
          metadata: {name: ${name}}
          spec: {nodeName: node-0, containers: [{name: c, image: a, resources: {requests: {cpu: ${cpu}}}}]}`;
  await held({
    pods: pod('one', '3000m') + pod('two', '2000m') + pod('three', '500m'),
    steps: `    - at: 1m
      expect: pods.running == 2 && pods.failed == 1${object('1m', 'pod/two', 'object.status.reason == "OutOfcpu"')}`,
    until: '2m',
  });
});

test('a pod that counts how many of many chances come true is right on average', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(),
      (count, share, seed) => {
        const random = seededRandom(seed);
        const runs = 60;
        let sum = 0;
        for (let at = 0; at < runs; at++) {
          const found = binomial(count, share, random);
          assert.ok(Number.isInteger(found) && found >= 0 && found <= count);
          sum += found;
        }
        // Six standard deviations of the mean, and the half that rounding costs.
        const spread = Math.sqrt((count * share * (1 - share)) / runs) * 6 + 0.5;
        assert.ok(Math.abs(sum / runs - count * share) <= spread + 1 / runs, `${sum / runs} of ${count * share}`);
      },
    ),
    { numRuns: 200 },
  );
});

test('names fail by pattern, and a silent resolver costs two time-outs', () => {
  const to = { kind: 'service', namespace: 'shop', name: 'web', path: '/' } as const;
  const rows: readonly (readonly [string, string, number | undefined])[] = [
    ['*', 'nxdomain', 0],
    ['shop/*', 'servfail', 0],
    ['web.shop.svc.*', 'timeout', 10_000],
    ['other/*', 'timeout', undefined],
  ];
  for (const [name, how, wanted] of rows) assert.equal(nameFailure([{ name, how }], to), wanted, name);
  assert.equal(nameFailure([], to), undefined);
  assert.equal(
    nameFailure([{ name: '*.example.org', how: 'nxdomain' }], { kind: 'host', host: 'a.example.org', path: '/' }),
    0,
  );
});
