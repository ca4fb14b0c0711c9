import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realRooms } from './rooms.ts';
import { type RunResult, runScenario } from './run.ts';
import { scenarioOf } from './scenario/testhost.ts';

const scenario = (steps: string, world = ''): string => `
apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: expired}
spec:
  until: 20m
  world: {nodes: [{name: node, count: 2}]${world}}
  steps:
    - apply:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: default}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: "web:1"}]}}
${steps.replaceAll(/^/gm, '    ')}
`;

async function clean(text: string): Promise<RunResult> {
  const one = await runScenario(scenarioOf(text), realRooms);
  assert.deepEqual(
    [...one.expectations.filter(({ outcome }) => outcome !== 'held'), ...one.refusals, ...one.violations],
    [],
  );
  assert.equal((await runScenario(scenarioOf(text), realRooms)).hash, one.hash);
  return one;
}

test('a kubelet whose client certificate expires is not ready, hears of no pod, and comes back when it is renewed', async () => {
  await clean(
    scenario(`- at: 2m
  disrupt: {kind: CertificateExpiry, target: node-1, for: 4m}
- at: 2m5s
  expect: nodes.ready == 2
- at: 4m
  expect: nodes.ready == 1
- expect: {object: node/node-1, that: "object.status.conditions.exists(c, c.type == 'Ready' && c.status == 'Unknown')"}
- apply:
    apiVersion: v1
    kind: Pod
    metadata: {name: pinned, namespace: default}
    spec: {nodeName: node-1, tolerations: [{operator: Exists}], containers: [{name: c, image: "web:1"}]}
- at: 5m50s
  expect: {object: pod/default/pinned, that: object.status.phase == "Pending"}
- at: 6m
  expect: nodes.ready == 2
  within: 20s
- expect: {object: pod/default/pinned, that: object.status.phase == "Running"}
  within: 20s`),
  );
});

test('a controller manager whose certificate expires does nothing until it is renewed', async () => {
  await clean(
    scenario(`- at: 2m
  disrupt: {kind: CertificateExpiry, target: controller-manager, for: 3m}
- after: 1s
  scale: {object: deploy/default/web, replicas: 5}
- at: 4m50s
  expect: pods.total == 2
- at: 5m
  expect: deployments['default/web'].complete && pods.ready == 5
  within: 1m`),
  );
});

test("with the API server's own certificate nobody gets through, people neither", async () => {
  const text = scenario(`- at: 2m
  disrupt: {kind: CertificateExpiry, target: apiserver, for: 3m}
- after: 1s
  scale: {object: deploy/default/web, replicas: 5}
  refused: certificate has expired
- at: 5m10s
  scale: {object: deploy/default/web, replicas: 4}
- expect: pods.ready == 4
  within: 1m`);
  await clean(text);
});

test('a git host whose certificate expires is not fetched from', async () => {
  const url = 'https://git.example.test/a.git';
  const config = (name: string): string =>
    `{to: "${url}", files: {${name}.yaml: {apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}}}}}`;
  await clean(
    scenario(
      `- at: 1m
  disrupt: {kind: CertificateExpiry, target: "git.*", for: 5m}
- at: 2m
  commit: ${config('one')}
- at: 6m
  expect: {object: cm/default/one, exists: false}
- expect: {object: cm/default/one}
  within: 65s`,
      `, repositories: [{url: "${url}"}], deliver: "${url}"`,
    ),
  );
});

test('a holder that is not there cannot expire', async () => {
  const one = await runScenario(
    scenarioOf(scenario('- disrupt: {kind: CertificateExpiry, target: nobody, for: 5m}')),
    realRooms,
  );
  assert.equal(one.refusals.length, 1);
});
