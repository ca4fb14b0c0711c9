import { type Direction, type Identity, type Policy, type Protocol, PROTOCOLS } from '../model.ts';
import { piecesOf, portPieces } from './boundaries.ts';
import { type ConnectionSet, normalize, type PortInterval } from './ports.ts';
import { type SelectedPolicies, selectPolicies, type Walk, walk } from './walk.ts';

/** Ports of one protocol for which both sides gave the same walks. */
export interface Piece {
  readonly protocol: Protocol;
  readonly ports: PortInterval;
  readonly egress: Walk;
  readonly ingress: Walk;
}

/** Asks whole port ranges at once, between identities; remembers which policies select whom. */
export class Connectivity {
  readonly #policies: readonly Policy[];
  readonly #selected = new Map<Identity, Record<Direction, SelectedPolicies>>();

  constructor(policies: readonly Policy[]) {
    this.#policies = policies;
  }

  selected(identity: Identity, direction: Direction): SelectedPolicies {
    let both = this.#selected.get(identity);
    if (!both) {
      both = {
        ingress: selectPolicies(this.#policies, identity, 'ingress'),
        egress: selectPolicies(this.#policies, identity, 'egress'),
      };
      this.#selected.set(identity, both);
    }
    return both[direction];
  }

  /** True when some policy speaks about this identity in this direction. */
  governed(identity: Identity, direction: Direction): boolean {
    const { admin, namespace, baseline } = this.selected(identity, direction);
    return admin.length + namespace.length + baseline.length > 0;
  }

  /** Every port of every protocol, cut where a verdict or its reason may change. */
  pieces(source: Identity, destination: Identity): Piece[] {
    const egress = this.selected(source, 'egress');
    const ingress = this.selected(destination, 'ingress');
    const egressPieces = portPieces(egress, 'egress', destination);
    const ingressPieces = portPieces(ingress, 'ingress', destination);
    return PROTOCOLS.flatMap(protocol => {
      const starts = [...egressPieces.get(protocol)!, ...ingressPieces.get(protocol)!].map(piece => piece.from);
      return piecesOf([...new Set(starts)]).map(ports => ({
        protocol,
        ports,
        egress: walk(egress, { direction: 'egress', subject: source, peer: destination, protocol, port: ports.from }),
        ingress: walk(ingress, {
          direction: 'ingress',
          subject: destination,
          peer: source,
          protocol,
          port: ports.from,
        }),
      }));
    });
  }

  /** What both sides let through. */
  allowed(source: Identity, destination: Identity): ConnectionSet {
    return connectionsOf(
      this.pieces(source, destination).filter(piece => piece.egress.allowed && piece.ingress.allowed),
    );
  }

  /** What one side lets through, the other not asked. */
  allowedBy(direction: Direction, source: Identity, destination: Identity): ConnectionSet {
    return connectionsOf(this.pieces(source, destination).filter(piece => piece[direction].allowed));
  }
}

export function connectionsOf(pieces: readonly { protocol: Protocol; ports: PortInterval }[]): ConnectionSet {
  const sets = new Map<Protocol, PortInterval[]>();
  for (const { protocol, ports } of pieces) sets.set(protocol, [...(sets.get(protocol) ?? []), ports]);
  return new Map([...sets].map(([protocol, intervals]) => [protocol, normalize(intervals)]));
}
