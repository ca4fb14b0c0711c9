import type { Change } from '../../kernel/informer.ts';
import { isNotFound } from '../../kernel/status.ts';
import { attempt, type ClusterEnv, noteAs } from '../driver.ts';
import { sameJson } from '../hash.ts';
import { byNode, isTerminated, isTerminating } from '../pods.ts';
import { BUDGETS, CLAIMS, NAMESPACES, NODES, PODS, STORAGE_CLASSES, VOLUMES } from '../refs.ts';
import { formatTime } from '../time.ts';
import type {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  StorageClass,
} from '../types.ts';
import { SchedulerCache } from './cache.ts';
import { decide, type Decision } from './decide.ts';
import { claimVolumes } from './claim-volumes.ts';
import { SchedulingQueue } from './queue.ts';

const COMPONENT = 'default-scheduler';
const BINDINGS_MAX = 64;

const isOurs = (pod: Pod): boolean => (pod.spec.schedulerName ?? COMPONENT) === COMPONENT;
const isWaiting = (pod: Pod): boolean =>
  !pod.spec.nodeName && !isTerminating(pod) && !isTerminated(pod) && !pod.spec.schedulingGates?.length && isOurs(pod);

/** A running scheduler. */
export interface Scheduler extends AsyncDisposable {
  readonly name: string;
  /** Pods to try and bindings under way. */
  readonly busy: number;
}

/** Gives every waiting pod a node: one decision at a time, bindings behind it. */
export function startScheduler(env: ClusterEnv): Scheduler {
  return new SchedulerLoop(env);
}

class SchedulerLoop implements Scheduler {
  readonly name = COMPONENT;
  readonly #env: ClusterEnv;
  readonly #cache: SchedulerCache;
  readonly #queue: SchedulingQueue;
  readonly #detach: (() => void)[] = [];
  readonly #bindings = new Set<Promise<void>>();
  readonly #claims: ReturnType<ClusterEnv['informers']['of']>;
  #running: Promise<void> | undefined;
  readonly #stop = new AbortController();
  #stopped = false;
  #deciding = false;
  #offset = 0;
  #wake: (() => void) | undefined;

  constructor(env: ClusterEnv) {
    this.#env = env;
    const informers = {
      namespaces: env.informers.of<Namespace>(NAMESPACES),
      claims: env.informers.of<PersistentVolumeClaim>(CLAIMS),
      volumes: env.informers.of<PersistentVolume>(VOLUMES),
      storageClasses: env.informers.of<StorageClass>(STORAGE_CLASSES),
      budgets: env.informers.of<PodDisruptionBudget>(BUDGETS),
    };
    this.#claims = informers.claims as never;
    this.#cache = new SchedulerCache(informers);
    this.#queue = new SchedulingQueue(env.clock, () => this.#wake?.());
    const pods = env.informers.of<Pod>(PODS).index('node', byNode);
    const nodes = env.informers.of<Node>(NODES);
    this.#detach.push(
      nodes.onChange(change => this.#nodeChanged(change)),
      pods.onChange(change => this.#podChanged(change)),
      informers.claims.onChange(() => this.#queue.happened('volume')),
      informers.volumes.onChange(() => this.#queue.happened('volume')),
      informers.storageClasses.onChange(() => this.#queue.happened('volume')),
      informers.namespaces.onChange(() => this.#queue.happened('namespace')),
    );
    const all = [nodes, pods, ...Object.values(informers)];
    void Promise.all(all.map(informer => informer.whenSynced())).then(() => {
      if (!this.#stopped) this.#running = this.#run();
    });
  }

  get busy(): number {
    return this.#queue.activeCount + this.#bindings.size + (this.#deciding ? 1 : 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#stop.abort(new Error('Scheduler stopped'));
    for (const stop of this.#detach) stop();
    this.#wake?.();
    await this.#running;
    await Promise.allSettled(this.#bindings);
  }

  #nodeChanged({ type, object, old }: Change<Node>): void {
    if (type === 'deleted') this.#cache.removeNode(object.metadata.name);
    else this.#cache.setNode(object);
    if (type !== 'updated' || !old || !sameForPods(object, old)) this.#queue.happened('node');
  }

  #podChanged({ type, object: pod, old }: Change<Pod>): void {
    const uid = pod.metadata.uid;
    if (type === 'deleted') {
      this.#cache.removePod(uid);
      this.#queue.forget(uid);
      if (pod.spec.nodeName) this.#queue.happened('pod-gone');
      return;
    }
    this.#cache.setPod(pod);
    if (isWaiting(pod)) {
      if (!this.#cache.isAssumed(uid)) this.#queue.offer(pod, old !== undefined && needsChanged(pod, old));
      return;
    }
    this.#queue.forget(uid);
    if (!pod.spec.nodeName) return;
    if (isTerminated(pod) && !(old && isTerminated(old))) this.#queue.happened('pod-gone');
    else if (!old?.spec.nodeName || !sameJson(pod.metadata.labels, old.metadata.labels))
      this.#queue.happened('pod-here');
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const pod = this.#queue.next();
      if (!pod) {
        await new Promise<void>(resolve => {
          this.#wake = resolve;
        });
        continue;
      }
      if (this.#cache.isAssumed(pod.metadata.uid)) continue;
      this.#deciding = true;
      await this.#place(pod);
      this.#deciding = false;
      if (this.#bindings.size >= BINDINGS_MAX) await Promise.race(this.#bindings);
    }
  }

  async #place(pod: Pod): Promise<void> {
    const snapshot = this.#cache.snapshot();
    const { standings } = this.#cache;
    const decision = decide(pod, snapshot, { random: () => this.#env.random.next(), offset: this.#offset, standings });
    if (snapshot.nodes.length > 0) this.#offset = (this.#offset + 1) % snapshot.nodes.length;
    if ('node' in decision) {
      this.#cache.assume(pod, decision.node);
      const binding = this.#bind(pod, decision.node).finally(() => this.#bindings.delete(binding));
      this.#bindings.add(binding);
      return;
    }
    await this.#refuse(pod, decision);
  }

  async #bind(pod: Pod, node: string): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    try {
      await claimVolumes(this.#env, this.#claims as never, this.#cache.snapshot(), pod, node, this.#stop.signal);
      const binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, uid },
        target: { apiVersion: 'v1', kind: 'Node', name: node },
      };
      await this.#env.client.create(PODS, binding, { namespace, name, subresource: 'binding' });
      this.#queue.forget(uid);
      noteAs(this.#env, COMPONENT, {
        about: pod,
        type: 'Normal',
        reason: 'Scheduled',
        message: `Successfully assigned ${namespace}/${name} to ${node}`,
      });
    } catch (error) {
      this.#cache.unassume(uid);
      if (this.#stopped) return;
      if (isNotFound(error)) return this.#queue.forget(uid);
      this.#env.report(error, `${COMPONENT} ${namespace}/${name}`);
      this.#queue.failed(uid);
    }
  }

  async #refuse(pod: Pod, decision: Exclude<Decision, { node: string }>): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    const candidate = decision.preemption;
    if (candidate) this.#cache.promise(pod, candidate.node);
    this.#queue.refused(uid, decision.plugins);
    noteAs(this.#env, COMPONENT, {
      about: pod,
      type: 'Warning',
      reason: 'FailedScheduling',
      message: decision.message,
    });
    try {
      await this.#writeRefusal(pod, decision.message, candidate?.node);
      for (const victim of candidate?.victims ?? []) await this.#evict(victim, pod, candidate!.node);
    } catch (error) {
      if (!isNotFound(error)) this.#env.report(error, `${COMPONENT} ${namespace}/${name}`);
    }
  }

  async #writeRefusal(pod: Pod, message: string, node: string | undefined): Promise<void> {
    const known = pod.status?.conditions?.find(condition => condition.type === 'PodScheduled');
    const same = known?.status === 'False' && known.reason === 'Unschedulable' && known.message === message;
    if (same && (node === undefined || pod.status?.nominatedNodeName === node)) return;
    const lastTransitionTime =
      known?.status === 'False' && known.lastTransitionTime
        ? known.lastTransitionTime
        : formatTime(this.#env.clock.now());
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime };
    const patch = { status: { conditions: [condition], ...(node ? { nominatedNodeName: node } : {}) } };
    const key = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
    await this.#env.client.patch(
      PODS,
      key,
      { type: 'strategic', patch },
      { subresource: 'status', fieldManager: 'kube-scheduler' },
    );
  }

  async #evict(victim: Pod, pod: Pod, node: string): Promise<void> {
    if (isTerminating(victim)) return;
    const key = { namespace: victim.metadata.namespace ?? '', name: victim.metadata.name };
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: `${COMPONENT}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: formatTime(this.#env.clock.now()),
    };
    await this.#env.client.patch(
      PODS,
      key,
      { type: 'strategic', patch: { status: { conditions: [condition] } } },
      { subresource: 'status' },
    );
    const done = {
      about: victim,
      type: 'Normal' as const,
      reason: 'Preempted',
      message: `Preempted by pod ${pod.metadata.uid} on node ${node}`,
    };
    const failure = await attempt(this.#env, COMPONENT, [
      { do: 'delete', ref: PODS, key, uid: victim.metadata.uid, done },
    ]);
    if (failure) throw failure.error;
  }
}

const sameForPods = (a: Node, b: Node): boolean =>
  a.spec?.unschedulable === b.spec?.unschedulable &&
  sameJson(a.metadata.labels, b.metadata.labels) &&
  sameJson(a.spec?.taints, b.spec?.taints) &&
  sameJson(a.status?.allocatable, b.status?.allocatable);

/** A change of what the pod asks for; its own status does not count. */
const needsChanged = (pod: Pod, old: Pod): boolean =>
  !sameJson(pod.spec, old.spec) || !sameJson(pod.metadata.labels, old.metadata.labels);
