import { formatAddress, parseAddress, parseCidr } from '../engine/addresses.ts';
import { networkFaults } from '../faults.ts';

/** Hands out the addresses of one prefix; what is taken is told at the start, so records are kept in one place only. */
export class AddressPool {
  readonly #cidr: string;
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #family: 4 | 6;
  readonly #taken = new Set<bigint>();
  #next: bigint;

  constructor(cidr: string) {
    const range = parseCidr(cidr);
    if (!range) throw networkFaults.error('cidr-invalid', { path: 'podCidrs', got: cidr });
    this.#cidr = cidr;
    this.#family = range.family;
    // The prefix itself, the node's own address and the IPv4 broadcast address are not for pods.
    this.#first = range.first + 2n;
    this.#last = range.family === 4 ? range.last - 1n : range.last;
    this.#next = this.#first;
  }

  take(address: string): void {
    const parsed = parseAddress(address);
    if (!parsed || parsed.family !== this.#family || parsed.value < this.#first || parsed.value > this.#last) return;
    this.#taken.add(parsed.value);
    if (parsed.value >= this.#next) this.#next = parsed.value + 1n;
  }

  free(address: string): void {
    const parsed = parseAddress(address);
    if (parsed?.family === this.#family) this.#taken.delete(parsed.value);
  }

  /** The next free address, going round: an address just freed is reused last. */
  allocate(): string {
    const size = this.#last - this.#first + 1n;
    for (let tried = 0n; tried < size && tried <= BigInt(this.#taken.size); tried++) {
      const value = this.#next > this.#last ? this.#first : this.#next;
      this.#next = value + 1n;
      if (this.#taken.has(value)) continue;
      this.#taken.add(value);
      return formatAddress(this.#family, value);
    }
    throw networkFaults.error('addresses-exhausted', { cidr: this.#cidr });
  }
}
