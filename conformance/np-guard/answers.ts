import {
  INGRESS_CONTROLLER,
  isDefault,
  listConnections,
  openingsOf,
  pairs,
  type Reasoned,
  reasons,
  workloadParty,
} from '../../src/network/analysis/connections.ts';
import type { Difference } from '../../src/network/analysis/difference.ts';
import {
  type Exposure,
  exposures,
  formatOpen,
  namedNamespace,
  type UnknownPods,
} from '../../src/network/analysis/exposure.ts';
import { type NetworkView, networkViews, type Party, type Snapshot } from '../../src/network/analysis/snapshot.ts';
import type { Opening } from '../../src/network/dialects/kubernetes/exposure.ts';
import {
  ALL_CONNECTIONS,
  type ConnectionSet,
  formatConnections,
  formatIntervals,
  intersect,
  isEmpty,
  subtract,
} from '../../src/network/engine/ports.ts';
import { namesNothing } from '../../src/network/engine/matching.ts';
import type { Walk } from '../../src/network/engine/walk.ts';
import type { Direction, Protocol, Requirement, Selector } from '../../src/network/model.ts';
import type { Question } from './question.ts';

/** The set a question about one port is about; everything when it names none. */
function asked(question: Question): ConnectionSet {
  if (!question.port) return ALL_CONNECTIONS;
  const { protocol, port } = question.port;
  return new Map([[protocol, [{ from: port, to: port }]]]);
}

function isNamed(party: Party, names: readonly string[]): boolean {
  const { workload } = party;
  if (!workload) return party.kind === 'ingress-controller' && names.includes('ingress-controller');
  return names.includes(workload.name) || names.includes(`${workload.namespace}/${workload.name}`);
}

function isAsked(question: Question, source: Party, destination: Party): boolean {
  const { focus, others, direction } = question;
  if (focus.length === 0) return true;
  const fits = (side: Direction, near: Party, far: Party): boolean =>
    (direction === undefined || direction === side) &&
    isNamed(near, focus) &&
    (others.length === 0 || isNamed(far, others));
  return fits('egress', source, destination) || fits('ingress', destination, source);
}

/** `network` is there when the documents define more than the cluster's own. */
export interface ConnectionRow {
  readonly source: string;
  readonly destination: string;
  readonly connections: string;
  readonly network: string;
}

/** Rows of a connection list; with a port asked for, those that allow it. */
export function connectionRows(snapshot: Snapshot, question: Question): ConnectionRow[] {
  const wanted = asked(question);
  return listConnections(snapshot)
    .filter(({ source, destination }) => isAsked(question, source, destination))
    .filter(({ connections }) => !question.port || !isEmpty(intersect(connections, wanted)))
    .map(({ source, destination, connections, network }) => ({
      source: source.label,
      destination: destination.label,
      connections: question.port ? '' : formatConnections(connections),
      network: network.name,
    }));
}

const formatExpression = ({ key, operator, values }: Requirement): string =>
  `{Key:${key},Operator:${operator},Values:[${values.join(' ')}],}`;

/** Labels as `k=v`, expressions in the notation of a Go struct. */
function formatSelector(selector: Selector): string {
  const isLabel = (entry: Requirement): boolean => entry.operator === 'Equals';
  const labels = selector.filter(isLabel).map(entry => `${entry.key}=${entry.values[0]}`);
  const expressions = selector.filter(entry => !isLabel(entry)).map(formatExpression);
  return `{${[...labels, ...expressions].sort().join(',')}}`;
}

export function formatUnknown({ namespaces, pods }: UnknownPods): string {
  if (namespaces.length === 0 && pods.length === 0) return 'entire-cluster';
  const namespace =
    namespaces.length === 0
      ? '[all namespaces]'
      : (namedNamespace(namespaces) ?? `[namespace with ${formatSelector(namespaces)}]`);
  return `${namespace}/${pods.length === 0 ? '[all pods]' : `[pod with ${formatSelector(pods)}]`}`;
}

export interface ExposureRow {
  readonly direction: Direction;
  readonly workload: string;
  readonly peer: string;
  readonly connections: string;
}

function rowsOf(view: NetworkView, exposure: Exposure, question: Question): ExposureRow[] {
  return exposure.exposures
    .filter(({ connections }) => !question.port || !isEmpty(connections))
    .map(open => ({
      direction: exposure.direction,
      workload: workloadParty(exposure.workload, view.network).label,
      peer: formatUnknown(open.peer),
      connections: question.port ? '' : formatOpen(open),
    }));
}

/** Exposure rows: pods in no document, then addresses; and the workloads no policy governs. */
export function exposureRows(snapshot: Snapshot, question: Question): { rows: ExposureRow[]; open: string[] } {
  const primary = networkViews(snapshot).filter(view => view.network.kind !== 'NAD');
  const rows: ExposureRow[] = [];
  const open: string[] = [];
  const concerned = (party: Party, direction: Direction): boolean =>
    question.focus.length === 0 ||
    (isNamed(party, question.focus) && (question.direction === undefined || question.direction === direction));
  for (const view of primary) {
    for (const exposure of exposures(view, snapshot, asked(question))) {
      const party = workloadParty(exposure.workload, view.network);
      if (!concerned(party, exposure.direction)) continue;
      rows.push(...rowsOf(view, exposure, question));
      if (!exposure.governed && !question.port) {
        open.push(`${party.label} is not protected on ${exposure.direction === 'ingress' ? 'Ingress' : 'Egress'}`);
      }
    }
  }
  for (const { source, destination, connections } of listConnections(snapshot)) {
    const direction = source.range ? 'ingress' : destination.range ? 'egress' : undefined;
    if (!direction) continue;
    const [inside, outside] = direction === 'ingress' ? [destination, source] : [source, destination];
    if (!concerned(inside, direction)) continue;
    if (question.port && isEmpty(intersect(connections, asked(question)))) continue;
    rows.push({
      direction,
      workload: inside.label,
      peer: outside.label,
      connections: question.port ? '' : formatConnections(connections),
    });
  }
  return { rows, open };
}

/** One reason-group of one pair: its head line and the lines below it. */
export interface ExplainedPair {
  readonly network: string;
  readonly pair: string;
  readonly groups: readonly string[];
}

const title = (direction: Direction): string => (direction === 'ingress' ? 'Ingress' : 'Egress');
const VERBS = { allow: 'allows', deny: 'denies', pass: 'passes' };

function stepLines(walk: Walk, direction: Direction, from: Party, to: Party): string[] {
  const [subject, peer] = direction === 'egress' ? [from.label, to.label] : [to.label, from.label];
  const destination = to.identity;
  return walk.steps.flatMap(step => {
    if (step.kind === 'default') return ['the system default (Allow all)'];
    const { policy } = step;
    const name = `${policy.kind} '${policy.namespace ? `${policy.namespace}/` : ''}${policy.name}'`;
    if (step.kind === 'rule') {
      return [`${name} ${VERBS[step.rule.action]} connections by ${title(direction)} rule ${step.rule.name}`];
    }
    if (step.near.length > 0) {
      return step.near.map(
        rule =>
          `${name} selects ${subject}, and ${title(direction)} rule ${rule.name} selects ${peer}, but ${namesNothing(rule, destination) ? 'named ports of the rule have no match in the configuration of the destination peer' : 'the protocols and ports do not match'}`,
      );
    }
    const none = policy.rules.some(rule => rule.direction === direction) ? '' : ' (no rules defined)';
    return [`${name} selects ${subject}, but ${peer} is not allowed by any ${title(direction)} rule${none}`];
  });
}

function formatHead(set: ConnectionSet): string {
  return (['TCP', 'UDP', 'SCTP'] as const satisfies readonly Protocol[])
    .filter(protocol => (set.get(protocol) ?? []).length > 0)
    .map(protocol => {
      const text = formatIntervals(set.get(protocol)!);
      return text === '1-65535' ? protocol : `${protocol}:[${text}]`;
    })
    .join(', ');
}

function sideLines(
  view: NetworkView,
  walk: Walk,
  direction: Direction,
  from: Party,
  to: Party,
  extra: readonly string[],
): string[] {
  const head = `${title(direction)} (${walk.allowed ? 'Allowed' : 'Denied'})`;
  if (isDefault(walk) && extra.length === 0) {
    // A flat secondary network has no default worth telling.
    return view.network.kind === 'NAD' ? [] : [`${head} due to the system default (Allow all)`];
  }
  return [head, ...[...extra, ...(isDefault(walk) ? [] : stepLines(walk, direction, from, to))].sort()];
}

function groupText(
  view: NetworkView,
  group: Reasoned,
  source: Party,
  destination: Party,
  extra: readonly string[] = [],
): string {
  const head = `${group.allowed ? 'Allowed' : 'Denied'} ${formatHead(group.connections)} due to`;
  if (isDefault(group.egress) && isDefault(group.ingress) && extra.length === 0) {
    return `${head} the system default (Allow all)`;
  }
  const egress = sideLines(view, group.egress, 'egress', source, destination, []);
  const ingress = sideLines(view, group.ingress, 'ingress', source, destination, extra);
  return [`${head} the following policies and rules:`, ...egress, ...ingress].join('\n');
}

const isWhollyDefault = (groups: readonly Reasoned[]): boolean =>
  groups.every(group => isDefault(group.egress) && isDefault(group.ingress));

function restrict(groups: readonly Reasoned[], question: Question): Reasoned[] {
  return groups
    .map(group => ({ ...group, connections: intersect(group.connections, asked(question)) }))
    .filter(group => !isEmpty(group.connections))
    .filter(group => !question.verdict || group.allowed === (question.verdict === 'allow'));
}

/** Splits what the openings of one workload let in by the set of objects that let it in. */
function openingGroups(
  view: NetworkView,
  openings: readonly Opening[],
  destination: Party,
): { group: Reasoned; extra: string[] }[] {
  const pieces = reasons(view.connectivity.pieces(INGRESS_CONTROLLER.identity, destination.identity));
  let parts: { set: ConnectionSet; through: Opening[] }[] = [{ set: ALL_CONNECTIONS, through: [] }];
  for (const opening of openings) {
    parts = parts
      .flatMap(part => [
        { set: intersect(part.set, opening.connections), through: [...part.through, opening] },
        { set: subtract(part.set, opening.connections), through: part.through },
      ])
      .filter(part => !isEmpty(part.set));
  }
  return parts.flatMap(({ set, through }) =>
    pieces.flatMap(piece => {
      const connections = intersect(piece.connections, set);
      if (isEmpty(connections)) return [];
      const open = through.length > 0;
      const lines = (open ? through : openings).map(
        entry =>
          `${entry.kind} '${entry.namespace}/${entry.name}' ${open ? `allows ingress connections through service ${entry.service}` : `allows ingress to service ${entry.service}, but the protocols and ports do not match`}`,
      );
      const allowed = piece.allowed && open;
      const ingress = { ...piece.ingress, allowed: piece.ingress.allowed && open };
      return [{ group: { ...piece, connections, allowed, ingress }, extra: [...new Set(lines)] }];
    }),
  );
}

function explainView(view: NetworkView, snapshot: Snapshot, question: Question): ExplainedPair[] {
  const network = view.network.name;
  const plain = pairs(view, snapshot)
    .filter(([source, destination]) => isAsked(question, source, destination))
    .flatMap(([source, destination]): ExplainedPair[] => {
      const pair = `${source.label} => ${destination.label}`;
      const all = reasons(view.connectivity.pieces(source.identity, destination.identity));
      if (isWhollyDefault(all) && !question.port) return [{ network, pair, groups: ['default'] }];
      if (isWhollyDefault(all) && view.network.kind === 'NAD' && question.verdict !== 'deny' && !question.port)
        return [];
      const groups = restrict(all, question).map(group => groupText(view, group, source, destination));
      return groups.length === 0 ? [] : [{ network, pair, groups: groups.sort() }];
    });
  const opened = [...openingsOf(view, snapshot)].flatMap(([workload, openings]): ExplainedPair[] => {
    const destination = workloadParty(workload, view.network);
    if (!isAsked(question, INGRESS_CONTROLLER, destination)) return [];
    const groups = openingGroups(view, openings, destination).flatMap(({ group, extra }) =>
      restrict([group], question).map(entry => groupText(view, entry, INGRESS_CONTROLLER, destination, extra)),
    );
    return groups.length === 0
      ? []
      : [{ network, pair: `${INGRESS_CONTROLLER.label} => ${destination.label}`, groups: groups.sort() }];
  });
  return [...plain, ...opened];
}

const KIND_NAMES = { UDN: 'UserDefinedNetwork', CUDN: 'ClusterUserDefinedNetwork', NAD: '', 'pod-network': '' };

/** Pairs that no policy parts but separate primary networks do; told only when one port is asked about. */
function explainIsolation(snapshot: Snapshot, question: Question): ExplainedPair[] {
  if (!question.port || question.verdict === 'allow') return [];
  const views = networkViews(snapshot).filter(view => view.network.kind !== 'NAD');
  const isolates = (view: NetworkView, party: Party): string[] =>
    view.network.kind === 'pod-network'
      ? []
      : [`${KIND_NAMES[view.network.kind]} '${view.network.name}' isolates ${party.label}`];
  return views.flatMap(from =>
    views
      .filter(to => to !== from)
      .flatMap(to =>
        from.workloads.flatMap(source =>
          to.workloads.flatMap((destination): ExplainedPair[] => {
            const sender = workloadParty(source, from.network);
            const receiver = workloadParty(destination, to.network);
            if (!isAsked(question, sender, receiver)) return [];
            const line = [...isolates(from, sender), ...isolates(to, receiver)].join('; and ');
            const head = `Denied ${formatHead(asked(question))} due to existence of user defined networks:`;
            return [
              {
                network: from.network.kind === 'pod-network' ? to.network.name : from.network.name,
                pair: `${sender.label} => ${receiver.label}`,
                groups: [[head, 'Egress', line, 'Ingress', line].join('\n')],
              },
            ];
          }),
        ),
      ),
  );
}

/** Why each pair may or may not speak. A pair whose only group is `default` met no policy at all. */
export function explainedPairs(snapshot: Snapshot, question: Question): ExplainedPair[] {
  return [
    ...networkViews(snapshot).flatMap(view => explainView(view, snapshot, question)),
    ...explainIsolation(snapshot, question),
  ];
}

/** One line of a comparison, fields in the order of the goldens. */
export function differenceRow(difference: Difference): string[] {
  const mentioned = difference.newWorkloads.length > 0 ? difference.newWorkloads : difference.goneWorkloads;
  const what = difference.newWorkloads.length > 0 ? 'added' : 'removed';
  return [
    difference.kind,
    difference.source,
    difference.destination,
    formatConnections(difference.before),
    formatConnections(difference.after),
    mentioned.length === 0 ? '' : `workload ${mentioned.join(' and ')} ${what}`,
  ];
}

/** Which networks each workload is on, one line each. */
export function networkLines(snapshot: Snapshot, shown: ReadonlySet<string>): string[] {
  return [...snapshot.networks]
    .map(([workload, { primary, secondary }]) => {
      const name = workloadParty(workload).label;
      const main = primary.kind === 'pod-network' ? primary.name : `${primary.name}[${primary.kind}]`;
      return {
        name,
        line: [
          name,
          main,
          secondary
            .map(entry => `${entry.name}[${entry.kind}]`)
            .sort()
            .join(', '),
        ].join('|'),
      };
    })
    .filter(({ name }) => shown.has(name))
    .map(({ line }) => line);
}
