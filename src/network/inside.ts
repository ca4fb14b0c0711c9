import { loneAddress } from './analysis/standings.ts';
import { contains, parseCidr } from './engine/addresses.ts';
import type { AddressRange, Policy } from './model.ts';

/** The prefixes by which policies select pods and nodes: where they are the same, so are verdicts. */
export class InsidePrefixes {
  readonly #byPolicy = new Map<string, readonly string[]>();
  #ranges: readonly (readonly [cidr: string, range: AddressRange])[] = [];

  /** Takes the prefixes of a document's policies in, beside those it has; true when that tells more addresses apart. */
  add(key: string, policies: readonly Policy[]): boolean {
    return this.#set(key, [...(this.#byPolicy.get(key) ?? []), ...cidrsOf(policies)]);
  }

  /** The document has these policies only; true when that tells other addresses apart. */
  settle(key: string, policies: readonly Policy[]): boolean {
    return this.#set(key, cidrsOf(policies));
  }

  #set(key: string, cidrs: readonly string[]): boolean {
    if (cidrs.length === 0 && !this.#byPolicy.has(key)) return false;
    if (cidrs.length > 0) this.#byPolicy.set(key, cidrs);
    else this.#byPolicy.delete(key);
    const before = this.#ranges.map(([cidr]) => cidr).join();
    this.#ranges = [...new Set([...this.#byPolicy.values()].flat())].sort().flatMap(cidr => {
      const range = parseCidr(cidr);
      return range ? [[cidr, range] as const] : [];
    });
    return this.#ranges.map(([cidr]) => cidr).join() !== before;
  }

  /** What tells an address from others: its range, and which prefixes it is in; undefined where no policy asks. */
  standing(address: string): { readonly key: string; readonly own: readonly AddressRange[] } | undefined {
    if (this.#ranges.length === 0) return undefined;
    const own = loneAddress(address);
    const inside = this.#ranges.filter(([, range]) => own.some(each => contains(range, each)));
    return inside.length === 0 ? undefined : { key: inside.map(([cidr]) => cidr).join(), own };
  }
}

const cidrsOf = (policies: readonly Policy[]): string[] =>
  policies.flatMap(policy =>
    policy.rules.flatMap(({ peers }) =>
      peers === 'any'
        ? []
        : peers.flatMap(peer => (peer.kind === 'addresses' && peer.inside ? [peer.cidr, ...peer.except] : [])),
    ),
  );
