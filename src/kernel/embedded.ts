import type {
  ApplyOptions,
  Client,
  DeleteOptions,
  GetOptions,
  ListOptions,
  Patch,
  UserInfo,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts';
import { apiVersionOf, type KubeList, type KubeObject, type ObjectKey, type ResourceRef } from './object.ts';
import type { Registry, RequestContext, StoredEvent, StoredObject, StoredWatch } from './registry/registry.ts';
import { cloneAsJson } from './merge/json.ts';
import type { ResourceCatalog } from './resource.ts';
import type { Status } from './status.ts';

/** Events a reader of an embedded watch may be behind before it is cut off with a 410. */
const WATCH_QUEUE_MAX = 100_000;

export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** The Client of code in this process: the registry's verbs, without HTTP and without a copy of what is read. */
export function embeddedClient(registry: Registry, user: UserInfo, catalog: ResourceCatalog): Client {
  const context = (): RequestContext => ({ user, warnings: [] });
  const read = <T extends KubeObject>(stored: StoredObject): T => stored.object as T;
  const kindOf = (ref: ResourceRef): string => catalog.resource(ref)?.kind ?? '';
  return {
    get: async <T extends KubeObject>(ref: ResourceRef, key: ObjectKey, options?: GetOptions) =>
      read<T>(await registry.get(context(), ref, key, options)),
    list: async <T extends KubeObject>(ref: ResourceRef, options: ListOptions = {}): Promise<KubeList<T>> => {
      const page = await registry.list(context(), ref, options);
      return {
        apiVersion: apiVersionOf(ref),
        kind: `${kindOf(ref)}List`,
        metadata: {
          resourceVersion: String(page.resourceVersion),
          ...(page.continue === undefined ? {} : { continue: page.continue }),
          ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
        },
        items: page.items.map(stored => read<T>(stored)),
      };
    },
    watch: <T extends KubeObject>(ref: ResourceRef, options: WatchOptions, signal: AbortSignal) =>
      watchStream<T>(registry, context(), ref, kindOf(ref), options, signal),
    create: async <T extends KubeObject>(
      ref: ResourceRef,
      object: T,
      options: WriteOptions & { namespace?: string; name?: string } = {},
    ) => read<T>(await registry.create(context(), ref, copy(object), options)),
    update: async <T extends KubeObject>(ref: ResourceRef, object: T, options: WriteOptions = {}) =>
      read<T>((await registry.update(context(), ref, keyOf(object), body(object), options)).stored),
    patch: async <T extends KubeObject>(ref: ResourceRef, key: ObjectKey, patch: Patch, options: WriteOptions = {}) =>
      read<T>(await registry.patch(context(), ref, key, patch, options)),
    apply: async <T extends KubeObject>(ref: ResourceRef, key: ObjectKey, object: KubeObject, options: ApplyOptions) =>
      read<T>((await registry.apply(context(), ref, key, copy(object), options)).stored),
    delete: async (ref: ResourceRef, key: ObjectKey, options: DeleteOptions = {}) => {
      const { removed, stored } = await registry.delete(context(), ref, key, options);
      return removed ? undefined : read(stored);
    },
    deleteCollection: async (ref: ResourceRef, options: ListOptions & DeleteOptions = {}) => {
      await registry.deleteCollection(context(), ref, options);
    },
  };
}

/** The registry owns what it is given; a caller's object is copied as JSON would carry it (undefined members are dropped). */
const copy = (object: KubeObject): KubeObject => cloneAsJson(object);

/** The registry copies the body of an update itself, but for what names the object, and what it shares with the live one. */
const body = (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata } });

const keyOf = (object: KubeObject): ObjectKey => ({
  ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
  name: object.metadata.name ?? '',
});

/** One stored event as a client reads it. */
export function watchEvent(ref: ResourceRef, kind: string, event: StoredEvent): WatchEvent {
  if (event.type === 'ERROR') {
    const status: Status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: event.message,
      reason: 'Expired',
      code: 410,
    };
    return { type: 'ERROR', object: status as unknown as KubeObject };
  }
  if (event.type === 'BOOKMARK') {
    const metadata = {
      resourceVersion: String(event.resourceVersion),
      creationTimestamp: null,
      ...(event.initialEventsEnd ? { annotations: { [INITIAL_EVENTS_END]: 'true' } } : {}),
    };
    return { type: 'BOOKMARK', object: { apiVersion: apiVersionOf(ref), kind, metadata } };
  }
  return { type: event.type, object: event.stored.object };
}

async function* watchStream<T extends KubeObject>(
  registry: Registry,
  context: RequestContext,
  ref: ResourceRef,
  kind: string,
  options: WatchOptions,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>> {
  let queue: StoredEvent[] = [];
  let done = signal.aborted;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };
  const finish = (): void => {
    done = true;
    notify();
  };
  const deliver = (events: readonly StoredEvent[]): void => {
    if (queue.length + events.length > WATCH_QUEUE_MAX && started) {
      queue = [{ type: 'ERROR', code: 410, message: 'the watcher fell behind and was closed' }];
      stream?.close();
      done = true;
    } else for (const event of events) queue.push(event);
    notify();
  };
  let started = false;
  let stream: StoredWatch | undefined;
  if (done) return;
  signal.addEventListener('abort', finish, { once: true });
  try {
    stream = await registry.watch(context, ref, options, deliver, finish);
    started = true;
    for (;;) {
      const events = queue;
      queue = [];
      for (const event of events) {
        if (signal.aborted) return;
        yield watchEvent(ref, kind, event) as WatchEvent<T>;
      }
      if (queue.length > 0) continue;
      if (done) return;
      await new Promise<void>(resolve => {
        wake = resolve;
      });
    }
  } finally {
    signal.removeEventListener('abort', finish);
    stream?.close();
  }
}
