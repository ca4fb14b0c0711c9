import { type Random, seededRandom, VirtualClock } from '../../base/index.ts';
import type { Client, UserInfo, WatchOptions } from '../client.ts';
import { memoryLog } from '../drivers/memory-log.ts';
import { type Kernel, openKernel } from '../kernel.ts';
import type { KubeObject, ResourceRef } from '../object.ts';
import type { Log, LogRecord } from '../store/log.ts';
import { checkWatch, type Violation, type WatchRecord } from '../store/watch-check.ts';
import type { StoredEvent, StoredWatch } from './registry.ts';

const REF: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
const USER: UserInfo = { name: 'torture', groups: [] };
const NAMES = ['a', 'b', 'c', 'd'];
const COLORS = ['red', 'blue', 'green'];

/** How one run goes; `plant` breaks the kernel on purpose, to prove that the check sees it. */
export interface WatchTorture {
  readonly seed: number;
  readonly steps?: number;
  readonly watchers?: number;
  readonly plant?: (kernel: Kernel) => void;
}

export interface WatchTortureResult {
  readonly violations: readonly Violation[];
  readonly events: number;
  readonly bookmarks: number;
  readonly resumed: number;
  readonly expired: number;
}

/** A memory log that remembers the order in which records became durable, and takes a while to say so. */
function slowLog(random: Random): { log: Log; records: LogRecord[] } {
  const inner = memoryLog();
  const records: LogRecord[] = [];
  const append: Log['append'] = async (batch, discards) => {
    for (let turns = Math.floor(random.next() * 12); turns > 0; turns--) await undefined;
    records.push(...batch);
    await inner.append(batch, discards);
  };
  return { log: { ...inner, append }, records };
}

/** What the log has, and up to where the store has told its watchers. */
interface Progress {
  readonly records: readonly LogRecord[];
  committed: number;
}

/** Somebody who watches, is cut off, and comes back where it was: what every informer does. */
class Follower {
  readonly finished: WatchRecord[] = [];
  resumed = 0;
  expired = 0;
  readonly #kernel: Kernel;
  readonly #color: string | undefined;
  readonly #progress: Progress;
  #told: { event: StoredEvent; durable: number }[] = [];
  #after = 0;
  #last = 0;
  #stream: StoredWatch | undefined;

  constructor(kernel: Kernel, progress: Progress, color: string | undefined) {
    this.#kernel = kernel;
    this.#progress = progress;
    this.#color = color;
  }

  /** The truth is what the log has, not what the store says. */
  #durable(): number {
    return this.#progress.records.at(-1)?.revision ?? 0;
  }

  async start(): Promise<void> {
    const options: WatchOptions = {
      namespace: 'default',
      allowWatchBookmarks: true,
      ...(this.#color ? { labelSelector: `color=${this.#color}` } : {}),
      resourceVersion: String(this.#last || this.#kernel.journal.store.revision),
    };
    this.#after = Number(options.resourceVersion);
    this.#last = this.#after;
    this.#told = [];
    const deliver = (events: readonly StoredEvent[]): void => {
      for (const event of events) {
        this.#told.push({ event, durable: this.#durable() });
        if (event.type !== 'ERROR')
          this.#last = event.type === 'BOOKMARK' ? event.resourceVersion : event.stored.resourceVersion;
      }
    };
    this.#stream = await this.#kernel.registry.watch(
      { user: USER, warnings: [] },
      REF,
      options,
      deliver,
      () => undefined,
    );
  }

  stop(): void {
    this.#stream?.close();
    const expired = this.#told.some(({ event }) => event.type === 'ERROR');
    const color = this.#color;
    const wants = (_path: string, json: string): boolean =>
      color === undefined || (JSON.parse(json) as KubeObject).metadata.labels?.color === color;
    if (expired) {
      this.expired++;
      this.#last = 0;
    } else this.finished.push({ after: this.#after, wants, told: this.#told, until: this.#progress.committed });
    this.resumed++;
  }
}

async function writeOnce(client: Client, random: Random): Promise<void> {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!;
  const name = pick(NAMES);
  const labels = { color: pick(COLORS) };
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', labels },
    data: { n: String(random.next()) },
  };
  const act = random.next();
  try {
    if (act < 0.3) await client.create<KubeObject>(REF, object);
    else if (act < 0.5) await client.delete(REF, { namespace: 'default', name });
    else await client.update<KubeObject>(REF, object);
  } catch {
    // Missing and existing objects are refused: that, too, is part of the history.
  }
}

/** Runs writers and followers over a small history window and checks every watch against the log. */
export async function tortureWatch({
  seed,
  steps = 300,
  watchers = 6,
  plant,
}: WatchTorture): Promise<WatchTortureResult> {
  const random = seededRandom(seed);
  const clock = new VirtualClock();
  const { log, records } = slowLog(random);
  const limits = { default: { events_max: 20, bytes_max: 1_000_000 } };
  const kernel = await openKernel({ log, clock, random, limits });
  const progress: Progress = { records, committed: 0 };
  const { store } = kernel.journal;
  const commit = store.commit.bind(store);
  store.commit = upTo => {
    const discards = commit(upTo);
    progress.committed = upTo;
    return discards;
  };
  plant?.(kernel);
  const client = kernel.client(USER);
  const followers = Array.from(
    { length: watchers },
    (_, index) => new Follower(kernel, progress, index % 2 ? COLORS[index % 3] : undefined),
  );
  for (const follower of followers) await follower.start();
  const writing: Promise<void>[] = [];
  for (let step = 0; step < steps; step++) {
    writing.push(writeOnce(client, random));
    if (random.next() < 0.3) await Promise.all(writing.splice(0));
    else if (random.next() < 0.5) await undefined;
    if (random.next() < 0.05) clock.advance(61_000);
    if (random.next() < 0.15) {
      const follower = followers[Math.floor(random.next() * followers.length)]!;
      follower.stop();
      // Some stay away long enough to be too old when they come back.
      if (random.next() < 0.2) for (let away = 60; away > 0; away--) await writeOnce(client, random);
      await follower.start();
    }
  }
  await Promise.all(writing);
  clock.advance(61_000);
  for (const follower of followers) follower.stop();
  await kernel[Symbol.asyncDispose]();
  const own = records.filter(({ collection }) => collection === 'configmaps');
  const finished = followers.flatMap(follower => follower.finished);
  const told = finished.flatMap(watch => watch.told);
  return {
    violations: finished.flatMap(watch => checkWatch(own, watch)),
    events: told.filter(({ event }) => event.type !== 'BOOKMARK').length,
    bookmarks: told.filter(({ event }) => event.type === 'BOOKMARK').length,
    resumed: followers.reduce((sum, follower) => sum + follower.resumed, 0),
    expired: followers.reduce((sum, follower) => sum + follower.expired, 0),
  };
}
