import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { kinds } from '../../kernel/index.ts';
import type { Rejection } from '../engine/admit.ts';
import { type Alignment, assignCpus, formatCpus, parseCpus, type Processor, sharedCpus } from '../engine/cpus.ts';

const SYSTEM = '/sys/devices/system/cpu';
const NODES = '/sys/devices/system/node';
const STATE = 'cpu_manager_state';

/** NUMA nodes by processor; empty where the kernel knows none, which is one node. */
function numaNodes(): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  try {
    for (const name of readdirSync(NODES).filter(entry => /^node\d+$/.test(entry)))
      for (const cpu of parseCpus(readFileSync(join(NODES, name, 'cpulist'), 'utf8')) ?? [])
        found.set(cpu, Number(name.slice('node'.length)));
  } catch {
    // A kernel without NUMA.
  }
  return found;
}

/** The processors that are online, with the cores, sockets and NUMA nodes they are parts of. */
export function machineProcessors(): Processor[] {
  const read = (path: string, otherwise: number): number => {
    try {
      return Number(readFileSync(path, 'utf8'));
    } catch {
      return otherwise;
    }
  };
  const online = (() => {
    try {
      return parseCpus(readFileSync(join(SYSTEM, 'online'), 'utf8'));
    } catch {
      return undefined;
    }
  })();
  const named = (): number[] =>
    readdirSync(SYSTEM).flatMap(name => (/^cpu\d+$/.test(name) ? [Number(name.slice('cpu'.length))] : []));
  const nodes = numaNodes();
  return (online ?? named()).map(cpu => {
    const topology = join(SYSTEM, `cpu${cpu}`, 'topology');
    const [core, socket] = [read(join(topology, 'core_id'), cpu), read(join(topology, 'physical_package_id'), 0)];
    return { cpu, core, socket, node: nodes.get(cpu) ?? 0 };
  });
}

interface StateFile {
  readonly policyName: string;
  readonly defaultCpuSet: string;
  readonly entries?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * Processors for containers that have some to themselves (kubelet's static policy). What was given stays given while the pod
 * is here: it is written to a file of the node, in kubelet's form, before the container starts.
 */
export class ProcessorShares {
  readonly #all: readonly Processor[];
  readonly #reserved: ReadonlySet<number>;
  readonly #folder: string;
  readonly #alignment: Alignment | undefined;
  readonly #assigned = new Map<string, ReadonlyMap<string, readonly number[]>>();

  constructor(
    folder: string,
    reserved: readonly number[],
    alignment?: Alignment,
    all: readonly Processor[] = machineProcessors(),
  ) {
    this.#all = all;
    this.#alignment = alignment;
    this.#reserved = new Set(reserved);
    this.#folder = folder;
    this.#read();
  }

  #read(): void {
    try {
      const { policyName, entries = {} } = JSON.parse(readFileSync(join(this.#folder, STATE), 'utf8')) as StateFile;
      if (policyName !== 'static') return;
      for (const [uid, containers] of Object.entries(entries))
        this.#assigned.set(
          uid,
          new Map(Object.entries(containers).map(([name, text]) => [name, parseCpus(text) ?? []])),
        );
    } catch {
      // The first start, or a file that is no state: nothing is given away.
    }
  }

  #write(): void {
    const entries = Object.fromEntries(
      [...this.#assigned].map(([uid, containers]) => [
        uid,
        Object.fromEntries([...containers].map(([name, cpus]) => [name, formatCpus(cpus)])),
      ]),
    );
    const state: StateFile = { policyName: 'static', defaultCpuSet: formatCpus(this.#shared()), entries };
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(join(this.#folder, `${STATE}.new`), JSON.stringify(state));
    renameSync(join(this.#folder, `${STATE}.new`), join(this.#folder, STATE));
  }

  #shared(): number[] {
    return sharedCpus(this.#all, this.#assigned);
  }

  /** Gives a pod what it has to itself; says why it cannot be taken. True where what the others share has changed. */
  admit(pod: kinds.Pod): Rejection | boolean {
    const uid = pod.metadata.uid ?? '';
    if (this.#assigned.has(uid)) return false;
    const free = new Set(this.#shared().filter(cpu => !this.#reserved.has(cpu)));
    const given = assignCpus(pod, this.#all, free, this.#alignment);
    if (given === 'not-aligned')
      return { reason: 'TopologyAffinityError', message: 'Resources cannot be allocated with Topology locality' };
    if (given === 'too-few')
      return {
        reason: 'UnexpectedAdmissionError',
        message: `Pod was rejected: Allocate failed due to not enough cpus available to satisfy request: available=${free.size}, which is unexpected`,
      };
    if (given.size === 0) return false;
    this.#assigned.set(uid, given);
    this.#write();
    return true;
  }

  /** The pod is gone. True where what the others share has changed. */
  release(uid: string): boolean {
    if (!this.#assigned.delete(uid)) return false;
    this.#write();
    return true;
  }

  /** Lets go of what pods had that are not here any more. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#assigned.keys()) if (!uids.has(uid)) this.release(uid);
  }

  /** Where a container runs, and whether nobody else does. */
  of(uid: string, container: string): { readonly cpuset: string; readonly exclusive: boolean } {
    const own = this.#assigned.get(uid)?.get(container);
    return { cpuset: formatCpus(own ?? this.#shared()), exclusive: own !== undefined };
  }
}
