/** A kernel on a memory log in virtual time with simulated kubelets: what this layer's tests run on. */
import { type Random, seededRandom, VirtualClock } from '../base/index.ts';
import { type Client, type Kernel, type KubeObject, memoryLog, openKernel, type ResourceRef } from '../kernel/index.ts';
import { isNotFound, statusError } from '../kernel/status.ts';
import { LEASES, NODES, PODS } from './refs.ts';
import { type Cluster, type ClusterController, type ClusterOptions, startCluster } from './start.ts';
import type { ServiceAddresses } from './service/allocate.ts';
import { formatMicroTime, formatTime } from './time.ts';
import type { Pod } from './types.ts';

export interface TestHostOptions {
  readonly nodes?: number;
  readonly only?: readonly ClusterController[];
  readonly seed?: number;
  /** Share of the controllers' writes that fail; half of these are done all the same and only their answer is lost. */
  readonly faults?: number;
  /** Gives services addresses, as a host does. */
  readonly addresses?: ServiceAddresses;
  /** Ports handed on to the cluster. */
  readonly cluster?: Partial<ClusterOptions>;
  /** Without a scheduler the simulated kubelet takes any pod. */
  readonly bindAll?: boolean;
  /** What becomes of a pod once it runs. */
  readonly fate?: (
    pod: Pod,
  ) =>
    | { phase: 'Running'; after_ms?: number }
    | { phase: 'Succeeded' | 'Failed'; after_ms?: number; exitCode?: number }
    | undefined;
  readonly startup_ms?: number;
  /** Milliseconds a pod takes to start and to end, by pod. */
  readonly startup?: (pod: Pod) => number;
}

const MICROTURNS = 8;

/** Runs controllers against the real embedded kernel; time moves only by `run`. */
export class TestHost implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly errors: string[] = [];
  kernel!: Kernel;
  client!: Client;
  cluster!: Cluster;
  /** Called with all pods after every change of one, before anything else can happen. */
  onPods: ((pods: readonly Pod[]) => void) | undefined;
  readonly #pods = new Map<string, Pod>();
  readonly #alive = new Set<string>();
  readonly #options: TestHostOptions;
  readonly #down = new Set<string>();
  readonly #stop = new AbortController();
  #kubelet: Promise<void> | undefined;
  #kept: AsyncDisposable | undefined;
  #turn = 0;

  private constructor(options: TestHostOptions) {
    this.#options = options;
  }

  static async start(options: TestHostOptions = {}): Promise<TestHost> {
    const host = new TestHost(options);
    const random = seededRandom(options.seed ?? 1);
    const { addresses } = options;
    const admission = addresses ? { admission: [addresses.step] } : {};
    host.kernel = await openKernel({ log: memoryLog(), clock: host.clock, random, ...admission });
    host.client = host.kernel.client();
    await addresses?.load(host.client, host.clock);
    for (let i = 1; i <= (options.nodes ?? 3); i++) await host.addNode(`n${i}`);
    host.#startCluster(random);
    host.#keep();
    host.#kubelet = host.#runKubelets();
    await host.cluster.whenSynced();
    return host;
  }

  #startCluster(random: Random): void {
    this.cluster = startCluster({
      client: this.#options.faults ? failing(this.client, this.#options.faults, random) : this.client,
      clock: this.clock,
      random,
      catalog: this.kernel.catalog,
      rootCa: 'test-ca',
      ...this.#options.cluster,
      ...(this.#options.only ? { only: this.#options.only } : {}),
      report: (error, where) => this.errors.push(`${where}: ${error instanceof Error ? error.message : String(error)}`),
    });
  }

  /** What the API server itself does about addresses. */
  #keep(): void {
    const { addresses } = this.#options;
    if (!addresses) return;
    const { informers } = this.cluster;
    const report = (error: unknown): void => void this.errors.push(`addresses: ${String(error)}`);
    this.#kept = addresses.keep({ client: this.client, clock: this.clock, informers, report });
  }

  /** The control plane ends at any point of its work and starts again from what the store has. */
  async restart(seed: number): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
    this.#startCluster(seededRandom(seed));
    await this.cluster.whenSynced();
  }

  async addNode(
    name: string,
    extra: { labels?: { [key: string]: string }; allocatable?: { [key: string]: string }; spec?: object } = {},
  ): Promise<void> {
    const allocatable = { cpu: '4', memory: '8Gi', pods: '110', ...extra.allocatable };
    const now = formatTime(this.clock.now());
    await this.client.create(NODES, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/hostname': name, ...extra.labels } },
      spec: extra.spec ?? {},
    });
    const node = await this.client.get(NODES, { name });
    const conditions = [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ];
    await this.client.update(
      NODES,
      { ...node, status: { capacity: allocatable, allocatable, conditions } },
      { subresource: 'status' },
    );
    await this.#renew(name);
  }

  async #renew(name: string): Promise<void> {
    if (this.#down.has(name) || this.#stop.signal.aborted) return;
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: formatMicroTime(this.clock.now()) };
    const key = { namespace: 'kube-node-lease', name };
    await this.client
      .patch(LEASES, key, { type: 'merge', patch: { spec } })
      .catch(() =>
        this.client.create(
          LEASES,
          { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: key, spec },
          { namespace: key.namespace },
        ),
      );
    this.clock.after(10_000, () => void this.#renew(name).catch(() => undefined));
  }

  /** From now on the node's kubelet does nothing any more. */
  loseNode(name: string): void {
    this.#down.add(name);
  }

  isLost(name: string): boolean {
    return this.#down.has(name);
  }

  /** True while the simulated kubelet of a node that is not lost has the pod's processes. */
  stillRuns(uid: string): boolean {
    return this.#alive.has(uid);
  }

  create(ref: ResourceRef, object: object, namespace = 'default'): Promise<KubeObject> {
    return this.client.create(ref, object as KubeObject, { namespace });
  }

  async list<T extends KubeObject>(ref: ResourceRef): Promise<T[]> {
    return (await this.client.list<T>(ref)).items;
  }

  /** Lets everything that is due at this instant happen. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < MICROTURNS; ) {
      const before = this.kernel.journal.store.revision;
      await new Promise(resolve => setImmediate(resolve));
      quiet = this.kernel.journal.store.revision === before && this.cluster.busy === 0 ? quiet + 1 : 0;
      if (++this.#turn > 100_000) throw new Error('The cluster does not come to rest');
    }
  }

  /** Moves time forward, stopping at every timer. */
  async run(by_ms: number): Promise<void> {
    const until = this.clock.now() + by_ms;
    await this.settle();
    for (;;) {
      const next = this.clock.next();
      if (next === undefined || next > until) break;
      this.clock.advance(Math.max(0, next - this.clock.now()));
      await this.settle();
    }
    this.clock.advance(until - this.clock.now());
    await this.settle();
  }

  /** Moves time in steps until something holds; fails after `limit_ms`. */
  async until(holds: () => Promise<boolean> | boolean, limit_ms = 300_000, step_ms = 1_000): Promise<void> {
    const end = this.clock.now() + limit_ms;
    await this.settle();
    while (!(await holds())) {
      if (this.clock.now() >= end)
        throw new Error(`Not reached in ${limit_ms} ms; errors: ${this.errors.slice(-5).join(' | ')}`);
      await this.run(step_ms);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('Test ended'));
    await this.#kept?.[Symbol.asyncDispose]();
    await this.cluster[Symbol.asyncDispose]();
    await this.#kubelet;
    await this.kernel[Symbol.asyncDispose]();
  }

  async #runKubelets(): Promise<void> {
    const seen = new Set<string>();
    for await (const event of this.client.watch<Pod>(
      PODS,
      { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true },
      this.#stop.signal,
    )) {
      if (event.type === 'BOOKMARK' || event.type === 'ERROR') continue;
      const pod = event.object;
      if (event.type === 'DELETED') this.#pods.delete(pod.metadata.name);
      else this.#pods.set(pod.metadata.name, pod);
      this.onPods?.([...this.#pods.values()]);
      const uid = pod.metadata.uid;
      if (event.type === 'DELETED') continue;
      if (this.#down.has(pod.spec.nodeName ?? '')) continue;
      if (!pod.spec.nodeName && !this.#options.bindAll) continue;
      if (pod.metadata.deletionTimestamp) {
        if (seen.has(`${uid}/gone`)) continue;
        seen.add(`${uid}/gone`);
        this.clock.after(this.#delay(pod), () => void this.#remove(pod));
      } else if (!seen.has(uid) && pod.status?.phase !== 'Failed' && pod.status?.phase !== 'Succeeded') {
        seen.add(uid);
        this.clock.after(this.#delay(pod), () => void this.#begin(pod));
      }
    }
  }

  #delay(pod: Pod): number {
    return this.#options.startup?.(pod) ?? this.#options.startup_ms ?? 10;
  }

  async #remove(pod: Pod): Promise<void> {
    if (this.#down.has(pod.spec.nodeName ?? '')) return;
    this.#alive.delete(pod.metadata.uid);
    try {
      const fresh = await this.client.get<Pod>(PODS, {
        namespace: pod.metadata.namespace ?? '',
        name: pod.metadata.name,
      });
      if (fresh.metadata.uid !== pod.metadata.uid) return;
      if (fresh.status?.phase !== 'Succeeded' && fresh.status?.phase !== 'Failed')
        await this.#write(fresh, { phase: 'Failed', conditions: [] });
      await this.client.delete(
        PODS,
        { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name },
        { gracePeriodSeconds: 0 },
      );
    } catch (error) {
      if (!isNotFound(error)) this.errors.push(`kubelet: ${String(error)}`);
    }
  }

  async #begin(pod: Pod): Promise<void> {
    const fate = this.#options.fate ? this.#options.fate(pod) : ({ phase: 'Running' } as const);
    if (!fate) return;
    if (!this.#down.has(pod.spec.nodeName ?? '')) this.#alive.add(pod.metadata.uid);
    await this.#write(pod, runningStatus(this.clock.now()));
    if (fate.phase === 'Running') return;
    this.clock.after(fate.after_ms ?? 1_000, () => {
      const exitCode = fate.exitCode ?? (fate.phase === 'Failed' ? 1 : 0);
      const terminated = {
        exitCode,
        reason: exitCode ? 'Error' : 'Completed',
        finishedAt: formatTime(this.clock.now()),
      };
      const conditions = [
        { type: 'Ready', status: 'False', reason: 'PodCompleted', lastTransitionTime: formatTime(this.clock.now()) },
      ];
      void this.#write(pod, {
        phase: fate.phase,
        conditions,
        containerStatuses: pod.spec.containers.map(each => ({
          name: each.name,
          ready: false,
          restartCount: 0,
          image: '',
          imageID: '',
          state: { terminated },
        })),
      });
    });
  }

  async #write(pod: Pod, status: object): Promise<void> {
    if (this.#down.has(pod.spec.nodeName ?? '')) return;
    const key = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
    try {
      await this.client.patch(
        PODS,
        key,
        { type: 'merge', patch: { metadata: { uid: pod.metadata.uid }, status: status as never } },
        { subresource: 'status' },
      );
    } catch (error) {
      if (!isNotFound(error)) this.errors.push(`kubelet: ${String(error)}`);
    }
  }
}

/** A server that breaks off some writes, before or after it did them. */
function failing(client: Client, share: number, random: Random): Client {
  const risky = async <T>(write: () => Promise<T>): Promise<T> => {
    const luck = random.next();
    const lost = (): never => {
      throw statusError(500, 'InternalError', 'the connection broke off');
    };
    if (luck < share / 2) return lost();
    const answer = await write();
    return luck < share ? lost() : answer;
  };
  return {
    ...client,
    create: (ref, object, options) => risky(() => client.create(ref, object, options)),
    update: (ref, object, options) => risky(() => client.update(ref, object, options)),
    patch: (ref, key, patch, options) => risky(() => client.patch<never>(ref, key, patch, options)),
    delete: (ref, key, options) => risky(() => client.delete(ref, key, options)),
  };
}

let address = 0;

function runningStatus(now_ms: number): object {
  const lastTransitionTime = formatTime(now_ms);
  address = (address + 1) % 65_000;
  const ip = `10.1.${address >> 8}.${address & 255}`;
  const conditions = ['Initialized', 'ContainersReady', 'Ready'].map(type => ({
    type,
    status: 'True',
    lastTransitionTime,
  }));
  return { phase: 'Running', podIP: ip, podIPs: [{ ip }], startTime: lastTransitionTime, conditions };
}

/** A small Deployment for tests. */
export const deploymentOf = (name: string, replicas: number, image = 'a:1', extra: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image }] } },
    ...extra,
  },
});
