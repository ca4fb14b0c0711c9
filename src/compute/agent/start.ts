import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Random } from '../../base/index.ts';
import { Informer } from '../../kernel/informer.ts';
import { type Client, isNotFound, type KubeObject, type kinds } from '../../kernel/index.ts';
import type { Alignment } from '../engine/cpus.ts';
import { admitPod, type Rejection } from '../engine/admit.ts';
import { adopt } from '../engine/adopt.ts';
import type { Threshold } from '../engine/eviction.ts';
import { initialState } from '../engine/state.ts';
import type { RuntimeEvent } from '../model.ts';
import type { AgentPorts, Subscription } from '../ports.ts';
import { type Endpoint, type EndpointOptions, openEndpoint } from './endpoint.ts';
import { ProcessorShares } from './cpus.ts';
import { eventSink } from './events.ts';
import { machineCapacity, NodeRegistration, PODS_MAX } from './node-object.ts';
import type { NodeContext } from './node-context.ts';
import { WatchedObjects } from './objects.ts';
import { PodWorker } from './pod-worker.ts';
import { StaticPods } from './static-pods.ts';
import { type Measure, measureMachine, Pressure } from './pressure.ts';
import { PODS, RUNTIME_CLASSES, SERVICES } from './refs.ts';

export interface AgentOptions extends AgentPorts {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeName: string;
  /** Folder of this node alone: volumes, logs, records. */
  readonly stateFolder: string;
  /** Addresses the node is reached at; the first is `status.hostIP`. */
  readonly addresses: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Serves kubelet's paths; without it nothing can read logs or exec through the API. */
  readonly endpoint?: EndpointOptions;
  readonly clusterDomain?: string;
  readonly version?: string;
  /** `NAME://VERSION` of what runs the containers; our own when absent. */
  readonly runtimeVersion?: string;
  readonly podsMax?: number;
  /** Folder of manifests whose pods run here whatever the API wants; `manifests` in the state folder when absent. */
  readonly manifestFolder?: string;
  /** When pods are ended because the node runs out of something; never when absent. */
  readonly eviction?: { readonly thresholds: readonly Threshold[]; readonly measure?: Measure };
  /**
   * Processors kept for the machine: Guaranteed pods that ask for whole ones then have theirs alone (kubelet's static policy).
   * All share all when absent.
   */
  readonly reservedCpus?: readonly number[];
  /** Whether those processors must be of the same NUMA nodes (kubelet's topology manager); any will do when absent. */
  readonly topology?: Alignment;
  readonly mountMemory?: NodeContext['mountMemory'];
  readonly unmountBelow?: NodeContext['unmountBelow'];
  readonly report?: (error: unknown, where: string) => void;
}

/** A running agent. Disposing leaves pods running; the next agent of the folder takes them up. */
export interface Agent extends AsyncDisposable {
  readonly node: NodeContext;
  /** The worker of a pod, for streams, logs and statistics. */
  worker(namespace: string, name: string, uid?: string): PodWorker | undefined;
  workers(): Iterable<PodWorker>;
  /** Looks by itself; told to for tests. Absent without thresholds. */
  readonly pressure: Pressure | undefined;
}

const VERSION = 'v1.35.0';

/** Starts the agent of one node over the client interface alone: embedded and remote nodes run this same code. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  await mkdir(join(options.stateFolder, 'pods'), { recursive: true, mode: 0o711 });
  await mkdir(join(options.stateFolder, 'logs'), { recursive: true, mode: 0o755 });
  const endpoint = options.endpoint && (await openEndpoint(options.endpoint));
  const agent = new NodeAgent(options, endpoint);
  await agent.start();
  endpoint?.serve(agent);
  return agent;
}

class NodeAgent implements Agent {
  readonly node: NodeContext;
  readonly #options: AgentOptions;
  readonly #workers = new Map<string, PodWorker>();
  readonly #pods: Informer<kinds.Pod>;
  readonly #services: Informer<kinds.Service>;
  readonly #registration: NodeRegistration;
  readonly #subscriptions: Subscription[] = [];
  readonly #adopted = new Set<string>();
  readonly #endpoint: Endpoint | undefined;
  pressure: Pressure | undefined;
  #statics: StaticPods | undefined;

  constructor(options: AgentOptions, endpoint: Endpoint | undefined) {
    this.#options = options;
    this.#endpoint = endpoint;
    const { client, clock, random, nodeName } = options;
    const report = options.report ?? (() => {});
    const informer = { client, clock, random, report: (error: unknown) => report(error, 'watch') };
    this.#pods = new Informer<kinds.Pod>({ ...informer, ref: PODS, fieldSelector: `spec.nodeName=${nodeName}` });
    this.#services = new Informer<kinds.Service>({ ...informer, ref: SERVICES });
    this.node = {
      ...options,
      capacity: machineCapacity(),
      clusterDomain: options.clusterDomain ?? 'cluster.local',
      runtimeName: 'tenon',
      events: eventSink({ client, clock, random, nodeName, report: error => report(error, 'events') }),
      objects: new WatchedObjects(client, clock),
      services: () => this.#services.list(),
      userRanges: new Map(),
      handlerOf: runtimeClass => handlerOf(client, runtimeClass),
      ...(options.reservedCpus
        ? { cpus: new ProcessorShares(options.stateFolder, options.reservedCpus, options.topology) }
        : {}),
      mountMemory: options.mountMemory,
      unmountBelow: options.unmountBelow,
      report,
    };
    const facts = {
      name: nodeName,
      addresses: options.addresses,
      labels: options.labels ?? {},
      handlers: [...options.runtimes].map(([name, { userNamespaces = false }]) => ({ name, userNamespaces })),
      port: endpoint?.port ?? 0,
      version: options.version ?? VERSION,
      runtimeVersion: options.runtimeVersion ?? 'tenon://0.1.0',
      ...(options.podsMax === undefined ? {} : { podsMax: options.podsMax }),
      reserved_milliCpu: this.#reserved_milliCpu,
    };
    this.#registration = new NodeRegistration(client, clock, facts, report);
  }

  async start(): Promise<void> {
    await this.#registration.start();
    for (const runtime of new Set(this.#options.runtimes.values()))
      this.#subscriptions.push(runtime.subscribe(event => this.#onRuntime(event)));
    this.#services.start();
    this.#pods.start();
    await Promise.all([this.#services.whenSynced(), this.#pods.whenSynced()]);
    await this.#adopt();
    const here = [...this.#pods.list()].map(({ metadata }) => metadata.uid ?? '');
    this.node.cpus?.keepOnly(new Set([...here, ...this.#workers.keys()]));
    const { eviction } = this.#options;
    if (eviction)
      this.pressure = new Pressure({
        node: this.node,
        thresholds: eviction.thresholds,
        measure: eviction.measure ?? measureMachine,
        workers: () => this.#workers.values(),
        changed: conditions => this.#registration.setPressure(conditions),
      });
    const manifests = this.#options.manifestFolder ?? join(this.#options.stateFolder, 'manifests');
    const uid = (): string => this.#registration.uid;
    this.#statics = new StaticPods(this.node, manifests, uid, () => this.#pods.list());
    await this.#statics.start();
    this.#pods.onChange(change => {
      if (change.type === 'deleted') this.#worker(change.object)?.removed();
      else this.#apply(change.object);
    });
  }

  #worker(pod: kinds.Pod): PodWorker | undefined {
    return this.#workers.get(pod.metadata.uid ?? '');
  }

  #apply(pod: kinds.Pod): void {
    const known = this.#worker(pod);
    if (known) return known.update(pod);
    // A worker that has finished its pod may hear of it once more.
    if (this.#adopted.has(pod.metadata.uid ?? '')) return;
    const rejection = this.#reject(pod);
    const worker = this.#add(pod);
    if (rejection === undefined) return worker.post({ kind: 'spec', pod });
    worker.tell('Warning', rejection.reason, rejection.message);
    worker.post({ kind: 'end', ...rejection, grace_ms: 0 });
    return undefined;
  }

  /** Why a pod this node has not seen before cannot run on it. */
  #reject(pod: kinds.Pod): Rejection | undefined {
    const { metadata, status } = pod;
    if (metadata.deletionTimestamp || status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
    const running = [...this.#workers.values()].filter(({ state }) => !state.finished).map(worker => worker.pod);
    const { milliCpu, memory_bytes } = this.node.capacity;
    const room = { milliCpu: milliCpu - this.#reserved_milliCpu, memory_bytes };
    const rejection = admitPod(pod, running, { ...room, pods: this.#options.podsMax ?? PODS_MAX });
    if (rejection) return rejection;
    const given = this.node.cpus?.admit(pod) ?? false;
    if (given === true) this.#shareRest();
    return typeof given === 'object' ? given : undefined;
  }

  get #reserved_milliCpu(): number {
    return (this.#options.reservedCpus?.length ?? 0) * 1000;
  }

  /** Containers without processors of their own move to those that are left, or come back to those that are free again. */
  #shareRest(): void {
    const { cpus } = this.node;
    if (!cpus) return;
    for (const worker of this.#workers.values())
      for (const { name, current } of worker.state.containers) {
        const { cpuset, exclusive } = cpus.of(worker.uid, name);
        if (exclusive || !current || !worker.runtime) continue;
        worker.runtime.updateResources(current.id, { cpuset }).catch(error => this.node.report(error, 'processors'));
      }
  }

  #add(pod: kinds.Pod): PodWorker {
    const { clock } = this.node;
    const state = initialState(pod, clock.now(), clock.monotonic());
    const worker = new PodWorker(this.node, state, gone => this.#forget(gone));
    this.#workers.set(worker.uid, worker);
    return worker;
  }

  #forget(worker: PodWorker): void {
    this.#workers.delete(worker.uid);
    this.#adopted.add(worker.uid);
    if (this.node.cpus?.release(worker.uid)) this.#shareRest();
    this.node.clock.after(60_000, () => this.#adopted.delete(worker.uid));
  }

  #onRuntime(event: RuntimeEvent): void {
    for (const worker of this.#workers.values()) {
      if (worker.sandbox.spec?.id === event.sandboxId) return worker.onRuntime(event);
    }
  }

  /** Takes up what an earlier agent left running, and removes what belongs to no pod any more. */
  async #adopt(): Promise<void> {
    const attachments = new Map((await this.node.network.list()).map(entry => [entry.sandboxId, entry]));
    for (const runtime of new Set(this.#options.runtimes.values())) {
      const containers = await runtime.listContainers();
      const sandboxes = [...(await runtime.listSandboxes())].sort(
        (left, right) => left.spec.attempt - right.spec.attempt,
      );
      const newest = new Map(sandboxes.map(sandbox => [sandbox.spec.pod.uid, sandbox]));
      for (const [uid, sandbox] of newest) {
        const pod = [...this.#pods.list()].find(entry => entry.metadata.uid === uid);
        const attachment = attachments.get(sandbox.spec.id);
        const worker = this.#add(pod ?? orphanOf(sandbox.spec.pod));
        worker.runtime = runtime;
        worker.sandbox.spec = sandbox.spec;
        const runs = await Promise.all(
          containers
            .filter(({ spec }) => spec.labels['io.kubernetes.pod.uid'] === uid && spec.sandboxId !== '')
            .filter(({ state }) => state !== 'created')
            .map(async status => ({
              container: status.spec.name,
              run: await worker.runOf(status),
              imageId: status.spec.annotations['tenon.dev/image-digest'] ?? status.spec.imageId,
              alive: status.state === 'running',
            })),
        );
        const ready = sandbox.state === 'ready' && (attachment !== undefined || sandbox.spec.hostNetwork);
        const { id, attempt } = sandbox.spec;
        worker.state = adopt(
          worker.state,
          { sandbox: { id, attempt, ready, ips: attachment?.ips ?? [] }, runs },
          this.node.clock.now(),
          this.node.clock.monotonic(),
        );
        if (attachment && pod) await worker.sandbox.takeUp(sandbox.spec, attachment);
        if (pod) worker.post({ kind: 'spec', pod });
        else worker.removed();
        attachments.delete(id);
      }
    }
    for (const id of attachments.keys()) await this.node.network.detach(id);
  }

  worker(namespace: string, name: string, uid?: string): PodWorker | undefined {
    for (const worker of this.#workers.values()) {
      const { metadata } = worker.pod;
      if (metadata.namespace === namespace && metadata.name === name && (uid === undefined || uid === metadata.uid))
        return worker;
    }
    return undefined;
  }

  workers(): Iterable<PodWorker> {
    return this.#workers.values();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pressure?.[Symbol.dispose]();
    this.#statics?.[Symbol.dispose]();
    await this.#endpoint?.[Symbol.asyncDispose]();
    for (const subscription of this.#subscriptions) subscription.close();
    await this.#pods[Symbol.asyncDispose]();
    await this.#services[Symbol.asyncDispose]();
    for (const worker of this.#workers.values()) worker.close();
    await this.#registration[Symbol.asyncDispose]();
    await this.node.objects[Symbol.asyncDispose]();
    await this.node.events[Symbol.asyncDispose]();
  }
}

/** Enough of a pod to take down what is left of it. */
function orphanOf(identity: { readonly namespace: string; readonly name: string; readonly uid: string }): kinds.Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...identity }, spec: { containers: [] } } as kinds.Pod;
}

async function handlerOf(client: Client, runtimeClass: string | undefined): Promise<string | undefined> {
  if (!runtimeClass) return '';
  try {
    const found = await client.get<KubeObject & { handler?: string }>(RUNTIME_CLASSES, { name: runtimeClass });
    return found.handler ?? '';
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
