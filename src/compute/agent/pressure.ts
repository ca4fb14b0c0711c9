import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { Timer } from '../../base/index.ts';
import {
  conditionOf,
  crossed,
  evictionMessage,
  evictionOrder,
  type Observation,
  oversized,
  type PodUse,
  type Signal,
  type Threshold,
} from '../engine/eviction.ts';
import type { NodeContext } from './node-context.ts';
import type { PodWorker } from './pod-worker.ts';

const LOOK_EVERY_MS = 10_000;
/** A condition stays this long after the pressure is gone, so that it does not come and go (kubelet: 5 min). */
const SETTLE_MS = 300_000;
const ENTRIES_MAX = 100_000;

/** What a node has left of everything it can run out of. */
export type Measure = (stateFolder: string) => Promise<Readonly<Partial<Record<Signal, Observation>>>>;

/** The machine's own figures. */
export const measureMachine: Measure = async folder => {
  const [memory, disk, pids] = await Promise.all([
    readFile('/proc/meminfo', 'latin1').catch(() => ''),
    statfs(folder),
    readFile('/proc/sys/kernel/pid_max', 'latin1').catch(() => ''),
  ]);
  const running = await readFile('/proc/loadavg', 'latin1').catch(() => '');
  const tasks = Number(/\/(\d+) /.exec(running)?.[1] ?? 0);
  const available = Number(/^MemAvailable:\s+(\d+) kB/m.exec(memory)?.[1] ?? Number.NaN) * 1024;
  return {
    ...(Number.isNaN(available) ? {} : { 'memory.available': { available, capacity: totalmem() } }),
    'nodefs.available': { available: disk.bavail * disk.bsize, capacity: disk.blocks * disk.bsize },
    // File systems that make inodes as needed tell none.
    ...(disk.files > 0 ? { 'nodefs.inodesFree': { available: disk.ffree, capacity: disk.files } } : {}),
    ...(pids === '' ? {} : { 'pid.available': { available: Number(pids) - tasks, capacity: Number(pids) } }),
  };
};

export interface PressureOptions {
  readonly node: NodeContext;
  readonly thresholds: readonly Threshold[];
  readonly measure: Measure;
  readonly workers: () => Iterable<PodWorker>;
  /** Called when the set of conditions that hold has changed. */
  readonly changed: (conditions: ReadonlySet<string>) => void;
}

/** Looks at what the node has left, and ends pods one at a time while it is too little. */
export class Pressure implements Disposable {
  readonly #options: PressureOptions;
  /** Condition -> until when it holds. */
  readonly #held = new Map<string, number>();
  #told = '';
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: PressureOptions) {
    this.#options = options;
    this.#later();
  }

  get thresholds(): readonly Threshold[] {
    return this.#options.thresholds;
  }

  #later(): void {
    if (this.#closed) return;
    const { node } = this.#options;
    this.#timer = node.clock.after(LOOK_EVERY_MS, () => {
      void this.look()
        .catch(error => node.report(error, 'node pressure'))
        .then(() => this.#later());
    });
  }

  /** One look: conditions follow, and at most one pod is ended. */
  async look(): Promise<void> {
    const { node, thresholds, measure, workers, changed } = this.#options;
    const now_ms = node.clock.monotonic();
    const hits = crossed(thresholds, await measure(node.stateFolder));
    for (const { threshold } of hits) this.#held.set(conditionOf(threshold.signal), now_ms + SETTLE_MS);
    for (const [condition, until_ms] of this.#held) if (until_ms <= now_ms) this.#held.delete(condition);
    const conditions = new Set(this.#held.keys());
    const text = [...conditions].sort().join();
    if (text !== this.#told) {
      this.#told = text;
      changed(conditions);
    }
    const alive = [...workers()].filter(({ state }) => !state.ending && !state.finished && !state.deleted);
    for (const worker of alive) {
      const message = oversized(worker.pod, await volumeSizes(worker));
      if (message !== undefined) end(worker, message);
    }
    const [hit] = hits;
    if (!hit) return;
    const uses = await Promise.all(alive.filter(({ state }) => !state.ending).map(worker => useOf(worker)));
    const [first] = evictionOrder(hit.threshold.signal, uses);
    const worker = first && alive.find(({ uid }) => uid === first.pod.metadata.uid);
    if (worker && first) end(worker, evictionMessage(hit, first));
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.cancel();
  }
}

/** A hard threshold gives no grace. */
function end(worker: PodWorker, message: string): void {
  worker.tell('Warning', 'Evicted', message);
  worker.post({ kind: 'end', reason: 'Evicted', message, grace_ms: 0 });
}

async function useOf(worker: PodWorker): Promise<PodUse> {
  const ids = new Set(worker.state.containers.map(({ current }) => current?.id));
  const all = (await worker.runtime?.stats().catch(() => [])) ?? [];
  const mine = all.filter(({ id }) => ids.has(id));
  const sizes = await volumeSizes(worker);
  return {
    pod: worker.pod,
    memory_bytes: mine.reduce((sum, { workingSet_bytes }) => sum + workingSet_bytes, 0),
    pids: mine.reduce((sum, { pids }) => sum + pids, 0),
    disk_bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0) + (await sizeOf(worker.sandbox.logFolder)),
  };
}

/** Bytes on disk of the pod's empty folders, by volume. */
async function volumeSizes(worker: PodWorker): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const { name, emptyDir } of worker.pod.spec?.volumes ?? [])
    if (emptyDir && emptyDir.medium !== 'Memory') sizes.set(name, await sizeOf(join(worker.folder, 'volumes', name)));
  return sizes;
}

/** Blocks in use below a folder; what goes away while we look is not counted. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  let entries = 0;
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const entry of await readdir(next, { withFileTypes: true }).catch(() => [])) {
      if (++entries > ENTRIES_MAX) return bytes;
      const path = join(next, entry.name);
      if (entry.isDirectory()) open.push(path);
      else if (entry.isFile()) bytes += ((await stat(path).catch(() => undefined))?.blocks ?? 0) * 512;
    }
  }
  return bytes;
}
