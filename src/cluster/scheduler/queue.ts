import { type Clock, Heap } from '../../base/index.ts';
import type { Pod } from '../types.ts';
import { priorityOf } from './preempt.ts';

/** What happened in the cluster, as far as waiting pods care. */
export type ClusterEvent = 'node' | 'pod-gone' | 'pod-here' | 'volume' | 'namespace' | 'time';

/** Which event may lift which plugin's refusal (the queueing hints of kube-scheduler's plugins). */
const HELPS: Readonly<Record<string, readonly ClusterEvent[]>> = {
  NodeAdd: ['node'],
  NodeUnschedulable: ['node'],
  NodeName: ['node'],
  TaintToleration: ['node'],
  NodeAffinity: ['node'],
  NodePorts: ['node', 'pod-gone'],
  NodeResourcesFit: ['node', 'pod-gone'],
  VolumeRestrictions: ['pod-gone', 'volume', 'node'],
  VolumeBinding: ['volume', 'node'],
  PodTopologySpread: ['node', 'pod-gone', 'pod-here'],
  InterPodAffinity: ['node', 'pod-gone', 'pod-here', 'namespace'],
};

interface Waiting {
  pod: Pod;
  attempts: number;
  /** Order of arrival among equals. */
  readonly order: number;
  since_ms: number;
  plugins: ReadonlySet<string>;
}

const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 10_000;
/** Pods nothing woke are tried again after this long. */
const UNSCHEDULABLE_MS_MAX = 300_000;
const SWEEP_MS = 30_000;

/**
 * Pods that wait for a node: active ones by priority and age, those in back-off, and those no event gave new hope yet.
 * A pod is in exactly one of the three.
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #wake: () => void;
  readonly #active = new Heap<Waiting>(before);
  readonly #known = new Map<string, Waiting>();
  readonly #unschedulable = new Map<string, Waiting>();
  /** Events that came while a pod was being tried; a refusal they may have lifted sends it back at once. */
  #missed = new Set<ClusterEvent>();
  #order = 0;
  #sweeping = false;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  get activeCount(): number {
    return this.#active.size;
  }
  get unschedulableCount(): number {
    return this.#unschedulable.size;
  }

  /** A new pod, or a changed one, whose change may be what it needed. */
  offer(pod: Pod, changed: boolean): void {
    const uid = pod.metadata.uid;
    const known = this.#known.get(uid);
    if (known) {
      known.pod = pod;
      if (changed && this.#unschedulable.delete(uid)) this.#activate(known);
      return;
    }
    const entry: Waiting = {
      pod,
      attempts: 0,
      order: this.#order++,
      since_ms: this.#clock.monotonic(),
      plugins: new Set(),
    };
    this.#known.set(uid, entry);
    this.#activate(entry);
  }

  forget(uid: string): void {
    this.#known.delete(uid);
    this.#unschedulable.delete(uid);
  }

  /** The most important active pod. */
  next(): Pod | undefined {
    for (let entry = this.#active.pop(); entry; entry = this.#active.pop()) {
      if (this.#known.get(entry.pod.metadata.uid) !== entry) continue;
      entry.attempts++;
      this.#missed = new Set();
      return entry.pod;
    }
    return undefined;
  }

  /** Puts a pod back that found no node. */
  refused(uid: string, plugins: ReadonlySet<string>): void {
    const entry = this.#known.get(uid);
    if (!entry) return;
    entry.plugins = plugins;
    entry.since_ms = this.#clock.monotonic();
    if ([...this.#missed].some(event => helps(entry, event))) return this.#backOff(entry);
    this.#unschedulable.set(uid, entry);
    this.#sweep();
  }

  /** Puts a pod back whose attempt broke for a reason of ours. */
  failed(uid: string): void {
    const entry = this.#known.get(uid);
    if (!entry) return;
    // The pause begins now, however long the pod has waited: a server that refuses at once is not asked again at once.
    entry.since_ms = this.#clock.monotonic();
    this.#backOff(entry);
  }

  /** Something happened: the pods it may help go back through their back-off. */
  happened(event: ClusterEvent): void {
    this.#missed.add(event);
    for (const [uid, entry] of this.#unschedulable) {
      if (!helps(entry, event)) continue;
      this.#unschedulable.delete(uid);
      this.#backOff(entry);
    }
  }

  #activate(entry: Waiting): void {
    this.#active.push(entry);
    this.#wake();
  }

  #backOff(entry: Waiting): void {
    const pause_ms = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(Math.max(0, entry.attempts - 1), 10));
    const left_ms = entry.since_ms + pause_ms - this.#clock.monotonic();
    if (left_ms <= 0) return this.#activate(entry);
    this.#clock.after(left_ms, () => {
      if (this.#known.get(entry.pod.metadata.uid) === entry) this.#activate(entry);
    });
  }

  #sweep(): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    this.#clock.after(SWEEP_MS, () => {
      this.#sweeping = false;
      for (const [uid, entry] of this.#unschedulable) {
        if (this.#clock.monotonic() - entry.since_ms < UNSCHEDULABLE_MS_MAX) continue;
        this.#unschedulable.delete(uid);
        this.#activate(entry);
      }
      if (this.#unschedulable.size > 0) this.#sweep();
    });
  }
}

const helps = (entry: Waiting, event: ClusterEvent): boolean =>
  entry.plugins.size === 0 || [...entry.plugins].some(plugin => (HELPS[plugin] ?? [event]).includes(event));

const before = (a: Waiting, b: Waiting): boolean => {
  const difference = priorityOf(a.pod) - priorityOf(b.pod);
  return difference === 0 ? a.order < b.order : difference > 0;
};
