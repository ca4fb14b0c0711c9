/** One figure, ours beside the peer's in the same run (CONTRACTS, "tenon bench"). */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** Absent when the peer is not on this machine: its ratio is then left out, never remembered. */
  readonly peer?: { readonly value: number; readonly which: string; readonly version: string };
  readonly missingPeer?: string;
  readonly better: 'lower' | 'higher';
  readonly n: number;
  /** (max - min) / median of our runs. */
  readonly spread: number;
  /** CPU seconds of our process over the runs, where they could be read. */
  readonly cpu_s?: number;
  /** Bound on ours (`absolute`), or on ours / peer (`ratio`). */
  readonly target?: { readonly kind: 'absolute' | 'ratio'; readonly bound: number };
}

export interface BenchContext {
  readonly root: string;
  readonly quick: boolean;
  readonly signal: AbortSignal;
  /** A folder of its own, removed afterwards. */
  readonly scratch: string;
}

export interface Bench {
  readonly name: string;
  readonly what: string;
  /** Throws when an answer found while measuring is wrong. */
  run(context: BenchContext): AsyncIterable<Measure>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** (max - min) / median; 0 for a single run. */
export function spread(values: readonly number[]): number {
  return values.length < 2 ? 0 : (Math.max(...values) - Math.min(...values)) / median(values);
}

/** Value at a quantile of unsorted values. */
export function quantile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))]!;
}

/** Whether a measure meets its target; undefined when it has none, or its peer is missing. */
export function isMet({ ours, peer, better, target }: Measure): boolean | undefined {
  if (!target) return undefined;
  if (target.kind === 'ratio' && !peer) return undefined;
  const value = target.kind === 'ratio' ? ours / peer!.value : ours;
  return better === 'lower' ? value <= target.bound : value >= target.bound;
}
