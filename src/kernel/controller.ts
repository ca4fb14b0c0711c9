import type { Clock } from '../base/ports.ts';
import type { Change, Informer } from './informer.ts';
import type { KubeObject } from './object.ts';
import { isConflict } from './status.ts';
import { WorkQueue } from './workqueue.ts';

/** Thrown by a reconciler when trying again cannot help: the key is left alone until something changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** What wakes a controller: a change of an informer's objects, told as keys. */
export interface ControllerWatch {
  readonly attach: (enqueue: (key: string, delay_ms?: number) => void) => () => void;
  readonly whenSynced: () => Promise<void>;
}

/**
 * Keys to reconcile for every change of an informer. `pace` gives the milliseconds to wait for further changes of the
 * same key: what keeps an owner of thousands of objects from looking at all of them for each one.
 */
export function watchOf<T extends KubeObject>(
  informer: Informer<T>,
  keys: (change: Change<T>) => Iterable<string>,
  pace?: (key: string) => number,
): ControllerWatch {
  return {
    attach: enqueue =>
      informer.onChange(change => {
        for (const key of keys(change)) enqueue(key, pace?.(key));
      }),
    whenSynced: () => informer.whenSynced(),
  };
}

export interface ControllerOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly watches: readonly ControllerWatch[];
  /** Level-triggered: brings one key to its wanted state. A number asks to come again after so many milliseconds. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<number | undefined>;
  /** Keys worked on at the same time; never the same key twice. */
  readonly workers?: number;
  readonly report?: (error: unknown, key: string) => void;
}

/** A running controller. */
export interface Controller extends AsyncDisposable {
  readonly name: string;
  /** Keys waiting or in work. */
  readonly busy: number;
  enqueue(key: string): void;
  enqueueAfter(key: string, delay_ms: number): void;
}

/** Starts a controller: waits until its watches are synced, then reconciles. Disposing ends the key in hand first. */
export function runController(options: ControllerOptions): Controller {
  const queue = new WorkQueue({ clock: options.clock });
  const stop = new AbortController();
  const detach = options.watches.map(watch => watch.attach((key, delay_ms = 0) => queue.addAfter(key, delay_ms)));
  const work = async (): Promise<void> => {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await reconcileOne(options, queue, key, stop.signal);
      queue.done(key);
    }
  };
  let working: Promise<unknown> | undefined;
  void Promise.all(options.watches.map(watch => watch.whenSynced())).then(() => {
    working = Promise.all(Array.from({ length: options.workers ?? 1 }, work));
  });
  return {
    name: options.name,
    get busy() {
      return queue.size;
    },
    enqueue: key => queue.add(key),
    enqueueAfter: (key, delay_ms) => queue.addAfter(key, delay_ms),
    async [Symbol.asyncDispose]() {
      for (const stopListening of detach) stopListening();
      stop.abort(new Error(`Controller ${options.name} stopped`));
      queue.close();
      // A controller whose informers never synced has nothing in hand.
      await working;
    },
  };
}

async function reconcileOne(
  options: ControllerOptions,
  queue: WorkQueue,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const again_ms = await options.reconcile(key, signal);
    queue.forget(key);
    if (again_ms === undefined) return;
    if (again_ms > 0) queue.addAfter(key, again_ms);
    // A key that asks for itself at once lets everybody else have a turn first.
    else options.clock.after(0, () => queue.add(key));
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof TerminalError) {
      queue.forget(key);
      options.report?.(error, key);
      return;
    }
    if (!isConflict(error)) options.report?.(error, key);
    queue.addRateLimited(key);
  }
}
