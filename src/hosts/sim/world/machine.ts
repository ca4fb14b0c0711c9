/** A simulated node as it truly is, whatever its kubelet or the API know of it. */
import type { Clock, Random } from '../../../base/index.ts';
import type { kinds } from '../../../kernel/index.ts';
import { Quantity } from '../../../kernel/index.ts';
import { initialState, type PodState, type PodUse } from '../../../compute/decisions.ts';
import type { NodeGroup } from '../scenario/model.ts';
import { draw } from './draw.ts';
import { type Behaviour, imageOf } from './models.ts';
import type { ImageModel } from '../scenario/model.ts';

/** A container's process: there from its start to its end, also while nobody asks for it. */
interface Process {
  readonly id: string;
  readonly startedAt_ms: number;
  ended?: { readonly at_ms: number; readonly code: number; readonly reason: string };
}

/** A pod on a machine: what the container runtime and the kubelet's checkpoint would know. */
export interface PodRecord {
  readonly uid: string;
  readonly behaviour: Behaviour;
  readonly ip: string;
  state: PodState;
  readonly processes: Map<string, Process>;
  /** From the last start of the main containers to being able to answer. */
  readyAt_ms: number;
  /** Set by the world when the pod cannot answer though it runs. */
  hung: boolean;
  crashes: number;
  /** One of its containers lives. */
  runs: boolean;
}

export interface MachineParts {
  /** True time; it never dies. */
  readonly clock: Clock;
  readonly random: Random;
  readonly images: readonly ImageModel[];
  /** Size of a node's disk where the scenario says it. */
  readonly disk: (node: string) => number | undefined;
  /** Told of every pod whose first container begins and whose last one ends. */
  readonly ran: (machine: Machine, record: PodRecord) => void;
  /** Patterns of images that cannot be pulled now. */
  readonly unpullable: () => readonly string[];
}

/** What a node has where nobody says. */
const PODS_MAX = 110;
const DISK_BYTES = 100 * 1024 ** 3;

/** What happened to a pod without its kubelet's doing. */
export type MachineEvent = { readonly uid: string; readonly container: string };

export class Machine {
  readonly name: string;
  readonly group: NodeGroup;
  readonly address: string;
  /** `10.64.3`: the first three numbers of its pods' addresses. */
  readonly network: string;
  on = true;
  slowness: number;
  /** Told of containers that end by themselves. */
  onEnd: ((event: MachineEvent) => void) | undefined;
  readonly pods = new Map<string, PodRecord>();
  readonly memory_bytes: number;
  readonly cores: number;
  readonly pods_max: number;
  /** Bytes in use by pods at the last scrape. */
  used_bytes = 0;
  disk: { readonly capacity: number; available: number };
  /** Told what the node's pods use when it may run short of something; true while a condition holds. */
  onLook: ((uses: readonly PodUse[]) => boolean) | undefined;
  /** A condition of its kubelet's holds, so that the kubelet looks again. */
  presses = false;
  readonly #parts: MachineParts;
  readonly #cached = new Set<string>();
  readonly #free: number[] = [];
  #addresses = 1;

  constructor(name: string, group: NodeGroup, index: number, parts: MachineParts) {
    this.name = name;
    this.group = group;
    this.slowness = group.slowness;
    this.#parts = parts;
    this.address = `10.${index >> 16 ? 2 : 1}.${(index >> 8) & 255}.${index & 255}`;
    this.network = `10.${64 + (index >> 8)}.${index & 255}`;
    const amount = (name: string): number => Quantity.parse(group.capacity[name] ?? '0')?.toNumber() ?? 0;
    this.memory_bytes = amount('memory');
    this.cores = amount('cpu');
    this.pods_max = amount('pods') || PODS_MAX;
    const size = parts.disk(name) ?? (amount('ephemeral-storage') || DISK_BYTES);
    this.disk = { capacity: size, available: size };
  }

  get zone(): string {
    return this.group.zone;
  }

  /** The pod's record; made when it is first asked for. */
  record(pod: kinds.Pod, behaviour: () => Behaviour, now_ms: number, begunAt_ms: number): PodRecord {
    const uid = pod.metadata.uid ?? '';
    let record = this.pods.get(uid);
    if (!record) {
      const ip = pod.spec?.hostNetwork ? this.address : this.#takeAddress();
      record = {
        uid,
        behaviour: behaviour(),
        ip,
        state: initialState(pod, now_ms, begunAt_ms),
        processes: new Map(),
        readyAt_ms: Number.POSITIVE_INFINITY,
        hung: false,
        crashes: 0,
        runs: false,
      };
      this.pods.set(uid, record);
    }
    return record;
  }

  forget(uid: string): void {
    const record = this.pods.get(uid);
    if (!record) return;
    this.pods.delete(uid);
    this.#run(record, false);
    const last = Number(record.ip.slice(record.ip.lastIndexOf('.') + 1));
    if (record.ip.startsWith(`${this.network}.`)) this.#free.push(last);
  }

  /** Milliseconds a pull takes; undefined where it fails. */
  pull(image: string, always: boolean): number | undefined {
    if (this.#cached.has(image) && !always) return 0;
    const { images, random, unpullable } = this.#parts;
    const model = imageOf(images, image);
    if (model?.missing || unpullable().some(pattern => imageOf([{ match: pattern } as ImageModel], image)))
      return undefined;
    const cached = this.#cached.has(image);
    return cached || !model ? 0 : draw(model.pull, random) * this.slowness;
  }

  /** True where the image is on the node: pulled before, or of those no scenario speaks of. */
  has(image: string): boolean {
    return this.#cached.has(image) || !imageOf(this.#parts.images, image);
  }

  pulled(image: string): void {
    this.#cached.add(image);
  }

  /** Starts a container's process and plans its end. */
  start(record: PodRecord, container: string, main: boolean): Process {
    const { clock, random } = this.#parts;
    const { behaviour } = record;
    const process: Process = { id: this.#id(), startedAt_ms: clock.now() };
    record.processes.set(container, process);
    this.#run(record, true);
    if (!main) {
      const works_ms = behaviour.init ? draw(behaviour.init, random) * this.slowness : 0;
      clock.after(works_ms, () => this.#end(record, container, process, 0, 'Completed'));
      return process;
    }
    const startup_ms = behaviour.startup ? draw(behaviour.startup, random) * this.slowness : 0;
    record.readyAt_ms = behaviour.ready === false ? Number.POSITIVE_INFINITY : clock.now() + startup_ms;
    const { crash, runs } = behaviour;
    const due = crash && (crash.times === undefined || record.crashes < crash.times);
    if (due && (crash.share === undefined || random.next() < crash.share)) {
      record.crashes++;
      const after_ms = draw(crash.after, random) * this.slowness;
      clock.after(after_ms, () => this.#end(record, container, process, crash.code, 'Error'));
    } else if (runs) {
      clock.after(draw(runs, random) * this.slowness, () => this.#end(record, container, process, 0, 'Completed'));
    }
    return process;
  }

  /** Milliseconds until the process is gone after being asked to, at most the grace period; then it is killed. */
  shutdown_ms(record: PodRecord, grace_ms: number): { readonly after_ms: number; readonly code: number } {
    const wanted = record.behaviour.shutdown ? draw(record.behaviour.shutdown, this.#parts.random) * this.slowness : 0;
    // Work that is stopped before its end did not succeed (SIGTERM, 128 + 15); a server that is stopped did what it should.
    const code = record.behaviour.runs ? 143 : 0;
    return wanted <= grace_ms ? { after_ms: wanted, code } : { after_ms: grace_ms, code: 137 };
  }

  /** Ends a process now. */
  end(record: PodRecord, container: string, code: number, reason: string): void {
    const process = record.processes.get(container);
    if (process) this.#end(record, container, process, code, reason);
  }

  /** Power is gone: nothing on it runs any more. */
  lose(): void {
    this.on = false;
    for (const record of this.pods.values()) {
      for (const process of record.processes.values())
        process.ended ??= { at_ms: this.#parts.clock.now(), code: 255, reason: 'Unknown' };
      record.readyAt_ms = Number.POSITIVE_INFINITY;
      this.#run(record, false);
    }
  }

  /** True while the pod's main process lives and can answer. */
  answers(record: PodRecord): boolean {
    return this.on && !record.hung && record.readyAt_ms <= this.#parts.clock.now();
  }

  #end(record: PodRecord, container: string, process: Process, code: number, reason: string): void {
    if (process.ended || !this.on) return;
    process.ended = { at_ms: this.#parts.clock.now(), code, reason };
    if (record.state.containers.some(({ name, kind }) => name === container && kind === 'main'))
      record.readyAt_ms = Number.POSITIVE_INFINITY;
    if ([...record.processes.values()].every(({ ended }) => ended)) this.#run(record, false);
    this.onEnd?.({ uid: record.uid, container });
  }

  #run(record: PodRecord, runs: boolean): void {
    if (record.runs === runs) return;
    record.runs = runs;
    this.#parts.ran(this, record);
  }

  #takeAddress(): string {
    const last = this.#free.shift() ?? ++this.#addresses;
    return `${this.network}.${last}`;
  }

  #id(): string {
    return Array.from(this.#parts.random.bytes(16), byte => byte.toString(16).padStart(2, '0')).join('');
  }
}
