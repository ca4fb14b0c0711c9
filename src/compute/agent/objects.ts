import type { Client, KubeObject, ResourceRef } from '../../kernel/index.ts';
import { type Clock, sleep } from '../../base/index.ts';

const RETRY_MS = 1_000;

interface Watched {
  object: KubeObject | undefined;
  readonly listeners: Set<() => void>;
  readonly stop: AbortController;
}

/**
 * ConfigMaps and Secrets that pods of this node use, each watched by name while someone is interested (which is all
 * that the node authorizer allows).
 */
export class WatchedObjects implements AsyncDisposable {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** The object now; throws the server's refusal when there is none. */
  get(ref: ResourceRef, namespace: string, name: string): Promise<KubeObject> {
    return this.#client.get(ref, { namespace, name });
  }

  /** Calls `changed` whenever the object does, until closed. */
  follow(ref: ResourceRef, namespace: string, name: string, changed: () => void): { close(): void } {
    const key = `${ref.resource}/${namespace}/${name}`;
    let watched = this.#watched.get(key);
    if (!watched) {
      watched = { object: undefined, listeners: new Set(), stop: new AbortController() };
      this.#watched.set(key, watched);
      void this.#run(ref, namespace, name, watched);
    }
    const entry = watched;
    entry.listeners.add(changed);
    return {
      close: () => {
        entry.listeners.delete(changed);
        if (entry.listeners.size > 0) return;
        entry.stop.abort();
        if (this.#watched.get(key) === entry) this.#watched.delete(key);
      },
    };
  }

  async #run(ref: ResourceRef, namespace: string, name: string, watched: Watched): Promise<void> {
    const { signal } = watched.stop;
    while (!signal.aborted) {
      try {
        const options = { namespace, fieldSelector: `metadata.name=${name}` };
        const list = await this.#client.list(ref, options);
        this.#saw(watched, list.items[0]);
        const resourceVersion = list.metadata.resourceVersion;
        const from = resourceVersion === undefined ? {} : { resourceVersion };
        for await (const event of this.#client.watch(ref, { ...options, ...from }, signal)) {
          if (event.type === 'ERROR') break;
          if (event.type !== 'BOOKMARK') this.#saw(watched, event.type === 'DELETED' ? undefined : event.object);
        }
      } catch {
        // Tried again below; pods keep what they have.
      }
      if (!signal.aborted) await sleep(this.#clock, RETRY_MS, signal).catch(() => {});
    }
  }

  #saw(watched: Watched, object: KubeObject | undefined): void {
    const changed = watched.object?.metadata.resourceVersion !== object?.metadata.resourceVersion;
    watched.object = object;
    if (changed) for (const listener of watched.listeners) listener();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watched of this.#watched.values()) watched.stop.abort();
    this.#watched.clear();
    await Promise.resolve();
  }
}
