import { BuiltinError } from '../runtime.ts';
import { isArray, keyOf, lookup, RegoSet, type Value } from '../value.ts';
import { type Entry, entry, members, object } from './operands.ts';

const neighbours = (graph: Value, node: Value): readonly Value[] | undefined => {
  const edges = lookup(graph, node);
  if (edges === undefined) return undefined;
  return isArray(edges) ? edges : edges instanceof RegoSet ? edges.sorted() : [];
};

function reachable(graph: Value, initial: readonly Value[], fuel: { left: number }): RegoSet {
  const reached = new RegoSet();
  const queue = [...initial];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (--fuel.left < 0) throw new BuiltinError('graph too large');
    const edges = neighbours(graph, node);
    if (!edges || reached.has(node)) continue;
    reached.add(node);
    for (const next of edges) if (!reached.has(next)) queue.push(next);
  }
  return reached;
}

/** Every path from a node until it ends or comes back to itself. */
function paths(
  graph: Value,
  node: Value,
  before: readonly Value[],
  seen: ReadonlySet<string>,
  out: RegoSet,
  fuel: { left: number },
): void {
  if (--fuel.left < 0) throw new BuiltinError('graph too large');
  const path = [...before, node];
  const visited = new Set(seen).add(keyOf(node));
  const next = (neighbours(graph, node) ?? []).filter(each => lookup(graph, each) !== undefined);
  if (next.length === 0) return out.add(path);
  for (const each of next) {
    if (visited.has(keyOf(each))) out.add(path);
    else paths(graph, each, path, visited, out, fuel);
  }
}

/** Graphs as objects from a node to its neighbours. */
export const graph: Readonly<Record<string, Entry>> = {
  'graph.reachable': entry(2, ([edges, initial], context) =>
    reachable(object(edges!, 1), members(initial!, 2), context.fuel),
  ),
  'graph.reachable_paths': entry(2, ([edges, initial], context) => {
    const found = new RegoSet();
    object(edges!, 1);
    for (const node of members(initial!, 2))
      if (lookup(edges!, node) !== undefined) paths(edges!, node, [], new Set(), found, context.fuel);
    return found;
  }),
};
