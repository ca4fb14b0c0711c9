import type { Resources } from '../model.ts';

/** Files of a unified control group and what limits write to them (Documentation/admin-guide/cgroup-v2.rst). */
export function unifiedValues(resources: Resources): readonly (readonly [file: string, value: string | number])[] {
  const { memory_bytes, memorySwap_bytes, cpuShares, cpuQuota_us, cpuPeriod_us, pids_max, cpuset } = resources;
  const swap =
    memorySwap_bytes === undefined || memory_bytes === undefined ? undefined : memorySwap_bytes - memory_bytes;
  const orMax = (value: number | undefined): string | number | undefined =>
    value === undefined || value > 0 ? value : 'max';
  // KEP-2254: shares 2..262144 become weights 1..10000.
  const weight = cpuShares === undefined ? undefined : 1 + Math.floor(((Math.max(2, cpuShares) - 2) * 9999) / 262142);
  const values: [string, string | number | undefined][] = [
    ['memory.max', orMax(memory_bytes)],
    ['memory.swap.max', swap],
    ['cpu.weight', weight],
    ['cpu.max', cpuQuota_us === undefined ? undefined : `${orMax(cpuQuota_us)} ${cpuPeriod_us ?? 100_000}`],
    ['pids.max', orMax(pids_max)],
    ['cpuset.cpus', cpuset],
    ['cpuset.mems', resources.cpusetMemory],
    ...(resources.hugePages ?? []).map(({ pageSize, limit }): [string, number] => [`hugetlb.${pageSize}.max`, limit]),
    ...Object.entries(resources.unified ?? {}),
  ];
  return values.flatMap(([file, value]) => (value === undefined ? [] : [[file, value] as const]));
}
