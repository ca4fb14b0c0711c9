import { type Answer, FaultError, type Text } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { loneAddress, type PartyReference } from '../../network/index.ts';
import { explainFaults } from '../faults.ts';
import type { FlowQuestion, Place } from '../model.ts';
import { describePlace } from './place.ts';
import type { Prepared } from './prepared.ts';
import { findService, resolveService } from './service.ts';
import { unreadFor, unseenFaults } from './unread.ts';
import { type Backend, podSpecOf } from './workload.ts';

/** The pod, or what makes pods, that a place names: exactly by name, else the owner whose name a pod's starts with. */
export function findBackend(prepared: Prepared, place: Place): Backend | undefined {
  if (place.kind !== 'named' || place.of === 'Service') return undefined;
  const pod =
    place.of === undefined || place.of === 'Pod' ? prepared.find('Pod', place.namespace, place.name) : undefined;
  if (pod) return prepared.podBackend(pod);
  const named = prepared.backends.filter(
    backend => backend.namespace === place.namespace && (place.of === undefined || backend.kind === place.of),
  );
  const exact = named.find(({ name }) => name === place.name);
  if (exact) return exact;
  return named
    .filter(({ name }) => place.name.startsWith(`${name}-`))
    .sort((left, right) => right.name.length - left.name.length)[0];
}

export const partyOf = ({ namespace, name, identity }: Backend): PartyReference => ({
  kind: 'pod',
  namespace,
  name,
  identity,
});

/** Pods on the host's network are their node: no policy selects them (NetworkPolicy reference, "hostNetwork pods"). */
export const onHostNetwork = ({ object }: Backend): boolean =>
  object !== undefined && podSpecOf(object)?.hostNetwork === true;

/** The node of a pod on the host's network as policies know it; where it will run is often not written. */
function nodeParty(prepared: Prepared, backend: Backend): PartyReference {
  const names = prepared.nodesOf(backend);
  const nodes = prepared.kinds('Node').filter(({ metadata }) => names.size === 0 || names.has(metadata.name ?? ''));
  const [node] = nodes.length === 1 ? nodes : [];
  const labels = new Map(Object.entries(node?.metadata.labels ?? {}));
  const { addresses = [] } = (node?.status ?? {}) as { addresses?: readonly { type?: string; address?: string }[] };
  const own = addresses.flatMap(({ type, address }) =>
    type === 'InternalIP' && address !== undefined ? loneAddress(address) : [],
  );
  const identity = { kind: 'node', labels, ...(own.length > 0 ? { own } : {}) } as const;
  return { kind: 'pod', namespace: backend.namespace, name: backend.name, identity };
}

/** Faults of documents that are told beside: who is missing may stand in one of them. */
const CAUSES_MAX = 5;

/** Fault: nobody has this name, and the remedy tells who is there; or pods are kept from who asks. */
export function nobody(prepared: Prepared, place: Place): never {
  const [hidden] = unreadFor(prepared.documents, ['pods']);
  if (hidden) throw explainFaults.error('party-unread', { party: describePlace(place), kind: hidden.resource });
  const near = prepared.backends
    .filter(({ namespace }) => place.kind === 'named' && namespace === place.namespace)
    .map(({ name }) => name);
  const known =
    near.length > 0
      ? `${(place as { namespace: string }).namespace} has ${near.slice(0, 8).join(', ')}`
      : `namespaces with pods: ${[...new Set(prepared.backends.map(({ namespace }) => namespace))].slice(0, 8).join(', ') || '-'}`;
  const why = unseenFaults(prepared.documents).slice(0, CAUSES_MAX);
  throw new FaultError(
    explainFaults.make(
      'party-unknown',
      { party: describePlace(place), known },
      undefined,
      why.length > 0 ? why : undefined,
    ),
  );
}

/** An address that a pod here has is that pod: policies know pods by what they are. */
function podAt(prepared: Prepared, address: string): Backend | undefined {
  const pod = prepared.kinds('Pod').find(({ status }) => {
    const { podIP, podIPs } = (status ?? {}) as { podIP?: string; podIPs?: readonly { ip?: string }[] };
    return podIP === address || podIPs?.some(({ ip }) => ip === address) === true;
  });
  const hostNetwork = (pod?.spec as { hostNetwork?: boolean } | undefined)?.hostNetwork;
  if (!pod || hostNetwork) return undefined;
  const backend = prepared.podBackend(pod);
  return { ...backend, identity: { ...backend.identity, own: loneAddress(address) } };
}

/** One end of a flow: who it is for policies, and its workload where it has one here. */
export interface End {
  readonly party: PartyReference;
  readonly backend?: Backend;
}

const endOf = (prepared: Prepared, backend: Backend): End => ({
  party: onHostNetwork(backend) ? nodeParty(prepared, backend) : partyOf(backend),
  backend,
});

export function sourceOf(prepared: Prepared, place: Place): End {
  if (place.kind === 'address') {
    const pod = podAt(prepared, place.address);
    return pod ? endOf(prepared, pod) : { party: place };
  }
  const backend = findBackend(prepared, place);
  if (backend) return endOf(prepared, backend);
  // Who is named by a Service stands for the pods behind it.
  const service = findService(prepared.documents, place);
  const behind = service && resolveService(prepared.documents, service, prepared.backends, undefined, 'TCP').targets[0];
  return behind ? endOf(prepared, behind.backend) : nobody(prepared, place);
}

/** Where a flow leads: hops on the way, then ends with the port each is asked on. */
export interface Goal {
  readonly hops: readonly Answer[];
  readonly service?: KubeObject;
  /** The name the source looks up; absent where it has an address. */
  readonly host?: string;
  readonly ends: readonly (End & { readonly port: number })[];
}

const both = (en: string, zh: string): Text => ({ en, zh });

/** A name outside the cluster: its addresses are not known here. */
const outside = (host: string): Answer => ({
  outcome: 'unknown',
  layer: 'network',
  enforcer: 'dns',
  by: { default: both(`The addresses of ${host} are not known here`, `此处不知道 ${host} 的地址`) },
  because: [],
  nearMisses: [],
  unmodelled: [],
});

export function serviceGoal(
  prepared: Prepared,
  service: KubeObject,
  port: number | string | undefined,
  protocol: string,
): Goal {
  const { answer, targets } = resolveService(prepared.documents, service, prepared.backends, port, protocol);
  const { namespace = 'default', name = '' } = service.metadata;
  return {
    hops: [answer],
    service,
    host: `${name}.${namespace}.svc`,
    ends: targets.map(target => ({ ...endOf(prepared, target.backend), port: target.port })),
  };
}

function portOf(backend: Backend, destination: Place, question: FlowQuestion): number {
  const { port, protocol } = question;
  if (typeof port === 'number') return port;
  const ports = backend.ports.filter(entry => entry.protocol === protocol);
  const found =
    port === undefined ? (ports.length === 1 ? ports[0] : undefined) : ports.find(entry => entry.name === port);
  if (found) return found.port;
  throw explainFaults.error('port-needed', {
    party: describePlace(destination),
    ports: ports.map(entry => entry.name ?? entry.port).join(', ') || '-',
  });
}

export function goalOf(prepared: Prepared, question: FlowQuestion): Goal {
  const { destination, port, protocol } = question;
  if (destination.kind === 'address') {
    const service = prepared.kinds('Service').find(({ spec }) => {
      const { clusterIP, clusterIPs } = (spec ?? {}) as { clusterIP?: string; clusterIPs?: readonly string[] };
      return clusterIP === destination.address || clusterIPs?.includes(destination.address) === true;
    });
    if (service) {
      const { host: _, ...goal } = serviceGoal(prepared, service, port, protocol);
      return goal;
    }
    const pod = podAt(prepared, destination.address);
    if (pod) return { hops: [], ends: [{ ...endOf(prepared, pod), port: portOf(pod, destination, question) }] };
    if (typeof port !== 'number') throw explainFaults.error('port-needed', { party: destination.address, ports: '-' });
    return { hops: [], ends: [{ party: destination, port }] };
  }
  const service = findService(prepared.documents, destination);
  if (service) return serviceGoal(prepared, service, port, protocol);
  const backend = findBackend(prepared, destination);
  if (!backend)
    return destination.kind === 'dns'
      ? { hops: [outside(destination.host)], host: destination.host, ends: [] }
      : nobody(prepared, destination);
  return { hops: [], ends: [{ ...endOf(prepared, backend), port: portOf(backend, destination, question) }] };
}
