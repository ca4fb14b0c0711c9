/** The load a cluster was under, out of the connections its network saw. */

/** One connection (or refused packet) as the network tells it. */
export interface SeenFlow {
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
  readonly protocol: string;
  readonly verdict: 'forwarded' | 'dropped';
}

/** Who asks whom; a service by its port, so that it can be sent to again. */
export interface LoadPair {
  /** `internet` or `namespace/workload`. */
  readonly from: string;
  /** `namespace/service:port`. */
  readonly to: string;
}

/** A load as a rate: `counts[i]` connections in the `step_ms` from `i * step_ms` on. */
export interface RecordedLoad extends LoadPair {
  readonly counts: readonly number[];
}

export const LOAD_STEP_MS = 5_000;
const PAIRS_MAX = 500;
/** A connection is told of again while it is used; it counts once, however long. */
const CONNECTIONS_MAX = 100_000;

/** Counts connections by pair and time. */
export class LoadRecorder {
  readonly #pairs = new Map<string, LoadPair & { readonly counts: number[] }>();
  /** By its four numbers, when it was last told of; those at rest longest are forgotten first. */
  readonly #known = new Map<string, number>();
  /** Pairs that were too many. */
  leftOut = 0;

  /** A flow at `t`, milliseconds since the recording began. */
  add(t: number, flow: SeenFlow, pair: LoadPair): void {
    const { source, destination, protocol } = flow;
    const connection = `${protocol} ${source.address}:${source.port} ${destination.address}:${destination.port}`;
    const known = this.#known.delete(connection);
    this.#known.set(connection, t);
    if (this.#known.size > CONNECTIONS_MAX) this.#known.delete(this.#known.keys().next().value!);
    if (known) return;
    const key = `${pair.from} ${pair.to}`;
    let counted = this.#pairs.get(key);
    if (!counted) {
      if (this.#pairs.size >= PAIRS_MAX) {
        this.leftOut++;
        return;
      }
      this.#pairs.set(key, (counted = { ...pair, counts: [] }));
    }
    const step = Math.floor(t / LOAD_STEP_MS);
    while (counted.counts.length <= step) counted.counts.push(0);
    counted.counts[step]!++;
  }

  /** Every pair over the whole of the recording, by name. */
  loads(length_ms: number): readonly RecordedLoad[] {
    const steps = Math.max(1, Math.ceil(length_ms / LOAD_STEP_MS));
    return [...this.#pairs.values()]
      .map(({ from, to, counts }) => ({ from, to, counts: Array.from({ length: steps }, (_, at) => counts[at] ?? 0) }))
      .sort((left, right) => (`${left.from} ${left.to}` < `${right.from} ${right.to}` ? -1 : 1));
  }
}

/** The recording as a trace file: seconds since the start, connections a second. */
export function traceText({ counts }: RecordedLoad): string {
  const rows = counts.map((count, step) => `${(step * LOAD_STEP_MS) / 1000},${count / (LOAD_STEP_MS / 1000)}`);
  return ['time,value', ...rows, ''].join('\n');
}
