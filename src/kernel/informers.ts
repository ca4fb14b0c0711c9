import type { Clock, Random } from '../base/ports.ts';
import type { Client } from './client.ts';
import { Informer } from './informer.ts';
import { formatKey, type KubeObject, type ObjectKey, type ResourceRef } from './object.ts';

export interface InformersOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly report?: (error: unknown, ref: ResourceRef) => void;
}

const refKey = (ref: ResourceRef): string => `${ref.group}/${ref.version}/${ref.resource}`;

/** One informer a collection, shared by every controller of a process, and a client whose writes they see at once. */
export class Informers implements AsyncDisposable {
  /** Every write through this client is in the informers before its promise resolves. */
  readonly client: Client;
  readonly #options: InformersOptions;
  readonly #informers = new Map<string, Informer<KubeObject>>();
  #started = false;

  constructor(options: InformersOptions) {
    this.#options = options;
    this.client = observedClient(options.client, this);
  }

  /** The informer of a collection; starts at once when the others already run. */
  of<T extends KubeObject>(ref: ResourceRef): Informer<T> {
    const key = refKey(ref);
    let informer = this.#informers.get(key);
    if (!informer) {
      const { client, clock, random, report } = this.#options;
      informer = new Informer<KubeObject>({
        client,
        clock,
        random,
        ref,
        ...(report ? { report: error => report(error, ref) } : {}),
      });
      this.#informers.set(key, informer);
      if (this.#started) informer.start();
    }
    return informer as unknown as Informer<T>;
  }

  /** Every informer asked for so far. */
  all(): Iterable<Informer<KubeObject>> {
    return this.#informers.values();
  }

  known(ref: ResourceRef): Informer<KubeObject> | undefined {
    return this.#informers.get(refKey(ref));
  }

  start(): this {
    this.#started = true;
    for (const informer of this.#informers.values()) informer.start();
    return this;
  }

  /** Resolves when every informer asked for so far has its first snapshot. */
  async whenSynced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map(informer => informer.whenSynced()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#informers.values()].map(informer => informer[Symbol.asyncDispose]()));
  }
}

/** Passes every verb on and shows the informers what writes returned. Dry runs and other kinds' bodies are not shown. */
function observedClient(client: Client, informers: Informers): Client {
  const seen = <T extends KubeObject>(
    ref: ResourceRef,
    object: T,
    options?: { dryRun?: boolean; subresource?: string },
  ): T => {
    const own = options?.subresource === undefined || options.subresource === 'status';
    if (own && !options?.dryRun && object?.metadata?.resourceVersion) informers.known(ref)?.observe(object);
    return object;
  };
  return {
    get: (ref, key, options) => client.get(ref, key, options),
    list: (ref, options) => client.list(ref, options),
    watch: (ref, options, signal) => client.watch(ref, options, signal),
    create: async (ref, object, options) => seen(ref, await client.create(ref, object, options), options),
    update: async (ref, object, options) => seen(ref, await client.update(ref, object, options), options),
    patch: async (ref, key, patch, options) => seen(ref, await client.patch<never>(ref, key, patch, options), options),
    apply: async (ref, key, object, options) =>
      seen(ref, await client.apply<never>(ref, key, object, options), options),
    delete: async (ref: ResourceRef, key: ObjectKey, options) => {
      // Until the answer is here the object may have gone and another one have its name.
      const uid = options?.preconditions?.uid ?? informers.known(ref)?.get(formatKey(key))?.metadata.uid;
      const left = await client.delete(ref, key, options);
      if (options?.dryRun || uid === undefined) return left;
      // What is left tells more than that it goes: what others wrote before, which the watch has not brought yet.
      if (left?.metadata.uid === uid) informers.known(ref)?.observe(left);
      informers.known(ref)?.observeDeletion(formatKey(key), uid);
      return left;
    },
    deleteCollection: (ref, options) => client.deleteCollection(ref, options),
  };
}
