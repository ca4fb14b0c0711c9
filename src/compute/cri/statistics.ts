import { readFileSync } from 'node:fs';
import type { ContainerStats as Usage } from '../model.ts';
import type { Written } from './codec.ts';
import type { CriContext, Methods } from './context.ts';
import { notFound } from './errors.ts';
import {
  type ContainerStats,
  type ContainerStatsFilter,
  type LinuxContainerResources,
  type Metric,
  MetricType,
  type NetworkInterfaceUsage,
  type PodSandboxMetrics,
  type PodSandboxStats,
  type PodSandboxStatsFilter,
} from './generated/api.ts';
import { usageOf } from './images.ts';
import type { ContainerEntry, SandboxEntry } from './records.ts';
import { labelsMatch, nanoseconds } from './status.ts';

const NS_PER_S = 1e9;
const LABELS = ['id', 'name', 'image', 'namespace', 'pod'];

type Reading = (usage: Usage, entry: ContainerEntry) => number | undefined;
const { COUNTER, GAUGE } = MetricType;
const limits = (entry: ContainerEntry): Partial<LinuxContainerResources> => entry.config.linux?.resources ?? {};

/** The counters told, named as cAdvisor names them (KEP-2371); those without a value are left out of a container's. */
const METRICS: readonly (readonly [name: string, help: string, type: number, read: Reading])[] = [
  ['container_cpu_usage_seconds_total', 'Processor time used', COUNTER, u => u.cpu_ns / NS_PER_S],
  ['container_last_seen', 'When the container was last looked at', GAUGE, u => u.at_ms / 1000],
  ['container_memory_usage_bytes', 'Memory in use', GAUGE, u => u.memory_bytes],
  ['container_memory_working_set_bytes', 'Memory that cannot be reclaimed', GAUGE, u => u.workingSet_bytes],
  ['container_memory_rss', 'Anonymous memory', GAUGE, u => u.rss_bytes],
  ['container_memory_cache', 'Memory of the page cache', GAUGE, u => Math.max(0, u.memory_bytes - u.rss_bytes)],
  ['container_page_faults_total', 'Page faults', COUNTER, u => u.pageFaults],
  ['container_major_page_faults_total', 'Page faults that read from a disk', COUNTER, u => u.majorPageFaults],
  ['container_processes', 'Processes', GAUGE, u => u.pids],
  ['container_start_time_seconds', 'When the container was made', GAUGE, (_, e) => e.createdAt_ms / 1000],
  ['container_spec_cpu_period', 'Period of its processor limit', GAUGE, (_, e) => limits(e).cpuPeriod || undefined],
  ['container_spec_cpu_quota', 'Quota of its processor limit', GAUGE, (_, e) => limits(e).cpuQuota || undefined],
  ['container_spec_cpu_shares', 'Its processor shares', GAUGE, (_, e) => limits(e).cpuShares || undefined],
  [
    'container_spec_memory_limit_bytes',
    'Its memory limit; 0 for none',
    GAUGE,
    (_, e) => limits(e).memoryLimitInBytes ?? 0,
  ],
];

/** Interfaces of the network namespace a process is in (/proc/PID/net/dev). */
function interfacesOf(pid: number | undefined): Written<NetworkInterfaceUsage>[] {
  if (pid === undefined) return [];
  try {
    const rows = readFileSync(`/proc/${pid}/net/dev`, 'utf8').split('\n').slice(2);
    return rows.flatMap(row => {
      const [name = '', numbers = ''] = row.split(':');
      if (!name.trim() || name.trim() === 'lo') return [];
      const values = numbers.trim().split(/\s+/).map(Number);
      return [
        {
          name: name.trim(),
          rxBytes: { value: values[0] ?? 0 },
          rxErrors: { value: values[2] ?? 0 },
          txBytes: { value: values[8] ?? 0 },
          txErrors: { value: values[10] ?? 0 },
        },
      ];
    });
  } catch {
    return [];
  }
}

/** Usage of containers and pods, from their cgroups. */
export class StatisticsMethods {
  readonly #context: CriContext;
  /** Last processor reading of each group, for the rate. */
  readonly #last = new Map<string, { at_ms: number; cpu_ns: number }>();

  constructor(context: CriContext) {
    this.#context = context;
  }

  methods(): Methods<
    | 'ContainerStats'
    | 'ListContainerStats'
    | 'PodSandboxStats'
    | 'ListPodSandboxStats'
    | 'ListMetricDescriptors'
    | 'ListPodSandboxMetrics'
  > {
    const { containers, sandboxes } = this.#context;
    return {
      ContainerStats: async ({ containerId }) => {
        const entry = containers.get(containerId);
        const usage = (await this.#usages()).get(entry.id);
        if (!usage) throw notFound('statistics of container', containerId);
        return { stats: await this.#container(entry, usage) };
      },
      ListContainerStats: async ({ filter }) => ({ stats: await this.#containers(filter) }),
      PodSandboxStats: async ({ podSandboxId }) => ({ stats: await this.#sandbox(sandboxes.get(podSandboxId)) }),
      ListPodSandboxStats: async ({ filter }) => {
        const chosen = sandboxes.all().filter(entry => !entry.stopped && this.#isAsked(entry, filter));
        return { stats: await Promise.all(chosen.map(entry => this.#sandbox(entry))) };
      },
      ListMetricDescriptors: () =>
        Promise.resolve({ descriptors: METRICS.map(([name, help]) => ({ name, help, labelKeys: LABELS })) }),
      ListPodSandboxMetrics: async () => ({ podMetrics: await this.#metrics() }),
    };
  }

  #isAsked(entry: SandboxEntry, filter: PodSandboxStatsFilter | undefined): boolean {
    if (filter?.id && this.#context.sandboxes.find(filter.id) !== entry) return false;
    return labelsMatch(filter?.labelSelector, entry.config.labels);
  }

  async #usages(): Promise<Map<string, Usage>> {
    const runtimes = new Set(this.#context.options.runtimes.values());
    const all = (await Promise.all([...runtimes].map(runtime => runtime.stats()))).flat();
    return new Map(all.map(usage => [usage.id, usage]));
  }

  /** Nanoseconds of processor a second since the last time somebody asked. */
  #rate(id: string, at_ms: number, cpu_ns: number): number {
    const last = this.#last.get(id);
    this.#last.set(id, { at_ms, cpu_ns });
    if (!last || at_ms <= last.at_ms) return 0;
    return Math.max(0, Math.round(((cpu_ns - last.cpu_ns) / (at_ms - last.at_ms)) * 1000));
  }

  /** `limit_bytes`: 0 where there is none. */
  #measures(
    id: string,
    usage: Omit<Usage, 'id' | 'pids'>,
    limit_bytes: number,
  ): Pick<Written<ContainerStats>, 'cpu' | 'memory' | 'swap'> {
    const timestamp = nanoseconds(usage.at_ms);
    const cpu_ns = Math.round(usage.cpu_ns);
    const rate = this.#rate(id, usage.at_ms, cpu_ns);
    return {
      cpu: { timestamp, usageCoreNanoSeconds: { value: cpu_ns }, usageNanoCores: { value: rate } },
      memory: {
        timestamp,
        workingSetBytes: { value: usage.workingSet_bytes },
        usageBytes: { value: usage.memory_bytes },
        rssBytes: { value: usage.rss_bytes },
        ...(limit_bytes > 0 ? { availableBytes: { value: Math.max(0, limit_bytes - usage.workingSet_bytes) } } : {}),
        ...(usage.pageFaults === undefined ? {} : { pageFaults: { value: usage.pageFaults } }),
        ...(usage.majorPageFaults === undefined ? {} : { majorPageFaults: { value: usage.majorPageFaults } }),
      },
      swap: { timestamp, swapUsageBytes: { value: 0 } },
    };
  }

  async #container(entry: ContainerEntry, usage: Usage): Promise<Written<ContainerStats>> {
    const { metadata, labels, annotations } = entry.config;
    const rootfs = (await this.#context.statusOf(entry))?.spec.rootfs;
    const folder = rootfs?.kind === 'overlay' ? rootfs.upper : rootfs?.kind === 'folder' ? rootfs.path : undefined;
    const written = folder ? await usageOf(folder) : { bytes: 0, files: 0 };
    return {
      attributes: { id: entry.id, metadata, labels, annotations },
      ...this.#measures(entry.id, usage, limitOf(entry.config.linux?.resources)),
      writableLayer: {
        timestamp: nanoseconds(usage.at_ms),
        fsId: { mountpoint: this.#context.options.imageFolder },
        usedBytes: { value: written.bytes },
        inodesUsed: { value: written.files },
      },
    };
  }

  async #containers(filter: ContainerStatsFilter | undefined): Promise<Written<ContainerStats>[]> {
    const usages = await this.#usages();
    const sandbox = filter?.podSandboxId ? this.#context.sandboxes.find(filter.podSandboxId) : undefined;
    const found: Promise<Written<ContainerStats>>[] = [];
    for (const entry of this.#context.containers.all()) {
      const usage = usages.get(entry.id);
      if (!usage) continue;
      if (filter?.id && this.#context.containers.find(filter.id) !== entry) continue;
      if (filter?.podSandboxId && entry.sandboxId !== sandbox?.id) continue;
      if (labelsMatch(filter?.labelSelector, entry.config.labels)) found.push(this.#container(entry, usage));
    }
    return Promise.all(found);
  }

  async #sandbox(entry: SandboxEntry): Promise<Written<PodSandboxStats>> {
    const { id, config, cgroup } = entry;
    const { metadata, labels, annotations } = config;
    const at_ms = this.#context.options.clock.now();
    const timestamp = nanoseconds(at_ms);
    const own = this.#context.options.cgroups.usage(cgroup);
    const containers = await this.#containers({ id: '', podSandboxId: id, labelSelector: {} });
    const statuses = this.#context.containersOf(id).map(container => this.#context.statusOf(container));
    const interfaces = interfacesOf((await Promise.all(statuses)).find(status => status?.pid)?.pid);
    const [defaultInterface] = interfaces;
    const measured = own ? this.#measures(id, { ...own, at_ms }, limitOf(config.linux?.resources)) : {};
    return {
      attributes: { id, metadata, labels, annotations },
      linux: {
        ...('cpu' in measured ? { cpu: measured.cpu, memory: measured.memory } : {}),
        network: { timestamp, defaultInterface, interfaces },
        process: { timestamp, processCount: { value: own?.pids ?? 0 } },
        containers,
      },
    };
  }

  async #metrics(): Promise<Written<PodSandboxMetrics>[]> {
    const usages = await this.#usages();
    return this.#context.sandboxes.all().map(sandbox => ({
      podSandboxId: sandbox.id,
      metrics: [],
      containerMetrics: this.#context.containersOf(sandbox.id).flatMap(entry => {
        const usage = usages.get(entry.id);
        return usage ? [{ containerId: entry.id, metrics: metricsOf(entry, sandbox, usage) }] : [];
      }),
    }));
  }
}

const limitOf = (resources: { readonly memoryLimitInBytes: number } | undefined): number =>
  resources?.memoryLimitInBytes ?? 0;

function metricsOf(entry: ContainerEntry, sandbox: SandboxEntry, usage: Usage): Written<Metric>[] {
  const { namespace = '', name = '' } = sandbox.config.metadata ?? {};
  const labelValues = [entry.id, entry.config.metadata?.name ?? '', entry.config.image?.image ?? '', namespace, name];
  return METRICS.flatMap(([metric, , metricType, read]) => {
    const value = read(usage, entry);
    return value === undefined ? [] : [{ name: metric, metricType, labelValues, value: { value: Math.round(value) } }];
  });
}
