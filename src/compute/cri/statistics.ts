import type { ContainerStats as Usage } from '../model.ts';
import type { Written } from './codec.ts';
import type { CriContext, Methods } from './context.ts';
import { notFound } from './errors.ts';
import {
  type ContainerStats,
  type ContainerStatsFilter,
  type NetworkInterfaceUsage,
  type PodSandboxMetrics,
  type PodSandboxStats,
  type PodSandboxStatsFilter,
} from './generated/api.ts';
import { usageOf } from './images.ts';
import { containerMetrics, DESCRIPTORS, interfaceRows, sandboxMetrics, swapOf } from './metrics.ts';
import type { ContainerEntry, SandboxEntry } from './records.ts';
import { labelsMatch, nanoseconds } from './status.ts';

function interfacesOf(pid: number | undefined): Written<NetworkInterfaceUsage>[] {
  return interfaceRows(pid).map(({ name, values }) => ({
    name,
    rxBytes: { value: values[0] ?? 0 },
    rxErrors: { value: values[2] ?? 0 },
    txBytes: { value: values[8] ?? 0 },
    txErrors: { value: values[10] ?? 0 },
  }));
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
      ListMetricDescriptors: () => Promise.resolve({ descriptors: DESCRIPTORS }),
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
    cgroup: string,
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
      swap: { timestamp, swapUsageBytes: { value: swapOf(this.#context.options.cgroups, cgroup) } },
    };
  }

  async #container(entry: ContainerEntry, usage: Usage): Promise<Written<ContainerStats>> {
    const { metadata, labels, annotations } = entry.config;
    const rootfs = (await this.#context.statusOf(entry))?.spec.rootfs;
    const folder = rootfs?.kind === 'overlay' ? rootfs.upper : rootfs?.kind === 'folder' ? rootfs.path : undefined;
    const written = folder ? await usageOf(folder) : { bytes: 0, files: 0 };
    return {
      attributes: { id: entry.id, metadata, labels, annotations },
      ...this.#measures(entry.id, usage, limitOf(entry.config.linux?.resources), this.#groupOf(entry)),
      writableLayer: {
        timestamp: nanoseconds(usage.at_ms),
        fsId: { mountpoint: this.#context.options.imageFolder },
        usedBytes: { value: written.bytes },
        inodesUsed: { value: written.files },
      },
    };
  }

  #groupOf(entry: ContainerEntry): string {
    return `${this.#context.sandboxes.get(entry.sandboxId).cgroup}/${entry.id}`;
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
    const interfaces = interfacesOf(await this.#pidIn(entry));
    const [defaultInterface] = interfaces;
    const measured = own ? this.#measures(id, { ...own, at_ms }, limitOf(config.linux?.resources), cgroup) : {};
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

  async #pidIn(sandbox: SandboxEntry): Promise<number | undefined> {
    const statuses = this.#context.containersOf(sandbox.id).map(container => this.#context.statusOf(container));
    return (await Promise.all(statuses)).find(status => status?.pid)?.pid;
  }

  async #metrics(): Promise<Written<PodSandboxMetrics>[]> {
    const { cgroups, clock } = this.#context.options;
    const usages = await this.#usages();
    const alive = this.#context.sandboxes.all().filter(({ stopped }) => !stopped);
    return Promise.all(
      alive.map(async sandbox => ({
        podSandboxId: sandbox.id,
        metrics: sandboxMetrics(sandbox, await this.#pidIn(sandbox), clock.now()),
        containerMetrics: this.#context.containersOf(sandbox.id).flatMap(entry => {
          const usage = usages.get(entry.id);
          if (!usage) return [];
          return [{ containerId: entry.id, metrics: containerMetrics(entry, sandbox, usage, cgroups) }];
        }),
      })),
    );
  }
}

const limitOf = (resources: { readonly memoryLimitInBytes: number } | undefined): number =>
  resources?.memoryLimitInBytes ?? 0;
