import type { Fault } from '../../base/index.ts';
import { hangingRules, networkFaults } from '../../network/index.ts';
import { unbuiltHops } from './mesh.ts';
import type { Prepared } from './prepared.ts';
import { skewed } from './skew.ts';
import { unreadFor, unseenFaults } from './unread.ts';

const keyOf = (fault: Fault): string => `${fault.code} ${JSON.stringify(fault.params)}`;

interface Cause {
  readonly fault: Fault;
  readonly workloads: readonly string[];
}

/** Everything that keeps verdicts from being exact, with the workloads whose they are. */
function causesOf(prepared: Prepared): Cause[] {
  const { snapshot, documents } = prepared;
  const labelOf = ({ namespace, name, kind }: (typeof snapshot.workloads)[number]): string =>
    `${namespace}/${name}[${kind}]`;
  const inNamespace = (namespace: string | undefined): string[] =>
    snapshot.workloads.filter(workload => namespace === undefined || workload.namespace === namespace).map(labelOf);
  const policies = snapshot.policies.flatMap(policy => {
    const broken = snapshot.broken.get(policy) ?? [];
    const hanging = hangingRules(policy).map(rule => networkFaults.make('pod-address-needed', { rule: rule.name }));
    return [...policy.unmodelled, ...broken, ...hanging].map(fault => ({
      fault,
      workloads: inNamespace(policy.namespace),
    }));
  });
  const namespaces = new Set(snapshot.workloads.map(({ namespace }) => namespace));
  const unbuilt = unbuiltHops(prepared, namespaces)
    .flatMap(hop => hop.unmodelled)
    .map(fault => {
      const [namespace, name] = String(fault.params.name).split('/');
      return { fault, workloads: inNamespace(name === undefined ? undefined : namespace) };
    });
  const versions = skewed(prepared).map(({ object, fault }) => ({
    fault,
    workloads: inNamespace(object.metadata.namespace),
  }));
  const unread = unseenFaults(documents).map(fault => ({ fault, workloads: inNamespace(undefined) }));
  const kept = unreadFor(documents, ['traffic', 'nodes', 'admission', 'replicas']).map(({ fault }) => ({
    fault,
    workloads: inNamespace(undefined),
  }));
  return [...policies, ...unbuilt, ...versions, ...unread, ...kept];
}

/** Causes that only the second side has, and all it has. */
export function mixedFaults(from: Prepared, to: Prepared): { became: Cause[]; unknown: Fault[] } {
  const old = new Set(causesOf(from).map(({ fault }) => keyOf(fault)));
  const now = causesOf(to);
  return { became: now.filter(({ fault }) => !old.has(keyOf(fault))), unknown: now.map(({ fault }) => fault) };
}
