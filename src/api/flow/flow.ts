import { type KubeObject, statusError } from '../../kernel/index.ts';
import type { ApiRequest } from '../serve/request.ts';
import type { Flow } from '../serve/services.ts';
import { type FlowSchema, flowOf, readFlowSchema, takes } from './schemas.ts';

/** One class of requests: how many may run, and how many may wait. */
export interface Level {
  readonly name: string;
  readonly seats: number;
  readonly waiting_max: number;
}

interface Waiter {
  readonly start: (leave: () => void) => void;
}

/** The queue of one flow (one user) at one level. */
interface FlowQueue {
  readonly key: string;
  readonly waiting: Waiter[];
}

const FLOW_SHARE = 0.5;

/**
 * One level's seats, dealt to flows in turn: a flow that asks for more waits in its own queue, so that a noisy client only
 * slows itself down (API priority and fairness, KEP-1040; here one queue a user instead of shuffle sharding).
 */
export class LevelQueue {
  level: Level;
  #running = 0;
  #waiting = 0;
  readonly #runningOf = new Map<string, number>();
  readonly #queues = new Map<string, FlowQueue>();
  #turn: FlowQueue[] = [];
  rejected = 0;
  dispatched = 0;

  constructor(level: Level) {
    this.level = level;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  #take(key: string): () => void {
    this.#running++;
    this.dispatched++;
    this.#runningOf.set(key, (this.#runningOf.get(key) ?? 0) + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#running--;
      const rest = this.#runningOf.get(key)! - 1;
      if (rest === 0) this.#runningOf.delete(key);
      else this.#runningOf.set(key, rest);
      this.#next();
    };
  }

  #next(): void {
    while (this.#running < this.level.seats && this.#turn.length > 0) {
      const queue = this.#turn.shift()!;
      const waiter = queue.waiting.shift()!;
      this.#waiting--;
      if (queue.waiting.length > 0) this.#turn.push(queue);
      else this.#queues.delete(queue.key);
      waiter.start(this.#take(queue.key));
    }
  }

  /** A seat for a request of flow `key`, at once or later; throws 429 when the flow's queue is full. */
  enter(key: string): (() => void) | Promise<() => void> {
    if (this.#running < this.level.seats && this.#turn.length === 0) return this.#take(key);
    const known = this.#queues.get(key);
    // One flow may fill at most its share of the waiting room, so that others always find a place.
    const room = Math.max(1, Math.floor(this.level.waiting_max * FLOW_SHARE));
    if (this.#waiting >= this.level.waiting_max || (known && known.waiting.length >= room)) {
      this.rejected++;
      throw statusError(429, 'TooManyRequests', 'too many requests, please try again later', { retryAfterSeconds: 1 });
    }
    return new Promise(resolve => {
      const queue = known ?? { key, waiting: [] };
      if (!known) {
        this.#queues.set(key, queue);
        this.#turn.push(queue);
      }
      queue.waiting.push({ start: resolve });
      this.#waiting++;
    });
  }
}

/** Seats dealt out over all levels by their shares (kube-apiserver --max-requests-inflight + --max-mutating-requests-inflight). */
const SEATS_TOTAL = 600;
const LONG_RUNNING: ReadonlySet<string> = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);

interface LevelSpec {
  readonly exempt: boolean;
  readonly shares: number;
  readonly waiting_max: number;
}

function readLevel(object: KubeObject): LevelSpec {
  const spec = (object.spec ?? {}) as {
    type?: string;
    limited?: {
      nominalConcurrencyShares?: number;
      limitResponse?: { type?: string; queuing?: { queues?: number; queueLengthLimit?: number } };
    };
  };
  const queuing =
    spec.limited?.limitResponse?.type === 'Queue' ? (spec.limited.limitResponse.queuing ?? {}) : undefined;
  return {
    exempt: spec.type === 'Exempt',
    shares: spec.limited?.nominalConcurrencyShares ?? 30,
    waiting_max: queuing ? (queuing.queues ?? 64) * (queuing.queueLengthLimit ?? 50) : 0,
  };
}

/** Sorts requests into priority levels by the cluster's FlowSchemas and PriorityLevelConfigurations. */
export class PriorityLevels implements Flow {
  readonly levels = new Map<string, LevelQueue>();
  readonly #specs = new Map<string, LevelSpec>();
  readonly #schemas = new Map<string, FlowSchema>();
  #ordered: readonly FlowSchema[] = [];

  setSchema(object: KubeObject): void {
    this.#schemas.set(object.metadata.name!, readFlowSchema(object));
    this.#order();
  }

  removeSchema(name: string): void {
    this.#schemas.delete(name);
    this.#order();
  }

  #order(): void {
    this.#ordered = [...this.#schemas.values()].sort(
      (left, right) => left.precedence - right.precedence || (left.name < right.name ? -1 : 1),
    );
  }

  setLevel(object: KubeObject): void {
    this.#specs.set(object.metadata.name!, readLevel(object));
    this.#deal();
  }

  removeLevel(name: string): void {
    this.#specs.delete(name);
    this.levels.delete(name);
    this.#deal();
  }

  /** Gives each level its seats; running requests keep theirs. */
  #deal(): void {
    let total = 0;
    for (const { exempt, shares } of this.#specs.values()) if (!exempt) total += shares;
    for (const [name, { exempt, shares, waiting_max }] of this.#specs) {
      if (exempt) {
        this.levels.delete(name);
        continue;
      }
      const seats = Math.max(1, Math.ceil((SEATS_TOTAL * shares) / Math.max(1, total)));
      const queue = this.levels.get(name);
      if (queue) queue.level = { name, seats, waiting_max };
      else this.levels.set(name, new LevelQueue({ name, seats, waiting_max }));
    }
  }

  enter(request: ApiRequest): (() => void) | undefined | Promise<() => void> {
    const { verb, target, user } = request;
    // Watches and streams hold no seat while they stand open; masters are exempt whatever schemas say.
    if (user.groups.includes('system:masters') || verb === 'watch' || LONG_RUNNING.has(target.subresource))
      return undefined;
    const schema = this.#ordered.find(one => takes(one, user, verb, target));
    if (!schema) return undefined;
    return this.levels.get(schema.level)?.enter(flowOf(schema, user, target));
  }
}
