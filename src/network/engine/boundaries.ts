import { DECIDED_PROTOCOLS, type Identity, type Protocol } from '../model.ts';
import { resolvePort } from './matching.ts';
import { FIRST_PORT, LAST_PORT, type PortInterval } from './ports.ts';
import type { Question, SelectedPolicies } from './walk.ts';

/** Cuts 1..65535 of each protocol so that no rule of these policies tells two ports of one piece apart. */
export function portPieces(
  selected: SelectedPolicies,
  direction: Question['direction'],
  destination: Identity,
): ReadonlyMap<Protocol, readonly PortInterval[]> {
  const starts = new Map<Protocol, Set<number>>(DECIDED_PROTOCOLS.map(protocol => [protocol, new Set([FIRST_PORT])]));
  for (const policy of [...selected.admin, ...selected.namespace, ...selected.baseline]) {
    for (const rule of policy.rules) {
      if (rule.direction !== direction || rule.ports === 'any') continue;
      for (const { protocol, from, to } of rule.ports.flatMap(port => resolvePort(port, destination))) {
        if (from > FIRST_PORT && from <= LAST_PORT) starts.get(protocol)?.add(from);
        if (to < LAST_PORT && to >= FIRST_PORT) starts.get(protocol)?.add(to + 1);
      }
    }
  }
  return new Map([...starts].map(([protocol, set]) => [protocol, piecesOf([...set])]));
}

export function piecesOf(starts: readonly number[]): PortInterval[] {
  const sorted = [...starts].sort((left, right) => left - right);
  return sorted.map((from, index) => ({ from, to: (sorted[index + 1] ?? LAST_PORT + 1) - 1 }));
}
