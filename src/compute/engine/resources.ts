import { type kinds, Quantity } from '../../kernel/index.ts';
import type { Resources } from '../model.ts';

const PERIOD_US = 100_000;
const QUOTA_US_MIN = 1_000;
const SHARES_MIN = 2;
const NANO = 1_000_000_000n;

type Amounts = { readonly [name: string]: string | number } | undefined;

/** CPU in thousandths; undefined when nothing is said. */
export function milliCpu(amounts: Amounts): number | undefined {
  const quantity = amounts?.cpu === undefined ? undefined : Quantity.parse(amounts.cpu);
  return quantity && Number((quantity.nano + 999_999n) / 1_000_000n);
}

/** Bytes of memory (or another resource named); undefined when nothing is said. */
export function bytesOf(amounts: Amounts, name = 'memory'): number | undefined {
  const amount = amounts?.[name];
  const quantity = amount === undefined ? undefined : Quantity.parse(amount);
  return quantity && Number((quantity.nano + NANO - 1n) / NANO);
}

/** cgroup limits of a container, by kubelet's rules (1 CPU = 1024 shares, quota over 100 ms). */
export function containerLimits(
  requirements: kinds.ResourceRequirements | undefined,
  qos: string,
  capacity_bytes: number,
): Resources {
  const limit = milliCpu(requirements?.limits);
  const request = milliCpu(requirements?.requests) ?? limit ?? 0;
  const memory = bytesOf(requirements?.limits);
  return {
    cpuShares: Math.max(SHARES_MIN, Math.floor((request * 1024) / 1000)),
    ...(limit ? { cpuQuota_us: Math.max(QUOTA_US_MIN, limit * 100), cpuPeriod_us: PERIOD_US } : {}),
    ...(memory ? { memory_bytes: memory } : {}),
    oomScoreAdj: oomScore(qos, bytesOf(requirements?.requests) ?? 0, capacity_bytes),
  };
}

function oomScore(qos: string, request_bytes: number, capacity_bytes: number): number {
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort' || capacity_bytes === 0) return 1000;
  return Math.min(999, Math.max(3, 1000 - Math.floor((1000 * request_bytes) / capacity_bytes)));
}

/** The pod's own limits: the sums, where every container has one. */
export function podLimits(pod: kinds.Pod): Resources {
  const containers = [
    ...(pod.spec?.containers ?? []),
    ...(pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ];
  const sum = (values: readonly (number | undefined)[]): number | undefined =>
    values.length > 0 && values.every(value => value !== undefined)
      ? values.reduce((all, value) => all! + value!, 0)
      : undefined;
  const own = pod.spec?.resources?.limits;
  const cpu = milliCpu(own) ?? sum(containers.map(({ resources }) => milliCpu(resources?.limits)));
  const memory = bytesOf(own) ?? sum(containers.map(({ resources }) => bytesOf(resources?.limits)));
  const init = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy !== 'Always');
  const largest = Math.max(0, ...init.map(({ resources }) => bytesOf(resources?.limits) ?? Number.POSITIVE_INFINITY));
  const requests = containers.map(({ resources }) => milliCpu(resources?.requests) ?? milliCpu(resources?.limits) ?? 0);
  return {
    cpuShares: Math.max(SHARES_MIN, Math.floor((requests.reduce((all, value) => all + value, 0) * 1024) / 1000)),
    ...(cpu ? { cpuQuota_us: Math.max(QUOTA_US_MIN, cpu * 100), cpuPeriod_us: PERIOD_US } : {}),
    ...(memory && Number.isFinite(largest) ? { memory_bytes: Math.max(memory, largest) } : {}),
  };
}

/** Below the node's own group, by quality of service. */
export function podCgroup(uid: string, qos: string): string {
  const folder = qos === 'Guaranteed' ? 'pods' : `pods/${qos.toLowerCase()}`;
  return `${folder}/pod${uid}`;
}
