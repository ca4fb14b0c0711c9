/** What pods use, scraped like a metrics server does it; what grows beyond its limit is killed. */
import type { Random } from '../../../base/index.ts';
import { Quantity } from '../../../kernel/index.ts';
import type { Series } from '../scenario/model.ts';
import { countUntil } from '../scenario/rate.ts';
import { draw } from './draw.ts';
import type { Machine, PodRecord } from './machine.ts';
import { runsShort } from './pressure.ts';
import type { TrafficEngine } from './traffic.ts';
import { coresOf } from './traffic.ts';

/** One pod at one scrape. */
export interface PodSample {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Milliseconds since the epoch. */
  readonly at_ms: number;
  /** What the sample is an average over. */
  readonly window_ms: number;
  readonly containers: readonly { readonly name: string; readonly cores: number; readonly bytes: number }[];
}

function valueAt({ times_ms, values, repeat }: Series, t_ms: number): number {
  const length = times_ms.at(-1) ?? 0;
  const t = repeat && length > 0 ? t_ms % length : t_ms;
  return values[Math.max(0, countUntil(times_ms, t) - 1)] ?? 0;
}

export interface UsageParts {
  readonly traffic: TrafficEngine;
  readonly random: Random;
  readonly scrape_ms: number;
}

/** Cores and bytes of a pod that runs, now. */
function usageOf(
  machine: Machine,
  record: PodRecord,
  started_ms: number,
  now_ms: number,
  t_ms: number,
  parts: UsageParts,
): { cores: number; bytes: number } {
  const { behaviour } = record;
  const { traffic, random } = parts;
  const limit = coresOf(machine, record);
  const server = traffic.server(record.uid);
  server?.idle(t_ms, behaviour, limit);
  const { cpu, memory } = behaviour;
  const idle = cpu ? (cpu.trace ? valueAt(cpu.trace, t_ms) : draw(cpu.idle, random)) : 0;
  // What leaked is gone with the process that leaked it.
  const age_s = (now_ms - started_ms) / 1000;
  const base = memory ? (memory.trace ? valueAt(memory.trace, t_ms) : draw(memory.base, random)) : 0;
  const bytes = memory ? base + memory.perRequest * (server?.inFlight ?? 0) + memory.leak_per_s * age_s : 0;
  return { cores: Math.min(idle + (server?.cores ?? 0), limit), bytes };
}

const memoryLimits = new WeakMap<object, number>();

function memoryLimit(container: { resources?: { limits?: Readonly<Record<string, unknown>> } }): number {
  let limit = memoryLimits.get(container);
  if (limit === undefined) {
    const text = container.resources?.limits?.memory;
    limit = text === undefined ? Number.POSITIVE_INFINITY : Quantity.of(String(text)).value();
    memoryLimits.set(container, limit);
  }
  return limit;
}

/** Samples every pod of a machine and kills what has grown beyond its memory limit. */
export function scrape(machine: Machine, now_ms: number, t_ms: number, parts: UsageParts): PodSample[] {
  const samples: PodSample[] = [];
  machine.used_bytes = 0;
  if (!machine.on) return samples;
  for (const record of machine.pods.values()) {
    const { pod } = record.state;
    const alive = record.state.containers.filter(({ kind, name }) => kind !== 'init' && lives(record, name));
    if (alive.length === 0) continue;
    const [first] = alive;
    const started_ms = record.processes.get(first!.name)?.startedAt_ms ?? now_ms;
    const { cores, bytes } = usageOf(machine, record, started_ms, now_ms, t_ms, parts);
    const spec = pod.spec?.containers.find(({ name }) => name === first!.name);
    if (spec && bytes > memoryLimit(spec as Parameters<typeof memoryLimit>[0])) {
      machine.end(record, first!.name, 137, 'OOMKilled');
      continue;
    }
    machine.used_bytes += bytes;
    const { namespace = '', name = '' } = pod.metadata;
    // The behaviour is the pod's: its first container carries it.
    const containers = alive.map((container, at) => ({
      name: container.name,
      cores: at === 0 ? cores : 0,
      bytes: at === 0 ? bytes : 0,
    }));
    samples.push({ namespace, name, uid: record.uid, at_ms: now_ms, window_ms: parts.scrape_ms, containers });
  }
  return samples;
}

const lives = (record: PodRecord, container: string): boolean => {
  const process = record.processes.get(container);
  return process !== undefined && !process.ended;
};

/** Lets the node's kubelet look at what its pods use where it may have to do something. */
export function lookAt(machine: Machine, samples: readonly PodSample[]): void {
  if (!machine.onLook || !(runsShort(machine) || machine.presses)) return;
  const uses = samples.flatMap(({ uid, containers }) => {
    const record = machine.pods.get(uid);
    if (!record) return [];
    const memory_bytes = containers.reduce((sum, { bytes }) => sum + bytes, 0);
    return [{ pod: record.state.pod, memory_bytes, disk_bytes: 0, pids: 0 }];
  });
  machine.presses = machine.onLook(uses);
}
