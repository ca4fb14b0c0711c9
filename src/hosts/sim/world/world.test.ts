import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scenarioOf } from '../scenario/testhost.ts';
import { openExpectations } from '../scenario/room.ts';
import { type RunResult, type RunRooms, runScenario } from '../run.ts';
import { SimWorld } from './index.ts';

const rooms: RunRooms = {
  world: context => SimWorld.open(context),
  disruptions: (context, world) => ({
    begin: ({ kind, target = '' }) => void (kind === 'NodeLoss' && (world as SimWorld).hooks.loseNode(target)),
    heal: () => undefined,
    storm: () => undefined,
  }),
  expectations: context => openExpectations(context),
  invariants: () => ({ observers: [], found: () => [] }),
};

const shop = (world: string, steps: string, until = '10m'): string => `
apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: shop}
spec:
  until: ${until}
  world:
    nodes: [{name: node, count: 3, capacity: {cpu: "4", memory: 8Gi, pods: 110}}]
${world}
  steps:
    - apply:
        - {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
        - apiVersion: apps/v1
          kind: Deployment
          metadata: {name: web, namespace: shop}
          spec:
            replicas: 4
            selector: {matchLabels: {app: web}}
            template:
              metadata: {labels: {app: web}}
              spec:
                containers:
                  - name: c
                    image: shop/web:1
                    ports: [{containerPort: 80}]
                    readinessProbe: {httpGet: {port: 80, path: /}, periodSeconds: 1}
                    resources: {requests: {cpu: 100m}, limits: {cpu: "1", memory: 256Mi}}
        - apiVersion: v1
          kind: Service
          metadata: {name: web, namespace: shop}
          spec: {selector: {app: web}, ports: [{port: 80}]}
${steps}
`;

async function run(text: string, seed = 1): Promise<RunResult> {
  return runScenario(scenarioOf(text), rooms, { seed });
}

test('pods come up on simulated nodes, after pull and start-up, and answer', async () => {
  const text = shop(
    `    images: [{match: "shop/*", pull: 5s}]
    workloads: [{match: {namespace: shop, name: web}, startup: 3s, latency: {concurrency: 4, service: 20ms}}]`,
    `    - at: 4s
      expect: pods.running == 0
    - at: 7s
      expect: pods.running == 4 && pods.ready == 0
    - expect: pods.ready == 4
      within: 30s
    - at: 1m
      send: {name: buyers, from: internet, to: shop/web:80, rate: 40/s, for: 5m}
    - at: 3m
      expect: traffic["buyers"].errors == 0 && traffic["buyers"].rate > 30 && traffic["buyers"].p50_ms < 40`,
  );
  const one = await run(text);
  assert.deepEqual(
    one.expectations.filter(({ outcome }) => outcome !== 'held'),
    [],
  );
  assert.deepEqual(one.refusals, []);
  assert.equal((await run(text)).hash, one.hash);
  assert.notEqual((await run(text, 2)).hash, one.hash);
});

test('a lost node: its pods are evicted and run elsewhere, requests to it fail meanwhile', async () => {
  const result = await run(
    shop(
      '',
      `    - at: 1m
      send: {name: buyers, from: internet, to: shop/web:80, rate: 40/s, for: 25m, timeout: 1s}
    - at: 2m
      disrupt: {name: gone, kind: NodeLoss, target: node-0}
    - at: 2m10s
      expect: traffic["buyers"].errors > 0
    - at: 12m
      expect: nodes.ready == 2 && deployments["shop/web"].available == 4 && traffic["buyers"].errorRate == 0.0`,
      '13m',
    ),
  );
  assert.deepEqual(
    result.expectations.filter(({ outcome }) => outcome !== 'held'),
    [],
  );
});

test('a leak is killed at its limit, again and again, with a growing back-off', async () => {
  const result = await run(
    shop(
      `    workloads: [{match: {name: web}, memory: {base: 64Mi, leak: 1Mi/s}}]`,
      `    - at: 30m
      expect: pods.restarts >= 20`,
      '31m',
    ),
  );
  assert.deepEqual(
    result.expectations.filter(({ outcome }) => outcome !== 'held'),
    [],
  );
});

test('an autoscaler follows the load up and down again', async () => {
  const result = await run(
    shop(
      `    workloads: [{match: {name: web}, startup: 5s, cpu: {idle: 10m, perRequest: 10ms}, latency: {concurrency: 8, service: 10ms}}]`,
      `        - apiVersion: autoscaling/v2
          kind: HorizontalPodAutoscaler
          metadata: {name: web, namespace: shop}
          spec:
            scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
            minReplicas: 2
            maxReplicas: 20
            metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
    - at: 10m
      expect: hpas["shop/web"].desired == 2
    - at: 20m
      send: {name: sale, from: internet, to: shop/web:80, rate: 80/s, for: 20m}
    - at: 30m
      expect: hpas["shop/web"].desired >= 10 && hpas["shop/web"].desired <= 14 && traffic["sale"].errorRate == 0.0
    - at: 1h
      expect: hpas["shop/web"].desired == 2`,
      '1h1m',
    ),
  );
  assert.deepEqual(
    result.expectations.filter(({ outcome }) => outcome !== 'held'),
    [],
  );
});

test('a share of the starts fails, and the rest goes on to its end', async () => {
  const text = `
apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: flaky}
spec:
  until: 20m
  world:
    workloads: [{match: {name: import}, runs: 10s, crash: {after: 5s, code: 3, share: 40%}}]
  steps:
    - apply:
        apiVersion: batch/v1
        kind: Job
        metadata: {name: import, namespace: default}
        spec:
          completions: 12
          parallelism: 12
          backoffLimit: 100
          template: {spec: {restartPolicy: Never, containers: [{name: c, image: import}]}}
    - at: 20m
      expect: jobs['default/import'].complete && jobs['default/import'].failed > 0 && jobs['default/import'].failed < 40
`;
  const one = await run(text);
  assert.deepEqual(
    one.expectations.map(({ outcome, message }) => [outcome, message]),
    [['held', undefined]],
  );
  assert.equal((await run(text)).hash, one.hash);
});
