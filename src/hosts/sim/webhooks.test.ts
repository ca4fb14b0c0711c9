import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realRooms } from './rooms.ts';
import { type RunResult, runScenario } from './run.ts';
import { scenarioOf } from './scenario/testhost.ts';

const map = (name: string, more = ''): string =>
  `{apiVersion: v1, kind: ConfigMap, metadata: {name: ${name}, namespace: default${more}}}`;

const configuration = (kind: string, name: string, policy: string, seconds = 5): string => `
- apiVersion: admissionregistration.k8s.io/v1
  kind: ${kind}WebhookConfiguration
  metadata: {name: ${name}}
  webhooks:
    - name: ${name}.example.test
      clientConfig: {service: {namespace: guard, name: guard, path: /${name}}}
      rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps]}]
      failurePolicy: ${policy}
      timeoutSeconds: ${seconds}
      sideEffects: None
      admissionReviewVersions: [v1]
      matchConditions: [{name: ours, expression: "request.namespace == 'default'"}]`;

/** A guard of one pod in front of ConfigMaps of \`default\`, in force after 30 s. */
const scenario = (configurations: string, steps: string): string => `
apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: guarded}
spec:
  until: 15m
  world:
    workloads: [{match: {namespace: guard}, startup: 5s}]
    webhooks:
      - service: guard/guard
        path: /check
        latency: 100ms
        answers:
          - {when: "has(object.metadata.labels) && 'bad' in object.metadata.labels", deny: no bad labels}
          - {when: "object.metadata.name == 'odd'", status: 500}
          - {allow: true, warning: checked}
      - service: guard/guard
        path: /owner
        answers: [{when: "!has(object.metadata.labels)", patch: [{op: add, path: /metadata/labels, value: {owner: nobody}}]}]
  steps:
    - apply:
        - {apiVersion: v1, kind: Namespace, metadata: {name: guard}}
        - apiVersion: apps/v1
          kind: Deployment
          metadata: {name: guard, namespace: guard}
          spec:
            replicas: 1
            selector: {matchLabels: {app: guard}}
            template:
              metadata: {labels: {app: guard}}
              spec:
                containers:
                  - {name: c, image: "guard:1", readinessProbe: {httpGet: {port: 443, path: /, scheme: HTTPS}, periodSeconds: 1}}
        - {apiVersion: v1, kind: Service, metadata: {name: guard, namespace: guard}, spec: {selector: {app: guard}, ports: [{port: 443}]}}
    - at: 30s
      apply:
${configurations.replaceAll(/^/gm, '        ')}
    - at: 40s
${steps.replaceAll(/^/gm, '    ').replace(/^ {4}/, '      ')}
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

const CHECK = configuration('Validating', 'check', 'Fail');

test('webhooks admit, refuse and change what is written, and are seen to', async () => {
  const one = await clean(
    scenario(
      CHECK + configuration('Mutating', 'owner', 'Fail'),
      `apply: ${map('good')}
- apply: ${map('bad', ', labels: {bad: "1"}')}
  refused: no bad labels
- apply: ${map('odd')}
  refused: "the server answered 500"
- apply: {apiVersion: v1, kind: ConfigMap, metadata: {name: elsewhere, namespace: guard, labels: {bad: "1"}}}
- after: 1s
  expect: {object: cm/default/good, values: {/metadata/labels/owner: nobody}}
- expect: webhooks['guard/guard'].calls == 6 && webhooks['guard/guard'].denied == 1 && webhooks['guard/guard'].failed == 1`,
    ),
  );
  assert.equal(one.ok, true);
});

test('a refusal that does not come, or comes in other words, fails the run', async () => {
  const text = scenario(
    CHECK,
    `apply: ${map('good')}
  refused: true
- apply: ${map('bad', ', labels: {bad: "1"}')}
  refused: other words`,
  );
  const one = await runScenario(scenarioOf(text), realRooms);
  assert.deepEqual(
    one.refusals.map(({ message }) => message),
    ['was taken, and must be refused', 'admission webhook "check.example.test" denied the request: no bad labels'],
  );
  assert.equal(one.ok, false);
});

for (const [name, disruption, words] of [
  [
    'does not answer in time',
    '{name: d, kind: WebhookTimeout, target: guard/guard, for: 5m}',
    'context deadline exceeded',
  ],
  [
    'has a certificate that expired',
    '{name: d, kind: CertificateExpiry, target: guard/guard, for: 5m}',
    'certificate has expired',
  ],
  ['is cut off', '{name: d, kind: Partition, target: zone-a, for: 5m}', 'context deadline exceeded'],
] as const)
  test(`a webhook that ${name}: Fail refuses, Ignore lets pass, and both are over when it is healed`, async () => {
    const steps = (refused: string): string => `disrupt: ${disruption}
- after: 1s
  apply: ${map('one')}${refused}
- at: 6m
  apply: ${map('two', ', labels: {bad: "1"}')}
  refused: no bad labels
- expect: webhooks['guard/guard'].failed == 1 && webhooks['guard/guard'].denied == 1`;
    await clean(scenario(CHECK, steps(`\n  refused: "${words}"`)));
    await clean(scenario(configuration('Validating', 'check', 'Ignore'), steps('')));
  });

test('a webhook whose pods are gone keeps what it guards from being written', async () => {
  await clean(
    scenario(
      CHECK,
      `scale: {object: deploy/guard/guard, replicas: 0}
- after: 30s
  apply: ${map('one')}
  refused: no endpoints available
- scale: {object: deploy/guard/guard, replicas: 1}
- after: 30s
  apply: ${map('one')}`,
    ),
  );
});
