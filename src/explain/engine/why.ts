import type { Answer, Edit, Outcome, Text } from '../../base/index.ts';
import {
  explain as explainFlow,
  type FlowQuestion as NetworkQuestion,
  type PartyReference,
} from '../../network/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { type NetworkProfile, PROFILES } from '../dialects/profiles.ts';
import { explainFaults } from '../faults.ts';
import type { FlowQuestion, Journey } from '../model.ts';
import { admissionHop, changed } from './admission-edits.ts';
import { withFidelity } from './fidelity.ts';
import { EDGE, edgeGoal } from './gateway.ts';
import { proxyHop, tunnelHop, unbuiltHops } from './mesh.ts';
import { dnsHop } from './naming.ts';
import { type End, type Goal, goalOf, onHostNetwork, sourceOf } from './parties.ts';
import { unseenHops } from './unread.ts';
import type { Concern } from '../dialects/bearing.ts';
import { runtimeHop, schedulingHop } from './placement.ts';
import type { Prepared } from './prepared.ts';
import { skewHop } from './skew.ts';

const both = (en: string, zh: string): Text => ({ en, zh });

/** A plugin that does not enforce what the documents ask for. */
function underProfile(answers: readonly Answer[], profile: NetworkProfile | undefined, protocol: string): Answer[] {
  if (!profile || profile.enforces === 'all') return [...answers];
  const { enforces, perhaps = [] } = profile;
  const isHeld = (kind: string): boolean =>
    Array.isArray(enforces) && enforces.includes(kind) && !perhaps.includes(protocol);
  return answers.map(answer => {
    const kind = 'kind' in answer.by ? answer.by.kind : undefined;
    if (Array.isArray(enforces) && (kind === undefined || isHeld(kind))) return { ...answer, enforcer: profile.name };
    const outcome: Outcome = profile.enforces === 'none' ? 'allow' : 'unknown';
    const { flip: _, ...rest } = answer;
    return {
      ...rest,
      outcome,
      enforcer: profile.name,
      by: { default: profile.why },
      because: [profile.why, ...answer.because],
    };
  });
}

/** Several backends that do not agree: some connections pass and some do not. */
function mixed(ends: number): Answer {
  const text = both(
    `The ${ends} backends do not agree: some connections pass and some do not`,
    `${ends} 个后端结果不一致:部分连接放行,部分被拒`,
  );
  const base = { layer: 'network', enforcer: 'service', nearMisses: [], unmodelled: [] } as const;
  return { ...base, outcome: 'unknown', by: { default: text }, because: [text] };
}

export const outcomeOf = (hops: readonly Answer[]): Outcome =>
  hops.find(hop => hop.outcome !== 'allow')?.outcome ?? 'allow';

const sided = (direction: 'egress' | 'ingress', answer: Answer | undefined): Answer[] =>
  answer ? [{ ...answer, direction }] : [];

/** Is this end there: would it be let in, and would it get a node? */
function presence(prepared: Prepared, end: End, direction: 'egress' | 'ingress'): Answer[] {
  const { backend } = end;
  if (!backend) return [];
  const admitted = backend.object && admissionHop(prepared, backend.object);
  return [...sided(direction, admitted), ...sided(direction, schedulingHop(prepared, backend))];
}

/** What the gateway at the edge may do is not known: only rules for anybody let it through for certain. */
function fromEdge(answers: readonly Answer[]): Answer[] {
  const unsure = both('Labels of the proxy at the edge are not known here', '此处不知道边缘代理的标签');
  return answers
    .filter(answer => answer.direction === 'ingress')
    .map(answer =>
      answer.outcome === 'deny' ? { ...answer, outcome: 'unknown', because: [unsure, ...answer.because] } : answer,
    );
}

type GoalEnd = Goal['ends'][number];

const NEAR = both('The node and the pods on it always reach each other', '节点与其上的 Pod 始终可以互通');
const PERHAPS_NEAR = both(
  'Whether both are on one node, which always reach each other, is not known here',
  '此处不知道双方是否位于同一节点（同一节点与其 Pod 始终可以互通）',
);

/** A refusal between a pod on the host's network and another holds only between nodes (NetworkPolicy reference). */
function acrossNodes(prepared: Prepared, source: End, end: End, answers: readonly Answer[]): readonly Answer[] {
  const [from, to] = [source.backend, end.backend];
  if (!from || !to || onHostNetwork(from) === onHostNetwork(to)) return answers;
  const [here, there] = [prepared.nodesOf(from), prepared.nodesOf(to)];
  const known = here.size === 1 && there.size === 1;
  if (known && [...here][0] !== [...there][0]) return answers;
  // What the node itself refuses, by policies for nodes, it refuses its own pods too.
  const nodeSide = onHostNetwork(from) ? 'egress' : 'ingress';
  return answers.map(answer => {
    if (answer.outcome !== 'deny' || answer.direction === nodeSide) return answer;
    const { flip: _, ...rest } = answer;
    if (!known) return { ...rest, outcome: 'unknown', because: [PERHAPS_NEAR, ...answer.because] };
    return { ...rest, outcome: 'allow', by: { default: NEAR }, because: [NEAR] };
  });
}

/** What is asked over the connection, where the question says it. */
function requestOf({ path, http = {} }: FlowQuestion): NetworkQuestion['request'] {
  if (path === undefined && http.method === undefined && http.headers === undefined) return undefined;
  const { method = 'GET', headers = {} } = http;
  return { kind: 'http', method, path: path ?? '/', host: headers.host ?? '', headers };
}

/** Headless Services and external names lead to the address itself. */
function hasAddress(service: KubeObject | undefined): boolean {
  const { clusterIP, type } = (service?.spec ?? {}) as { clusterIP?: unknown; type?: unknown };
  return service !== undefined && clusterIP !== 'None' && type !== 'ExternalName';
}

/** The way from one end to the other: egress, tunnel, ingress, L7, runtime. */
function crossing(
  prepared: Prepared,
  source: End,
  end: GoalEnd,
  question: FlowQuestion,
  profile: NetworkProfile | undefined,
  edge: boolean,
  goal: Goal,
): Answer[] {
  const from: PartyReference = edge ? EDGE : source.party;
  const request = requestOf(question);
  const service = hasAddress(goal.service)
    ? goal.ends.map(({ party, port }) => ({ destination: party, port }))
    : undefined;
  const base = {
    source: from,
    destination: end.party,
    protocol: question.protocol,
    port: end.port,
    ...(service ? { service } : {}),
  };
  const flow = request ? { ...base, request } : base;
  const byAddress = profile?.blocks === 'anyone' ? { byAddress: true as const } : {};
  const told = acrossNodes(prepared, source, end, explainFlow({ ...flow, ...byAddress }, prepared.snapshot));
  const asked = underProfile(told, profile, question.protocol);
  const answers = edge ? fromEdge(asked) : asked;
  const { backend } = end;
  const tunnel = backend && !edge ? tunnelHop(prepared, source.backend, backend) : undefined;
  const proxy = backend && !tunnel ? proxyHop(prepared, source.backend, backend) : undefined;
  return [
    ...answers.filter(answer => answer.direction === 'egress'),
    ...(tunnel ? [tunnel] : []),
    ...answers.filter(answer => answer.direction !== 'egress'),
    ...(proxy ? [proxy] : []),
    ...(backend ? [runtimeHop(prepared, backend, end.port)] : []),
  ];
}

function profileOf(name: string | undefined): NetworkProfile | undefined {
  if (name === undefined) return undefined;
  const profile = PROFILES.find(entry => entry.name === name);
  if (profile) return profile;
  throw explainFaults.error('profile-unknown', { name, known: PROFILES.map(entry => entry.name).join(', ') });
}

function namespacesOf(source: End, goal: Goal): Set<string> {
  const parties = [source.party, ...goal.ends.map(end => end.party)];
  const own = parties.flatMap(party => (party.kind === 'address' ? [] : [party.namespace]));
  const service = goal.service?.metadata.namespace;
  return new Set(service === undefined ? own : [...own, service]);
}

/** L7 before what runs: objects of unbuilt layers speak of requests. */
function withUnbuilt(hops: readonly Answer[], unbuilt: readonly Answer[]): Answer[] {
  const at = hops.findIndex(hop => hop.layer === 'compute');
  return at < 0 ? [...hops, ...unbuilt] : [...hops.slice(0, at), ...unbuilt, ...hops.slice(at)];
}

const FIX_ROUNDS_MAX = 4;

/** The edits of every hop that denies, applied together until the same question is allowed; undefined where that fails. */
function fixOf(prepared: Prepared, question: FlowQuestion, denied: Journey): readonly Edit[] | undefined {
  const edits: Edit[] = [];
  let journey = denied;
  let now = prepared;
  for (let round = 0; round < FIX_ROUNDS_MAX; round++) {
    const flips = journey.hops.flatMap(hop => (hop.outcome === 'deny' && hop.flip ? [hop.flip] : []));
    if (flips.length === 0) return undefined;
    for (const flip of flips) {
      if (edits.some(edit => edit.text.en === flip.text.en)) continue;
      const { kind, namespace = 'default', name } = flip.object;
      const object = now.find(kind, namespace, name);
      const next = object && changed(now, { ...flip, object });
      if (!next) return undefined;
      now = next;
      edits.push(flip);
    }
    journey = walkFlow(now, question);
    if (journey.outcome === 'allow') return edits;
    if (journey.outcome === 'unknown') return undefined;
  }
  return undefined;
}

/** What the verdict turns on beside policies: nodes where an end may be one, placement where a pod has no node yet. */
function concernsOf(prepared: Prepared, source: End, goal: Goal, { destination }: FlowQuestion): Concern[] {
  const ends = [source, ...goal.ends];
  const plain = ends.every(({ backend }) => backend !== undefined && !onHostNetwork(backend));
  const placed = ends.every(({ backend }) => backend === undefined || prepared.nodesOf(backend).size > 0);
  return [
    'traffic',
    ...(plain ? [] : (['nodes'] as const)),
    ...(placed ? [] : (['placement'] as const)),
    ...(destination.kind === 'dns' ? (['edge'] as const) : []),
  ];
}

/** May this flow pass? Every hop in order, the outcome that of the first that does not allow. */
export function whyFlow(prepared: Prepared, question: FlowQuestion): Journey {
  const journey = walkFlow(prepared, question);
  const fix = journey.outcome === 'deny' ? fixOf(prepared, question, journey) : undefined;
  return fix ? { ...journey, fix } : journey;
}

/** The verdict without the search for edits that would change it: what tests and plans ask many times. */
export function decideFlow(prepared: Prepared, question: FlowQuestion): Outcome {
  return walkFlow(prepared, question).outcome;
}

function walkFlow(prepared: Prepared, question: FlowQuestion): Journey {
  const profile = profileOf(question.profile);
  const source = sourceOf(prepared, question.source);
  const edge = edgeGoal(prepared, question);
  const goal = edge ?? goalOf(prepared, question);
  const named = question.destination.kind === 'dns' ? 'by-name' : 'by-service';
  const dns = goal.host !== undefined && source.backend ? [dnsHop(prepared, source.backend, goal.host, named)] : [];
  const [target] = goal.ends;
  const before = [
    ...unseenHops(prepared.documents, ...concernsOf(prepared, source, goal, question)),
    ...skewHop(prepared, namespacesOf(source, goal)),
    ...presence(prepared, source, 'egress'),
    ...(target ? presence(prepared, target, 'ingress') : []),
    ...(profile?.enforces === 'none' ? underProfile(dns, profile, 'UDP') : dns),
    ...goal.hops,
  ];
  const journeys = goal.ends.map(end => crossing(prepared, source, end, question, profile, edge !== undefined, goal));
  const outcomes = new Set(journeys.map(outcomeOf));
  const shown = journeys.find(hops => outcomeOf(hops) !== 'allow') ?? journeys[0] ?? [];
  const crossed = goal.ends.length === 0 ? [] : withUnbuilt(shown, unbuiltHops(prepared, namespacesOf(source, goal)));
  const hops = [...before, ...(outcomes.size > 1 ? [mixed(goal.ends.length)] : []), ...crossed].map(hop =>
    withFidelity(prepared, hop),
  );
  return { outcome: outcomeOf(hops), hops };
}
