import { readFileSync } from 'node:fs';
import type { Cgroups } from '../drivers/cgroup.ts';
import type { ContainerStats as Usage } from '../model.ts';
import type { Written } from './codec.ts';
import { type LinuxContainerResources, type Metric, type MetricDescriptor, MetricType } from './generated/api.ts';
import type { ContainerEntry, SandboxEntry } from './records.ts';

const NS_PER_S = 1e9;
const US_PER_S = 1e6;
/** What cpuacct.stat counts in: USER_HZ, 100 on every architecture we run on. */
const TICKS_PER_S = 100;
const LABELS = ['id', 'name', 'image', 'namespace', 'pod'];
const { COUNTER, GAUGE } = MetricType;

/** What is known of a container or of a pod when its counters are read. */
interface Read {
  readonly usage: Usage;
  readonly entry: ContainerEntry;
  readonly group: Group;
}

/** Named numbers of one group's files, read once each. */
class Group {
  readonly #cgroups: Cgroups;
  readonly #path: string;
  readonly #texts = new Map<string, string>();

  constructor(cgroups: Cgroups, path: string) {
    this.#cgroups = cgroups;
    this.#path = path;
  }

  get unified(): boolean {
    return this.#cgroups.mode === 'v2';
  }

  #text(controller: 'memory' | 'cpu' | 'cpuacct', file: string): string {
    const known = this.#texts.get(file);
    const text = known ?? this.#cgroups.text(this.#path, controller, file);
    if (known === undefined) this.#texts.set(file, text);
    return text;
  }

  /** A file that is one number; undefined where it is not there. */
  number(controller: 'memory' | 'cpu' | 'cpuacct', file: string): number | undefined {
    const text = this.#text(controller, file).trim();
    return /^\d+$/.test(text) ? Number(text) : undefined;
  }

  /** A line `name number` of a file. */
  field(controller: 'memory' | 'cpu' | 'cpuacct', file: string, name: string): number | undefined {
    const line = this.#text(controller, file)
      .split('\n')
      .find(each => each.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length + 1));
  }

  memory(split: string, unified: string): number | undefined {
    return this.field('memory', 'memory.stat', this.unified ? unified : split);
  }

  /** Seconds of processor time in user or kernel mode. */
  mode_s(mode: 'user' | 'system'): number | undefined {
    return this.unified
      ? over(this.field('cpu', 'cpu.stat', `${mode}_usec`), US_PER_S)
      : over(this.field('cpuacct', 'cpuacct.stat', mode), TICKS_PER_S);
  }

  throttled_s(): number | undefined {
    return this.unified
      ? over(this.field('cpu', 'cpu.stat', 'throttled_usec'), US_PER_S)
      : over(this.field('cpu', 'cpu.stat', 'throttled_time'), NS_PER_S);
  }

  /** Bytes swapped out; undefined where the kernel does not count them. */
  swap_bytes(): number | undefined {
    return this.unified ? this.number('memory', 'memory.swap.current') : this.memory('total_swap', '');
  }
}

const over = (value: number | undefined, by: number): number | undefined => (value === undefined ? value : value / by);

/** Swap in use by a group; 0 where nobody counts it. */
export const swapOf = (cgroups: Cgroups, path: string): number => new Group(cgroups, path).swap_bytes() ?? 0;

const limits = (entry: ContainerEntry): Partial<LinuxContainerResources> => entry.config.linux?.resources ?? {};

type Row = readonly [name: string, help: string, type: number, read: (from: Read) => number | undefined];

/** A container's counters, named as cAdvisor names them (KEP-2371); those that the kernel does not tell are left out. */
const CONTAINER: readonly Row[] = [
  ['container_cpu_usage_seconds_total', 'Processor time used', COUNTER, r => r.usage.cpu_ns / NS_PER_S],
  ['container_cpu_user_seconds_total', 'Processor time in user mode', COUNTER, r => r.group.mode_s('user')],
  ['container_cpu_system_seconds_total', 'Processor time in the kernel', COUNTER, r => r.group.mode_s('system')],
  [
    'container_cpu_cfs_periods_total',
    'Periods of the limit',
    COUNTER,
    r => r.group.field('cpu', 'cpu.stat', 'nr_periods'),
  ],
  [
    'container_cpu_cfs_throttled_periods_total',
    'Periods in which the limit was reached',
    COUNTER,
    r => r.group.field('cpu', 'cpu.stat', 'nr_throttled'),
  ],
  ['container_cpu_cfs_throttled_seconds_total', 'Time held back by the limit', COUNTER, r => r.group.throttled_s()],
  ['container_last_seen', 'When the container was last looked at', GAUGE, r => r.usage.at_ms / 1000],
  ['container_memory_usage_bytes', 'Memory in use', GAUGE, r => r.usage.memory_bytes],
  ['container_memory_working_set_bytes', 'Memory that cannot be reclaimed', GAUGE, r => r.usage.workingSet_bytes],
  ['container_memory_rss', 'Anonymous memory', GAUGE, r => r.usage.rss_bytes],
  [
    'container_memory_cache',
    'Memory of the page cache',
    GAUGE,
    r => r.group.memory('total_cache', 'file') ?? Math.max(0, r.usage.memory_bytes - r.usage.rss_bytes),
  ],
  [
    'container_memory_mapped_file',
    'Memory of mapped files',
    GAUGE,
    r => r.group.memory('total_mapped_file', 'file_mapped'),
  ],
  ['container_memory_swap', 'Memory swapped out', GAUGE, r => r.group.swap_bytes()],
  [
    'container_memory_max_usage_bytes',
    'The most memory that was in use',
    GAUGE,
    ({ group }) => group.number('memory', group.unified ? 'memory.peak' : 'memory.max_usage_in_bytes'),
  ],
  [
    'container_memory_failcnt',
    'How often the memory limit was reached',
    COUNTER,
    ({ group }) =>
      group.unified ? group.field('memory', 'memory.events', 'max') : group.number('memory', 'memory.failcnt'),
  ],
  [
    'container_oom_events_total',
    'How often the kernel killed for memory',
    COUNTER,
    ({ group }) => group.field('memory', group.unified ? 'memory.events' : 'memory.oom_control', 'oom_kill'),
  ],
  ['container_page_faults_total', 'Page faults', COUNTER, r => r.usage.pageFaults],
  ['container_major_page_faults_total', 'Page faults that read from a disk', COUNTER, r => r.usage.majorPageFaults],
  ['container_processes', 'Processes', GAUGE, r => r.usage.pids],
  ['container_start_time_seconds', 'When the container was made', GAUGE, r => r.entry.createdAt_ms / 1000],
  ['container_spec_cpu_period', 'Period of its processor limit', GAUGE, r => limits(r.entry).cpuPeriod || undefined],
  ['container_spec_cpu_quota', 'Quota of its processor limit', GAUGE, r => limits(r.entry).cpuQuota || undefined],
  ['container_spec_cpu_shares', 'Its processor shares', GAUGE, r => limits(r.entry).cpuShares || undefined],
  [
    'container_spec_memory_limit_bytes',
    'Its memory limit; 0 for none',
    GAUGE,
    r => limits(r.entry).memoryLimitInBytes ?? 0,
  ],
];

const FAILURES = 'container_memory_failures_total';
const FAILURE_LABELS = [...LABELS, 'failure_type', 'scope'];
const INTERFACE_LABELS = [...LABELS, 'interface'];

/** Columns of /proc/PID/net/dev (proc(5)). */
const COLUMNS = [
  ['container_network_receive_bytes_total', 'Bytes received', 0],
  ['container_network_receive_packets_total', 'Packets received', 1],
  ['container_network_receive_errors_total', 'Errors while receiving', 2],
  ['container_network_receive_packets_dropped_total', 'Packets dropped while receiving', 3],
  ['container_network_transmit_bytes_total', 'Bytes sent', 8],
  ['container_network_transmit_packets_total', 'Packets sent', 9],
  ['container_network_transmit_errors_total', 'Errors while sending', 10],
  ['container_network_transmit_packets_dropped_total', 'Packets dropped while sending', 11],
] as const;

/** Every metric that is told, with its labels in the order of their values. */
export const DESCRIPTORS: readonly Written<MetricDescriptor>[] = [
  ...CONTAINER.map(([name, help]) => ({ name, help, labelKeys: LABELS })),
  { name: FAILURES, help: 'Page faults, by kind', labelKeys: FAILURE_LABELS },
  ...COLUMNS.map(([name, help]) => ({ name, help, labelKeys: INTERFACE_LABELS })),
];

const labelsOf = (sandbox: SandboxEntry, id: string, name: string, image: string): string[] => {
  const { namespace = '', name: pod = '' } = sandbox.config.metadata ?? {};
  return [id, name, image, namespace, pod];
};

/** One container's counters. */
export function containerMetrics(
  entry: ContainerEntry,
  sandbox: SandboxEntry,
  usage: Usage,
  cgroups: Cgroups,
): Written<Metric>[] {
  const labels = labelsOf(sandbox, entry.id, entry.config.metadata?.name ?? '', entry.config.image?.image ?? '');
  const timestamp = BigInt(Math.round(usage.at_ms)) * 1_000_000n;
  const one = (
    name: string,
    metricType: number,
    labelValues: string[],
    value: number | undefined,
  ): Written<Metric>[] =>
    value === undefined ? [] : [{ name, timestamp, metricType, labelValues, value: { value: Math.round(value) } }];
  const from = { usage, entry, group: new Group(cgroups, `${sandbox.cgroup}/${entry.id}`) };
  return [
    ...CONTAINER.flatMap(([name, , type, read]) => one(name, type, labels, read(from))),
    ...one(FAILURES, COUNTER, [...labels, 'pgfault', 'container'], usage.pageFaults),
    ...one(FAILURES, COUNTER, [...labels, 'pgmajfault', 'container'], usage.majorPageFaults),
  ];
}

/** The numbers of each interface, loopback left out, of the network namespace a process is in; none when it is gone. */
export function interfaceRows(
  pid: number | undefined,
): { readonly name: string; readonly values: readonly number[] }[] {
  if (pid === undefined) return [];
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .slice(2)
    .flatMap(row => {
      const [name = '', numbers = ''] = row.split(':');
      const known = name.trim();
      return known === '' || known === 'lo' ? [] : [{ name: known, values: numbers.trim().split(/\s+/).map(Number) }];
    });
}

/** A pod's own counters: those of its interfaces. */
export function sandboxMetrics(sandbox: SandboxEntry, pid: number | undefined, at_ms: number): Written<Metric>[] {
  const labels = labelsOf(sandbox, sandbox.id, '', '');
  const timestamp = BigInt(Math.round(at_ms)) * 1_000_000n;
  return interfaceRows(pid).flatMap(({ name: device, values }) =>
    COLUMNS.map(([name, , column]) => ({
      name,
      timestamp,
      metricType: COUNTER,
      labelValues: [...labels, device],
      value: { value: values[column] ?? 0 },
    })),
  );
}
