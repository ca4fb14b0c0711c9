import type { Answer, Outcome, Text } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { explain as explainFlow, readSnapshot, type PartyReference, type Snapshot } from '../../network/index.ts';
import { explainFaults } from '../faults.ts';
import type { Documents, FlowQuestion, Journey, Place } from '../model.ts';
import { describePlace } from './place.ts';
import { type NetworkProfile, PROFILES } from '../dialects/profiles.ts';
import { type Backend, findService, resolveService } from './service.ts';
import { unbuiltHops } from './unbuilt.ts';

/** Documents prepared for many questions. */
export interface Prepared {
  readonly documents: Documents;
  readonly snapshot: Snapshot;
  readonly backends: readonly Backend[];
}

type Fields = { readonly [key: string]: unknown };
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

/** Ports the containers of a workload name, from its template or its own spec. */
function portsOf(object: KubeObject): Backend['ports'] {
  const spec = fieldsOf(object.spec);
  const template = fieldsOf(spec.template ?? fieldsOf(fieldsOf(spec.jobTemplate).spec).template);
  const pod = object.kind === 'Pod' ? spec : fieldsOf(template.spec);
  const containers = Array.isArray(pod.containers) ? (pod.containers as Fields[]) : [];
  return containers.flatMap(container =>
    (Array.isArray(container.ports) ? (container.ports as Fields[]) : []).flatMap(entry =>
      typeof entry.containerPort === 'number'
        ? [
            {
              ...(typeof entry.name === 'string' ? { name: entry.name } : {}),
              port: entry.containerPort,
              protocol: String(entry.protocol ?? 'TCP'),
            },
          ]
        : [],
    ),
  );
}

/** Reads documents once for every question about them. */
export function prepare(documents: Documents): Prepared {
  const snapshot = readSnapshot(documents.objects, documents.originOf);
  const byName = new Map(
    documents.objects.map(object => [
      `${object.kind}/${object.metadata.namespace ?? 'default'}/${object.metadata.name}`,
      object,
    ]),
  );
  const backends = snapshot.workloads.map(workload => {
    const object = byName.get(`${workload.kind}/${workload.namespace}/${workload.name}`);
    return {
      namespace: workload.namespace,
      name: workload.name,
      kind: workload.kind,
      labels: Object.fromEntries(workload.identity.labels),
      ports: object ? portsOf(object) : [],
    };
  });
  return { documents, snapshot, backends };
}

function findBackend({ backends }: Prepared, place: Place): Backend | undefined {
  if (place.kind !== 'named' || place.of === 'Service') return undefined;
  const named = backends.filter(
    backend => backend.namespace === place.namespace && (place.of === undefined || backend.kind === place.of),
  );
  // A pod of a Deployment is asked for by its own name, which starts with its owner's.
  return named.find(({ name }) => name === place.name) ?? named.find(({ name }) => place.name.startsWith(`${name}-`));
}

const partyOf = (backend: Backend): PartyReference => ({
  kind: 'workload',
  namespace: backend.namespace,
  name: backend.name,
});

function nobody(prepared: Prepared, place: Place): never {
  const near = prepared.backends
    .filter(({ namespace }) => place.kind === 'named' && namespace === place.namespace)
    .map(({ name }) => name);
  const known =
    near.length > 0
      ? `${(place as { namespace: string }).namespace} has ${near.slice(0, 8).join(', ')}`
      : `namespaces with pods: ${[...new Set(prepared.backends.map(({ namespace }) => namespace))].slice(0, 8).join(', ') || '-'}`;
  throw explainFaults.error('party-unknown', { party: describePlace(place), known });
}

function sourceOf(prepared: Prepared, place: Place): PartyReference {
  if (place.kind === 'address') return place;
  const backend = findBackend(prepared, place);
  if (backend) return partyOf(backend);
  // Who is named by a Service stands for the pods behind it.
  const service = findService(prepared.documents, place);
  const behind = service && resolveService(prepared.documents, service, prepared.backends, undefined, 'TCP').targets[0];
  return behind ? partyOf(behind.backend) : nobody(prepared, place);
}

interface Goal {
  readonly hop?: Answer;
  readonly ends: readonly { readonly party: PartyReference; readonly port: number }[];
}

function goalOf(prepared: Prepared, question: FlowQuestion): Goal {
  const { destination, port, protocol } = question;
  if (destination.kind === 'address') {
    if (typeof port !== 'number') throw explainFaults.error('port-needed', { party: destination.address, ports: '-' });
    return { ends: [{ party: destination, port }] };
  }
  const service = findService(prepared.documents, destination);
  if (service) {
    const { answer, targets } = resolveService(prepared.documents, service, prepared.backends, port, protocol);
    return { hop: answer, ends: targets.map(target => ({ party: partyOf(target.backend), port: target.port })) };
  }
  const backend = findBackend(prepared, destination);
  if (!backend)
    return destination.kind === 'dns' ? { hop: outside(destination.host), ends: [] } : nobody(prepared, destination);
  const ports = backend.ports.filter(entry => entry.protocol === protocol);
  const number =
    typeof port === 'number'
      ? port
      : port === undefined
        ? ports.length === 1
          ? ports[0]!.port
          : undefined
        : ports.find(entry => entry.name === port)?.port;
  if (number === undefined)
    throw explainFaults.error('port-needed', {
      party: describePlace(destination),
      ports: ports.map(entry => entry.name ?? entry.port).join(', ') || '-',
    });
  return { ends: [{ party: partyOf(backend), port: number }] };
}

/** A name outside the cluster: its addresses are not known here. */
const outside = (host: string): Answer => ({
  outcome: 'unknown',
  layer: 'network',
  enforcer: 'dns',
  by: { default: { en: `The addresses of ${host} are not known here`, zh: `此处不知道 ${host} 的地址` } },
  because: [],
  nearMisses: [],
  unmodelled: [],
});

/** A plugin that does not enforce what the documents ask for. */
function underProfile(answers: readonly Answer[], profile: NetworkProfile | undefined): Answer[] {
  if (!profile || profile.enforces === 'all') return [...answers];
  return answers.map(answer => {
    const kind = 'kind' in answer.by ? answer.by.kind : undefined;
    if (profile.enforces === 'NetworkPolicy' && (kind === undefined || kind === 'NetworkPolicy'))
      return { ...answer, enforcer: profile.name };
    const outcome: Outcome = profile.enforces === 'none' ? 'allow' : 'unknown';
    return {
      ...answer,
      outcome,
      enforcer: profile.name,
      by: { default: profile.why },
      because: [profile.why, ...answer.because],
    };
  });
}

/** Several backends that do not agree: some connections pass and some do not. */
function mixed(ends: number): Answer {
  const text: Text = {
    en: `The ${ends} backends do not agree: some connections pass and some do not`,
    zh: `${ends} 个后端结果不一致:部分连接放行,部分被拒`,
  };
  return {
    outcome: 'unknown',
    layer: 'network',
    enforcer: 'service',
    by: { default: text },
    because: [text],
    nearMisses: [],
    unmodelled: [],
  };
}

const outcomeOf = (hops: readonly Answer[]): Outcome => hops.find(hop => hop.outcome !== 'allow')?.outcome ?? 'allow';

/** May this flow pass? Every hop in order, the outcome that of the first that does not allow. */
export function whyFlow(prepared: Prepared, question: FlowQuestion): Journey {
  const profile = question.profile === undefined ? undefined : PROFILES.find(({ name }) => name === question.profile);
  if (question.profile !== undefined && !profile)
    throw explainFaults.error('profile-unknown', {
      name: question.profile,
      known: PROFILES.map(({ name }) => name).join(', '),
    });
  const source = sourceOf(prepared, question.source);
  const goal = goalOf(prepared, question);
  const first = goal.hop ? [goal.hop] : [];
  if (goal.ends.length === 0) return { outcome: outcomeOf(first), hops: first };
  const journeys = goal.ends.map(({ party, port }) =>
    underProfile(
      explainFlow({ source, destination: party, protocol: question.protocol, port }, prepared.snapshot),
      profile,
    ),
  );
  const outcomes = new Set(journeys.map(outcomeOf));
  const namespaces = new Set(
    [source, ...goal.ends.map(end => end.party)].flatMap(party => (party.kind === 'workload' ? [party.namespace] : [])),
  );
  const shown = journeys.find(hops => outcomeOf(hops) !== 'allow') ?? journeys[0]!;
  const hops = [
    ...first,
    ...(outcomes.size > 1 ? [mixed(goal.ends.length)] : []),
    ...shown,
    ...unbuiltHops(prepared.documents, namespaces),
  ];
  return { outcome: outcomeOf(hops), hops };
}
