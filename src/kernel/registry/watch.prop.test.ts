import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kernel } from '../kernel.ts';
import { Version } from '../store/version.ts';
import { tortureWatch } from './watch-torture.ts';

const SEEDS = Number(process.env.TENON_WATCH_SEEDS ?? 12);

test('watches are ordered, complete, without duplicates and resumable', async () => {
  let events = 0;
  let bookmarks = 0;
  let expired = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const result = await tortureWatch({ seed });
    assert.deepEqual(result.violations, [], `seed ${seed}`);
    events += result.events;
    bookmarks += result.bookmarks;
    expired += result.expired;
  }
  assert.ok(events > SEEDS * 100 && bookmarks > SEEDS && expired > 0, JSON.stringify({ events, bookmarks, expired }));
});

/** A planted getter swallows what the real code assigns. */
const ignore = (): void => {};

const history = (kernel: Kernel) => kernel.journal.store.collection('configmaps').history;

/** The bugs that etcd's watch and its users have had, planted one at a time in the real code. */
const PLANTED: Readonly<Record<string, (kernel: Kernel) => (() => void) | undefined>> = {
  // etcd#15271, #17529: a watch from before the compaction starts as if nothing had been compacted.
  'missed event on compaction': kernel => {
    Object.defineProperty(history(kernel), 'floor', { get: () => 0, set: ignore });
    return undefined;
  },
  // etcd#18089 and others: what a reconnecting watcher already had is delivered again.
  'duplicate on resume': kernel => {
    const { store } = kernel.journal;
    const watch = store.watch.bind(store);
    store.watch = (name, selection, after, deliver) => watch(name, selection, after - 1, deliver);
    return undefined;
  },
  // Events of one batch in the wrong order.
  reordering: kernel => {
    const { store } = kernel.journal;
    const watch = store.watch.bind(store);
    store.watch = (name, selection, after, deliver) =>
      watch(name, selection, after, events => deliver(events.toReversed()));
    return undefined;
  },
  // etcd#14370 class: progress is reported beyond what was delivered.
  'bookmark too new': kernel => {
    const { store } = kernel.journal;
    Object.defineProperty(store, 'revision', { get: () => store.staged, set: ignore });
    return undefined;
  },
  // The history that reconnecting watchers read has a hole.
  'hole in history': kernel => {
    const own = history(kernel);
    const push = own.push.bind(own);
    let count = 0;
    own.push = version => {
      if (++count % 7 !== 0) push(version);
    };
    return undefined;
  },
  // kubernetes#58545 class: a deletion dated like the state before it sends watchers back in time.
  'deletion with an old version': () => {
    const original = Version.prototype.lastState;
    Version.prototype.lastState = function (this: Version) {
      return this.previous!;
    };
    return () => {
      Version.prototype.lastState = original;
    };
  },
  // An object that stops matching a selector is not told as deleted.
  'lost selector transition': () => {
    const original = Object.getOwnPropertyDescriptor(Version.prototype, 'before')!;
    Object.defineProperty(Version.prototype, 'before', { configurable: true, get: () => undefined });
    return () => Object.defineProperty(Version.prototype, 'before', original);
  },
  // A change is told before the log has it.
  'told before durable': kernel => {
    const { store } = kernel.journal;
    const stage = store.stage.bind(store);
    store.stage = (name, path, build) => {
      const staged = stage(name, path, build);
      store.commit(staged.version.resourceVersion);
      return staged;
    };
    return undefined;
  },
};

for (const [bug, plant] of Object.entries(PLANTED)) {
  test(`the check catches: ${bug}`, async () => {
    let restore: (() => void) | undefined;
    try {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const { violations } = await tortureWatch({ seed, plant: kernel => (restore = plant(kernel) ?? restore) });
        if (violations.length > 0) return;
      }
    } finally {
      restore?.();
    }
    assert.fail(`${SEEDS} seeds did not find it`);
  });
}
