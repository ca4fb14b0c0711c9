/** What goes wrong with API calls and watches that the network itself carries: refusals, lost answers, slow and closed watches. */
import type { Random } from '../../base/index.ts';
import type { Call } from './model.ts';

/** Rules hold for the processes and collections they name; those that are left out are meant all. */
interface Scope {
  readonly by?: string;
  readonly collection?: string;
}

/** A share of the calls is refused with this code before it has any effect. */
export interface RefusalRule extends Scope {
  readonly code: number;
  readonly share: number;
  /** Only calls of this verb. */
  readonly verb?: Call['verb'];
}

/** A share of the answers to writes that were done never arrives. */
export interface LossRule extends Scope {
  readonly share: number;
}

/** Events arrive in batches, held up for at most this long. */
export interface DelayRule extends Scope {
  readonly delay_ms: number;
}

/** Who holds the API server's serving certificate. */
export const API_SERVER = 'apiserver';

interface OpenWatch {
  readonly by: string;
  readonly collection: string;
  readonly close: () => void;
}

const applies = (scope: Scope, by: string, collection: string): boolean =>
  (scope.by === undefined || scope.by === by) && (scope.collection === undefined || scope.collection === collection);

const READS: ReadonlySet<Call['verb']> = new Set(['get', 'list', 'watch']);

/** The rules in force. Draws random numbers only while a rule applies, so that runs without any are not shifted. */
export class Interference {
  readonly #random: Random;
  readonly #refusals = new Set<RefusalRule>();
  readonly #losses = new Set<LossRule>();
  readonly #delays = new Set<DelayRule>();
  readonly #watches = new Set<OpenWatch>();
  /** Who holds a certificate that has expired, as often as it was said. */
  readonly #expired = new Map<string, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  refuse(rule: RefusalRule): Disposable {
    return kept(this.#refusals, rule);
  }
  lose(rule: LossRule): Disposable {
    return kept(this.#losses, rule);
  }
  delay(rule: DelayRule): Disposable {
    return kept(this.#delays, rule);
  }

  /** The certificate of a process, or of `apiserver`, is not valid any more; open connections break off. */
  expire(holder: string): Disposable {
    this.#expired.set(holder, (this.#expired.get(holder) ?? 0) + 1);
    this.closeWatches(holder === API_SERVER ? undefined : holder);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#expired.get(holder) ?? 1) - 1;
        if (left > 0) this.#expired.set(holder, left);
        else this.#expired.delete(holder);
      },
    };
  }

  /** Whose certificate keeps a process from the API: its own, or the server's. */
  untrusted(by: string): 'client' | 'server' | undefined {
    if (this.#expired.size === 0) return undefined;
    return this.#expired.has(API_SERVER) ? 'server' : this.#expired.has(by) ? 'client' : undefined;
  }

  /** The server closes these watches in order; their readers go on from where they were. Returns how many. */
  closeWatches(by?: string, collection?: string): number {
    const scope = { ...(by === undefined ? {} : { by }), ...(collection === undefined ? {} : { collection }) };
    const closed = [...this.#watches].filter(each => applies(scope, each.by, each.collection));
    for (const each of closed) each.close();
    return closed.length;
  }

  /** The code a call is refused with; undefined where it goes through. */
  refusal(by: string, verb: Call['verb'], collection: string): number | undefined {
    for (const rule of this.#refusals) {
      // Nobody conflicts with a read.
      if (rule.verb !== undefined && rule.verb !== verb) continue;
      if (!applies(rule, by, collection) || (rule.code === 409 && READS.has(verb))) continue;
      if (this.#random.next() < rule.share) return rule.code;
    }
    return undefined;
  }

  losesAnswer(by: string, collection: string): boolean {
    for (const rule of this.#losses) if (applies(rule, by, collection) && this.#random.next() < rule.share) return true;
    return false;
  }

  /** Milliseconds from now until held up events arrive. */
  holds_ms(by: string, collection: string, t: number): number {
    let longest = 0;
    for (const rule of this.#delays)
      if (applies(rule, by, collection))
        longest = Math.max(longest, (rule.delay_ms - (t % rule.delay_ms)) % rule.delay_ms);
    return longest;
  }

  opened(by: string, collection: string, close: () => void): Disposable {
    return kept(this.#watches, { by, collection, close });
  }
}

function kept<T>(rules: Set<T>, rule: T): Disposable {
  rules.add(rule);
  return { [Symbol.dispose]: () => void rules.delete(rule) };
}
