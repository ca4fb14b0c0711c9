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

/**
 * A flow as each of its sides saw it: what one let through and the other refused is two records. The side of a pod on
 * another node is told by that node, unless it was refused here.
 */
export function sidesOf(
  flow: FlowRecord,
  describe: Describe,
  isHere: (end: ObservedEnd) => boolean = () => true,
): Omit<ObservedFlow, 'uuid' | 'time_ns' | 'node'>[] {
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
  if (flow.isHost) return [side(flow.direction, true)];
  const refused = flow.verdict === 'dropped';
  if (refused && flow.direction === 'egress') return [side('egress', true)];
  const both = [side('egress', false), side('ingress', refused || destination.kind === 'pod')];
  // A side that is no pod has no policy: only the other one is told of.
  const told = both.filter(each => {
    const end = each.direction === 'egress' ? source : destination;
    return end.kind === 'pod' && (each.verdict === 'dropped' || isHere(end));
  });
  return told.length > 0 ? told : [both[0]!];
}

/** Where flows were lost: the kernel had no room to tell of them, or they were forgotten before they were read. */
export type LostIn = 'kernel' | 'log';

/** Who follows a log: every flow to come, and how many of a node's nobody will be told of. */
export interface FlowListener {
  flow(flow: ObservedFlow): void;
  lost?(count: number, node: string, where: LostIn): void;
}

/** The last flows, and whoever wants the next ones. */
export class FlowLog {
  /** Tells this log from that of an earlier run: places in one mean nothing in another. */
  readonly run: string;
  /** Other nodes whose flows come in here, and whether they do now. */
  readonly nodes = new Map<string, boolean>();
  readonly #random: Random;
  readonly #flows: ObservedFlow[] = [];
  readonly #listeners = new Set<FlowListener>();
  #next = 0;
  #seen = 0;

  constructor(random: Random) {
    this.#random = random;
    this.run = newId(random);
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
    this.keep({ uuid: newId(this.#random), ...flow });
  }

  /** Takes a flow as another node told of it. */
  keep(kept: ObservedFlow): void {
    this.#flows[this.#next] = kept;
    this.#next = (this.#next + 1) % FLOWS_MAX;
    this.#seen++;
    for (const listener of this.#listeners) listener.flow(kept);
  }

  /** Flows of a node that are not in this log and never will be. */
  lose(count: number, node: string, where: LostIn): void {
    for (const listener of this.#listeners) listener.lost?.(count, node, where);
  }

  /** The flow at a place, counted from 0 at the start; undefined when it is forgotten or yet to come. */
  at(place: number): ObservedFlow | undefined {
    return place >= this.#seen - this.size && place < this.#seen ? this.#flows[place % FLOWS_MAX] : undefined;
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
  follow(listener: FlowListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
