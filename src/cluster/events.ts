import type { Clock } from '../base/ports.ts';
import type { Client } from '../kernel/client.ts';
import type { KubeObject } from '../kernel/object.ts';
import { isAlreadyExists, isNotFound, StatusError } from '../kernel/status.ts';
import type { Note } from './effect.ts';
import { EVENTS } from './refs.ts';
import { formatTime } from './time.ts';

export interface EventRecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly report?: (error: unknown) => void;
}

/** Bounds as client-go's EventCorrelator has them. */
const SIMILAR_MAX = 10;
const SIMILAR_WINDOW_MS = 600_000;
const BURST_MAX = 25;
const REFILL_MS = 300_000;
const REMEMBERED_MAX = 4_096;
const QUEUE_MAX = 20_000;
const WRITERS = 4;
/** A write that got no answer is tried again so often, after this pause (client-go, record.EventBroadcaster). */
const TRIES_MAX = 12;
const AGAIN_MS = 10_000;

interface Series {
  readonly name: string;
  readonly namespace: string;
  readonly first_ms: number;
  readonly component: string;
  readonly host: string | undefined;
  note: Note;
  message: string;
  count: number;
  /** The count the API has; 0 before the event is created. */
  written: number;
  /** Waiting, in the queue or with a writer: a series is written by one at a time. */
  queued: boolean;
  /** Writes in a row that failed. */
  failures: number;
}

interface Similar {
  readonly messages: Set<string>;
  since_ms: number;
}

interface Bucket {
  tokens: number;
  at_ms: number;
}

/**
 * Writes Events about objects. Repeats raise a count, more than ten different messages of one reason within ten minutes
 * become one, and an object that floods is cut to a burst of 25: memory, queue and store stay bounded.
 */
export class EventRecorder implements AsyncDisposable {
  /** Events not written because the queue was full or an object flooded. */
  dropped = 0;
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();
  readonly #similar = new Map<string, Similar>();
  readonly #buckets = new Map<string, Bucket>();
  readonly #queue: Series[] = [];
  #writers = 0;
  #order = 0;
  readonly #idle: (() => void)[] = [];

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** The `note` function of one component (`replicaset-controller`). */
  as(component: string, host?: string): (note: Note) => void {
    return note => this.#record(component, host, note);
  }

  /** Writes what is queued, then stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#writers > 0) await new Promise<void>(resolve => this.#idle.push(resolve));
  }

  #record(component: string, host: string | undefined, note: Note): void {
    const now_ms = this.#options.clock.now();
    const about = `${component}|${note.about.kind}|${note.about.metadata.uid ?? note.about.metadata.name}`;
    if (!this.#allow(about, now_ms)) {
      this.dropped++;
      return;
    }
    const message = this.#aggregate(`${about}|${note.type}|${note.reason}`, note.message, now_ms);
    const key = `${about}|${note.type}|${note.reason}|${message.combined ? '' : message.text}`;
    const known = this.#series.get(key);
    if (known) {
      known.count++;
      known.note = note;
      known.message = message.text;
      return this.#enqueue(known);
    }
    const series: Series = {
      name: `${note.about.metadata.name}.${(BigInt(Math.floor(now_ms)) * 1_000_000n + BigInt(this.#order++ % 1_000_000)).toString(16)}`,
      namespace: note.about.metadata.namespace ?? 'default',
      first_ms: now_ms,
      component,
      host,
      note,
      message: message.text,
      count: 1,
      written: 0,
      queued: false,
      failures: 0,
    };
    remember(this.#series, key, series);
    this.#enqueue(series);
  }

  #allow(about: string, now_ms: number): boolean {
    const bucket = this.#buckets.get(about) ?? { tokens: BURST_MAX, at_ms: now_ms };
    bucket.tokens = Math.min(BURST_MAX, bucket.tokens + (now_ms - bucket.at_ms) / REFILL_MS);
    bucket.at_ms = now_ms;
    remember(this.#buckets, about, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  #aggregate(key: string, text: string, now_ms: number): { text: string; combined: boolean } {
    const known = this.#similar.get(key);
    const similar =
      known && now_ms - known.since_ms < SIMILAR_WINDOW_MS ? known : { messages: new Set<string>(), since_ms: now_ms };
    remember(this.#similar, key, similar);
    if (similar.messages.size < SIMILAR_MAX) similar.messages.add(text);
    return similar.messages.has(text)
      ? { text, combined: false }
      : { text: `(combined from similar events): ${text}`, combined: true };
  }

  #enqueue(series: Series): void {
    if (series.queued) return;
    series.queued = true;
    this.#push(series);
  }

  #push(series: Series): void {
    if (this.#queue.length >= QUEUE_MAX) {
      series.queued = false;
      this.dropped++;
      return;
    }
    this.#queue.push(series);
    if (this.#writers < WRITERS) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#writers++;
    while (this.#queue.length > 0) {
      for (const series of this.#queue.splice(0, 64)) {
        const failed = await this.#write(series).then(
          () => undefined,
          (error: unknown) => error ?? true,
        );
        if (failed !== undefined && this.#waits(series, failed)) continue;
        series.queued = false;
        if (failed === undefined) series.failures = 0;
        if (failed === undefined && series.written < series.count) this.#enqueue(series);
      }
    }
    this.#writers--;
    if (this.#writers === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** True when the write is tried again later: nobody answered. What was refused is dropped until it happens once more. */
  #waits(series: Series, error: unknown): boolean {
    this.#options.report?.(error);
    const passing = error instanceof StatusError && (error.code >= 500 || error.code === 429);
    if (!passing || ++series.failures >= TRIES_MAX) {
      series.failures = 0;
      this.dropped++;
      return false;
    }
    this.#options.clock.after(AGAIN_MS, () => this.#push(series));
    return true;
  }

  async #write(series: Series): Promise<void> {
    const { count, message } = series;
    if (series.written === 0) return this.#create(series);
    const patch = { count, lastTimestamp: formatTime(this.#options.clock.now()), message: message.slice(0, 1024) };
    try {
      await this.#options.client.patch(
        EVENTS,
        { namespace: series.namespace, name: series.name },
        { type: 'merge', patch },
      );
      series.written = count;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await this.#create(series);
    }
  }

  async #create(series: Series): Promise<void> {
    const { note, component, host, count } = series;
    const made = this.#options.client.create(
      EVENTS,
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: series.name, namespace: series.namespace },
        involvedObject: referenceTo(note.about),
        reason: note.reason,
        message: series.message.slice(0, 1024),
        source: { component, ...(host ? { host } : {}) },
        firstTimestamp: formatTime(series.first_ms),
        lastTimestamp: formatTime(this.#options.clock.now()),
        count,
        type: note.type,
        eventTime: null,
        reportingComponent: component,
        reportingInstance: host ?? '',
      },
      { namespace: series.namespace },
    );
    // The answer to an earlier try was lost: the count is brought up by the next write.
    series.written = await made.then(
      () => count,
      (error: unknown) => {
        if (isAlreadyExists(error)) return 1;
        throw error;
      },
    );
  }
}

/** A map as a bounded memory: the entry used longest ago is forgotten first. */
function remember<V>(memory: Map<string, V>, key: string, value: V): void {
  memory.delete(key);
  memory.set(key, value);
  if (memory.size > REMEMBERED_MAX) memory.delete(memory.keys().next().value!);
}

/** v1 ObjectReference to an object. */
export function referenceTo(object: KubeObject): { [field: string]: string } {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    kind: object.kind,
    ...(namespace ? { namespace } : {}),
    name: name ?? '',
    ...(uid ? { uid } : {}),
    apiVersion: object.apiVersion,
    ...(resourceVersion ? { resourceVersion } : {}),
  };
}
