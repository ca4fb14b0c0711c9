import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { kinds } from '../../kernel/index.ts';
import { seededRandom } from '../../base/index.ts';
import { findBinary } from '../drivers/runtime-oci.ts';
import { isReady, TestNode, unavailable } from './testhost.ts';

/** TENON_KILLS=150 is the whole of it. */
const KILLS = Number(process.env.TENON_KILLS ?? 9);
const SEED = Number(process.env.TENON_SEED ?? 7);
/** Starting a pod takes about this long: kills come within it. */
const START_MS = 120;
const WAIT_MS = 25;
/** A start that was killed is tried again after a back-off of ten seconds. */
const READY_MS_MAX = 60_000;
/** Fewer than the 110 pods a node takes; then they go, and nothing may be left. */
const AT_ONCE = 50;

const pause = (time_ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, time_ms));

/** Children of a process, theirs too. */
function descendants(pid: number): number[] {
  try {
    const own = readdirSync(`/proc/${pid}/task`).flatMap(task =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    );
    return own.flatMap(child => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}

const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')[0] ?? '';
  } catch {
    return '';
  }
};

const killed = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended by itself.
  }
};

/** Groups of the test's node that are left. */
function groupsLeft(name: string): string[] {
  const root = '/sys/fs/cgroup';
  return ['', ...readdirSync(root)].flatMap(hierarchy => {
    try {
      return readdirSync(`${root}/${hierarchy}/${name}/pods`).filter(
        entry => entry.startsWith('pod') || entry.includes('/pod'),
      );
    } catch {
      return [];
    }
  });
}

/** Neither containers, sandboxes, addresses, processes, groups nor mounts of the test's node. */
async function nothingLeft(node: TestNode, handler: string): Promise<void> {
  const left = async (): Promise<unknown[]> => [
    ...(await node.keeper.list()),
    ...(await node.network.list()),
    ...(await node.runtimes.get(handler)!.listContainers()),
    ...(await node.runtimes.get(handler)!.listSandboxes()),
    ...descendants(node.keeper.pid).map(commandOf),
    ...groupsLeft(node.cgroups.absolute('').replaceAll('/', '')),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter(line => line.includes(node.folder)),
  ];
  for (let turn = 0; turn < 200 && (await left()).length > 0; turn++) await pause(WAIT_MS);
  assert.deepEqual(await left(), []);
}

/**
 * The container a ready pod runs, once the API tells what the agent of now knows: the one before may have written its last
 * word a little late, about a start that it did not see to its end.
 */
async function containerOf(node: TestNode, name: string): Promise<string> {
  const late_ms = performance.now() + READY_MS_MAX;
  for (;;) {
    const pod = await node.client.get<kinds.Pod>(
      { group: '', version: 'v1', resource: 'pods' },
      { namespace: 'default', name },
    );
    const told = pod.status?.containerStatuses?.[0]?.containerID?.replace(/^tenon:\/\//, '');
    const known = node.agent.worker('default', name)?.state.containers[0]?.current?.id;
    if (isReady(pod) && told !== undefined && told === known) return told;
    assert.ok(performance.now() < late_ms, `${name}: the API tells ${told}, the agent knows ${known}`);
    await pause(WAIT_MS);
  }
}

const handlers = ['process', 'runc', 'crun'].filter(name => name === 'process' || findBinary(name));

describe('killed with -9 while pods start', { skip: unavailable }, () => {
  for (const handler of handlers)
    it(`${handler}: ${KILLS} kills of us, of the keeper and of the runtime lose no pod and leave nothing`, async test => {
      const random = seededRandom(SEED);
      const share = (): number => random.bytes(1)[0]! / 256;
      await using node = await TestNode.start([handler]);
      let hits = 0;
      const running = new Map<string, string | undefined>();
      for (let kill = 0; kill < KILLS; kill++) {
        const name = `k${kill}`;
        // Holders of older pods’ namespaces are stage too: killing one ends its pod, rightly.
        const older = new Set(descendants(node.keeper.pid));
        await node.pod(name, {
          containers: [{ name: 'c', image: 'busybox:1', command: ['sleep', '1000'] }],
          terminationGracePeriodSeconds: 0,
        });
        await pause(share() * START_MS);
        const keeper = node.keeper.pid;
        if (kill % 3 === 0) {
          // The runtime, or stage before it becomes the container.
          const victims = descendants(keeper).filter(pid => /(?:^|\/)(stage|runc|crun)$/.test(commandOf(pid)));
          const starting = victims.filter(pid => !older.has(pid) && !/sleep/.test(commandOf(pid)));
          const victim = starting.at(-1);
          if (victim !== undefined) hits++;
          if (victim !== undefined) killed(victim);
        } else {
          if (kill % 3 === 1) killed(keeper);
          hits++;
          await node.stopAgent();
          await node.startAgent([handler]);
        }
        await node.until(name, isReady, READY_MS_MAX);
        const id = await containerOf(node, name);
        // Stage becomes the container: what was killed may have been counted as started, and the pod as ready.
        running.set(name, kill % 3 === 0 ? undefined : id);
        if (running.size < AT_ONCE && kill < KILLS - 1) continue;
        // Nobody killed these: they run on, the same containers as at first.
        for (const [pod, first] of running) {
          const now = await containerOf(node, pod);
          if (first !== undefined) assert.equal(now, first, pod);
        }
        for (const pod of running.keys()) await node.delete(pod);
        running.clear();
        await nothingLeft(node, handler).catch((error: unknown) => {
          test.diagnostic(inspect(error));
          throw error;
        });
      }
      assert.ok(hits > KILLS / 3, 'hardly anything was there to kill');
    });
});
