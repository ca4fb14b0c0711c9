import type { Clock, Timer } from '../../base/index.ts';
import type { KubeObject } from '../object.ts';
import type { WriteOrder } from '../store/port.ts';

/** How long an Event is kept after it was last seen (kube-apiserver --event-ttl). */
const EVENT_TTL_MS = 3_600_000;
/** Events looked at in one turn; a storm of them is worked off a part at a time. */
const TURN = 500;
const TURN_PERIOD_MS = 60_000;
/** Between parts of one storm. */
const PART_PERIOD_MS = 20;

const COLLECTION = 'events';

function lastSeen(event: KubeObject): number {
  const series = event.series as { lastObservedTime?: string } | undefined;
  const times = [event.metadata.creationTimestamp, event.lastTimestamp, event.eventTime, series?.lastObservedTime];
  return Math.max(...times.map(time => (typeof time === 'string' ? Date.parse(time) || 0 : 0)));
}

/** Removes Events nobody has seen for an hour, as the API server's storage leases do. Idle while there are none. */
export function expireEvents(journal: WriteOrder, clock: Clock): Disposable {
  const collection = journal.store.collection(COLLECTION);
  let timer: Timer | undefined;
  let from = '';
  const arm = (delay_ms: number): void => {
    timer ??= clock.after(delay_ms, turn);
  };
  const turn = (): void => {
    timer = undefined;
    const oldest = clock.now() - EVENT_TTL_MS;
    const page = journal.store.list(COLLECTION, { prefix: '' }, journal.store.revision, from, TURN);
    for (const version of page.items) {
      if (journal.failed || lastSeen(version.object) > oldest || collection.head(version.path) !== version) continue;
      journal.write(COLLECTION, version.path, () => null).durable.catch(() => undefined);
    }
    from = page.next ?? '';
    if (page.next !== undefined) arm(PART_PERIOD_MS);
    else if (collection.live > 0) arm(TURN_PERIOD_MS);
  };
  if (collection.live > 0) arm(TURN_PERIOD_MS);
  const watch = journal.store.watch(COLLECTION, { prefix: '' }, journal.store.revision, () => arm(TURN_PERIOD_MS));
  return {
    [Symbol.dispose]: () => {
      watch.close();
      timer?.cancel();
    },
  };
}
