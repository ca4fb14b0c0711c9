import type {
  KubeObject,
  Registry,
  RequestContext,
  ResourceRef,
  StoredEvent,
  StoredWatch,
} from '../../kernel/index.ts';
import { type Clock, type Timer } from '../../base/index.ts';

/** The server's own identity for what it reads and writes itself. */
export const LOOPBACK: RequestContext = {
  get user() {
    return { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
  },
  get warnings() {
    return [];
  },
};

/** What happens to the objects of one collection. */
export interface Follower {
  readonly ref: ResourceRef;
  set(object: KubeObject): void;
  remove(namespace: string, name: string): void;
}

const RETRY_ms = 200;

/**
 * Keeps a follower up to date from the registry: first everything, then every change, in order and without a queue
 * between, so that a decision made after a write sees it. Starts over when the watch ends.
 */
export async function follow(registry: Registry, clock: Clock, follower: Follower): Promise<Disposable> {
  let watch: StoredWatch | undefined;
  let timer: Timer | undefined;
  let stopped = false;
  let known = new Map<string, [string, string]>();
  const deliver = (events: readonly StoredEvent[]): void => {
    for (const event of events) {
      if (event.type === 'BOOKMARK' || event.type === 'ERROR') continue;
      const { namespace = '', name } = event.stored.key;
      if (event.type === 'DELETED') {
        known.delete(`${namespace}/${name}`);
        follower.remove(namespace, name);
      } else {
        known.set(`${namespace}/${name}`, [namespace, name]);
        follower.set(event.stored.object);
      }
    }
  };
  const again = (): void => {
    if (!stopped) timer = clock.after(RETRY_ms, () => void begin().catch(again));
  };
  const begin = async (): Promise<void> => {
    const list = await registry.list(LOOPBACK, follower.ref, {});
    const before = known;
    known = new Map();
    for (const stored of list.items) {
      const { namespace = '', name } = stored.key;
      before.delete(`${namespace}/${name}`);
      known.set(`${namespace}/${name}`, [namespace, name]);
      follower.set(stored.object);
    }
    for (const [namespace, name] of before.values()) follower.remove(namespace, name);
    if (stopped) return;
    watch = await registry.watch(
      LOOPBACK,
      follower.ref,
      { resourceVersion: String(list.resourceVersion) },
      deliver,
      again,
    );
    if (stopped) watch.close();
  };
  await begin();
  return {
    [Symbol.dispose]: () => {
      stopped = true;
      timer?.cancel();
      watch?.close();
    },
  };
}
