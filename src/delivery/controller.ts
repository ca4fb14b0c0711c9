import { type Clock, type Fault, FaultError, type Timer } from '../base/index.ts';
import { type Client, kindOf, type ResourceCatalog, StatusError } from '../kernel/index.ts';
import { render } from './dialects/index.ts';
import { identityOf } from './engine/order.ts';
import { deliveryFaults } from './faults.ts';
import { clusterInventory } from './inventory.ts';
import type { DeliveryStatus, Wanted } from './model.ts';
import type { DeliveryListener, Source } from './ports.ts';
import { applyTarget, synchronise, type Target } from './sync.ts';

export interface DeliveryOptions {
  readonly client: Client;
  readonly catalog: ResourceCatalog;
  readonly clock: Clock;
  readonly source: Source;
  readonly listener: DeliveryListener;
}

/** A running delivery of one source. */
export interface Delivery extends AsyncDisposable {
  readonly status: DeliveryStatus;
  /** Resolves after the first synchronisation, whatever came of it. */
  readonly first: Promise<DeliveryStatus>;
  /** Reads the source again now. */
  refresh(): void;
}

/** An object that failed is tried again after this; a CustomResourceDefinition may have arrived meanwhile. */
const RETRY_MS = 2_000;
const RETRY_MS_MAX = 60_000;
/** Bursts of changes of one object by others are answered once in this time. */
const DRIFT_MS = 250;

/** Keeps a cluster at what a source says: on start, when the source changes, and when somebody else changes an object. */
export function startDelivery(options: DeliveryOptions): Delivery {
  return new RunningDelivery(options);
}

class RunningDelivery implements Delivery {
  readonly first: Promise<DeliveryStatus>;
  readonly #options: DeliveryOptions;
  readonly #stop = new AbortController();
  readonly #watch: Disposable | undefined;
  readonly #drift = new Map<string, AbortController>();
  readonly #drifted = new Map<string, Timer>();
  readonly #reported = new Set<string>();
  #targets = new Map<string, Target>();
  #status: DeliveryStatus;
  #timer: Timer | undefined;
  #failures = 0;
  #again = false;
  #working: Promise<void> | undefined;
  #resolveFirst!: (status: DeliveryStatus) => void;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#status = { source: options.source.name, revision: '', phase: 'reading', applied: 0, wanted: 0, faults: [] };
    this.first = new Promise(resolve => (this.#resolveFirst = resolve));
    this.#watch = options.source.watch?.(() => this.refresh());
    this.refresh();
  }

  get status(): DeliveryStatus {
    return this.#status;
  }

  refresh(): void {
    if (this.#stop.signal.aborted) return;
    this.#timer?.cancel();
    if (this.#working) {
      this.#again = true;
      return;
    }
    this.#working = this.#run().finally(() => {
      this.#working = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.refresh();
    });
  }

  async #run(): Promise<void> {
    try {
      await this.#once();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const fault =
        error instanceof FaultError
          ? error.fault
          : deliveryFaults.make('refused', {
              kind: 'Source',
              name: this.#options.source.name,
              reason: (error as Error).message,
            });
      this.#report(fault, undefined);
      this.#settle({ ...this.#status, phase: 'degraded', faults: [fault] });
    }
  }

  async #once(): Promise<void> {
    const { source, client, catalog } = this.#options;
    const tree = await source.read(this.#stop.signal);
    const { wanted, faults } = render(tree, source.path);
    const empty =
      wanted.length === 0 && faults.length === 0 ? [deliveryFaults.make('empty', { path: source.name })] : [];
    for (const fault of [...faults, ...empty]) this.#report(fault, undefined);
    this.#publish({
      source: source.name,
      revision: tree.revision,
      phase: 'syncing',
      applied: 0,
      wanted: wanted.length,
      faults,
    });
    const inventory = clusterInventory(client, source.name);
    const before = await inventory.read();
    const result = await synchronise({ client, catalog }, wanted, before, faults.length === 0);
    if (this.#stop.signal.aborted) return;
    const delivered = result.applied.map(target => target.delivered);
    // What was delivered earlier and not pruned now stays known, so that a later run can prune it.
    const known = new Set([...delivered, ...result.pruned].map(identityOf));
    await inventory.write([...delivered, ...before.filter(item => !known.has(identityOf(item)))]);
    for (const { fault, wanted: item } of result.failed) this.#report(fault, item);
    this.#targets = new Map(result.applied.map(target => [identityOf(target.delivered), target]));
    this.#watchDrift();
    const all = [...faults, ...empty, ...result.failed.map(({ fault }) => fault)];
    this.#settle({
      source: source.name,
      revision: tree.revision,
      phase: all.length > 0 ? 'degraded' : 'synced',
      applied: delivered.length,
      wanted: wanted.length,
      faults: all,
    });
  }

  #settle(status: DeliveryStatus): void {
    this.#publish(status);
    this.#resolveFirst(status);
    if (this.#stop.signal.aborted) return;
    this.#failures = status.phase === 'degraded' ? this.#failures + 1 : 0;
    const retry =
      this.#failures > 0 ? Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** (this.#failures - 1)) : this.#options.source.poll_ms;
    if (retry !== undefined) this.#timer = this.#options.clock.after(retry, () => this.refresh());
  }

  #publish(status: DeliveryStatus): void {
    this.#status = status;
    this.#options.listener.status(status);
  }

  /** The same fault of the same place is told once until it is gone. */
  #report(fault: Fault, about: Wanted | undefined): void {
    const text = JSON.stringify([fault.code, fault.params, fault.where]);
    if (this.#reported.has(text)) return;
    this.#reported.add(text);
    const object = about?.object;
    this.#options.listener.fault(
      fault,
      object && {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name: object.metadata.name ?? '',
        ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
      },
    );
  }

  /** One watch a collection that objects were delivered to. */
  #watchDrift(): void {
    const wanted = new Map(
      [...this.#targets.values()].map(({ delivered }) => [
        `${delivered.ref.group}/${delivered.ref.version}/${delivered.ref.resource}`,
        delivered.ref,
      ]),
    );
    for (const [key, stop] of this.#drift) {
      if (wanted.has(key)) continue;
      stop.abort();
      this.#drift.delete(key);
    }
    for (const [key, ref] of wanted) {
      if (this.#drift.has(key)) continue;
      const stop = new AbortController();
      this.#drift.set(key, stop);
      void this.#followCollection(ref, AbortSignal.any([stop.signal, this.#stop.signal]));
    }
  }

  async #followCollection(ref: Target['delivered']['ref'], signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const { metadata } = await this.#options.client.list(ref, { limit: 1 });
        for await (const event of this.#options.client.watch(
          ref,
          metadata.resourceVersion ? { resourceVersion: metadata.resourceVersion } : {},
          signal,
        )) {
          if (event.type === 'ERROR') break;
          if (event.type === 'MODIFIED' || event.type === 'DELETED') this.#touched(event.object);
        }
      } catch (error) {
        if (!(error instanceof StatusError) && !signal.aborted) throw error;
      }
      if (!signal.aborted) await new Promise<void>(resolve => this.#options.clock.after(RETRY_MS, resolve));
    }
  }

  #touched(object: { apiVersion: string; kind: string; metadata: { namespace?: string; name?: string } }): void {
    const { group } = kindOf(object);
    const key = identityOf({
      ref: { group },
      kind: object.kind,
      ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
      name: object.metadata.name ?? '',
    });
    const target = this.#targets.get(key);
    if (!target || this.#drifted.has(key)) return;
    this.#drifted.set(
      key,
      this.#options.clock.after(DRIFT_MS, () => {
        this.#drifted.delete(key);
        if (this.#stop.signal.aborted || this.#targets.get(key) !== target) return;
        void applyTarget(this.#options.client, target).catch(() => this.refresh());
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('Delivery stopped'));
    this.#timer?.cancel();
    this.#watch?.[Symbol.dispose]();
    for (const timer of this.#drifted.values()) timer.cancel();
    for (const stop of this.#drift.values()) stop.abort();
    this.#resolveFirst(this.#status);
    await this.#working;
  }
}
