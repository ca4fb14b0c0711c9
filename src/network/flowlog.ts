import type { Random } from '../base/index.ts';
import type { FlowEnd, FlowRecord, ObservedEnd, ObservedFlow } from './flows.ts';
import type { Direction } from './model.ts';

/** Flows that are kept; older ones are forgotten. */
const FLOWS_MAX = 16_384;

/** Tells of an address what the API knows. */
export type Describe = (end: FlowEnd) => ObservedEnd;

function newId(random: Random): string {
  const hex = Buffer.from(random.bytes(16)).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** A flow as each of its sides saw it: what one let through and the other refused is two records. */
export function sidesOf(flow: FlowRecord, describe: Describe): Omit<ObservedFlow, 'uuid' | 'time_ns' | 'node'>[] {
  const source = describe(flow.source);
  const destination = describe(flow.destination);
  const common = { protocol: flow.protocol, source, destination };
  const side = (direction: Direction, last: boolean): Omit<ObservedFlow, 'uuid' | 'time_ns' | 'node'> => ({
    ...common,
    direction,
    verdict: last ? flow.verdict : 'forwarded',
    dropReason: last ? flow.dropReason : 0,
    by: flow.sides[direction] ?? 'default',
  });
  const refused = flow.verdict === 'dropped';
  if (refused && flow.direction === 'egress') return [side('egress', true)];
  const both = [side('egress', false), side('ingress', refused || destination.kind === 'pod')];
  // A side that is no pod has no policy: only the other one is told of.
  const told = both.filter(each => (each.direction === 'egress' ? source : destination).kind === 'pod');
  return told.length > 0 ? told : [both[0]!];
}

/** The last flows, and whoever wants the next ones. */
export class FlowLog {
  readonly #random: Random;
  readonly #flows: ObservedFlow[] = [];
  readonly #listeners = new Set<(flow: ObservedFlow) => void>();
  #next = 0;
  #seen = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#flows.length;
  }

  get capacity(): number {
    return FLOWS_MAX;
  }

  /** Flows since the start. */
  get seen(): number {
    return this.#seen;
  }

  add(flow: Omit<ObservedFlow, 'uuid'>): void {
    const kept = { uuid: newId(this.#random), ...flow };
    this.#flows[this.#next] = kept;
    this.#next = (this.#next + 1) % FLOWS_MAX;
    this.#seen++;
    for (const listener of this.#listeners) listener(kept);
  }

  /** From the oldest kept to the newest. */
  *oldest(): Generator<ObservedFlow> {
    const { length } = this.#flows;
    for (let at = 0; at < length; at++) yield this.#flows[length < FLOWS_MAX ? at : (this.#next + at) % FLOWS_MAX]!;
  }

  /** From the newest to the oldest kept. */
  *newest(): Generator<ObservedFlow> {
    const { length } = this.#flows;
    for (let at = 1; at <= length; at++) yield this.#flows[(this.#next - at + length) % length]!;
  }

  /** Hands out every flow to come; answers how to stop. */
  follow(listener: (flow: ObservedFlow) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
