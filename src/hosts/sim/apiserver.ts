/** The API server of a run: the real store, registry and admission chain over a virtual disk, and its crashes. */
import type { Random, VirtualClock } from '../../base/index.ts';
import { serviceAddresses } from '../../cluster/index.ts';
import {
  type Client,
  type CustomCatalog,
  customCatalog,
  type Kernel,
  type KubeObject,
  type Log,
  type LogRecord,
  type ResourceRef,
  type StatusError,
  statusError,
  type StoreLimits,
  type WatchEvent,
  type WatchOptions,
  type WebhookPort,
} from '../../kernel/index.ts';
import { DiskLog } from '../../kernel/drivers/disk-log.ts';
import { VirtualDisk } from '../../kernel/drivers/virtual-disk.ts';
import { matchConditionsStep, webhookConditions } from '../node/webhooks.ts';
import { openWaist } from '../waist/waist.ts';
import { never, ProcessClock } from './env.ts';
import { StoreLog } from './store-log.ts';
import type { RunLog } from './log.ts';
import type { Commit, Observer } from './model.ts';

/** Where Services of a run get their addresses. */
export const SERVICE_CIDR = '10.96.0.0/16';
const RESTART_MS = 2_000;
const EVENTS = 'events';

export interface ApiServerOptions {
  readonly clock: VirtualClock;
  readonly random: (name: string) => Random;
  readonly log: RunLog;
  readonly observers: readonly Observer[];
  /** True: a virtual disk that loses what was not synced. False: memory, for runs in which no store crashes. */
  readonly durable: boolean;
  /** How much of each collection's past is kept; as a real server keeps when absent. */
  readonly limits?: StoreLimits;
}

/** One life of the server, from a start to a crash. */
interface Life {
  readonly kernel: Kernel;
  readonly clock: ProcessClock;
  readonly gone: AbortController;
  /** How calls under way hear of the end. */
  readonly broken: Set<(error: StatusError) => void>;
  readonly clients: Map<string, Client>;
}

export class ApiServer {
  /** What the store lies on; faults are planted in it. Absent where the run needs none. */
  disk: VirtualDisk | undefined;
  /** Carries calls of webhooks; until it is set there is nobody to call. */
  webhooks: WebhookPort['call'] | undefined;
  readonly #options: ApiServerOptions;
  readonly #memory: StoreLog | undefined;
  #life: Life | undefined;
  #generation = 0;
  #seen = 0;
  #watches = 0;
  /** The current objects but events, by collection and path: what came before an event is hardly ever asked. */
  readonly #current = new Map<string, Map<string, KubeObject>>();
  readonly #breaks = new WeakSet<object>();

  constructor(options: ApiServerOptions) {
    this.#options = options;
    if (options.durable) this.disk = new VirtualDisk(options.random('disk'));
    else this.#memory = new StoreLog();
  }

  get running(): boolean {
    return this.#life !== undefined;
  }

  /** The kernel of this life. Undefined while the server is away. */
  get kernel(): Kernel | undefined {
    return this.#life?.kernel;
  }

  get catalog(): CustomCatalog | undefined {
    return this.#life?.kernel.catalog as CustomCatalog | undefined;
  }

  /** Revision of the last write that was seen in the log. */
  get revision(): number {
    return this.#seen;
  }

  /** True once the log failed and the server takes no writes any more. */
  get failed(): boolean {
    return (this.#life?.kernel.journal.failed ?? undefined) !== undefined;
  }

  /** Forgets the past of a collection, or of all: watchers that are behind must list anew. */
  compact(collection?: string): void {
    const journal = this.#life?.kernel.journal;
    if (!journal) return;
    const names = collection === undefined ? [...journal.store.collections()].map(each => each.name) : [collection];
    for (const name of names) void journal.forget?.(name).catch(() => undefined);
  }

  nextWatch(): number {
    return ++this.#watches;
  }

  async start(): Promise<void> {
    const { clock: base, random, log } = this.#options;
    const name = `apiserver#${++this.#generation}`;
    const clock = new ProcessClock(base);
    const catalog = customCatalog();
    const opened: { kernel?: Kernel } = {};
    const inner = this.#memory ?? new DiskLog(this.disk!);
    const gone = new AbortController();
    const waist = await openWaist({
      log: this.#recorded(inner, () => opened.kernel, gone.signal),
      clock,
      random: random(name),
      catalog,
      addresses: serviceAddresses({ random: random(`${name}/addresses`), cidrs: [SERVICE_CIDR] }),
      authorize: () => ({ allowed: true }),
      tell: line => log.write('apiserver', 'note', undefined, line),
      webhooks: this.#webhooks(gone.signal),
      keeps: 'objects',
      ...(this.#options.limits ? { limits: this.#options.limits } : {}),
      admission: [matchConditionsStep],
      opened: async kernel => {
        opened.kernel = kernel;
        this.#memory?.follow(kernel.journal.store);
      },
    });
    const { kernel } = waist;
    this.#life = { kernel, clock, gone, broken: new Set(), clients: new Map() };
    log.write('apiserver', 'start');
  }

  /** Calls of a server that is gone meanwhile never return. */
  #webhooks(gone: AbortSignal): WebhookPort {
    return {
      call: async (target, review, timeout_ms) => {
        if (!this.webhooks) throw new Error('failed to call webhook: nobody answers in this run');
        try {
          return await this.webhooks(target, review, timeout_ms);
        } finally {
          if (gone.aborted) await never();
        }
      },
      condition: webhookConditions(),
    };
  }

  /** The server is gone in the middle of what it does: calls break off, what was not synced may be lost. */
  crash(restart_ms: number | 'never' = RESTART_MS): void {
    const life = this.#life;
    if (!life) return;
    this.#life = undefined;
    life.clock.kill();
    this.#options.log.write('apiserver', 'crash');
    const error = this.#break('connection reset by peer');
    for (const hear of life.broken) hear(error);
    life.gone.abort(error);
    if (this.disk) this.disk = this.disk.crash();
    if (restart_ms !== 'never') this.#startAfter(restart_ms);
  }

  /** A server that cannot read its disk ends, and is started again as whatever watches over it would. */
  #startAfter(delay_ms: number): void {
    const { clock, log } = this.#options;
    clock.after(delay_ms, () => {
      this.start().catch((error: unknown) => {
        log.write('apiserver', 'start failed', undefined, String(error));
        this.#startAfter(Math.max(RESTART_MS, delay_ms));
      });
    });
  }

  /** Hands one call to the server that runs now. Rejects as a refused or broken connection does. */
  async call<T>(act: (client: Client) => Promise<T>, user: string): Promise<T> {
    const life = this.#life;
    if (!life) throw this.#break('connection refused');
    const client = clientOf(life, user);
    if (!this.#options.durable) return act(client);
    return new Promise<T>((resolve, reject) => {
      life.broken.add(reject);
      act(client)
        .finally(() => life.broken.delete(reject))
        .then(answer => {
          if (this.#life === life) resolve(answer);
        }, reject);
    });
  }

  /** A watch of the server that runs now; it ends when the server does. */
  watch<T extends KubeObject>(
    ref: ResourceRef,
    options: WatchOptions,
    signal: AbortSignal,
    user: string,
  ): AsyncIterable<WatchEvent<T>> {
    const life = this.#life;
    if (!life) throw this.#break('connection refused');
    return clientOf(life, user).watch<T>(ref, options, AbortSignal.any([signal, life.gone.signal]));
  }

  /** True for errors of a connection, not of a server that answered. */
  broke(error: object): boolean {
    return this.#breaks.has(error);
  }

  #break(message: string): StatusError {
    const error = statusError(503, 'ServiceUnavailable', message);
    this.#breaks.add(error);
    return error;
  }

  /** A log whose every durable record is shown once, in order, whatever crashes in between. */
  #recorded(inner: Log, kernel: () => Kernel | undefined, gone: AbortSignal): Log {
    return {
      read: async () => {
        const { floors, records } = await inner.read();
        const show = (record: LogRecord): void => this.#show(record, undefined);
        async function* shown(): AsyncGenerator<readonly LogRecord[]> {
          for await (const batch of records) {
            for (const record of batch) show(record);
            yield batch;
          }
        }
        return { floors, records: shown() };
      },
      append: async (records, discards) => {
        await inner.append(records, discards);
        // A server that is gone hears no answer of its disk; what was kept is seen when the next one reads it.
        if (gone.aborted) return never();
        for (const record of records) this.#show(record, kernel());
      },
      close: () => inner.close(),
    };
  }

  /** Notes what there is now; answers what there was. */
  #replace({ collection, path }: LogRecord, object: KubeObject | undefined): KubeObject | undefined {
    let current = this.#current.get(collection);
    if (!current) this.#current.set(collection, (current = new Map()));
    const before = current.get(path);
    if (object) current.set(path, object);
    else current.delete(path);
    return before;
  }

  #show(record: LogRecord, kernel: Kernel | undefined): void {
    if (record.revision <= this.#seen) return;
    this.#seen = record.revision;
    const { collection, path, value, revision } = record;
    const { log, observers, clock } = this.#options;
    log.writeText('apiserver', 'commit', `${collection}/${path}`, value);
    if (!observers.some(observer => observer.commit)) return;
    const object = value === null ? undefined : objectOf(record, kernel);
    const before = collection === EVENTS ? beforeOf(record, kernel) : this.#replace(record, object);
    const commit: Commit = { t: clock.monotonic(), revision, collection, path, object, before };
    for (const observer of observers) observer.commit?.(commit);
  }
}

/** What the store had before a record, where it still knows. */
function beforeOf({ collection, path, revision }: LogRecord, kernel: Kernel | undefined): KubeObject | undefined {
  let version = kernel?.journal.store.collection(collection).newest(path);
  while (version !== undefined && version.resourceVersion > revision) version = version.previous;
  return version?.resourceVersion === revision ? version.before?.object : undefined;
}

/** The parsed form the store holds already, where nothing newer is staged on top of it. */
function objectOf({ collection, path, value, revision }: LogRecord, kernel: Kernel | undefined): KubeObject {
  const head = kernel?.journal.store.collection(collection).head(path);
  return head?.resourceVersion === revision ? head.object : (JSON.parse(value!) as KubeObject);
}

function clientOf(life: Life, user: string): Client {
  let client = life.clients.get(user);
  if (!client) {
    const name = user.startsWith('kubelet/') ? `system:node:${user.slice('kubelet/'.length)}` : `system:${user}`;
    client = life.kernel.client({ name, groups: ['system:masters', 'system:authenticated'] });
    life.clients.set(user, client);
  }
  return client;
}
