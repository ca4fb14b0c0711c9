import type { kinds } from '../../kernel/index.ts';
import { milliCpu } from './resources.ts';
import {
  align,
  type Hints,
  hintsOf,
  NUMA_NODES_MAX,
  type NumaMask,
  type TopologyPolicy,
  type TopologyScope,
} from './topology.ts';

/** One processor as the machine numbers it, with the core, the socket and the NUMA node it is part of. */
export interface Processor {
  readonly cpu: number;
  readonly core: number;
  readonly socket: number;
  readonly node: number;
}

/** How strictly processors are taken from the same NUMA nodes, for each container or for all of a pod's together. */
export interface Alignment {
  readonly policy: TopologyPolicy;
  readonly scope: TopologyScope;
}

const CPU_MAX = 8191;

/** Reads a list of processors as the kernel writes it (`0-2,5`, cpuset(7) "List format"); undefined where it is none. */
export function parseCpus(text: string): number[] | undefined {
  const cpus = new Set<number>();
  for (const part of text.trim() === '' ? [] : text.trim().split(',')) {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part.trim()) ?? [];
    if (first === undefined || Number(last) < Number(first) || Number(last) > CPU_MAX) return undefined;
    for (let cpu = Number(first); cpu <= Number(last); cpu++) cpus.add(cpu);
  }
  return [...cpus].sort((left, right) => left - right);
}

/** Writes it. */
export function formatCpus(cpus: Iterable<number>): string {
  const parts: [first: number, last: number][] = [];
  for (const cpu of [...cpus].sort((left, right) => left - right)) {
    const last = parts.at(-1);
    if (last && last[1] === cpu - 1) last[1] = cpu;
    else parts.push([cpu, cpu]);
  }
  return parts.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/**
 * How many processors a container has to itself under the static policy: what it asks for, if that is a whole number and its
 * pod is Guaranteed (Kubernetes, "Control CPU Management Policies on the Node"). 0: it shares.
 */
export function exclusiveCpus(pod: kinds.Pod, container: kinds.Container): number {
  if (pod.status?.qosClass !== 'Guaranteed') return 0;
  const asked = milliCpu(container.resources?.requests) ?? milliCpu(container.resources?.limits) ?? 0;
  return asked % 1000 === 0 ? asked / 1000 : 0;
}

/** Members by group, those with fewest members first, then by number. */
function groups(processors: readonly Processor[], key: (processor: Processor) => string): Processor[][] {
  const found = Object.values(Object.groupBy(processors, key)).filter(group => group !== undefined);
  return found.sort((left, right) => left.length - right.length || left[0]!.cpu - right[0]!.cpu);
}

const socketOf = ({ socket }: Processor): string => String(socket);
const nodeOf = ({ socket, node }: Processor): string => `${socket}/${node}`;
const coreOf = ({ socket, core }: Processor): string => `${socket}/${core}`;

/**
 * Chooses `count` of the free processors: whole sockets first, then whole NUMA nodes, whole cores, and single ones beside those already taken
 * from, so that as little as possible is broken up. Undefined where there are too few.
 */
export function takeCpus(all: readonly Processor[], free: ReadonlySet<number>, count: number): number[] | undefined {
  if (free.size < count) return undefined;
  const taken: Processor[] = [];
  const left = (): Processor[] => all.filter(({ cpu }) => free.has(cpu) && !taken.some(other => other.cpu === cpu));
  for (const key of [socketOf, nodeOf, coreOf]) {
    const whole = new Map(groups(all, key).map(group => [key(group[0]!), group.length]));
    for (const group of groups(left(), key))
      if (group.length === whole.get(key(group[0]!)) && group.length <= count - taken.length) taken.push(...group);
  }
  const beside = (key: (processor: Processor) => string, processor: Processor): number =>
    taken.some(other => key(other) === key(processor)) ? 0 : 1;
  while (taken.length < count) {
    const rest = left();
    const sizes = (key: (processor: Processor) => string, processor: Processor): number =>
      rest.filter(other => key(other) === key(processor)).length;
    const rank = (processor: Processor): number[] => [
      beside(socketOf, processor),
      sizes(socketOf, processor),
      beside(coreOf, processor),
      sizes(coreOf, processor),
      processor.cpu,
    ];
    const [best] = rest
      .map(processor => ({ processor, order: rank(processor) }))
      .sort((left, right) => compare(left.order, right.order));
    taken.push(best!.processor);
  }
  return taken.map(({ cpu }) => cpu).sort((left, right) => left - right);
}

const compare = (left: readonly number[], right: readonly number[]): number => {
  const index = left.findIndex((value, at) => value !== right[at]);
  return index < 0 ? 0 : left[index]! - right[index]!;
};

/** Processors given away, by pod and container. */
export type Assigned = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

/** Why a pod cannot have what it asks for: too few processors, or none together. */
export type Unassigned = 'too-few' | 'not-aligned';

interface Wish {
  readonly container: kinds.Container;
  readonly count: number;
  /** An init container, whose processors come back before the rest starts. */
  readonly ends: boolean;
}

function wishesOf(pod: kinds.Pod): Wish[] {
  const wish = (container: kinds.Container, ends: boolean): Wish => ({
    container,
    count: exclusiveCpus(pod, container),
    ends,
  });
  const inits = (pod.spec?.initContainers ?? []).map(each => wish(each, each.restartPolicy !== 'Always'));
  return [...inits, ...(pod.spec?.containers ?? []).map(each => wish(each, false))];
}

/** What a pod needs at its fullest moment: everything that lasts, or an init container beside the sidecars before it. */
function mostOf(wishes: readonly Wish[]): number {
  let [lasting, most] = [0, 0];
  for (const { count, ends } of wishes) {
    most = Math.max(most, lasting + count);
    if (!ends) lasting += count;
  }
  return most;
}

/**
 * Gives a pod's containers what they have to themselves. Init containers run one after the other before the rest, so what one
 * had the next and the rest may have too; sidecars keep theirs. Processors near to each other, as far as the policy wants.
 */
export function assignCpus(
  pod: kinds.Pod,
  all: readonly Processor[],
  free: ReadonlySet<number>,
  { policy, scope }: Alignment = { policy: 'none', scope: 'container' },
): Map<string, readonly number[]> | Unassigned {
  const nodes = [...new Set(all.map(({ node }) => node))];
  const given = new Map<string, readonly number[]>();
  const lasting = new Set<number>();
  let reusable: readonly number[] = [];
  const hints = (count: number, available: ReadonlySet<number>, again: readonly number[]): Hints => {
    if (count === 0 || nodes.length > NUMA_NODES_MAX) return undefined;
    const placed = (has: (cpu: number) => boolean) =>
      all.flatMap(({ cpu, node }) => (has(cpu) ? [{ nodes: [node] }] : []));
    const unused = placed(cpu => available.has(cpu) && !again.includes(cpu));
    return hintsOf(
      nodes,
      count,
      placed(() => true),
      unused,
      placed(cpu => again.includes(cpu)),
    );
  };
  const wishes = wishesOf(pod);
  const whole = align(policy, nodes, scope === 'pod' ? [hints(mostOf(wishes), free, [])] : []);
  if (!whole.admit) return 'not-aligned';
  for (const { container, count, ends } of wishes) {
    const available = new Set([...free].filter(cpu => !lasting.has(cpu)));
    const again = reusable.filter(cpu => available.has(cpu));
    const near = scope === 'pod' ? whole : align(policy, nodes, [hints(count, available, again)]);
    if (!near.admit) return 'not-aligned';
    if (count === 0) continue;
    const cpus = takeNear(all, available, again, count, near.mask);
    if (!cpus) return 'too-few';
    given.set(container.name, cpus);
    if (ends) reusable = [...new Set([...reusable, ...cpus])];
    else for (const cpu of cpus) lasting.add(cpu);
  }
  return given;
}

/** Takes from the wanted nodes what they have, the rest from anywhere; what init containers had first. */
function takeNear(
  all: readonly Processor[],
  available: ReadonlySet<number>,
  again: readonly number[],
  count: number,
  mask: NumaMask | undefined,
): number[] | undefined {
  const isNear = new Set(
    all.filter(({ node }) => mask === undefined || (mask & (1 << node)) !== 0).map(({ cpu }) => cpu),
  );
  const taken = new Set<number>();
  const take = (from: readonly number[]): void => {
    const left = from.filter(cpu => !taken.has(cpu));
    for (const cpu of takeCpus(all, new Set(left), Math.min(left.length, count - taken.size)) ?? []) taken.add(cpu);
  };
  const everywhere = [...available];
  take(again.filter(cpu => isNear.has(cpu)));
  take(everywhere.filter(cpu => isNear.has(cpu)));
  take(again);
  take(everywhere);
  return taken.size < count ? undefined : [...taken].sort((left, right) => left - right);
}

/** What is for all who share: the rest, those kept for the machine included. */
export function sharedCpus(all: readonly Processor[], assigned: Assigned): number[] {
  const taken = new Set([...assigned.values()].flatMap(pod => [...pod.values()].flat()));
  return all.map(({ cpu }) => cpu).filter(cpu => !taken.has(cpu));
}
