import type { Fault } from '../../../base/index.ts';
import type { Disruption, Observer } from '../model.ts';
import type { RunLog } from '../log.ts';
import { checkDisruption, checkTarget } from './check.ts';
import { disruptionFaults } from './faults.ts';
import { DISRUPTION_KINDS, settingOf } from './kinds.ts';
import type { Disruptable } from './ports.ts';

export interface DisruptorOptions {
  readonly on: Disruptable;
  readonly log: RunLog;
  readonly observers: readonly Observer[];
  /** Virtual milliseconds since the start. */
  readonly now: () => number;
  /** Calls after so many virtual milliseconds. */
  readonly after: (delay_ms: number, action: () => void) => void;
}

interface Active {
  readonly disruption: Disruption;
  readonly heal: Disposable;
}

/** Begins and heals disruptions, and tells observers of both. */
export class Disruptor {
  readonly #options: DisruptorOptions;
  readonly #active = new Map<string, Active>();

  constructor(options: DisruptorOptions) {
    this.#options = options;
  }

  get active(): readonly Disruption[] {
    return [...this.#active.values()].map(each => each.disruption);
  }

  /** Begins a disruption now; it heals by itself after `for_ms`. What is wrong with it, or nothing. */
  begin(disruption: Disruption): Fault[] {
    const faults = checkDisruption(disruption);
    const kind = DISRUPTION_KINDS.get(disruption.kind);
    if (faults.length > 0 || !kind) return faults;
    const { on, after } = this.#options;
    const missing = checkTarget(disruption, kind, { nodes: on.world.nodes(), processes: on.processes.names });
    if (missing.length > 0) return missing;
    this.heal(disruption.name);
    const { target = '', for_ms, settings } = disruption;
    const setting = (name: string): unknown => settingOf(kind, settings, name);
    const heal = kind.apply({
      on,
      target,
      number: name => setting(name) as number,
      text: name => setting(name) as string,
      is: name => setting(name) as boolean,
      for_ms,
    });
    if (!heal || (kind.needsDisk && !on.api.disk))
      return [disruptionFaults.make('not-here', { kind: kind.name }, disruption.where)];
    this.#tell(disruption, true);
    if (kind.once) this.#tell(disruption, false);
    else {
      const active = { disruption, heal };
      this.#active.set(disruption.name, active);
      if (for_ms !== undefined)
        after(for_ms, () => {
          if (this.#active.get(disruption.name) === active) this.heal(disruption.name);
        });
    }
    return [];
  }

  /** Ends a disruption before its time; false when there is none of that name. */
  heal(name: string): boolean {
    const active = this.#active.get(name);
    if (!active) return false;
    this.#active.delete(name);
    active.heal[Symbol.dispose]();
    this.#tell(active.disruption, false);
    return true;
  }

  /** Begins each at its time. Faults of those that cannot be are told where they are found. */
  schedule(disruptions: readonly Disruption[], told: (fault: Fault) => void): void {
    const { after, now } = this.#options;
    for (const disruption of disruptions)
      after(Math.max(0, disruption.at_ms - now()), () => {
        for (const fault of this.begin(disruption)) told(fault);
      });
  }

  #tell(disruption: Disruption, active: boolean): void {
    const { log, observers, now } = this.#options;
    const { kind, name, target } = disruption;
    log.write('disruption', active ? 'begin' : 'heal', name, { kind, target: target ?? null });
    for (const observer of observers) observer.disrupted?.(disruption, active, now());
  }
}
