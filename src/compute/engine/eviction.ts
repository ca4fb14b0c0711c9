import { type kinds, Quantity } from '../../kernel/index.ts';
import { bytesOf } from './resources.ts';

/** What a node runs out of (Kubernetes documentation, "Node-pressure Eviction"). */
export const SIGNALS = ['memory.available', 'nodefs.available', 'nodefs.inodesFree', 'pid.available'] as const;
export type Signal = (typeof SIGNALS)[number];

/** A hard threshold: an amount, or a share of the capacity (0 to 1). */
export interface Threshold {
  readonly signal: Signal;
  readonly amount: number;
  readonly share?: number;
  /** As it was written. */
  readonly text: string;
}

export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

/** A pod with what it uses of memory and disk, in bytes. */
export interface PodUse {
  readonly pod: kinds.Pod;
  readonly memory_bytes: number;
  readonly disk_bytes: number;
  readonly pids: number;
}

/** Memory as kubelet's default; of the disk an amount rather than a share: a large disk that is 90 % full has room. */
export const DEFAULT_THRESHOLDS = 'memory.available<100Mi,nodefs.available<1Gi,nodefs.inodesFree<1%';

const CONDITIONS: Readonly<Record<Signal, 'MemoryPressure' | 'DiskPressure' | 'PIDPressure'>> = {
  'memory.available': 'MemoryPressure',
  'nodefs.available': 'DiskPressure',
  'nodefs.inodesFree': 'DiskPressure',
  'pid.available': 'PIDPressure',
};

const RESOURCES: Readonly<Record<Signal, string>> = {
  'memory.available': 'memory',
  'nodefs.available': 'ephemeral-storage',
  'nodefs.inodesFree': 'inodes',
  'pid.available': 'pids',
};

export const conditionOf = (signal: Signal): string => CONDITIONS[signal];

/** Reads `memory.available<100Mi,nodefs.available<10%`; the part that cannot be read instead, where there is one. */
export function parseThresholds(text: string): readonly Threshold[] | { readonly unreadable: string } {
  const found: Threshold[] = [];
  for (const part of text.split(',').filter(Boolean)) {
    const [name = '', value = ''] = part.split('<').map(word => word.trim());
    const signal = SIGNALS.find(known => known === name);
    if (!signal || value === '') return { unreadable: part };
    const share = /^(\d+(?:\.\d+)?)%$/.exec(value)?.[1];
    if (share !== undefined) found.push({ signal, amount: 0, share: Number(share) / 100, text: value });
    else {
      const amount = bytesOf({ value }, 'value');
      if (amount === undefined || !/^\d/.test(value)) return { unreadable: part };
      found.push({ signal, amount, text: value });
    }
  }
  return found;
}

const bound = ({ amount, share }: Threshold, { capacity }: Observation): number =>
  share === undefined ? amount : share * capacity;

/** Thresholds that are crossed now, in the order they were given. */
export function crossed(
  thresholds: readonly Threshold[],
  seen: Readonly<Partial<Record<Signal, Observation>>>,
): readonly { readonly threshold: Threshold; readonly observation: Observation }[] {
  return thresholds.flatMap(threshold => {
    const observation = seen[threshold.signal];
    return observation && observation.available < bound(threshold, observation) ? [{ threshold, observation }] : [];
  });
}

function requested(pod: kinds.Pod, name: string): number {
  const containers = pod.spec?.containers ?? [];
  return containers.reduce((all, { resources }) => all + (bytesOf(resources?.requests, name) ?? 0), 0);
}

const CRITICAL_PRIORITY = 2_000_000_000;

/** Static pods and those of system priority stay, whatever they use. */
const isCritical = ({ metadata, spec }: kinds.Pod): boolean =>
  metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined || (spec?.priority ?? 0) >= CRITICAL_PRIORITY;

/** Who goes first: those above their requests, then by priority, then by how far above. */
export function evictionOrder(signal: Signal, pods: readonly PodUse[]): readonly PodUse[] {
  const used = ({ memory_bytes, disk_bytes, pids }: PodUse): number =>
    signal === 'memory.available' ? memory_bytes : signal === 'pid.available' ? pids : disk_bytes;
  const name = RESOURCES[signal];
  const above = (use: PodUse): number => used(use) - requested(use.pod, name);
  const priority = ({ pod }: PodUse): number => pod.spec?.priority ?? 0;
  return pods
    .filter(({ pod }) => !isCritical(pod))
    .toSorted(
      (left, right) =>
        Number(above(right) > 0) - Number(above(left) > 0) ||
        priority(left) - priority(right) ||
        above(right) - above(left),
    );
}

const binary = (bytes: number): string => String(Quantity.parse(`${Math.max(0, Math.ceil(bytes / 1024))}Ki`) ?? bytes);

/** Kubelet's words for the pod that goes. */
export function evictionMessage(
  { threshold, observation }: { readonly threshold: Threshold; readonly observation: Observation },
  use: PodUse,
): string {
  const { signal } = threshold;
  const counts = signal === 'pid.available' || signal === 'nodefs.inodesFree';
  const told = (value: number): string => (counts ? String(Math.round(value)) : binary(value));
  const head = `The node was low on resource: ${RESOURCES[signal]}. Threshold quantity: ${told(bound(threshold, observation))}, available: ${told(observation.available)}. `;
  const names = (use.pod.spec?.containers ?? []).map(({ name }) => name).join(', ');
  const amount =
    signal === 'memory.available' ? use.memory_bytes : signal === 'pid.available' ? use.pids : use.disk_bytes;
  const request = requested(use.pod, RESOURCES[signal]);
  return `${head}Container ${names} was using ${told(amount)}, request is ${counts ? request : request === 0 ? '0' : binary(request)}, has larger consumption of ${RESOURCES[signal]}. `;
}

/** Volumes of the pod on disk that hold more than they may (`emptyDir.sizeLimit`), with kubelet's words. */
export function oversized(pod: kinds.Pod, sizes: ReadonlyMap<string, number>): string | undefined {
  for (const { name, emptyDir } of pod.spec?.volumes ?? []) {
    const limit = bytesOf({ limit: emptyDir?.sizeLimit as string }, 'limit');
    if (!emptyDir || limit === undefined || (sizes.get(name) ?? 0) <= limit) continue;
    return `Usage of EmptyDir volume "${name}" exceeds the limit "${String(emptyDir.sizeLimit)}". `;
  }
  return undefined;
}
