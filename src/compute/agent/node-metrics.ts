import type { ContainerStats, ContainerStatus } from '../model.ts';
import type { Agent } from './start.ts';

/** One container with what it uses. */
export interface Measured {
  readonly stats: ContainerStats;
  readonly status: ContainerStatus;
}

export interface NodeUse {
  readonly cpu_ns: number;
  readonly workingSet_bytes: number;
}

type Labels = Readonly<Record<string, string | number>>;

/** Prometheus text, family by family. */
class Families {
  readonly #lines: string[] = [];

  add(name: string, type: 'counter' | 'gauge', help: string, rows: readonly (readonly [Labels, number])[]): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of rows) {
      const pairs = Object.entries(labels).map(([key, label]) => `${key}=${JSON.stringify(String(label))}`);
      this.#lines.push(`${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`);
    }
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}

const podOf = ({ status }: Measured): { namespace: string; pod: string } => ({
  namespace: status.spec.labels['io.kubernetes.pod.namespace'] ?? '',
  pod: status.spec.labels['io.kubernetes.pod.name'] ?? '',
});

/** `/metrics/resource`: what metrics pipelines read of node, pods and containers (KEP-727). */
export function resourceMetrics(node: NodeUse, all: readonly Measured[]): string {
  const families = new Families();
  const container = (read: (one: Measured) => number) =>
    all.map(one => [{ container: one.status.spec.name, ...podOf(one) }, read(one)] as const);
  const pods = new Map<string, Measured[]>();
  for (const one of all) {
    const { namespace, pod } = podOf(one);
    pods.set(`${namespace}/${pod}`, [...(pods.get(`${namespace}/${pod}`) ?? []), one]);
  }
  const pod = (read: (one: Measured) => number) =>
    [...pods.values()].map(list => [podOf(list[0]!), list.reduce((sum, one) => sum + read(one), 0)] as const);
  const cpu = ({ stats }: Measured): number => stats.cpu_ns / 1e9;
  const memory = ({ stats }: Measured): number => stats.workingSet_bytes;
  const started = ({ status }: Measured): number => (status.startedAt_ms ?? status.spec.createdAt_ms) / 1000;
  const time = 'Cumulative cpu time consumed by the';
  const set = 'Current working set of the';
  families.add('node_cpu_usage_seconds_total', 'counter', `${time} node in core-seconds`, [[{}, node.cpu_ns / 1e9]]);
  families.add('node_memory_working_set_bytes', 'gauge', `${set} node in bytes`, [[{}, node.workingSet_bytes]]);
  families.add('container_cpu_usage_seconds_total', 'counter', `${time} container in core-seconds`, container(cpu));
  families.add('container_memory_working_set_bytes', 'gauge', `${set} container in bytes`, container(memory));
  families.add(
    'container_start_time_seconds',
    'gauge',
    'Start time of the container since unix epoch in seconds',
    container(started),
  );
  families.add('pod_cpu_usage_seconds_total', 'counter', `${time} pod in core-seconds`, pod(cpu));
  families.add('pod_memory_working_set_bytes', 'gauge', `${set} pod in bytes`, pod(memory));
  families.add(
    'resource_scrape_error',
    'gauge',
    '1 if there was an error while getting container metrics, 0 otherwise',
    [[{}, 0]],
  );
  return families.text();
}

/** `/metrics`: the agent itself, under kubelet's names. */
export function agentMetrics(agent: Agent): string {
  const families = new Families();
  const workers = [...agent.workers()];
  const containers = new Map<string, number>();
  for (const { state } of workers)
    for (const { phase } of state.containers) {
      const kept = phase === 'running' || phase === 'stopping' ? 'running' : phase === 'idle' ? 'created' : 'exited';
      containers.set(kept, (containers.get(kept) ?? 0) + 1);
    }
  const running = workers.filter(({ state }) => state.sandbox === 'ready').length;
  const uses = process.memoryUsage();
  const cpu = process.cpuUsage();
  families.add('kubelet_node_name', 'gauge', "The node's name. The count is always 1.", [
    [{ node: agent.node.nodeName }, 1],
  ]);
  families.add('kubelet_running_pods', 'gauge', 'Number of pods that have a running pod sandbox', [[{}, running]]);
  families.add(
    'kubelet_running_containers',
    'gauge',
    'Number of containers currently running',
    [...containers].map(([state, count]) => [{ container_state: state }, count] as const),
  );
  families.add('kubelet_desired_pods', 'gauge', 'Number of pods the agent is being instructed to run', [
    [{}, workers.length],
  ]);
  families.add('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', [
    [{}, (cpu.user + cpu.system) / 1e6],
  ]);
  families.add('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', [[{}, uses.rss]]);
  return families.text();
}
