import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../../base/index.ts';
import { runController } from '../../kernel/controller.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { deploymentOf } from '../../cluster/testhost.ts';
import { DEPLOYMENTS, NODES, PODS, REPLICA_SETS } from '../../cluster/refs.ts';
import type { Commit } from './model.ts';
import { Simulation } from './simulation.ts';

const NODE = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', labels: { 'kubernetes.io/hostname': 'n1' } },
  spec: { podCIDR: '10.1.0.0/24' },
};
const CAPACITY = { cpu: '4', memory: '8Gi', pods: '110' };

async function started(seed: number, durable = false): Promise<{ run: Simulation; commits: Commit[] }> {
  const commits: Commit[] = [];
  const run = await Simulation.open({ seed, durable, observers: [{ commit: commit => void commits.push(commit) }] });
  const client = run.client();
  const node = await client.create<KubeObject>(NODES, NODE);
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ];
  const status = { capacity: CAPACITY, allocatable: CAPACITY, conditions };
  await client.update(NODES, { ...node, status } as KubeObject, { subresource: 'status' });
  return { run, commits };
}

const bound = async (run: Simulation): Promise<number> =>
  (await run.client().list<KubeObject>(PODS)).items.filter(pod => (pod.spec as { nodeName?: string }).nodeName).length;

test('a Deployment is rolled out and scheduled in virtual time, twice with the same log', async () => {
  const hashes: string[] = [];
  for (let round = 0; round < 2; round++) {
    const { run } = await started(7);
    await run.client().create(DEPLOYMENTS, deploymentOf('web', 3) as KubeObject, { namespace: 'default' });
    await run.run(60_000);
    assert.equal(await bound(run), 3);
    const { hash, t_ms } = run.end();
    assert.equal(t_ms, 60_000);
    hashes.push(hash);
  }
  assert.equal(hashes[0], hashes[1]);
});

test('another seed is another run', async () => {
  const one = await started(1);
  const other = await started(2);
  assert.notEqual(one.run.end().hash, other.run.end().hash);
});

test('a step that reads the ambient clock fails, and after the run the clock is back', async () => {
  const { run } = await started(1);
  assert.throws(() => Date.now(), /simulated run/);
  assert.throws(() => Math.random(), /simulated run/);
  assert.throws(() => new Date(), /simulated run/);
  assert.equal(new Date(5).getTime(), 5);
  run.end();
  assert.ok(Date.now() > 0);
});

test('controllers crash in the middle of their work and the next life ends it', async () => {
  for (let awaits = 1; awaits < 40; awaits += 3) {
    const { run } = await started(awaits);
    run.platform.processes.crashAtAwait('controller-manager', awaits);
    await run.client().create(DEPLOYMENTS, deploymentOf('web', 3) as KubeObject, { namespace: 'default' });
    await run.run(120_000);
    assert.equal(await bound(run), 3, `after a crash at await ${awaits}`);
    assert.equal((await run.client().list(REPLICA_SETS)).items.length, 1);
    run.end();
  }
});

test('the store crashes at random moments and keeps what it acknowledged', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const { run, commits } = await started(seed, true);
    await run.client().create(DEPLOYMENTS, deploymentOf('web', 4) as KubeObject, { namespace: 'default' });
    run.at(seed, () => run.platform.api.crash(1_000));
    run.at(20_000 + seed, () => run.platform.api.crash(1_000));
    await run.run(180_000);
    assert.equal(await bound(run), 4, `seed ${seed}`);
    for (const [at, commit] of commits.entries()) if (at > 0) assert.ok(commit.revision > commits[at - 1]!.revision);
    run.end();
  }
});

test('a control plane that is cut off from its server finishes when the cut is healed', async () => {
  const { run } = await started(3);
  run.platform.links.cut('kubelet/n1', 'control');
  await run.client().create(DEPLOYMENTS, deploymentOf('web', 2) as KubeObject, { namespace: 'default' });
  await run.run(10_000);
  assert.equal(await bound(run), 2, 'a cut elsewhere holds nobody up');
  run.end();
});

test('a controller that asks for its key at once for ever ends the run, which names it', async () => {
  const { run } = await started(1);
  const spinning = {
    name: 'spinner',
    place: 'control-plane',
    start: ({ clock }: { clock: Clock }) => {
      const controller = runController({ name: 'spinner', clock, watches: [], reconcile: () => Promise.resolve(0) });
      controller.enqueue('a');
      return Promise.resolve(controller);
    },
  };
  await run.platform.processes.add(spinning);
  await run.run(60_000);
  assert.match(run.stopped ?? '', /^endless loop at one instant: spinner/);
  run.end();
});

/** A run with a watch of what never crashes, left open as the world leaves its own. */
async function endedRun(): Promise<WeakRef<Simulation>> {
  const { run } = await started(11);
  const events = run.client('world').watch(PODS, {}, new AbortController().signal)[Symbol.asyncIterator]();
  void events.next().catch(() => undefined);
  await run.run(5_000);
  run.end();
  return new WeakRef(run);
}

test('nothing keeps hold of a run that has ended, though watches of the world were open', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const ended = await endedRun();
  for (let turn = 0; turn < 5; turn++) {
    await new Promise(resolve => setImmediate(resolve));
    collect();
  }
  assert.equal(ended.deref(), undefined);
});
