import { type Answer, type Random, seededRandom } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { applyEdit } from '../analysis/edits.ts';
import { explain, type PartyReference } from '../analysis/explain.ts';
import { readSnapshot, type Snapshot } from '../analysis/snapshot.ts';
import { families } from './families.ts';
import { NAMESPACES, PODS, randomPolicy } from './policygenerator.ts';

/** Pods and addresses of a seed's world, and what is asked of them. */
const PORTS = [80, 81, 85] as const;
const OUTSIDE = ['8.8.8.8', '192.0.2.7'];
const POLICIES = 4;
const QUESTIONS = 12;

const world: readonly KubeObject[] = NAMESPACES.flatMap(namespace => [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { ns: namespace } } },
  ...PODS.map(name => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { pod: name } },
    spec: {
      containers: [
        {
          name: 'c',
          ports: [
            { name: 'web', containerPort: 80 },
            { name: 'alt', containerPort: 81 },
          ],
        },
      ],
    },
  })),
]);

interface Asked {
  readonly source: PartyReference;
  readonly destination: PartyReference;
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
}

type Direction = 'ingress' | 'egress';
type Fields = Readonly<Record<string, unknown>>;

/** An edit as a person would write it: what the search is measured against. */
interface Written {
  readonly at: number;
  readonly path: string;
  readonly action: 'set' | 'remove' | 'add';
  readonly value?: unknown;
}

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!;
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);
const specOf = ({ spec }: KubeObject): Fields => (spec ?? {}) as Fields;
const REMOVAL = 40;
const sizeOf = ({ value }: { readonly value?: unknown }): number =>
  value === undefined ? REMOVAL : JSON.stringify(value).length;

const sideOf = (snapshot: Snapshot, asked: Asked, direction: Direction): Answer | undefined =>
  explain(asked, snapshot).find(answer => answer.direction === direction);

/** The peer as the policies of a namespace name it: by the labels of the pod, or by its address. */
function peerOf(party: PartyReference, namespace: string): object {
  if (party.kind === 'address') return { ipBlock: { cidr: `${party.address}/32` } };
  const podSelector = { matchLabels: { pod: party.name } };
  if (party.namespace === namespace) return { podSelector };
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': party.namespace } }, podSelector };
}

/** Every single edit of every policy in reach of a person who knows the flow: no search, no pruning. */
function everyEdit(policies: readonly KubeObject[], asked: Asked, direction: Direction): Written[] {
  const { protocol, port } = asked;
  const side = direction === 'ingress' ? 'from' : 'to';
  return policies.flatMap((policy, at) => {
    const peer = peerOf(direction === 'ingress' ? asked.source : asked.destination, policy.metadata.namespace ?? '');
    const rules = listOf(specOf(policy)[direction]);
    const rule = { [side]: [peer], ports: [{ protocol, port }] };
    return [
      ...rules.flatMap((_, index): Written[] => [
        { at, path: `/spec/${direction}/${index}/ports/-`, action: 'add', value: { protocol, port } },
        { at, path: `/spec/${direction}/${index}/${side}/-`, action: 'add', value: peer },
        { at, path: `/spec/${direction}/${index}`, action: 'remove' },
      ]),
      rules.length > 0
        ? { at, path: `/spec/${direction}/-`, action: 'add', value: rule }
        : { at, path: `/spec/${direction}`, action: 'set', value: [rule] },
    ];
  });
}

const labelsOf = (party: PartyReference): Readonly<Record<'ns' | 'pod', string>> | undefined =>
  party.kind === 'address' ? undefined : { ns: party.namespace, pod: (party as { name: string }).name };

/** Conditions of a selector that a label does not satisfy (LabelSelector reference). */
function missedBy(selector: unknown, key: 'ns' | 'pod', value: string): number {
  const { matchLabels = {}, matchExpressions } = (selector ?? {}) as Fields;
  const plain = Object.entries(matchLabels as Record<string, string>).filter(
    ([name, wanted]) => name !== key || wanted !== value,
  );
  const others = listOf(matchExpressions).filter(({ operator, values }) => {
    const isAmong = Array.isArray(values) && values.includes(value);
    return operator === 'In' ? !isAmong : operator === 'NotIn' ? isAmong : operator === 'DoesNotExist';
  });
  return plain.length + others.length;
}

const MANY = 1000;

function peerDistance(peer: Fields, namespace: string, labels: { ns: string; pod: string }): number {
  if (peer.ipBlock) return MANY;
  const inNamespace =
    peer.namespaceSelector === undefined
      ? Number(labels.ns !== namespace)
      : missedBy(peer.namespaceSelector, 'ns', labels.ns);
  return inNamespace + missedBy(peer.podSelector, 'pod', labels.pod);
}

const NAMED: Readonly<Record<string, number>> = { web: 80, alt: 81 };

function permits(ports: readonly Fields[], { protocol, port }: Asked): boolean {
  if (ports.length === 0) return true;
  return ports.some(each => {
    if ((each.protocol ?? 'TCP') !== protocol) return false;
    if (each.port === undefined) return true;
    const from = typeof each.port === 'string' ? NAMED[each.port]! : (each.port as number);
    return from <= port && port <= ((each.endPort as number | undefined) ?? from);
  });
}

/** Distances of the rules that speak of a flow between pods and do not match it, by `policy rule`, read off the documents. */
function distances(policies: readonly KubeObject[], asked: Asked, direction: Direction): Map<string, number> {
  const subject = labelsOf(direction === 'ingress' ? asked.destination : asked.source)!;
  const peer = labelsOf(direction === 'ingress' ? asked.source : asked.destination)!;
  const side = direction === 'ingress' ? 'from' : 'to';
  const found = new Map<string, number>();
  for (const policy of policies) {
    const { namespace = '', name = '' } = policy.metadata;
    const spec = specOf(policy);
    if (namespace !== subject.ns || missedBy(spec.podSelector, 'pod', subject.pod) > 0) continue;
    for (const [index, rule] of listOf(spec[direction]).entries()) {
      const peers = listOf(rule[side]);
      const near = peers.length === 0 ? 0 : Math.min(...peers.map(each => peerDistance(each, namespace, peer)));
      const distance = near + Number(!permits(listOf(rule.ports), asked));
      if (distance > 0) found.set(`${name} #${index + 1}`, distance);
    }
  }
  return found;
}

/** What is wrong with the near misses told of a side; undefined when nothing is. */
function wrongNearMiss(policies: readonly KubeObject[], asked: Asked, side: Answer): string | undefined {
  const found = distances(policies, asked, side.direction!);
  const told = side.nearMisses.map(({ rule }) => found.get(`${rule.name} ${rule.rule}`));
  if (told.includes(undefined)) return 'a near miss is told of a rule that matches or does not speak of it';
  if (told.length !== Math.min(found.size, 10)) return `${told.length} near misses of ${found.size} are told`;
  const wanted = [...found.values()].sort((left, right) => left - right).slice(0, told.length);
  return told.every((distance, index) => Math.min(distance!, MANY) === Math.min(wanted[index]!, MANY))
    ? undefined
    : `near misses differ in ${told.join()} fields, the nearest in ${wanted.join()}`;
}

/** What is wrong with the edit told of a side: it must flip, and no other single edit that does may be smaller. */
function wrongEdit(policies: readonly KubeObject[], asked: Asked, side: Answer): string | undefined {
  const direction = side.direction!;
  const after = (at: number, edit: Omit<Written, 'at'>): string | undefined => {
    const edited = applyEdit(policies[at]!, edit);
    if (!edited) return undefined;
    return sideOf(readSnapshot([...world, ...policies.with(at, edited)]), asked, direction)?.outcome;
  };
  const flipped = side.outcome === 'allow' ? 'deny' : 'allow';
  const { flip } = side;
  if (flip) {
    const at = policies.findIndex(({ metadata }) => metadata.name === flip.object.name);
    const now = after(at, flip);
    if (now !== flipped) return `"${flip.text.en}" makes it ${now}, not ${flipped}`;
  }
  // Another dialect has other edits; that its own do flip is checked above.
  if (policies.some(({ kind }) => kind !== 'NetworkPolicy')) return undefined;
  const limit = flip ? sizeOf(flip) : Infinity;
  const smaller = everyEdit(policies, asked, direction)
    .filter(edit => sizeOf(edit) < limit)
    .find(({ at, ...edit }) => after(at, edit) === flipped);
  if (!smaller) return undefined;
  const { at, path, action, value } = smaller;
  const what = `${policies[at]!.metadata.name}: ${action} ${path} ${JSON.stringify(value)}`;
  return `${flip ? `"${flip.text.en}" is told` : 'no edit is told'}, and ${what} would do`;
}

let all: ReturnType<typeof families> | undefined;

/** Random policies; those of every other seed with one of another dialect or tier. */
function policiesOf(random: Random, seed: number): KubeObject[] {
  const own = Array.from({ length: POLICIES }, (_, index) => randomPolicy(random, index));
  if (seed % 2 === 0) return own;
  return [...own, ...pick(random, (all ??= families())).policies];
}

function questionOf(random: Random): Asked {
  const pod = (): PartyReference => ({
    kind: 'workload',
    namespace: pick(random, NAMESPACES),
    name: pick(random, PODS),
  });
  const outside = (): PartyReference => ({ kind: 'address', address: pick(random, OUTSIDE) });
  const [source, destination] = pick<() => [PartyReference, PartyReference]>(random, [
    () => [pod(), pod()],
    () => [pod(), pod()],
    () => [pod(), outside()],
    () => [outside(), pod()],
  ])();
  return { source, destination, protocol: pick(random, ['TCP', 'UDP']), port: pick(random, PORTS) };
}

export interface JudgedEdits {
  /** Edits and lists of near misses that were looked at. */
  readonly edits: number;
  readonly nearMisses: number;
  /** What is wrong, with the policies and the question. */
  readonly failure?: string;
}

/**
 * Asks why of a seed's random policies, and judges what is told beside the verdict: the edit flips it when decided again
 * and none that a person could write is smaller; no rule that did not match differs in fewer fields than the nearest miss.
 */
export function judgeEdits(seed: number): JudgedEdits {
  const random = seededRandom(seed);
  const policies = policiesOf(random, seed);
  const snapshot = readSnapshot([...world, ...policies]);
  let [edits, nearMisses] = [0, 0];
  for (let index = 0; index < QUESTIONS; index++) {
    const asked = questionOf(random);
    for (const side of explain(asked, snapshot)) {
      if (side.outcome === 'unknown' || side.unmodelled.length > 0) continue;
      const arePods = asked.source.kind !== 'address' && asked.destination.kind !== 'address';
      const isPlain = arePods && policies.every(({ kind }) => kind === 'NetworkPolicy');
      const wrong = wrongEdit(policies, asked, side) ?? (isPlain ? wrongNearMiss(policies, asked, side) : undefined);
      if (wrong !== undefined)
        return {
          edits,
          nearMisses,
          failure: `${side.direction} ${side.outcome}: ${wrong}\n${JSON.stringify({ asked, policies })}`,
        };
      if (side.flip) edits++;
      if (isPlain && side.nearMisses.length > 0) nearMisses++;
    }
  }
  return { edits, nearMisses };
}
