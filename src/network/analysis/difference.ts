import { atoms, WHOLE_IPV4 } from '../engine/addresses.ts';
import { type ConnectionSet, formatConnections, isEmpty, NO_CONNECTIONS, unite } from '../engine/ports.ts';
import { selectsPod } from '../engine/matching.ts';
import { concerns } from '../engine/walk.ts';
import type { AddressRange, Direction, Policy } from '../model.ts';
import { addressParty, type Connection, listConnections, type PairFilter, workloadParty } from './connections.ts';
import type { Party, Snapshot } from './snapshot.ts';

/** A pair whose connections differ between two sets of documents. */
export interface Difference {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly source: string;
  readonly destination: string;
  readonly before: ConnectionSet;
  readonly after: ConnectionSet;
  /** Workloads of the pair that only one side has. */
  readonly newWorkloads: readonly string[];
  readonly goneWorkloads: readonly string[];
}

interface Cell {
  before: ConnectionSet;
  after: ConnectionSet;
}

/** `plain` labels: a workload is the same one whatever network it is on. */
const plainLabel = (party: Party): string => (party.workload ? workloadParty(party.workload).label : party.label);

/** Ranges of one pair on a common partition, so that both sides speak of the same addresses. */
class Ledger {
  readonly cells = new Map<string, Cell>();
  readonly ranged = new Map<
    string,
    { outside: 'source' | 'destination'; inside: string; before: Connection[]; after: Connection[] }
  >();

  add(side: 'before' | 'after', connection: Connection): void {
    const { source, destination } = connection;
    if (source.range || destination.range) {
      const outside = source.range ? 'source' : 'destination';
      const inside = plainLabel(source.range ? destination : source);
      const key = `${outside}|${inside}`;
      const entry = this.ranged.get(key) ?? { outside, inside, before: [], after: [] };
      entry[side].push(connection);
      this.ranged.set(key, entry);
      return;
    }
    const key = `${plainLabel(source)}|${plainLabel(destination)}`;
    const cell = this.cells.get(key) ?? { before: NO_CONNECTIONS, after: NO_CONNECTIONS };
    cell[side] = unite(cell[side], connection.connections);
    this.cells.set(key, cell);
  }
}

function rangeOf(connection: Connection): AddressRange {
  return (connection.source.range ?? connection.destination.range)!;
}

function valueAt(connections: readonly Connection[], address: bigint): ConnectionSet {
  const hit = connections.find(entry => rangeOf(entry).first <= address && address <= rangeOf(entry).last);
  return hit?.connections ?? NO_CONNECTIONS;
}

/** Cuts both sides at all bounds, then joins neighbours that changed alike. */
function rangedCells(before: readonly Connection[], after: readonly Connection[]): (Cell & { range: AddressRange })[] {
  const cells: (Cell & { range: AddressRange })[] = [];
  for (const range of atoms(WHOLE_IPV4, [...before, ...after].map(rangeOf))) {
    const cell = { range, before: valueAt(before, range.first), after: valueAt(after, range.first) };
    const last = cells.at(-1);
    const alike = last && formatCell(last) === formatCell(cell);
    if (alike) last.range = { ...last.range, last: range.last };
    else cells.push(cell);
  }
  return cells;
}

const formatCell = (cell: Cell): string => `${formatConnections(cell.before)}>${formatConnections(cell.after)}`;

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (part instanceof Map ? [...part].sort() : part));

/** Policies that only one side has, or has otherwise. */
function changedPolicies(before: Snapshot, after: Snapshot): Policy[] {
  const written = ({ kind, namespace, name, tier, priority, subject, isolates, rules }: Policy): string =>
    textOf([
      kind,
      namespace,
      name,
      tier,
      priority,
      subject,
      isolates,
      rules.map(({ direction, action, peers, ports }) => [direction, action, peers, ports]),
    ]);
  const index = (snapshot: Snapshot): Map<string, Policy> =>
    new Map([
      ...snapshot.policies.map(policy => [written(policy), policy] as const),
      ...[...snapshot.secondaryPolicies].flatMap(([network, policies]) =>
        policies.map(policy => [`${network} ${written(policy)}`, policy] as const),
      ),
    ]);
  const [old, fresh] = [index(before), index(after)];
  const gone = [...old].flatMap(([key, policy]) => (fresh.has(key) ? [] : [policy]));
  return [...gone, ...[...fresh].flatMap(([key, policy]) => (old.has(key) ? [] : [policy]))];
}

/**
 * Pairs whose verdict can differ: an end is new, gone or other than it was, or answers to a policy that changed. All
 * others have the same verdict on both sides, for a verdict depends on nothing else.
 */
function affectedPairs(before: Snapshot, after: Snapshot): PairFilter {
  const changed = changedPolicies(before, after);
  const identities = (snapshot: Snapshot): Map<string, string> =>
    new Map(
      snapshot.workloads.map(workload => [
        workloadParty(workload).label,
        textOf([workload.identity, snapshot.networks.get(workload)]),
      ]),
    );
  const [old, fresh] = [identities(before), identities(after)];
  const touched = new Set(
    [...old, ...fresh].flatMap(([label]) => (old.get(label) === fresh.get(label) ? [] : [label])),
  );
  const answers = (direction: Direction): Set<string> =>
    new Set(
      [...before.workloads, ...after.workloads].flatMap(workload =>
        changed.some(policy => concerns(policy, direction) && selectsPod(policy.subject, workload.identity))
          ? [workloadParty(workload).label]
          : [],
      ),
    );
  const [sending, taking] = [answers('egress'), answers('ingress')];
  return (source, destination) => {
    const [from, to] = [plainLabel(source), plainLabel(destination)];
    return touched.has(from) || touched.has(to) || sending.has(from) || taking.has(to);
  };
}

/** Compares what two sets of documents let through; `byAddress` as in `listConnections`. */
export function compareConnections(before: Snapshot, after: Snapshot, byAddress = false): Difference[] {
  const ledger = new Ledger();
  const affected = affectedPairs(before, after);
  for (const connection of listConnections(before, affected, byAddress)) ledger.add('before', connection);
  for (const connection of listConnections(after, affected, byAddress)) ledger.add('after', connection);
  const labels = (snapshot: Snapshot): Set<string> =>
    new Set(snapshot.workloads.map(entry => workloadParty(entry).label));
  const old = labels(before);
  const fresh = labels(after);
  const differences: Difference[] = [];
  const record = (source: string, destination: string, cell: Cell): void => {
    if (formatConnections(cell.before) === formatConnections(cell.after)) return;
    differences.push({
      kind: isEmpty(cell.before) ? 'added' : isEmpty(cell.after) ? 'removed' : 'changed',
      source,
      destination,
      ...cell,
      newWorkloads: [source, destination].filter(label => fresh.has(label) && !old.has(label)),
      goneWorkloads: [source, destination].filter(label => old.has(label) && !fresh.has(label)),
    });
  };
  for (const [key, cell] of ledger.cells) {
    const [source, destination] = key.split('|') as [string, string];
    record(source, destination, cell);
  }
  for (const { outside, inside, before: left, after: right } of ledger.ranged.values()) {
    for (const { range, ...cell } of rangedCells(left, right)) {
      const label = addressParty(range).label;
      if (outside === 'source') record(label, inside, cell);
      else record(inside, label, cell);
    }
  }
  return differences;
}
