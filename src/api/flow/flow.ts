import { statusError } from '../../kernel/index.ts';
import type { ApiRequest } from '../serve/request.ts';
import type { Flow } from '../serve/services.ts';

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
  readonly level: Level;
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

const LEVELS: readonly Level[] = [
  { name: 'system', seats: 64, waiting_max: 4096 },
  { name: 'leader-election', seats: 16, waiting_max: 512 },
  { name: 'workload-high', seats: 64, waiting_max: 4096 },
  { name: 'workload-low', seats: 64, waiting_max: 4096 },
  { name: 'global-default', seats: 64, waiting_max: 2048 },
  { name: 'catch-all', seats: 8, waiting_max: 256 },
];

const LONG_RUNNING: ReadonlySet<string> = new Set(['log', 'exec', 'attach', 'portforward', 'proxy']);

/** Sorts requests into levels as the suggested FlowSchemas do, one flow a user. */
export class PriorityLevels implements Flow {
  readonly levels: ReadonlyMap<string, LevelQueue>;

  constructor(levels: readonly Level[] = LEVELS) {
    this.levels = new Map(levels.map(level => [level.name, new LevelQueue(level)]));
  }

  #levelOf(request: ApiRequest): string {
    const { user, target } = request;
    const { groups } = user;
    if (groups.includes('system:unauthenticated')) return 'catch-all';
    if (groups.includes('system:nodes')) return 'system';
    if (target.resource === 'leases') return 'leader-election';
    if (groups.includes('system:serviceaccounts:kube-system')) return 'workload-high';
    if (groups.includes('system:serviceaccounts')) return 'workload-low';
    return 'global-default';
  }

  enter(request: ApiRequest): (() => void) | undefined | Promise<() => void> {
    const { verb, target, user } = request;
    // Masters are exempt; watches and streams hold no seat while they stand open.
    if (user.groups.includes('system:masters') || verb === 'watch' || LONG_RUNNING.has(target.subresource))
      return undefined;
    if (!target.isResource && (target.path === '/healthz' || target.path === '/livez' || target.path === '/readyz'))
      return undefined;
    const level = this.levels.get(this.#levelOf(request)) ?? [...this.levels.values()][0]!;
    return level.enter(user.name);
  }
}
