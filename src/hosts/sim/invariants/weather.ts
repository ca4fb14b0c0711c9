import type { Commit, Disruption, Observer } from '../model.ts';

/** Kinds by which a process may not know what is, or what became of its own writes. */
export const BLINDING: readonly string[] = [
  'LostAnswer',
  'Partition',
  'Latency',
  'StoreCrash',
  'DiskFull',
  'DiskError',
];
/** Kinds that make a process late. */
export const DELAYING: readonly string[] = [
  ...BLINDING,
  'WatchDelay',
  'WatchClose',
  'WatchOutage',
  'ApiError',
  'ProcessCrash',
  'ClockSkew',
  'NodeLoss',
];

/**
 * Which disruptions are under way, how long ago they ended, and when somebody last asked for something else: what a promise is
 * not given in. The one place that says whether it is too soon to judge.
 */
export class Weather implements Observer {
  t = 0;
  readonly #active = new Map<string, number>();
  readonly #ended = new Map<string, number>();
  /** When an object that no controller owns was last made, taken away, or asked to be otherwise. */
  #asked_ms = 0;

  commit({ object, before, t }: Commit): void {
    const { metadata } = (object ?? before)!;
    if (metadata.ownerReferences?.some(({ controller }) => controller)) return;
    const { generation } = object?.metadata ?? {};
    if (!object || (generation !== undefined && generation !== before?.metadata.generation)) this.#asked_ms = t;
  }

  end(t: number): void {
    this.t = t;
  }

  disrupted({ kind, settings }: Disruption, active: boolean, t: number): void {
    this.t = t;
    const count = (this.#active.get(kind) ?? 0) + (active ? 1 : -1);
    this.#active.set(kind, count);
    // What is crashed comes back after its own time.
    const back_ms = kind === 'ProcessCrash' || kind === 'StoreCrash' ? Number(settings.restart_ms ?? 0) : 0;
    if (!active) this.#ended.set(kind, Math.max(this.#ended.get(kind) ?? 0, t + back_ms));
    else if (back_ms > 0) this.#ended.set(kind, Math.max(this.#ended.get(kind) ?? 0, t + back_ms));
  }

  /** Whether there was a disruption, and everything was left alone for so long at the end: by disruptions and by people. */
  settled(for_ms: number): boolean {
    const kinds = [...this.#active.keys()];
    return kinds.length > 0 && Math.min(this.calm_ms(kinds, this.t), this.t - this.#asked_ms) >= for_ms;
  }

  /** Milliseconds since the last of these kinds ended; infinite where there never was one, 0 while one lasts. */
  calm_ms(kinds: readonly string[], t: number): number {
    let calm = Number.POSITIVE_INFINITY;
    for (const kind of kinds) {
      if ((this.#active.get(kind) ?? 0) > 0) return 0;
      const ended = this.#ended.get(kind);
      if (ended !== undefined) calm = Math.min(calm, Math.max(0, t - ended));
    }
    return calm;
  }
}
