import type { kinds } from '../../kernel/index.ts';
import { milliCpu } from './resources.ts';

/** One processor as the machine numbers it, with the core and the socket it is part of. */
export interface Processor {
  readonly cpu: number;
  readonly core: number;
  readonly socket: number;
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
const coreOf = ({ socket, core }: Processor): string => `${socket}/${core}`;

/**
 * Chooses `count` of the free processors: whole sockets first, then whole cores, then single ones beside those already taken
 * from, so that as little as possible is broken up. Undefined where there are too few.
 */
export function takeCpus(all: readonly Processor[], free: ReadonlySet<number>, count: number): number[] | undefined {
  if (free.size < count) return undefined;
  const taken: Processor[] = [];
  const left = (): Processor[] => all.filter(({ cpu }) => free.has(cpu) && !taken.some(other => other.cpu === cpu));
  for (const key of [socketOf, coreOf]) {
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

/**
 * Gives a pod's containers what they have to themselves. Init containers run one after the other before the rest, so what one
 * had the next and the rest may have too; sidecars keep theirs. Undefined where there are too few.
 */
export function assignCpus(
  pod: kinds.Pod,
  all: readonly Processor[],
  free: ReadonlySet<number>,
): Map<string, readonly number[]> | undefined {
  const given = new Map<string, readonly number[]>();
  const lasting = new Set<number>();
  let reusable: readonly number[] = [];
  const inits = (pod.spec?.initContainers ?? []).map(container => ({
    container,
    ends: container.restartPolicy !== 'Always',
  }));
  const rest = (pod.spec?.containers ?? []).map(container => ({ container, ends: false }));
  for (const { container, ends } of [...inits, ...rest]) {
    const count = exclusiveCpus(pod, container);
    if (count === 0) continue;
    const available = new Set([...free].filter(cpu => !lasting.has(cpu)));
    const again = reusable.filter(cpu => available.has(cpu));
    const kept = takeCpus(all, new Set(again), Math.min(count, again.length)) ?? [];
    const others = new Set([...available].filter(cpu => !kept.includes(cpu)));
    const more = takeCpus(all, others, count - kept.length);
    if (!more) return undefined;
    const cpus = [...kept, ...more].sort((left, right) => left - right);
    given.set(container.name, cpus);
    if (ends) reusable = [...new Set([...reusable, ...cpus])];
    else for (const cpu of cpus) lasting.add(cpu);
  }
  return given;
}

/** What is for all who share: the rest, those kept for the machine included. */
export function sharedCpus(all: readonly Processor[], assigned: Assigned): number[] {
  const taken = new Set([...assigned.values()].flatMap(pod => [...pod.values()].flat()));
  return all.map(({ cpu }) => cpu).filter(cpu => !taken.has(cpu));
}
