import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { Random } from '../../base/index.ts';
import type { Client, kinds } from '../../kernel/index.ts';
import type { PodNetwork } from '../ports.ts';
import { isReady, TestNode } from './testhost.ts';

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

/** Neither containers, sandboxes, addresses, processes, groups nor mounts of the node; nor what its network names as left. */
async function nothingLeft(node: TestNode, handler: string, network: OpenNetwork | undefined): Promise<void> {
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
    ...(network?.left() ?? []),
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

/** The network of a node, as one run of it has opened it. */
export interface OpenNetwork extends AsyncDisposable {
  readonly podNetwork: PodNetwork;
  /** What of pods is on the machine: namespaces, devices, records; empty without pods. */
  left(): string[];
}

export interface NodeTorture {
  readonly handler: string;
  readonly kills: number;
  readonly random: Random;
  readonly signal?: AbortSignal;
  /** Pods share the machine's network when absent. Opened again after each death of the node. */
  readonly openNetwork?: (client: Client) => Promise<OpenNetwork>;
}

/** A node that is killed while pods start. "Us" lets go of everything without a word to the pods, in this process. */
class TorturedNode implements AsyncDisposable {
  readonly #torture: NodeTorture;
  readonly node: TestNode;
  network: OpenNetwork | undefined;

  private constructor(torture: NodeTorture, node: TestNode) {
    this.#torture = torture;
    this.node = node;
  }

  static async start(torture: NodeTorture): Promise<TorturedNode> {
    const tortured = new TorturedNode(torture, await TestNode.start([torture.handler]));
    if (torture.openNetwork) await tortured.restart();
    return tortured;
  }

  async restart(): Promise<void> {
    const { node } = this;
    const { openNetwork, handler } = this.#torture;
    await node.stopAgent();
    await this.network?.[Symbol.asyncDispose]();
    this.network = await openNetwork?.(node.client);
    if (this.network) node.network = this.network.podNetwork;
    await node.startAgent([handler]);
  }

  /** Kills the runtime, the keeper and us, or us alone, in turn; false where nothing was there to kill. */
  async kill(turn: number, older: ReadonlySet<number>): Promise<boolean> {
    const keeper = this.node.keeper.pid;
    if (turn % 3 === 0) {
      // The runtime, or stage before it becomes the container.
      const victims = descendants(keeper).filter(pid => /(?:^|\/)(stage|runc|crun)$/.test(commandOf(pid)));
      const victim = victims.filter(pid => !older.has(pid) && !/sleep/.test(commandOf(pid))).at(-1);
      if (victim !== undefined) killed(victim);
      return victim !== undefined;
    }
    if (turn % 3 === 1) killed(keeper);
    await this.restart();
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.node[Symbol.asyncDispose]();
    await this.network?.[Symbol.asyncDispose]();
  }
}

/**
 * Starts pods and kills what starts them, as often as asked: every pod becomes ready all the same, those nobody killed run
 * on, and of pods that are deleted nothing is left. Rejects at the first that is not so; answers how many kills had a victim.
 */
export async function tortureNode(torture: NodeTorture): Promise<{ readonly hits: number }> {
  const { handler, kills, random, signal } = torture;
  const share = (): number => random.bytes(1)[0]! / 256;
  await using tortured = await TorturedNode.start(torture);
  const { node } = tortured;
  let hits = 0;
  const running = new Map<string, string | undefined>();
  for (let kill = 0; kill < kills && !signal?.aborted; kill++) {
    const name = `k${kill}`;
    // Holders of older pods’ namespaces are stage too: killing one ends its pod, rightly.
    const older = new Set(descendants(node.keeper.pid));
    await node.pod(name, {
      containers: [{ name: 'c', image: 'busybox:1', command: ['sleep', '1000'] }],
      terminationGracePeriodSeconds: 0,
    });
    await pause(share() * START_MS);
    if (await tortured.kill(kill, older)) hits++;
    await node.until(name, isReady, READY_MS_MAX);
    const id = await containerOf(node, name);
    // Stage becomes the container: what was killed may have been counted as started, and the pod as ready.
    running.set(name, kill % 3 === 0 ? undefined : id);
    if (running.size < AT_ONCE && kill < kills - 1) continue;
    // Nobody killed these: they run on, the same containers as at first.
    for (const [pod, first] of running) {
      const now = await containerOf(node, pod);
      if (first !== undefined) assert.equal(now, first, pod);
    }
    for (const pod of running.keys()) await node.delete(pod);
    running.clear();
    await nothingLeft(node, handler, tortured.network);
  }
  return { hits };
}
