import { readFileSync, statfsSync } from 'node:fs';
import { cpus, freemem, totalmem } from 'node:os';
import type { ContainerStats } from '../model.ts';
import { type Measured, resourceMetrics } from './node-metrics.ts';
import type { Agent } from './start.ts';

async function measure(agent: Agent): Promise<Measured[]> {
  const result: Measured[] = [];
  for (const runtime of new Set(agent.node.runtimes.values())) {
    const known = new Map((await runtime.listContainers()).map(status => [status.spec.id, status]));
    for (const stats of await runtime.stats()) {
      const status = known.get(stats.id);
      if (status) result.push({ stats, status });
    }
  }
  return result;
}

const time = (at_ms: number): string => new Date(at_ms).toISOString().replace(/\.\d{3}Z$/, 'Z');

interface Seen {
  readonly cpu_ns: number;
  readonly at_ms: number;
}

/** Usage of the node and its pods: `/stats/summary` (kubelet Summary API) and `/metrics/cadvisor`. */
export class Statistics {
  readonly #agent: Agent;
  readonly #seen = new Map<string, Seen>();

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  /** Nanocores since the last look at this key. */
  #rate(key: string, cpu_ns: number, at_ms: number): number {
    const before = this.#seen.get(key);
    if (!before || at_ms - before.at_ms >= 1_000) this.#seen.set(key, { cpu_ns, at_ms });
    if (!before || at_ms <= before.at_ms) return 0;
    return Math.max(0, Math.round(((cpu_ns - before.cpu_ns) / (at_ms - before.at_ms)) * 1000));
  }

  #usage(key: string, stats: Omit<ContainerStats, 'id' | 'pids'>) {
    const { at_ms, cpu_ns, memory_bytes, workingSet_bytes, rss_bytes } = stats;
    return {
      cpu: { time: time(at_ms), usageNanoCores: this.#rate(key, cpu_ns, at_ms), usageCoreNanoSeconds: cpu_ns },
      memory: {
        time: time(at_ms),
        usageBytes: memory_bytes,
        workingSetBytes: workingSet_bytes,
        rssBytes: rss_bytes,
        pageFaults: stats.pageFaults ?? 0,
        majorPageFaults: stats.majorPageFaults ?? 0,
      },
    };
  }

  async summary(): Promise<Record<string, unknown>> {
    const { node } = this.#agent;
    const now = node.clock.now();
    const pods = new Map<string, Measured[]>();
    for (const measured of await measure(this.#agent)) {
      const uid = measured.status.spec.labels['io.kubernetes.pod.uid'] ?? '';
      pods.set(uid, [...(pods.get(uid) ?? []), measured]);
    }
    const { bsize, blocks, bavail, files, ffree } = statfsSync(node.stateFolder);
    const disk = {
      time: time(now),
      capacityBytes: bsize * blocks,
      availableBytes: bsize * bavail,
      usedBytes: bsize * (blocks - bavail),
      inodes: files,
      inodesFree: ffree,
      inodesUsed: files - ffree,
    };
    const used = totalmem() - freemem();
    const whole = { at_ms: now, cpu_ns: nodeCpu_ns(), memory_bytes: used, workingSet_bytes: used, rss_bytes: used };
    const usage = this.#usage('', whole);
    return {
      node: {
        nodeName: node.nodeName,
        startTime: time(now - performance.now()),
        cpu: usage.cpu,
        memory: { ...usage.memory, availableBytes: freemem() },
        fs: disk,
        runtime: { imageFs: disk, containerFs: disk },
      },
      pods: [...pods].map(([uid, list]) => this.#pod(uid, list)),
    };
  }

  #pod(uid: string, list: readonly Measured[]): Record<string, unknown> {
    const labels = list[0]!.status.spec.labels;
    const sum = (of: (stats: ContainerStats) => number): number => list.reduce((all, { stats }) => all + of(stats), 0);
    const total = {
      at_ms: list[0]!.stats.at_ms,
      cpu_ns: sum(stats => stats.cpu_ns),
      memory_bytes: sum(stats => stats.memory_bytes),
      workingSet_bytes: sum(stats => stats.workingSet_bytes),
      rss_bytes: sum(stats => stats.rss_bytes),
      pageFaults: sum(stats => stats.pageFaults ?? 0),
      majorPageFaults: sum(stats => stats.majorPageFaults ?? 0),
    };
    return {
      podRef: { name: labels['io.kubernetes.pod.name'], namespace: labels['io.kubernetes.pod.namespace'], uid },
      startTime: time(Math.min(...list.map(({ status }) => status.startedAt_ms ?? status.spec.createdAt_ms))),
      containers: list.map(({ stats, status }) => ({
        name: status.spec.name,
        startTime: time(status.startedAt_ms ?? status.spec.createdAt_ms),
        ...this.#usage(stats.id, stats),
      })),
      ...this.#usage(uid, total),
      process_stats: { process_count: sum(stats => stats.pids) },
    };
  }

  /** `/metrics/resource`. */
  async resource(): Promise<string> {
    const node = { cpu_ns: nodeCpu_ns(), workingSet_bytes: totalmem() - freemem() };
    return resourceMetrics(node, await measure(this.#agent));
  }

  /** Prometheus text with the names and labels dashboards of cAdvisor ask for. */
  async cadvisor(): Promise<string> {
    const rows = await measure(this.#agent);
    const lines: string[] = [];
    const metric = (name: string, type: string, help: string, value: (stats: ContainerStats) => number): void => {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const { stats, status } of rows) {
        const { labels, image, name: container } = status.spec;
        const pairs = {
          container,
          id: `/${stats.id}`,
          image,
          name: stats.id,
          namespace: labels['io.kubernetes.pod.namespace'],
          pod: labels['io.kubernetes.pod.name'],
        };
        const text = Object.entries(pairs).map(([key, label]) => `${key}=${JSON.stringify(label ?? '')}`);
        lines.push(`${name}{${text.join(',')}} ${value(stats)} ${stats.at_ms}`);
      }
    };
    metric(
      'container_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed in seconds.',
      stats => stats.cpu_ns / 1e9,
    );
    metric('container_memory_usage_bytes', 'gauge', 'Current memory usage in bytes.', stats => stats.memory_bytes);
    metric(
      'container_memory_working_set_bytes',
      'gauge',
      'Current working set in bytes.',
      stats => stats.workingSet_bytes,
    );
    metric('container_memory_rss', 'gauge', 'Size of RSS in bytes.', stats => stats.rss_bytes);
    const counted = (read: (stats: ContainerStats) => number | undefined) => (stats: ContainerStats) =>
      read(stats) ?? 0;
    const faults = 'Cumulative count of page faults since the container started.';
    metric(
      'container_page_faults_total',
      'counter',
      faults,
      counted(stats => stats.pageFaults),
    );
    metric(
      'container_major_page_faults_total',
      'counter',
      faults,
      counted(stats => stats.majorPageFaults),
    );
    metric('container_processes', 'gauge', 'Number of processes running inside the container.', stats => stats.pids);
    lines.push(
      '# HELP machine_cpu_cores Number of logical CPU cores.',
      '# TYPE machine_cpu_cores gauge',
      `machine_cpu_cores ${cpus().length}`,
    );
    lines.push(
      '# HELP machine_memory_bytes Amount of memory installed on the machine.',
      '# TYPE machine_memory_bytes gauge',
      `machine_memory_bytes ${totalmem()}`,
    );
    return `${lines.join('\n')}\n`;
  }
}

/** All processors' busy time since boot. */
function nodeCpu_ns(): number {
  try {
    const [, ...fields] = readFileSync('/proc/stat', 'latin1').split('\n')[0]!.trim().split(/\s+/);
    const ticks = fields.map(Number);
    const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
    return (ticks.slice(0, 8).reduce((all, value) => all + value, 0) - idle) * 1e7;
  } catch {
    return 0;
  }
}
