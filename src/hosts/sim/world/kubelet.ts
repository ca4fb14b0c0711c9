/** The kubelet of one simulated node, a process of the run: registration, heartbeats, a worker a pod. */
import type { Clock, Random } from '../../../base/index.ts';
import { type Client, isAlreadyExists, isNotFound, type KubeObject, type kinds } from '../../../kernel/index.ts';
import {
  eventSink,
  isStatusDue,
  NODE_LOOK_MS,
  NODE_REPORT_MS,
  type OwnStatus,
  type PodUse,
  type Rejection,
} from '../../../compute/decisions.ts';
import type { ProcessParts, ProcessSpec } from '../model.ts';
import type { PodHub, PodListener } from './hub.ts';
import type { Machine, PodRecord } from './machine.ts';
import type { Behaviour } from './models.ts';
import { SimPodWorker } from './pod-worker.ts';
import { NodePressure, NodeRoom } from './pressure.ts';

const NODES = { group: '', version: 'v1', resource: 'nodes' };
const LEASES = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
const LEASE_NAMESPACE = 'kube-node-lease';
const LEASE_SECONDS = 40;
const RETRY_MS = 1_000;

const NODE_INFO = {
  machineID: '',
  systemUUID: '',
  bootID: '',
  kernelVersion: 'simulated',
  osImage: 'simulated',
  containerRuntimeVersion: 'simulated://1',
  kubeletVersion: 'v1.35.0',
  kubeProxyVersion: '',
  operatingSystem: 'linux',
  architecture: 'amd64',
};

export interface KubeletOptions {
  readonly machine: Machine;
  readonly hub: PodHub;
  readonly behaviour: (pod: kinds.Pod, machine: Machine) => Behaviour;
  /** Told of every pod that a machine begins to run or lets go. */
  readonly pods: (machine: Machine, record: PodRecord, there: boolean) => void;
  /** What stages say instead of the kubelet. */
  readonly staged: { readonly pods: boolean; readonly nodes: boolean };
}

/** The process that is this node's kubelet. */
export function kubeletProcess(options: KubeletOptions): ProcessSpec {
  const { machine } = options;
  return {
    name: `kubelet/${machine.name}`,
    place: `kubelet/${machine.name}`,
    start: async parts => {
      const kubelet = new Kubelet(options, parts);
      void kubelet.start();
      return kubelet;
    },
  };
}

/** Goes on evenly when the wall clock is put right: waits are counted by elapsed time, as Go's monotonic readings count them. */
function steady(clock: Clock): Clock {
  const ahead_ms = clock.now() - clock.monotonic();
  return {
    now: () => clock.monotonic() + ahead_ms,
    monotonic: () => clock.monotonic(),
    after: (delay_ms, action) => clock.after(delay_ms, action),
  };
}

class Kubelet implements AsyncDisposable, PodListener {
  readonly node: string;
  readonly place: string;
  readonly #options: KubeletOptions;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #steady: Clock;
  readonly #random: Random;
  readonly #report: ProcessParts['report'];
  readonly #workers = new Map<string, SimPodWorker>();
  readonly #events;
  readonly #pressure = new NodePressure();
  readonly #room: NodeRoom;
  #statusAt_ms = Number.NEGATIVE_INFINITY;
  #lease = false;

  constructor(options: KubeletOptions, { client, clock, random, report, gone }: ProcessParts) {
    // A kubelet that crashed hears nothing more: what it would make of it must not reach the machine.
    gone.addEventListener('abort', () => this.#leave());
    this.#options = options;
    this.node = options.machine.name;
    this.place = `kubelet/${options.machine.name}`;
    this.#client = client;
    this.#clock = clock;
    this.#steady = steady(clock);
    this.#random = random;
    this.#report = report;
    const { cores, memory_bytes, pods_max } = options.machine;
    this.#room = new NodeRoom({ milliCpu: Math.round(cores * 1000), memory_bytes, pods: pods_max });
    this.#events = eventSink({ client, clock, random, nodeName: this.node, report: error => report(error, 'events') });
  }

  async start(): Promise<void> {
    const { machine, hub } = this.#options;
    machine.onLook = uses => this.#look(uses);
    machine.onEnd = ({ uid, container }) => this.#workers.get(uid)?.ended(container);
    await this.#register();
    // Nodes do not beat in step: each at its own place in the period.
    const first_ms = Math.floor(this.#random.next() * NODE_LOOK_MS);
    await this.#beat(first_ms);
    if (!this.#options.staged.pods) hub.join(this);
  }

  pod(pod: kinds.Pod): void {
    const uid = pod.metadata.uid ?? '';
    let worker = this.#workers.get(uid);
    if (!worker) {
      const { machine, behaviour } = this.#options;
      const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
      if (ended && !machine.pods.has(uid) && !pod.metadata.deletionTimestamp) return;
      const rejection = this.#reject(pod);
      const now_ms = this.#steady.now();
      const record = machine.record(pod, () => behaviour(pod, machine), now_ms, this.#clock.monotonic());
      worker = new SimPodWorker(record, {
        client: this.#client,
        clock: this.#steady,
        machine,
        report: this.#report,
        event: (about, type, reason, message, container) => {
          if (type === 'Warning')
            this.#events.pod({ pod: about, ...(container === undefined ? {} : { container }) }, type, reason, message);
        },
        gone: gone => this.#let(gone),
      });
      this.#workers.set(uid, worker);
      this.#options.pods(machine, record, true);
      for (const container of record.processes.keys()) worker.ended(container);
      if (rejection) {
        this.#events.pod({ pod }, 'Warning', rejection.reason, rejection.message);
        worker.post({ kind: 'end', ...rejection, grace_ms: 0 });
        return;
      }
    }
    worker.post({ kind: 'spec', pod });
  }

  /** Why a pod this node has not seen before cannot run on it. */
  #reject(pod: kinds.Pod): Rejection | undefined {
    const { machine } = this.#options;
    const { metadata, status } = pod;
    if (machine.pods.has(metadata.uid ?? '') || metadata.deletionTimestamp) return undefined;
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
    return this.#pressure.refuses(pod) ?? this.#room.reject(pod, () => this.#running());
  }

  #running(): kinds.Pod[] {
    return [...this.#workers.values()].filter(({ record }) => !record.state.finished).map(worker => worker.pod);
  }

  /** The node may run short of something: conditions follow, and at most one pod is ended. */
  #look(uses: readonly PodUse[]): boolean {
    const { machine } = this.#options;
    const mine = uses.filter(({ pod }) => {
      const state = this.#workers.get(pod.metadata.uid ?? '')?.record.state;
      return state && !state.ending && !state.finished && !state.deleted;
    });
    const { changed, evict } = this.#pressure.look(machine, mine, this.#clock.now());
    if (changed) void this.#writeStatus().catch((error: unknown) => this.#report(error, 'node status'));
    const worker = evict && this.#workers.get(evict.pod.metadata.uid ?? '');
    if (!evict || !worker) return this.#pressure.any;
    this.#events.pod({ pod: evict.pod }, 'Warning', 'Evicted', evict.message);
    worker.post({ kind: 'end', reason: 'Evicted', message: evict.message, grace_ms: 0 });
    return true;
  }

  gone(uid: string): void {
    this.#workers.get(uid)?.removed();
  }

  all(pods: readonly kinds.Pod[]): void {
    const there = new Set<string>();
    for (const pod of pods) {
      there.add(pod.metadata.uid ?? '');
      this.pod(pod);
    }
    // What runs here and the API does not know any more was deleted while nobody told.
    for (const [uid, record] of this.#options.machine.pods) {
      if (there.has(uid)) continue;
      if (!this.#workers.has(uid)) this.pod(record.state.pod);
      this.#workers.get(uid)?.removed();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave();
    await this.#events[Symbol.asyncDispose]();
  }

  #leave(): void {
    if (this.#options.machine.onLook) this.#options.machine.onLook = undefined;
    this.#options.hub.leave(this);
    for (const worker of this.#workers.values()) worker.close();
  }

  #let(uid: string): void {
    const { machine, pods } = this.#options;
    const record = machine.pods.get(uid);
    this.#workers.delete(uid);
    machine.forget(uid);
    if (record) pods(machine, record, false);
  }

  async #register(): Promise<void> {
    const { machine } = this.#options;
    const { group, name } = machine;
    const labels = {
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      ...(group.zone ? { 'topology.kubernetes.io/zone': group.zone } : {}),
      ...group.labels,
    };
    const node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels, annotations: { ...group.annotations } },
      spec: {
        podCIDR: `${machine.network}.0/24`,
        podCIDRs: [`${machine.network}.0/24`],
        ...(group.taints.length > 0 ? { taints: [...group.taints] } : {}),
        ...(group.unschedulable ? { unschedulable: true } : {}),
      },
      status: this.#options.staged.nodes
        ? { capacity: { ...group.capacity }, allocatable: { ...group.capacity } }
        : this.#status(undefined),
    };
    await this.#untilDone('registration', () =>
      this.#client.create<KubeObject>(NODES, node as unknown as KubeObject).then(
        () => void (this.#statusAt_ms = this.#clock.monotonic()),
        (error: unknown) => {
          if (!isAlreadyExists(error)) throw error;
          return this.#options.staged.nodes ? undefined : this.#writeStatus();
        },
      ),
    );
  }

  /** Renews the lease, and the status where it is due; again after ten seconds. */
  async #beat(next_ms = NODE_LOOK_MS): Promise<void> {
    await this.#renew().catch((error: unknown) => this.#report(error, 'lease'));
    if (!this.#options.staged.nodes)
      await this.#writeStatus(true).catch((error: unknown) => this.#report(error, 'node status'));
    this.#clock.after(next_ms, () => void this.#beat());
  }

  async #renew(): Promise<void> {
    const key = { namespace: LEASE_NAMESPACE, name: this.node };
    const renewTime = new Date(this.#clock.now()).toISOString().replace('Z', '000Z');
    const spec = { holderIdentity: this.node, leaseDurationSeconds: LEASE_SECONDS, renewTime };
    if (this.#lease) {
      try {
        await this.#client.patch(LEASES, key, { type: 'merge', patch: { spec } });
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: key, spec };
    await this.#client.create<KubeObject>(LEASES, lease, { namespace: LEASE_NAMESPACE }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
    this.#lease = true;
  }

  /** Writes the status, or, asked so, only where the API has another one or has had none for long. */
  async #writeStatus(due = false): Promise<void> {
    const node = await this.#client.get<kinds.Node & KubeObject>(NODES, { name: this.node });
    const status = this.#status(node);
    if (due && !isStatusDue(node.status, status) && this.#clock.monotonic() - this.#statusAt_ms < NODE_REPORT_MS)
      return;
    const patch = { status: status as never };
    await this.#client.patch(NODES, { name: this.node }, { type: 'strategic', patch }, { subresource: 'status' });
    this.#statusAt_ms = this.#clock.monotonic();
  }

  #status(node: kinds.Node | undefined): OwnStatus {
    const { machine } = this.#options;
    const now = new Date(this.#clock.now()).toISOString().replace(/\.\d{3}Z$/, 'Z');
    const capacity = { ...machine.group.capacity };
    return {
      capacity,
      allocatable: capacity,
      conditions: this.#pressure.conditions(node?.status?.conditions ?? [], now),
      addresses: [
        { type: 'InternalIP', address: machine.address },
        { type: 'Hostname', address: machine.name },
      ],
      nodeInfo: NODE_INFO,
    };
  }

  async #untilDone(what: string, act: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        this.#report(error, what);
        await new Promise<void>(resolve => this.#clock.after(RETRY_MS, resolve));
      }
    }
  }
}
