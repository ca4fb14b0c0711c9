import type { Disruption, Observer } from '../model.ts';

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

/** Which disruptions are under way, and how long ago they ended: what a promise is not given in. */
export class Weather implements Observer {
  t = 0;
  readonly #active = new Map<string, number>();
  readonly #ended = new Map<string, number>();

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

  /** Milliseconds since the last disruption of any kind ended; undefined where there never was one. */
  get over_ms(): number | undefined {
    const kinds = [...this.#active.keys()];
    return kinds.length === 0 ? undefined : this.calm_ms(kinds, this.t);
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
