import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realRooms } from '../rooms.ts';
import { runScenario } from '../run.ts';
import { scenarioOf } from '../scenario/testhost.ts';

const pod = (name: string, spec: string): string => `
        - {apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: ${spec}}`;
const config = (kind: string, name: string, data: string): string =>
  `{apiVersion: v1, kind: ${kind}, metadata: {name: ${name}}, ${kind === 'Secret' ? 'stringData' : 'data'}: ${data}}`;
const see = (at: string, name: string, that: string): string => `
    - at: ${at}
      expect: {object: pod/default/${name}, that: '${that}'}`;

/** Runs it twice; what was expected held, and the two are one run. */
async function held(pods: string, steps: string, world = ''): Promise<void> {
  const text = `
apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: needs}
spec:
  until: 10m
  world:
    nodes: [{name: node, count: 1}]
${world}
  steps:
    - apply:${pods}${steps}`;
  const result = await runScenario(scenarioOf(text), realRooms, { seed: 1 });
  assert.deepEqual(
    [result.expectations.filter(({ outcome }) => outcome !== 'held'), result.refusals, result.violations],
    [[], [], []],
  );
  assert.equal((await runScenario(scenarioOf(text), realRooms, { seed: 1 })).hash, result.hash);
}

const WAITS = 'object.status.phase == "Pending"';
const RUNS = 'object.status.phase == "Running"';
const waits = (reason: string, message: string): string =>
  `object.status.containerStatuses[0].state.waiting.reason == "${reason}" && object.status.containerStatuses[0].state.waiting.message == "${message}"`;

test('variables from what is not there keep a container waiting, until it is there with its key', async () => {
  await held(
    pod(
      'a',
      '{containers: [{name: c, image: a, env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: a}}}]}]}',
    ) +
      pod('b', '{containers: [{name: c, image: a, envFrom: [{secretRef: {name: keys}}]}]}') +
      pod('c', '{containers: [{name: c, image: a, envFrom: [{secretRef: {name: keys, optional: true}}]}]}') +
      pod(
        'd',
        '{containers: [{name: c, image: a, env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]}]}',
      ),
    see('5s', 'a', waits('CreateContainerConfigError', 'configmap \\"settings\\" not found').replaceAll("'", "''")) +
      see('5s', 'b', waits('CreateContainerConfigError', 'secret \\"keys\\" not found')) +
      see('5s', 'c', RUNS) +
      see('5s', 'd', RUNS) +
      `
    - at: 1m
      apply: [${config('ConfigMap', 'settings', '{b: "1"}')}, ${config('Secret', 'keys', '{b: "1"}')}]` +
      see('3m', 'a', waits('CreateContainerConfigError', "couldn''t find key a in ConfigMap default/settings")) +
      see('3m', 'b', RUNS) +
      `
    - at: 4m
      patch: {object: cm/default/settings, merge: {data: {a: "1"}}}` +
      see('9m', 'a', RUNS),
  );
});

test('volumes that show what is not there are not mounted, until it is there', async () => {
  const volume = (source: string): string => `{containers: [{name: c, image: a}], volumes: [{name: v, ${source}}]}`;
  await held(
    pod('a', volume('configMap: {name: settings}')) +
      pod('b', volume('secret: {secretName: keys}')) +
      pod('c', volume('projected: {sources: [{configMap: {name: settings, items: [{key: a, path: x}]}}]}')) +
      pod('d', volume('secret: {secretName: keys, optional: true}')),
    ['a', 'b', 'c'].map(name => see('10s', name, WAITS)).join('') +
      see('10s', 'd', RUNS) +
      `
    - at: 20s
      apply: [${config('ConfigMap', 'settings', '{b: "1"}')}]` +
      see('30s', 'a', RUNS) +
      see('30s', 'b', WAITS) +
      see('30s', 'c', WAITS) +
      `
    - at: 40s
      apply: [${config('Secret', 'keys', '{}')}, ${config('ConfigMap', 'settings', '{a: "1"}')}]` +
      see('50s', 'b', RUNS) +
      see('50s', 'c', RUNS),
  );
});

test('init containers take the time the scenario says, one after the other, and a sidecar none', async () => {
  await held(
    pod(
      'a',
      '{initContainers: [{name: i, image: a}, {name: s, image: a, restartPolicy: Always}, {name: j, image: a}], containers: [{name: c, image: a}]}',
    ),
    see('9s', 'a', `${WAITS} && object.status.initContainerStatuses[0].state.running.startedAt != ""`) +
      see('19s', 'a', `${WAITS} && object.status.initContainerStatuses[0].state.terminated.exitCode == 0`) +
      see('25s', 'a', RUNS),
    '    workloads: [{match: {name: a}, init: 10s}]',
  );
});

test('a pod whose claim is not there, or not bound, is not started by its node', async () => {
  await held(
    pod(
      'a',
      '{nodeName: node-0, containers: [{name: c, image: a}], volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]}',
    ),
    see('10s', 'a', WAITS) +
      `
    - at: 20s
      apply:
        - {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: "", accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}` +
      see('30s', 'a', WAITS) +
      `
    - at: 40s
      apply:
        - {apiVersion: v1, kind: PersistentVolume, metadata: {name: disk}, spec: {storageClassName: "", accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, hostPath: {path: /data}}}` +
      see('2m', 'a', RUNS),
  );
});
