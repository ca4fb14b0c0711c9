import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MatrixNode } from '../conformance/matrix/node.ts';
import { FaultError } from '../src/base/index.ts';
import { buildImage, CriClient, hostPlatform, openImages } from '../src/compute/index.ts';
import { serverComponent } from '../src/compute/drivers/wasm-fixture.ts';
import { noContainerd, startContainerd } from '../src/compute/cri/testing/containerd.ts';
import { BUSYBOX, makeImages, noImages } from '../src/compute/cri/testing/images.ts';
import { World } from '../src/compute/cri/testing/world.ts';
import type { kinds } from '../src/kernel/index.ts';
import { bareAtOnce, runcAlone, timed, versionOf } from './compute-bare.ts';
import { microvm } from './microvm.ts';
import { type Bench, median, type Measure, spread } from './runner.ts';
import { residentMiB } from './tenon.ts';

const PODS = { group: '', version: 'v1', resource: 'pods' };
const CLASSES = { group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses' };
const READY_MS_MAX = 60_000;
/** Pods at once that are set against the bare runtimes. */
const BARE_COUNT = 20;
/** A wasi:http server as an OCI artifact. */
const SERVER = 'tenon.test/server:1';

const isReady = ({ status }: kinds.Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;

/** Tells when pods become ready, as they do. */
class Readiness implements Disposable {
  readonly #stop = new AbortController();
  readonly #waiting = new Map<string, () => void>();

  constructor(node: MatrixNode) {
    void (async () => {
      const options = { namespace: 'default', sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' as const };
      for await (const event of node.client.watch<kinds.Pod>(PODS, options, this.#stop.signal)) {
        if (event.type === 'BOOKMARK' || !isReady(event.object)) continue;
        this.#waiting.get(event.object.metadata.name ?? '')?.();
      }
    })().catch(() => {});
  }

  of(name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`pod ${name} did not become ready`)), READY_MS_MAX);
      this.#waiting.set(name, () => {
        clearTimeout(late);
        this.#waiting.delete(name);
        resolve();
      });
    });
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

/** Creates pods at once and waits until all are ready; then takes them away. */
async function pods(
  node: MatrixNode,
  readiness: Readiness,
  handler: string,
  count: number,
  tag: string,
  whileReady: () => void = () => {},
) {
  const names = Array.from({ length: count }, (_, index) => `b-${handler}-${tag}-${index}`);
  const command = ['sleep', '1000'];
  const container = { name: 'c', ...(handler === 'wasm' ? { image: SERVER } : { image: BUSYBOX, command }) };
  const took = await timed(() =>
    Promise.all(
      names.map(async name => {
        const done = readiness.of(name);
        await node.create(name, handler, { terminationGracePeriodSeconds: 0, containers: [container] });
        await done;
      }),
    ),
  );
  whileReady();
  for (const name of names) await node.delete(name);
  for (let tries = 0; tries < 200; tries++) {
    const { items } = await node.client.list(PODS, { namespace: 'default' });
    if (items.length === 0) break;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return took;
}

/** MiB of the processes that are ours and not the pods': this one, the keeper, what holds the pods' namespaces. */
function ownMiB(node: MatrixNode): number {
  const ours = readdirSync('/proc').filter(name => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(node.folder);
    } catch {
      return false;
    }
  });
  return [process.pid, ...ours.map(Number)].reduce((sum, pid) => sum + residentMiB(pid), 0);
}

/** What many pods more cost beside their containers, a pod. */
async function overhead(node: MatrixNode, readiness: Readiness, handler: string, count: number): Promise<Measure> {
  const values: number[] = [];
  for (let round = 0; round < 3; round++) {
    const before = ownMiB(node);
    await pods(node, readiness, handler, count, `mem${round}`, () => {
      values.push(Math.max(0, (ownMiB(node) - before) / count));
    });
  }
  const shape = { unit: 'MiB', better: 'lower' as const, n: values.length, spread: spread(values) };
  return {
    name: `compute/overhead-per-pod-${handler}`,
    ours: median(values),
    ...shape,
    target: { kind: 'absolute', bound: 1 },
  };
}

/** The same by bare CRI calls: what a kubelet would add comes on top. */
async function criPods(client: CriClient, folder: string, count: number, tag: string): Promise<number> {
  await using world = new World(client, folder, '', `b${tag}`);
  // Awaited here: the pods must be there before they are taken away.
  return await timed(() =>
    Promise.all(
      Array.from({ length: count }, async () => world.start(await world.sandbox(), '', { command: ['sleep', '1000'] })),
    ),
  );
}

/** Builds the server's image into a store. */
async function writeServer(folder: string, store: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'm.wasm'), await serverComponent());
  writeFileSync(join(folder, 'image.yaml'), 'wasm: m.wasm\n');
  await using open = await openImages({ folder: store });
  await buildImage({ images: open.images, folder, names: [SERVER], platform: hostPlatform() });
}

/** A server of WebAssembly from create to Ready: it listens then. */
async function* wasmPods(node: MatrixNode, readiness: Readiness, count: number): AsyncGenerator<Measure> {
  const values: number[] = [];
  // The first is not counted: the component is translated and compiled then, once for each content.
  for (let round = -1; round < count; round++) {
    const took = await pods(node, readiness, 'wasm', 1, `one${round + 1}`);
    if (round >= 0) values.push(took);
  }
  yield {
    name: 'compute/pod-ready-wasm',
    unit: 'ms',
    ours: median(values),
    better: 'lower',
    n: values.length,
    spread: spread(values),
    target: { kind: 'absolute', bound: 30 },
  };
}

interface Series {
  readonly alone: number[];
  readonly containerd: number[];
  readonly ours: Map<string, number[]>;
}

function* oneByOne(series: Series, version: string): Generator<Measure> {
  const runc = median(series.alone);
  const containerd = series.containerd.length > 0 ? median(series.containerd) : undefined;
  const peer = containerd
    ? { peer: { value: containerd, which: 'containerd CRI calls', version } }
    : { missingPeer: noContainerd() ?? 'containerd' };
  for (const [handler, values] of series.ours) {
    const common = { unit: 'ms', better: 'lower' as const, n: values.length, spread: spread(values) };
    yield { name: `compute/pod-ready-${handler}`, ours: median(values), ...peer, ...common };
    yield {
      name: `compute/pod-ready-${handler}-over-runc-alone`,
      ours: median(values) - runc,
      ...common,
      target: { kind: 'absolute', bound: 60 },
    };
  }
  const { alone } = series;
  yield { name: 'compute/runc-alone', unit: 'ms', ours: runc, better: 'lower', n: alone.length, spread: spread(alone) };
}

interface Many {
  readonly node: MatrixNode;
  readonly readiness: Readiness;
  readonly client: CriClient | undefined;
  readonly version: string;
  readonly handlers: readonly string[];
  readonly scratch: string;
  readonly count: number;
  readonly rounds: number;
}

/** Until the last of many is Ready, beside containerd and, for twenty, each runtime by itself; all take turns. */
async function* manyAtOnce(many: Many): AsyncGenerator<Measure> {
  const { node, readiness, client, version, handlers, scratch, count, rounds } = many;
  const theirs: number[] = [];
  const ours = new Map<string, number[]>(handlers.map(handler => [handler, []]));
  const bare = new Map<string, number[]>(handlers.map(handler => [handler, []]));
  for (let round = 0; round < rounds; round++) {
    if (client) theirs.push(await criPods(client, join(scratch, 'worlds'), count, `m${count}r${round}`));
    for (const handler of handlers) {
      ours.get(handler)!.push(await pods(node, readiness, handler, count, `many${count}r${round}`));
      if (count === BARE_COUNT) bare.get(handler)!.push(await bareAtOnce(handler, scratch, count, `r${round}`));
    }
  }
  for (const [handler, values] of ours) {
    const common = { unit: 'ms', ours: median(values), better: 'lower', n: rounds, spread: spread(values) } as const;
    const containerd = { value: median(theirs), which: 'containerd CRI calls', version };
    yield {
      name: `compute/${count}-pods-at-once-${handler}`,
      ...common,
      ...(theirs.length > 0 ? { peer: containerd } : { missingPeer: noContainerd() ?? 'containerd' }),
      target: { kind: 'ratio', bound: 0.5 },
    };
    const alone = bare.get(handler)!;
    if (alone.length === 0) continue;
    yield {
      name: `compute/${count}-pods-at-once-${handler}-over-bare`,
      ...common,
      peer: {
        value: median(alone),
        which: handler === 'process' ? 'stage alone' : `${handler} alone`,
        version: versionOf(handler),
      },
      target: { kind: 'ratio', bound: 1.5 },
    };
  }
}

/**
 * A folder in memory, where there is one, for the containers of all sides alike: an ext4 without a journal looks at every
 * inode freed in the last minute before it gives one out, so that each round would pay for the files of the rounds before.
 */
function inMemory(scratch: string): Disposable & { readonly path: string } {
  if (!existsSync('/dev/shm')) return { path: scratch, [Symbol.dispose]: () => {} };
  const path = mkdtempSync('/dev/shm/tenon-bench-compute-');
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export const bench: Bench = {
  name: 'compute',
  what: 'Pods from create to Ready, one at a time and many at once, beside containerd and each runtime alone, all in memory',
  async *run({ scratch: disk, quick }) {
    const why = process.getuid?.() === 0 ? noImages() : 'needs root';
    if (why) throw new Error(`compute: ${why}`);
    // Without a kernel or the emulator these are left out, as the Fault says.
    try {
      yield* microvm(disk, quick ? 3 : 7);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      process.stderr.write(`${error.message}\n`);
    }
    using memory = inMemory(disk);
    const scratch = memory.path;
    const archives = await makeImages(join(scratch, 'build'), join(scratch, 'spare'));
    await writeServer(join(scratch, 'server'), join(scratch, 'node/images'));
    await using node = await MatrixNode.start(join(scratch, 'node'), false);
    const wasm = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'wasm' }, handler: 'wasm' };
    await node.client.create(CLASSES, wasm);
    await using peer = noContainerd()
      ? undefined
      : await startContainerd(join(scratch, 'containerd'), archives, '10.251.11.0/24');
    using client = peer ? new CriClient(peer.endpoint) : undefined;
    using readiness = new Readiness(node);
    const version = peer && client ? (await client.call('Version', {})).runtimeVersion : '';
    const handlers = ['process', 'runc', 'crun'].filter(handler => node.handlers.includes(handler));
    const worlds = join(scratch, 'worlds');
    yield* wasmPods(node, readiness, quick ? 10 : 40);
    const series: Series = { alone: [], containerd: [], ours: new Map(handlers.map(handler => [handler, []])) };
    // The first of each is not counted: images are unpacked and programs read from disk then.
    for (let round = -1; round < (quick ? 5 : 15); round++) {
      const alone = await runcAlone(scratch, String(round));
      const there = client && (await criPods(client, worlds, 1, `o${round}`));
      if (round >= 0) series.alone.push(alone);
      if (round >= 0 && there !== undefined) series.containerd.push(there);
      for (const handler of handlers) {
        const took = await pods(node, readiness, handler, 1, `one${round + 1}`);
        if (round >= 0) series.ours.get(handler)!.push(took);
      }
    }
    yield* oneByOne(series, version);
    for (const handler of handlers.slice(0, 2)) yield await overhead(node, readiness, handler, quick ? 20 : 50);
    for (const count of quick ? [20] : [20, 50])
      yield* manyAtOnce({ node, readiness, client, version, handlers, scratch, count, rounds: quick ? 1 : 5 });
  },
};
