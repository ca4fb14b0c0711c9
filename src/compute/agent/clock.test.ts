import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { VirtualClock } from '../../base/index.ts';
import type { Client, KubeObject, kinds } from '../../kernel/index.ts';
import { NodeRegistration } from './node-object.ts';
import { isReady, TestNode, unavailable } from './testhost.ts';

const HOUR_MS = 3_600_000;

/** Remembers what is written; a node and a lease are there. */
function recorder(): { client: Client; writes: string[]; renewals: string[] } {
  const writes: string[] = [];
  const renewals: string[] = [];
  const node = { metadata: { name: 'n', uid: 'u' } };
  const client = {
    create: (_ref: unknown, object: KubeObject) => Promise.resolve(object),
    get: () => Promise.resolve(node),
    patch: (ref: { resource: string }, _key: unknown, { patch }: { patch: { spec?: { renewTime?: string } } }) => {
      writes.push(ref.resource);
      if (patch.spec?.renewTime) renewals.push(patch.spec.renewTime);
      return Promise.resolve(node);
    },
  };
  return { client: client as unknown as Client, writes, renewals };
}

describe('a node whose wall clock is put', () => {
  const steps: [string, number][] = [
    ['back', -HOUR_MS],
    ['forward', HOUR_MS],
  ];
  for (const [direction, by_ms] of steps)
    it(`${direction}: renews its lease and writes its status as often as before`, async () => {
      const clock = new VirtualClock();
      const { client, writes, renewals } = recorder();
      const facts = { name: 'n', addresses: [], handlers: [], port: 1, version: 'v', runtimeVersion: 'r' };
      await using registration = new NodeRegistration(client, clock, facts as never, error => {
        throw error as Error;
      });
      await registration.start();
      const during = async (beats: number): Promise<Record<string, number>> => {
        writes.length = 0;
        for (let beat = 0; beat < beats; beat++) {
          clock.advance(clock.next()! - clock.now());
          // A beat is over when the next one waits.
          while (clock.next() === undefined) await new Promise(resolve => setTimeout(resolve, 1));
        }
        const of = (name: string): number => writes.filter(resource => resource === name).length;
        return { leases: of('leases'), nodes: of('nodes') };
      };
      const usual = await during(120);
      clock.ahead_ms += by_ms;
      const [before, now] = [renewals.length, clock.now()];
      assert.deepEqual(await during(120), usual);
      assert.ok(usual.leases === 120 && usual.nodes! >= 2, JSON.stringify(usual));
      assert.ok(Math.abs(Date.parse(renewals[before]!) - now) < 60_000, 'the lease tells the wall clock');
    });
});

describe('pods of a node whose wall clock is put', { skip: unavailable }, () => {
  let node: TestNode;
  before(async () => {
    node = await TestNode.start();
  });
  after(() => node[Symbol.asyncDispose]());

  const steps: [string, number][] = [
    ['back', -HOUR_MS],
    ['forward', HOUR_MS],
  ];
  for (const [direction, by_ms] of steps) {
    it(`${direction}: probes go on, in both of their answers`, async () => {
      const file = join(node.folder, `ready-${direction}`);
      const name = `probed-${direction}`;
      writeFileSync(file, '');
      await node.pod(name, {
        containers: [
          {
            name: 'c',
            image: 'busybox:1',
            command: ['sleep', '1000'],
            readinessProbe: {
              exec: { command: ['cat', `/f/ready-${direction}`] },
              periodSeconds: 1,
              failureThreshold: 1,
            },
            volumeMounts: [{ name: 'f', mountPath: '/f' }],
          },
        ],
        volumes: [{ name: 'f', hostPath: { path: node.folder } }],
      });
      await node.until(name, isReady);
      node.clock.ahead_ms += by_ms;
      rmSync(file);
      await node.until(name, pod => pod !== undefined && !isReady(pod));
      writeFileSync(file, '');
      await node.until(name, isReady);
      await node.delete(name);
    });

    it(`${direction}: a deleted pod has its grace period and is gone after it`, async () => {
      const name = `graced-${direction}`;
      const file = join(node.folder, name);
      await node.pod(name, {
        terminationGracePeriodSeconds: 30,
        containers: [
          {
            name: 'c',
            image: 'busybox:1',
            command: [
              'sh',
              '-c',
              `trap 'sleep 1; touch /f/${name}; exit 0' TERM; touch /f/${name}-set; while true; do sleep 0.1; done`,
            ],
            // A process 1 that has not set its trap yet does not hear of the signal.
            readinessProbe: { exec: { command: ['cat', `/f/${name}-set`] }, periodSeconds: 1 },
            volumeMounts: [{ name: 'f', mountPath: '/f' }],
          },
        ],
        volumes: [{ name: 'f', hostPath: { path: node.folder } }],
      });
      await node.until(name, isReady);
      node.clock.ahead_ms += by_ms;
      await node.delete(name);
      assert.ok(existsSync(file), 'it was killed before its grace period was over');
    });

    it(`${direction}: a container that failed comes back after its back-off`, async () => {
      const name = `failing-${direction}`;
      const restarts = (pod: kinds.Pod | undefined): number => pod?.status?.containerStatuses?.[0]?.restartCount ?? 0;
      await node.pod(name, { containers: [{ name: 'c', image: 'busybox:1', command: ['false'] }] });
      await node.until(name, pod => pod?.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff');
      node.clock.ahead_ms += by_ms;
      await node.until(name, pod => restarts(pod) >= 2);
      await node.delete(name);
    });
  }
});
