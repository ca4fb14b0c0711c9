import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultError } from '../../base/index.ts';
import { realRooms } from './rooms.ts';
import { type RunResult, runScenario } from './run.ts';
import { scenarioOf } from './scenario/testhost.ts';

const URL = 'https://git.example.test/shop.git';
const DEPLOYED = `deliveries['${URL}//apps']`;

/** `apps/` wants a Namespace, a Deployment and a Service; written in an order that could not be applied. */
const scenario = (steps: string, world = ''): string => `
apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: delivered}
spec:
  until: 20m
  world:
    repositories:
      - url: ${URL}
        fetch: 2s
        files:
          apps/a-web.yaml:
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web, namespace: shop}
            spec:
              replicas: 2
              selector: {matchLabels: {app: web}}
              template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: "web:1"}]}}
          apps/b-service.yaml:
            - {apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80}]}}
          apps/c-namespace.yaml: "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}"
          README.md: "nothing to apply"
    deliver: ${URL}//apps
${world}
  steps:
${steps.replaceAll(/^/gm, '    ')}
`;

const FIRST = `- expect: ${DEPLOYED}.synced && ${DEPLOYED}.applied == 3 && ${DEPLOYED}.behind == 0
  within: 10s
- expect: deployments['shop/web'].complete
  within: 1m`;

async function outcomes(text: string): Promise<RunResult> {
  const one = await runScenario(scenarioOf(text), realRooms);
  assert.deepEqual(
    [...one.expectations.filter(({ outcome }) => outcome !== 'held'), ...one.refusals, ...one.violations],
    [],
  );
  assert.equal((await runScenario(scenarioOf(text), realRooms)).hash, one.hash);
  return one;
}

const commitImage = (image: string): string => `commit:
    to: ${URL}
    files:
      apps/a-web.yaml:
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: "${image}"}]}}`;

test('a source is applied in order, drift is corrected, a commit arrives and what it takes away is pruned', async () => {
  const one = await outcomes(
    scenario(`${FIRST}
- at: 2m
  scale: {object: deploy/shop/web, replicas: 7}
- expect: deployments['shop/web'].replicas == 2
  within: 5s
- at: 3m
  commit: {to: "${URL}", remove: [apps/b-service.yaml]}
- expect: {object: svc/shop/web, exists: false}
  within: 70s
- at: 6m
  ${commitImage('web:2')}
- expect: {object: deploy/shop/web, that: "object.spec.template.spec.containers[0].image == 'web:2'"}
  within: 70s
- expect: ${DEPLOYED}.wanted == 2 && ${DEPLOYED}.synced
  within: 70s`),
  );
  assert.equal(one.ok, true);
});

test('git that cannot be reached holds a commit back until it is healed', async () => {
  await outcomes(
    scenario(`${FIRST}
- at: 5m
  disrupt: {kind: GitUnreachable, target: git.example.test, for: 5m}
- at: 6m
  ${commitImage('web:2')}
- at: 8m
  expect: ${DEPLOYED}.faults == 1 && !${DEPLOYED}.synced && ${DEPLOYED}.behind == 1
- at: 8m
  expect: {object: deploy/shop/web, that: "object.spec.template.spec.containers[0].image == 'web:1'"}
- at: 10m
  expect: ${DEPLOYED}.synced && ${DEPLOYED}.behind == 0
  within: 65s
- expect: {object: deploy/shop/web, that: "object.spec.template.spec.containers[0].image == 'web:2'"}
  within: 65s`),
  );
});

test('a name that is not resolved, a cut to the internet and a crash of delivery hold it back too', async () => {
  for (const disruption of [
    '{kind: DnsFailure, target: git.example.test, for: 4m}',
    '{kind: Partition, target: control, for: 4m, settings: {from: internet}}',
    '{kind: ProcessCrash, target: delivery, for: 4m}',
    '{kind: GitUnreachable, for: 4m, settings: {how: timeout}}',
  ])
    await outcomes(
      scenario(`${FIRST}
- at: 5m
  disrupt: ${disruption}
- after: 1s
  ${commitImage('web:2')}
- at: 8m30s
  expect: ${DEPLOYED}.behind == 1
- at: 10m
  expect: ${DEPLOYED}.synced && ${DEPLOYED}.behind == 0
  within: 3m`),
    );
});

test('sources and commits name repositories that are there', () => {
  const faults = (text: string): string[] => {
    try {
      scenarioOf(text);
      return [];
    } catch (error) {
      assert.ok(error instanceof FaultError);
      const { fault } = error;
      return (fault.causes?.length ? fault.causes : [fault]).map(({ code }) => code);
    }
  };
  const bad = (part: string): string[] =>
    faults(`
apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: x}
spec:
  until: 1h
${part}`);
  assert.deepEqual(bad('  world: {deliver: "https://git.example.test/other.git"}\n  steps: []'), [
    'scenario/not-known',
  ]);
  assert.deepEqual(bad('  world: {deliver: ./folder}\n  steps: []'), ['scenario/wrong-value']);
  assert.deepEqual(bad(`  steps: [{commit: {to: "${URL}", files: {a.yaml: x}}}]`), ['scenario/not-known']);
  assert.deepEqual(bad(`  world: {repositories: [{url: "${URL}", files: {../a.yaml: x}}]}\n  steps: []`), [
    'scenario/wrong-value',
  ]);
  assert.deepEqual(bad(`  world: {repositories: [{url: "${URL}"}]}\n  steps: [{commit: {to: "${URL}"}}]`), [
    'scenario/wrong-value',
  ]);
});
