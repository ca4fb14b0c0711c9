import type { JointPeer } from '../engine/datapathtables.ts';
import type { Decisions, IdentityNumber } from '../engine/decisions.ts';
import type { ServicePort } from '../engine/services.ts';

/** Numbers of Services' addresses are above those of identities. */
const FIRST = 0x8000_0000;

/** Addresses of Services to one sender that uses them before they are rewritten: each may be used where all its endpoints may. */
export class ServicePeers {
  readonly #numbers = new Map<string, number>();
  #text = '';
  list: readonly JointPeer[] = [];

  /** Reads Services again, as `subject` may use them; `isOwn` says which endpoints it always may. True when they are others. */
  refresh(
    services: readonly ServicePort[],
    subject: IdentityNumber,
    {
      decisions,
      addresses,
    }: { readonly decisions: Decisions; readonly addresses: ReadonlyMap<string, IdentityNumber> },
    isOwn: (address: string) => boolean,
  ): boolean {
    const peers = new Map<string, JointPeer & { ports: JointPeer['ports'][number][] }>();
    for (const { addresses: own, externalAddresses, protocol, port, endpoints } of services) {
      const walks = endpoints
        .filter(({ address }) => !isOwn(address))
        .map(endpoint => {
          const number = addresses.get(endpoint.address) ?? decisions.addressIdentity(endpoint.address);
          return decisions.walkOf('egress', subject, number, protocol, endpoint.port);
        });
      const refused = walks.find(walk => walk && (!walk.allowed || walk.requests));
      const walk = refused ?? walks[0];
      const entry = { protocol, port, allowed: endpoints.length > 0 && !refused, ...(walk ? { walk } : {}) };
      for (const address of [...own, ...externalAddresses]) {
        const known = peers.get(address);
        if (known) known.ports.push(entry);
        else peers.set(address, { address, number: this.#numberOf(address), ports: [entry] });
      }
    }
    this.list = [...peers.values()];
    const text = JSON.stringify(
      this.list.map(({ address, ports }) => [address, ports.map(each => [each.protocol, each.port, each.allowed])]),
    );
    const isOther = text !== this.#text;
    this.#text = text;
    return isOther;
  }

  #numberOf(address: string): number {
    let number = this.#numbers.get(address);
    if (number === undefined) this.#numbers.set(address, (number = FIRST + this.#numbers.size));
    return number;
  }
}
