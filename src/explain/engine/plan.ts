import type { Fault, Origin } from '../../base/index.ts';
import { compareConnections, formatConnections, hasNoConnections, subtractConnections } from '../../network/index.ts';
import type { Documents } from '../model.ts';
import type { ExplainPorts } from '../ports.ts';
import { type AdmissionChange, admissionChanges, type QuotaChange, quotaChanges } from './plan-admission.ts';
import { type FlowGroup, groupFlows, type PairFlow } from './plan-flows.ts';
import { objectChanges, type ObjectChange, type ReplicaChange, replicaChanges } from './plan-objects.ts';
import { newViolations, type Violation } from './plan-violations.ts';
import { mixedFaults } from './plan-unknown.ts';
import { prepare, type Prepared } from './prepared.ts';
import { type Warning, warningsOf } from './warnings.ts';

/** What a change of documents would do. */
export interface Plan {
  readonly objects: readonly ObjectChange[];
  readonly newlyAllowed: readonly FlowGroup[];
  readonly newlyDenied: readonly FlowGroup[];
  /** Workloads whose verdicts were exact and are not any more, and why. */
  readonly becameUnknown: readonly { readonly workloads: readonly string[]; readonly fault: Fault }[];
  /** Pods that would newly be refused, let in, or changed by policies and defaults of their namespace. */
  readonly admission: readonly AdmissionChange[];
  /** What new and changed rules find in objects that are there, before any of them is written again. */
  readonly violations: readonly Violation[];
  readonly quotas: readonly QuotaChange[];
  readonly replicas: readonly ReplicaChange[];
  /** What is likely not meant as it is written, in what is new. */
  readonly warnings: readonly Warning[];
  /** What could not be read or is not modelled: verdicts beside it are not exact. */
  readonly unknown: readonly Fault[];
}

/** Where the object that governs a workload's new verdicts was changed: the first changed one of its namespace. */
function placeOf(pair: PairFlow, objects: readonly ObjectChange[]): Origin | undefined {
  const namespaces = new Set([pair.source.split('/')[0], pair.destination.split('/')[0]]);
  const own = objects.filter(change => change.namespace === undefined || namespaces.has(change.namespace));
  return (own.find(change => change.kind.endsWith('Policy')) ?? own[0])?.where;
}

function flowChanges(from: Prepared, to: Prepared): { allowed: PairFlow[]; denied: PairFlow[] } {
  const allowed: PairFlow[] = [];
  const denied: PairFlow[] = [];
  for (const { source, destination, before, after, newWorkloads, goneWorkloads } of compareConnections(
    from.snapshot,
    to.snapshot,
    true,
  )) {
    const workloads = [...newWorkloads, ...goneWorkloads];
    const note = (list: PairFlow[], set: typeof after): void => {
      if (!hasNoConnections(set)) list.push({ source, destination, connections: formatConnections(set), workloads });
    };
    note(allowed, subtractConnections(after, before));
    note(denied, subtractConnections(before, after));
  }
  return { allowed, denied };
}

/** What a change of documents would do: objects first, then whose traffic and pods it newly lets through or stops. */
export function plan(before: Documents, after: Documents, ports: ExplainPorts = {}): Plan {
  const [from, to] = [prepare(before, ports), prepare(after, ports)];
  const objects = objectChanges(before, after);
  const { allowed, denied } = objects.length > 0 ? flowChanges(from, to) : { allowed: [], denied: [] };
  const everybody = [...from.snapshot.workloads, ...to.snapshot.workloads];
  const labels = new Set(everybody.map(({ namespace, name, kind }) => `${namespace}/${name}[${kind}]`));
  const group = (pairs: readonly PairFlow[]): FlowGroup[] => groupFlows(pairs, labels, pair => placeOf(pair, objects));
  const { became, unknown } = mixedFaults(from, to);
  return {
    objects,
    newlyAllowed: group(allowed),
    newlyDenied: group(denied),
    becameUnknown: became,
    admission: objects.length > 0 ? admissionChanges(from, to, objects) : [],
    violations: newViolations(from, to, objects),
    quotas: quotaChanges(from, to),
    replicas: replicaChanges(from, to),
    warnings: warningsOf(to, new Set(objects.map(change => change.after))),
    unknown,
  };
}
