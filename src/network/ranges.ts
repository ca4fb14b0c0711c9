import type { kinds } from '../kernel/index.ts';
import { LINK_LOCAL } from './drivers/enforcement.ts';
import { canonicalCidr, contains, parseCidr } from './engine/addresses.ts';

/** Wider ranges are not led through this node: the host would lose its way to the rest of the world. */
const LENGTH_MIN = { 4: 8, 6: 48 } as const;
const LOOPBACK = ['127.0.0.0/8', '::1/128'];

/** The prefixes of cluster addresses: those the node was started with, and those ServiceCIDR objects add. */
export class ServiceRanges {
  readonly #configured: readonly string[];
  readonly #foreign: readonly string[];
  #all: readonly string[];

  /** `taken`: prefixes that mean something else on this node (its pods). */
  constructor(configured: readonly string[], taken: readonly string[]) {
    this.#configured = configured;
    this.#foreign = [...taken, ...LINK_LOCAL, ...LOOPBACK];
    this.#all = configured;
  }

  get all(): readonly string[] {
    return this.#all;
  }

  /** Takes in the objects there are, those on their way out too: their addresses may be in use. Answers what came and went. */
  set(objects: Iterable<kinds.ServiceCIDR>): {
    readonly added: readonly string[];
    readonly removed: readonly string[];
  } {
    const cidrs = [...objects].flatMap(({ spec }) => spec?.cidrs ?? []).filter(cidr => this.#usable(cidr));
    const before = this.#all;
    this.#all = [...new Set([...this.#configured, ...cidrs.flatMap(cidr => canonicalCidr(cidr) ?? [])])];
    return {
      added: this.#all.filter(cidr => !before.includes(cidr)),
      removed: before.filter(cidr => !this.#all.includes(cidr)),
    };
  }

  #usable(cidr: string): boolean {
    const range = parseCidr(cidr);
    if (!range || range.length < LENGTH_MIN[range.family]) return false;
    return !this.#foreign.some(text => {
      const other = parseCidr(text)!;
      return contains(other, range) || contains(range, other);
    });
  }
}
