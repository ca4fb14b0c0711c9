import type { Cached, Observer, Violation } from '../model.ts';
import type { View } from './view.ts';
import type { Weather } from './weather.ts';

/** An invariant: an observer of the run that tells of what must not be. It knows no controller's inside. */
export interface Invariant extends Observer {
  readonly name: string;
  /** What really runs at the end (uid -> node), and what processes hold to be so. */
  truth?(running: ReadonlyMap<string, string>, caches: readonly Cached[]): void;
}

/** What all invariants of a run share, and where violations go. */
export interface Watchdog {
  readonly view: View;
  readonly weather: Weather;
  /** Virtual milliseconds that everything has to converge in after the last disruption. */
  readonly quiet_ms: number;
  /** Milliseconds since the epoch at the start of the run. */
  readonly start_ms: number;
  /** Convergence is asked for at the end though nothing was disrupted. */
  readonly always: boolean;
  /** How often a minute a field may be turned back and forth. */
  readonly fights_max: number;
  violated(invariant: string, about: string, message: string): void;
}

export interface InvariantOptions {
  readonly violated: (violation: Violation) => void;
  readonly quiet_ms: number;
  readonly start_ms: number;
  readonly always?: boolean;
  readonly fights_max?: number;
}
