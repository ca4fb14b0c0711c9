/**
 * Which NUMA nodes a container's processors and devices come from (Kubernetes, "Control Topology Management Policies on a
 * node"): each kind of resource says which sets of nodes could hold what is asked, and a policy makes one set of them all.
 */

/** A set of NUMA nodes as bits: node n is bit n. */
export type NumaMask = number;

/** Nodes that could hold what is asked; `preferred`: with as few nodes as any machine of this shape would need. */
export interface Hint {
  /** Absent: any will do. */
  readonly mask?: NumaMask;
  readonly preferred: boolean;
}

/** What one kind of resource says; absent: it does not mind. An empty list: no set of nodes holds that much. */
export type Hints = readonly Hint[] | undefined;

export const TOPOLOGY_POLICIES = ['none', 'best-effort', 'restricted', 'single-numa-node'] as const;
export type TopologyPolicy = (typeof TOPOLOGY_POLICIES)[number];
export const TOPOLOGY_SCOPES = ['container', 'pod'] as const;
export type TopologyScope = (typeof TOPOLOGY_SCOPES)[number];

/** Beyond this many nodes the sets are too many to be looked at (kubelet's limit). */
export const NUMA_NODES_MAX = 8;

/** What has a place on a machine: a processor, a device. */
export interface Placed {
  /** NUMA nodes it is near to; none for a device that does not say. */
  readonly nodes: readonly number[];
}

export const countOf = (mask: NumaMask): number => {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
};
export const maskOf = (nodes: Iterable<number>): NumaMask => [...nodes].reduce((mask, node) => mask | (1 << node), 0);
const touches = (mask: NumaMask, { nodes }: Placed): boolean => nodes.some(node => (mask & (1 << node)) !== 0);

/** Every set of at least one of the nodes. */
function subsets(nodes: readonly number[]): NumaMask[] {
  let masks: NumaMask[] = [];
  for (const node of nodes) masks = [...masks, 1 << node, ...masks.map(mask => mask | (1 << node))];
  return masks;
}

/**
 * Sets of nodes that `count` of the things could come from. `all` are those of the machine, also the taken ones: a set is preferred
 * when no smaller one could hold that many on an empty machine. `reusable` have been given already and must be taken again.
 */
export function hintsOf(
  nodes: readonly number[],
  count: number,
  all: readonly Placed[],
  free: readonly Placed[],
  reusable: readonly Placed[] = [],
): readonly Hint[] {
  const inside = (mask: NumaMask, things: readonly Placed[]): number =>
    things.filter(thing => touches(mask, thing)).length;
  const masks = subsets(nodes);
  const least = Math.min(nodes.length, ...masks.filter(mask => inside(mask, all) >= count).map(countOf));
  return masks
    .filter(mask => inside(mask, reusable) === reusable.length)
    .filter(mask => inside(mask, free) + reusable.length >= count)
    .map(mask => ({ mask, preferred: countOf(mask) === least }));
}

/** One way through: a hint of each kind. */
function* ways(kinds: readonly (readonly Hint[])[]): Generator<readonly Hint[]> {
  const [first, ...rest] = kinds;
  if (!first) return yield [];
  for (const hint of first) for (const others of ways(rest)) yield [hint, ...others];
}

/** The nodes common to a way's hints; preferred only where all hints are and name the same nodes. */
function together(hints: readonly Hint[], everything: NumaMask): Required<Hint> {
  const masks = hints.flatMap(({ mask }) => (mask === undefined ? [] : [mask]));
  return {
    mask: masks.reduce((common, mask) => common & mask, everything),
    preferred: hints.every(hint => hint.preferred) && masks.every(mask => mask === masks[0]),
  };
}

const isNarrower = (mask: NumaMask, than: NumaMask): boolean =>
  countOf(mask) === countOf(than) ? mask < than : countOf(mask) < countOf(than);

/**
 * Whether a candidate is better than the best so far. Preferred ones first, then narrow ones, then low numbers. Where none is
 * preferred, one with as many nodes as the most demanding kind needs at least (`wanted`) is best: fewer would be too few.
 */
function isBetter(candidate: Required<Hint>, best: Required<Hint> | undefined, wanted: number): boolean {
  if (candidate.mask === 0) return false;
  if (!best) return true;
  if (candidate.preferred !== best.preferred) return candidate.preferred;
  if (best.preferred) return isNarrower(candidate.mask, best.mask);
  const [theirs, ours] = [countOf(best.mask), countOf(candidate.mask)];
  if (theirs > wanted) return isNarrower(candidate.mask, best.mask);
  if (theirs === wanted) return ours === wanted && candidate.mask < best.mask;
  if (ours > wanted) return false;
  return ours === theirs ? candidate.mask < best.mask : ours > theirs;
}

function merge(kinds: readonly (readonly Hint[])[], everything: NumaMask): Required<Hint> {
  const demands = kinds.flatMap(hints => {
    const counts = hints.flatMap(({ mask }) => (mask === undefined ? [] : [countOf(mask)]));
    return counts.length === 0 ? [] : [Math.min(...counts)];
  });
  const wanted = Math.max(1, ...demands);
  let best: Required<Hint> | undefined;
  for (const way of ways(kinds)) {
    const candidate = together(way, everything);
    if (isBetter(candidate, best, wanted)) best = candidate;
  }
  return best ?? { mask: everything, preferred: false };
}

/** The nodes everything should come from (absent: any), and whether the policy takes the pod at all. */
export function align(
  policy: TopologyPolicy,
  nodes: readonly number[],
  kinds: readonly Hints[],
): { readonly mask?: NumaMask; readonly admit: boolean } {
  if (policy === 'none') return { admit: true };
  const everything = maskOf(nodes);
  const said = kinds.map(hints => {
    if (hints === undefined) return [{ preferred: true }];
    return hints.length === 0 ? [{ preferred: false }] : hints;
  });
  if (policy !== 'single-numa-node') {
    const { mask, preferred } = merge(said, everything);
    return { mask, admit: policy === 'best-effort' || preferred };
  }
  const single = said.map(hints =>
    hints.filter(({ mask, preferred }) => preferred && (mask === undefined || countOf(mask) === 1)),
  );
  const { mask, preferred } = merge(single, everything);
  return { ...(mask === everything ? {} : { mask }), admit: preferred };
}
