import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { deploymentOf } from '../../../cluster/testhost.ts';
import { DEPLOYMENTS, NODES } from '../../../cluster/refs.ts';
import { builtinCatalog, type KubeObject, type ResourceRef } from '../../../kernel/index.ts';
import { type RunResult, runScenario, ScenarioRun } from '../run.ts';
import type { ScenarioFiles } from '../scenario/files.ts';
import type { Scenario } from '../scenario/model.ts';
import { readScenarios } from '../scenario/parse.ts';
import { realRooms as rooms } from '../rooms.ts';
import { follow } from './follow.ts';
import { Recording, type ScenarioFolder } from './recording.ts';
import { decodeDocuments } from '../../../kernel/index.ts';

const yaml = (document: unknown): string => stringify(document, { version: '1.1' });
const core = (resource: string): ResourceRef => ({ group: '', version: 'v1', resource });
const object = (value: object): KubeObject => value as KubeObject;

/** A recorded folder as a scenario's files, without a disk. */
function read(folder: ScenarioFolder): Scenario {
  const files: ScenarioFiles & { digest(text: string): string } = {
    manifests: (path, where) =>
      [...folder]
        .filter(([name]) => name.startsWith(path))
        .flatMap(([name, text]) =>
          decodeDocuments(text, { file: name }).value.map(({ value }) => ({
            object: value as unknown as KubeObject,
            where,
          })),
        ),
    texts: () => new Map(),
    lines: path => ({ name: path, lines: folder.get(path)!.split('\n') }),
    digest: () => 'recorded',
  };
  return readScenarios(folder.get('scenario.yaml')!, 'scenario.yaml', files)[0]!;
}

const SOURCE = `
apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: live}
spec: {until: 1h, world: {nodes: [{name: "n", count: 2, zone: a}]}, steps: []}
`;
const NO_FILES = {
  manifests: () => [],
  texts: () => new Map<string, string>(),
  lines: () => ({ name: '', lines: [] }),
  digest: () => '',
};

/** What a person does to a cluster while it is recorded. */
async function recorded(): Promise<{ folder: ScenarioFolder; live: RunResult }> {
  const run = await ScenarioRun.open(readScenarios(SOURCE, 'live.yaml', NO_FILES)[0]!, rooms);
  const { simulation } = run;
  const client = simulation.client('kubectl');
  await client.create(core('namespaces'), object({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }));
  await client.create(DEPLOYMENTS, deploymentOf('web', 2) as KubeObject, { namespace: 'default' });
  const token = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'token' }, data: { key: 'aGlkZGVu' } };
  await client.create(core('secrets'), object(token), { namespace: 'default' });
  await simulation.run(60_000);
  const stop = new AbortController();
  const recording = new Recording({ name: 'recorded', start_ms: simulation.clock.now(), yaml });
  await follow({
    client: simulation.client('recorder'),
    clock: simulation.clock,
    kinds: builtinCatalog().all(),
    recording,
    signal: stop.signal,
    skipped: resource => assert.fail(resource),
  });
  const began = simulation.t;
  await simulation.run(began + 10_000);
  const key = { namespace: 'default', name: 'web' };
  await client.patch(DEPLOYMENTS, key, { type: 'merge', patch: { spec: { replicas: 5 } } });
  await simulation.run(began + 20_000);
  await client.patch(NODES, { name: 'n-0' }, { type: 'merge', patch: { spec: { unschedulable: true } } });
  await simulation.run(began + 30_000);
  await client.delete(core('secrets'), { namespace: 'default', name: 'token' });
  await simulation.run(began + 60_000);
  stop.abort();
  const folder = recording.folder(60_000);
  return { folder, live: run.finish() };
}

test('what people did to a cluster is replayed to the same end', async () => {
  const { folder, live } = await recorded();
  const text = folder.get('scenario.yaml')!;
  const scenario = read(folder);
  assert.deepEqual(
    scenario.steps.map(({ do: what, at_ms }) => `${what} ${at_ms}`),
    ['apply 0', 'apply 10000', 'patch 20000', 'delete 30000'],
    text,
  );
  assert.ok(![...folder.values()].some(file => file.includes('aGlkZGVu')), 'a secret value was written down');
  const results = [await runScenario(scenario, rooms), await runScenario(scenario, rooms)];
  const [again] = results as [RunResult, RunResult];
  assert.deepEqual(again.refusals, []);
  assert.equal(again.hash, results[1]!.hash);
  assert.deepEqual(again.observables.deployments, live.observables.deployments);
  assert.deepEqual(again.observables.pods, live.observables.pods);
});

const node = (name: string, ready: string, heard = '2026-01-01T00:00:00Z'): KubeObject =>
  object({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: {
      allocatable: { cpu: '2', memory: '4Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: ready, lastHeartbeatTime: heard }],
    },
  });
const empty = (): Recording => new Recording({ name: 'r', start_ms: Date.parse('2026-01-01T00:00:00Z'), yaml });

test('a node that went away is a disruption from when it was last heard of until it is back', () => {
  const recording = empty();
  recording.change(0, 'ADDED', node('a', 'True'));
  recording.change(0, 'ADDED', node('b', 'True'));
  recording.begin();
  recording.change(100_000, 'MODIFIED', node('a', 'Unknown', '2026-01-01T00:00:55Z'));
  recording.change(160_000, 'MODIFIED', node('a', 'True'));
  recording.change(170_000, 'MODIFIED', node('b', 'False'));
  const { steps, world } = read(recording.folder(200_000));
  assert.deepEqual(
    steps.map(step => step.do === 'disrupt' && [step.disruption.target, step.disruption.at_ms, step.disruption.for_ms]),
    [
      ['a', 55_000, 105_000],
      ['b', 170_000, 30_000],
    ],
  );
  assert.deepEqual(
    world.nodes.map(({ names, capacity }) => [names, capacity.cpu]),
    [
      [['a'], '2'],
      [['b'], '2'],
    ],
  );
});

test('connections are a load from workload to service, each counted once', () => {
  const recording = empty();
  const pod = (name: string, ip: string): KubeObject =>
    object({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'shop', labels: { app: name } },
      spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
      status: { podIPs: [{ ip }] },
    });
  recording.change(0, 'ADDED', pod('web', '10.1.0.1'));
  recording.change(0, 'ADDED', pod('cart', '10.1.0.2'));
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: { selector: { app: 'cart' }, ports: [{ port: 80, targetPort: 'http' }] },
  };
  recording.change(0, 'ADDED', object(service));
  recording.begin();
  const flow = (t: number, from: string, port: number, to = 8080): void =>
    recording.flow(t, {
      source: { address: from, port },
      destination: { address: '10.1.0.2', port: to },
      protocol: 'TCP',
      verdict: 'forwarded',
    });
  for (let index = 0; index < 50; index++) flow(index * 100, '10.1.0.1', 40_000 + index);
  flow(6_000, '10.1.0.1', 40_049);
  flow(7_000, '203.0.113.9', 5_000);
  flow(8_000, '10.1.0.1', 41_000, 9_999);
  const folder = recording.folder(10_000);
  const sends = read(folder).steps.filter(step => step.do === 'send');
  assert.equal(sends.length, 2);
  const [outside, inside] = sends
    .map(step => step.load)
    .sort((left, right) => (left.from.kind < right.from.kind ? -1 : 1)) as [
    (typeof sends)[0]['load'],
    (typeof sends)[0]['load'],
  ];
  assert.deepEqual(inside.from, { kind: 'workload', namespace: 'shop', name: 'web' });
  assert.deepEqual(inside.to, { kind: 'service', namespace: 'shop', name: 'cart', port: 80, path: '/' });
  assert.deepEqual(inside.rate.kind === 'series' && [...inside.rate.values], [10, 0]);
  assert.deepEqual(outside.rate.kind === 'series' && [...outside.rate.values], [0, 0.2]);
});
