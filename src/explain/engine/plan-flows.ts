import type { Origin } from '../../base/index.ts';

/** What one pair may newly say, or not any more. */
export interface PairFlow {
  readonly source: string;
  readonly destination: string;
  /** `TCP 80,8080-8090`, as connection lists write it. */
  readonly connections: string;
  /** Workloads of the pair that only one side has: the flow is new because they are. */
  readonly workloads: readonly string[];
}

/** Every source of the group may (or may not) say this to every destination of it. */
export interface FlowGroup {
  /** `shop/web[Deployment]`, `shop/*` for all of a namespace, `*` for all there are, or a range of addresses. */
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly connections: string;
  readonly workloads: readonly string[];
  readonly where?: Origin;
}

/** Members of a set by the fewest words: whole namespaces, then everybody. `apart` is who can be left out of `*`: an end never talks to itself. */
function compact(
  members: readonly string[],
  everybody: ReadonlyMap<string, ReadonlySet<string>>,
  apart: readonly string[],
): string[] {
  const own = new Set([...members, ...(apart.length === 1 ? apart : [])]);
  const whole = [...everybody].filter(([, all]) => all.size > 1 && [...all].every(label => own.has(label)));
  const covered = new Set(whole.flatMap(([, all]) => [...all]));
  const rest = members.filter(label => !covered.has(label));
  const spaces = [...everybody].filter(([, all]) => [...all].every(label => own.has(label)));
  if (everybody.size > 1 && spaces.length === everybody.size)
    return ['*', ...members.filter(label => !isWorkload(label))];
  const told = [...whole.map(([namespace]) => `${namespace}/*`), ...rest];
  if (told.length <= FEW) return told;
  const left = [...everybody].flatMap(([namespace, all]): string[] => {
    const missing = [...all].filter(label => !own.has(label));
    return missing.length === all.size ? [`${namespace}/*`] : missing;
  });
  const others = rest.filter(label => !isWorkload(label));
  return left.length + others.length < told.length ? [`* ∖ {${left.join(', ')}}`, ...others] : told;
}

/** Sets with more members than this are told by who is not in them, where that is shorter. */
const FEW = 6;

const isWorkload = (label: string): boolean => /^[^/[]+\/.+\[[A-Za-z]+\]$/.test(label);

/** Joins pairs into products of sets: first the sources of one destination, then destinations with the same sources. */
export function groupFlows(
  pairs: readonly PairFlow[],
  labels: ReadonlySet<string>,
  whereOf: (pair: PairFlow) => Origin | undefined,
): FlowGroup[] {
  const namespaces = new Map<string, Set<string>>();
  for (const label of labels) {
    const namespace = label.split('/')[0]!;
    namespaces.set(namespace, (namespaces.get(namespace) ?? new Set()).add(label));
  }
  const bySink = new Map<string, PairFlow[]>();
  const collect = (map: Map<string, PairFlow[]>, key: string, pair: PairFlow): void => {
    const list = map.get(key);
    if (list) list.push(pair);
    else map.set(key, [pair]);
  };
  for (const pair of pairs) collect(bySink, `${pair.destination}|${pair.connections}`, pair);
  const products = new Map<string, { sources: string[]; destinations: string[]; pairs: PairFlow[] }>();
  for (const group of bySink.values()) {
    const sources = group.map(({ source }) => source).sort();
    const { destination, connections } = group[0]!;
    // A destination is no source of its own: with it the sets of two destinations of one kind are equal.
    const told = compact(sources, namespaces, [destination]);
    const key = `${told.join(',')}|${connections}`;
    const known = products.get(key);
    if (known) {
      known.destinations.push(destination);
      known.pairs.push(...group);
    } else products.set(key, { sources: told, destinations: [destination], pairs: [...group] });
  }
  return [...products.values()].map(({ sources, destinations, pairs: members }) => {
    const where = whereOf(members[0]!);
    return {
      sources,
      destinations: compact(destinations.sort(), namespaces, []),
      connections: members[0]!.connections,
      workloads: [...new Set(members.flatMap(({ workloads }) => workloads))].sort(),
      ...(where ? { where } : {}),
    };
  });
}
