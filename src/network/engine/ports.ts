import { PROTOCOLS, type Protocol } from '../model.ts';

export const FIRST_PORT = 1;
export const LAST_PORT = 65535;

/** Ports from..to inclusive; a list of them is sorted, disjoint and not adjacent. */
export interface PortInterval {
  readonly from: number;
  readonly to: number;
}

/** For each protocol the ports in the set; absent means none. */
export type ConnectionSet = ReadonlyMap<Protocol, readonly PortInterval[]>;

/** Sorts and joins touching intervals. */
export function normalize(intervals: readonly PortInterval[]): PortInterval[] {
  const result: { from: number; to: number }[] = [];
  for (const { from, to } of [...intervals].sort((left, right) => left.from - right.from)) {
    const last = result.at(-1);
    if (last && from <= last.to + 1) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}

export const ALL_PORTS: readonly PortInterval[] = [{ from: FIRST_PORT, to: LAST_PORT }];
export const ALL_CONNECTIONS: ConnectionSet = new Map(PROTOCOLS.map(protocol => [protocol, ALL_PORTS]));
export const NO_CONNECTIONS: ConnectionSet = new Map();

const isWhole = (intervals: readonly PortInterval[]): boolean =>
  intervals.length === 1 && intervals[0]!.from <= FIRST_PORT && intervals[0]!.to >= LAST_PORT;

export function isAll(set: ConnectionSet): boolean {
  return PROTOCOLS.every(protocol => isWhole(set.get(protocol) ?? []));
}

export function isEmpty(set: ConnectionSet): boolean {
  return [...set.values()].every(intervals => intervals.length === 0);
}

export function intersect(left: ConnectionSet, right: ConnectionSet): ConnectionSet {
  const result = new Map<Protocol, PortInterval[]>();
  for (const [protocol, intervals] of left) {
    const others = right.get(protocol) ?? [];
    const shared = intervals.flatMap(a =>
      others.flatMap(b => {
        const from = Math.max(a.from, b.from);
        const to = Math.min(a.to, b.to);
        return from <= to ? [{ from, to }] : [];
      }),
    );
    if (shared.length > 0) result.set(protocol, normalize(shared));
  }
  return result;
}

export function unite(left: ConnectionSet, right: ConnectionSet): ConnectionSet {
  const result = new Map(left);
  for (const [protocol, intervals] of right) {
    result.set(protocol, normalize([...(result.get(protocol) ?? []), ...intervals]));
  }
  return result;
}

export function subtract(left: ConnectionSet, right: ConnectionSet): ConnectionSet {
  const result = new Map<Protocol, PortInterval[]>();
  for (const [protocol, intervals] of left) {
    let rest: PortInterval[] = [...intervals];
    for (const cut of right.get(protocol) ?? []) {
      rest = rest.flatMap(({ from, to }) => [
        ...(from < cut.from ? [{ from, to: Math.min(to, cut.from - 1) }] : []),
        ...(to > cut.to ? [{ from: Math.max(from, cut.to + 1), to }] : []),
      ]);
    }
    if (rest.length > 0) result.set(protocol, normalize(rest));
  }
  return result;
}

export function isSubset(inner: ConnectionSet, outer: ConnectionSet): boolean {
  return isEmpty(subtract(inner, outer));
}

/** `SCTP 9003,TCP 1-79,81-65535`, `All Connections` or `No Connections`. */
export function formatConnections(set: ConnectionSet): string {
  if (isAll(set)) return 'All Connections';
  if (isEmpty(set)) return 'No Connections';
  return PROTOCOLS.filter(protocol => (set.get(protocol) ?? []).length > 0)
    .map(protocol => `${protocol} ${formatIntervals(set.get(protocol)!)}`)
    .join(',');
}

export function formatIntervals(intervals: readonly PortInterval[]): string {
  return intervals.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}
