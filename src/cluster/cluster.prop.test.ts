import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StatusError } from '../kernel/status.ts';
import { isReady, isTerminated, isTerminating } from './pods.ts';
import { BUDGETS, DEPLOYMENTS, JOBS, NODES, PODS, STATEFUL_SETS } from './refs.ts';
import { boundsOf } from './deployment/bounds.ts';
import { deploymentOf, TestHost } from './testhost.ts';
import type { Deployment, Job, Pod, StatefulSet } from './types.ts';

const RUNS = { numRuns: 12 };
const KEY = { namespace: 'default', name: 'w' };
const setImage = (image: string) => ({
  type: 'strategic' as const,
  patch: { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } },
});

/** Pods take between nothing and three seconds to come up, as their names have it. */
const slowness = (pod: Pod): number => (pod.metadata.uid.charCodeAt(0) * 97) % 3_000;

const bound = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 60 }).map(percent => `${percent}%`),
);

test('whatever is rolled out whenever, maxSurge and maxUnavailable hold at every change of a pod', async () => {
  const history = fc.array(fc.tuple(fc.integer({ min: 50, max: 6_000 }), fc.constantFrom('a:1', 'a:2', 'a:3')), {
    minLength: 1,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      bound,
      bound,
      history,
      async (replicas, maxSurge, maxUnavailable, moves) => {
        if (Number.parseInt(String(maxSurge), 10) === 0 && Number.parseInt(String(maxUnavailable), 10) === 0) return;
        await using host = await TestHost.start({ startup: slowness });
        await host.create(
          DEPLOYMENTS,
          deploymentOf('w', replicas, 'a:0', { strategy: { rollingUpdate: { maxSurge, maxUnavailable } } }),
        );
        const ready = async (): Promise<boolean> =>
          (await host.list<Deployment>(DEPLOYMENTS))[0]?.status?.availableReplicas === replicas;
        await host.until(ready, 60_000);
        const limits = boundsOf((await host.list<Deployment>(DEPLOYMENTS))[0]!);
        const broken: string[] = [];
        host.onPods = pods => {
          const living = pods.filter(pod => !isTerminating(pod) && !isTerminated(pod));
          if (living.length > replicas + limits.maxSurge) broken.push(`${living.length} pods`);
          const up = living.filter(isReady).length;
          if (up < replicas - limits.maxUnavailable) broken.push(`${up} ready`);
        };
        for (const [pause_ms, image] of moves) {
          await host.client.patch(DEPLOYMENTS, KEY, setImage(image));
          await host.run(pause_ms);
        }
        await host.until(async () => {
          const status = (await host.list<Deployment>(DEPLOYMENTS))[0]?.status;
          return (
            status?.updatedReplicas === replicas &&
            status.replicas === replicas &&
            status.availableReplicas === replicas
          );
        }, 120_000);
        assert.deepEqual(broken, []);
      },
    ),
    RUNS,
  );
});

test('evictions in any order and number never break a budget', async () => {
  const history = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 2_000 })), {
    minLength: 5,
    maxLength: 25,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 6 }),
      fc.integer({ min: 1, max: 5 }),
      history,
      async (replicas, minAvailable, moves) => {
        await using host = await TestHost.start({ startup: slowness });
        await host.create(DEPLOYMENTS, deploymentOf('w', replicas));
        await host.create(BUDGETS, {
          apiVersion: 'policy/v1',
          kind: 'PodDisruptionBudget',
          metadata: { name: 'b' },
          spec: { minAvailable, selector: { matchLabels: { app: 'w' } } },
        });
        await host.until(async () => (await host.list<Pod>(PODS)).filter(isReady).length === replicas, 60_000);
        const floor = Math.min(minAvailable, replicas);
        const broken: number[] = [];
        host.onPods = pods => {
          const up = pods.filter(pod => isReady(pod) && !isTerminating(pod)).length;
          if (up < floor) broken.push(up);
        };
        for (const [which, pause_ms] of moves) {
          const pods = (await host.list<Pod>(PODS)).filter(isReady);
          const pod = pods[which % Math.max(1, pods.length)];
          if (pod) {
            const { name, namespace = '' } = pod.metadata;
            const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
            await host.client
              .create(PODS, eviction, { namespace, name, subresource: 'eviction' })
              .catch((error: unknown) => {
                if (!(error instanceof StatusError) || ![429, 404].includes(error.code)) throw error;
              });
          }
          await host.run(pause_ms);
        }
        assert.deepEqual(broken, []);
      },
    ),
    RUNS,
  );
});

test('no history of scaling, updates, kills and lost nodes gives a StatefulSet two pods of one identity', async () => {
  const move = fc.oneof(
    fc.record({ do: fc.constant('scale' as const), to: fc.integer({ min: 0, max: 4 }) }),
    fc.record({ do: fc.constant('image' as const), to: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ do: fc.constant('kill' as const), to: fc.integer({ min: 0, max: 3 }) }),
    fc.record({ do: fc.constant('lose' as const), to: fc.integer({ min: 1, max: 3 }) }),
  );
  const history = fc.array(fc.tuple(move, fc.integer({ min: 0, max: 5_000 })), { minLength: 2, maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('OrderedReady', 'Parallel'), history, async (podManagementPolicy, moves) => {
      await using host = await TestHost.start({ startup: slowness, nodes: 4, faults: moves.length % 2 ? 0.05 : 0 });
      const template = { metadata: { labels: { app: 'w' } }, spec: { containers: [{ name: 'c', image: 'a:0' }] } };
      await host.create(STATEFUL_SETS, {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name: 'w' },
        spec: { replicas: 3, podManagementPolicy, serviceName: 'w', selector: { matchLabels: { app: 'w' } }, template },
      });
      // What runs on a node goes on running when the node is lost: only its removal from the API frees the name.
      const running = new Map<string, string>();
      const broken: string[] = [];
      host.onPods = pods => {
        const present = new Map(pods.map(pod => [pod.metadata.name, pod.metadata.uid]));
        if (present.size !== pods.length) broken.push('a name twice');
        for (const [name, uid] of running)
          if (!present.has(name)) running.delete(name);
          else if (present.get(name) !== uid && host.stillRuns(uid)) broken.push(`${name} while ${uid} runs`);
        for (const pod of pods) if (pod.status?.phase === 'Running') running.set(pod.metadata.name, pod.metadata.uid);
      };
      for (const [what, pause_ms] of moves) {
        if (what.do === 'scale')
          await host.client.patch(STATEFUL_SETS, KEY, { type: 'merge', patch: { spec: { replicas: what.to } } });
        else if (what.do === 'image') await host.client.patch(STATEFUL_SETS, KEY, setImage(`a:${what.to}`));
        else if (what.do === 'lose') host.loseNode(`n${what.to}`);
        else await host.client.delete(PODS, { namespace: 'default', name: `w-${what.to}` }).catch(() => undefined);
        await host.run(pause_ms);
      }
      assert.deepEqual(broken, []);
      for (const name of ['n1', 'n2', 'n3']) if (host.isLost(name)) await host.client.delete(NODES, { name });
      await host.until(
        async () => {
          const set = (await host.list<StatefulSet>(STATEFUL_SETS))[0]!;
          return (set.status?.readyReplicas ?? 0) === set.spec.replicas && set.status?.replicas === set.spec.replicas;
        },
        900_000,
        5_000,
      );
    }),
    RUNS,
  );
});

test('a Job counts every pod once, whatever writes fail and wherever its controller is started again', async () => {
  const ends = fc.array(fc.boolean(), { minLength: 30, maxLength: 30 });
  const restarts = fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(ends, restarts, fc.boolean(), async (outcomes, pauses, indexed) => {
      let made = 0;
      await using host = await TestHost.start({
        faults: 0.1,
        startup: slowness,
        fate: () => ({ phase: outcomes[made++ % outcomes.length] ? 'Succeeded' : 'Failed', after_ms: 300 }),
      });
      const spec = {
        completions: 6,
        parallelism: 3,
        backoffLimit: 1_000,
        completionMode: indexed ? 'Indexed' : 'NonIndexed',
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'a' }] } },
      };
      if (!outcomes.includes(true)) return;
      const ended = new Map<string, string>();
      host.onPods = pods => {
        for (const pod of pods)
          if (pod.metadata.finalizers?.length && isTerminated(pod) && !ended.has(pod.metadata.uid))
            ended.set(pod.metadata.uid, pod.status!.phase!);
      };
      await host.create(JOBS, { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'w' }, spec });
      for (const [seed, pause_ms] of pauses.entries()) {
        // A stop in the middle of what one instant sets off, not only between instants.
        host.clock.advance(pause_ms);
        for (let turn = 0; turn < pause_ms % 7; turn++) await new Promise(resolve => setImmediate(resolve));
        await host.restart(seed + 2);
      }
      const job = async (): Promise<Job> => (await host.list<Job>(JOBS))[0]!;
      await host.until(
        async () => (await job()).status?.conditions?.some(each => each.type === 'Complete') ?? false,
        100_000_000,
        60_000,
      );
      const phases = [...ended.values()];
      const { status } = await job();
      assert.equal(status?.failed ?? 0, phases.filter(phase => phase === 'Failed').length);
      assert.equal(status?.succeeded, indexed ? 6 : phases.filter(phase => phase === 'Succeeded').length);
      assert.equal((await host.list<Pod>(PODS)).filter(pod => pod.metadata.finalizers?.length).length, 0);
    }),
    RUNS,
  );
});
