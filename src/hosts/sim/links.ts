/** The network between places, as calls and requests see it. */
import type { Random } from '../../base/index.ts';

export interface Passage {
  readonly open: boolean;
  readonly latency_ms: number;
}

const FREE: Passage = { open: true, latency_ms: 0 };
const SHUT: Passage = { open: false, latency_ms: 0 };

export interface LinkSettings {
  readonly latency_ms: number;
  /** Uniform, added to the latency. */
  readonly jitter_ms: number;
  /** Share of messages that never arrive. */
  readonly loss: number;
  /** Instead of latency and jitter. */
  readonly drawn?: (random: Random) => number;
}

/** How long one message takes over a link. */
export function latencyOf({ latency_ms, jitter_ms, drawn }: LinkSettings, random: Random): number {
  if (drawn) return drawn(random);
  return jitter_ms > 0 ? latency_ms + random.next() * jitter_ms : latency_ms;
}

const keyOf = (from: string, to: string): string => `${from}\n${to}`;

/** Links go one way; a place is a zone, `control`, or `kubelet/NODE`. What was never set is free. */
export class Links {
  readonly #random: Random;
  readonly #settings = new Map<string, LinkSettings>();
  readonly #cuts = new Map<string, number>();
  /** Places that hear and reach nobody. */
  readonly #alone = new Map<string, number>();
  readonly #parents = new Map<string, string>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** What cuts the zone off cuts this place off too. */
  within(place: string, zone: string): void {
    this.#parents.set(place, zone);
  }

  /** Without settings the link is free again. */
  set(from: string, to: string, settings: LinkSettings | undefined): void {
    if (settings) this.#settings.set(keyOf(from, to), settings);
    else this.#settings.delete(keyOf(from, to));
  }

  settings(from: string, to: string): LinkSettings | undefined {
    return this.#settings.get(keyOf(from, to));
  }

  /** What was set for the way between two places: for them, else for the zones they are in. */
  between(from: string, to: string): LinkSettings | undefined {
    return from === to || this.#settings.size === 0 ? undefined : this.#of(from, to);
  }

  /** The zone a place was put in. */
  zoneOf(place: string): string | undefined {
    return this.#parents.get(place);
  }

  /** Nothing passes from one to the other until healed as often as it was cut. */
  cut(from: string, to: string): void {
    this.#cuts.set(keyOf(from, to), (this.#cuts.get(keyOf(from, to)) ?? 0) + 1);
  }

  heal(from: string, to: string): void {
    const left = (this.#cuts.get(keyOf(from, to)) ?? 0) - 1;
    if (left > 0) this.#cuts.set(keyOf(from, to), left);
    else this.#cuts.delete(keyOf(from, to));
  }

  isolate(place: string): void {
    this.#alone.set(place, (this.#alone.get(place) ?? 0) + 1);
  }

  join(place: string): void {
    const left = (this.#alone.get(place) ?? 0) - 1;
    if (left > 0) this.#alone.set(place, left);
    else this.#alone.delete(place);
  }

  /** True while every message arrives at once. */
  get quiet(): boolean {
    return this.#settings.size === 0 && this.#cuts.size === 0 && this.#alone.size === 0;
  }

  /** Whether messages pass at all, loss aside. */
  reaches(from: string, to: string): boolean {
    return from === to || this.#cuts.size + this.#alone.size === 0 || !this.#shut(from, to);
  }

  /** What becomes of a message sent now. */
  passage(from: string, to: string): Passage {
    if (from === to) return FREE;
    if (this.#cuts.size + this.#alone.size > 0 && this.#shut(from, to)) return SHUT;
    if (this.#settings.size === 0) return FREE;
    const settings = this.#of(from, to);
    if (!settings) return FREE;
    if (settings.loss > 0 && this.#random.next() < settings.loss) return SHUT;
    return { open: true, latency_ms: latencyOf(settings, this.#random) };
  }

  #shut(from: string, to: string): boolean {
    for (const one of this.#line(from))
      for (const other of this.#line(to)) if (one !== other && this.#cuts.has(keyOf(one, other))) return true;
    return (
      this.#line(from).some(place => this.#alone.has(place)) || this.#line(to).some(place => this.#alone.has(place))
    );
  }

  #of(from: string, to: string): LinkSettings | undefined {
    for (const one of this.#line(from))
      for (const other of this.#line(to)) {
        const settings = this.#settings.get(keyOf(one, other));
        if (settings) return settings;
      }
    return undefined;
  }

  #line(place: string): readonly string[] {
    const zone = this.#parents.get(place);
    return zone === undefined ? [place] : [place, zone];
  }
}
