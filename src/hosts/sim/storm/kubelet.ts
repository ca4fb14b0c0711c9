/** A kubelet as far as a storm needs one: leases, heartbeats, pods to their phases, graceful ends, restarts of itself. */
import { type Client, Informer, isNotFound, type KubeObject, runController, watchOf } from '../../../kernel/index.ts';
import type { ProcessParts, ProcessSpec } from '../model.ts';
import { type Machine, pathOf, type PodObject, type Running } from './machine.ts';
import { LEASES, NODES, PODS } from './refs.ts';

const LEASE_MS = 10_000;
const LEASE_NAMESPACE = 'kube-node-lease';
const CAPACITY = { cpu: '4', memory: '8Gi', pods: '110' };

const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
const microTime = (ms: number): string => new Date(ms).toISOString().replace(/Z$/, '000Z');

/** The kubelet of a machine as a process of the run. */
export function kubelet(machine: Machine, zone: string): ProcessSpec {
  const name = `kubelet/${machine.name}`;
  return { name, place: name, start: parts => new Kubelet(machine, zone, parts).start() };
}

class Kubelet implements AsyncDisposable {
  readonly #machine: Machine;
  readonly #zone: string;
  readonly #parts: ProcessParts;
  readonly #pods: Informer<PodObject>;
  #stopped = false;

  constructor(machine: Machine, zone: string, parts: ProcessParts) {
    this.#machine = machine;
    this.#zone = zone;
    this.#parts = parts;
    const { client, clock, random, report } = parts;
    this.#pods = new Informer<PodObject>({
      client,
      clock,
      random,
      ref: PODS,
      fieldSelector: `spec.nodeName=${machine.name}`,
      report: error => report(error, 'pods'),
    });
  }

  start(): this {
    const { clock, report } = this.#parts;
    const controller = runController({
      name: 'kubelet',
      clock,
      workers: 4,
      watches: [watchOf(this.#pods, change => [pathOf(change.object)])],
      report: (error, key) => report(error, key),
      reconcile: key => this.#sync(key),
    });
    this.#machine.changed = path => controller.enqueue(path);
    this.#pods.start();
    void this.#pods.whenSynced().then(() => {
      // What runs here and is in the API no more was deleted while nobody looked.
      for (const running of this.#machine.all()) controller.enqueue(running.path);
    });
    void this.#beat(true);
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
  }

  async #beat(first: boolean): Promise<void> {
    const { clock, report } = this.#parts;
    if (this.#stopped || !this.#machine.up) return;
    try {
      await this.#register(first);
      await this.#renew();
    } catch (error) {
      report(error, 'heartbeat');
    }
    clock.after(LEASE_MS, () => void this.#beat(false));
  }

  async #register(first: boolean): Promise<void> {
    const { client, clock } = this.#parts;
    const { name } = this.#machine;
    const known = await client.get<KubeObject>(NODES, { name }).catch(missing);
    const node =
      known ??
      (await client.create<KubeObject>(NODES, {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name, labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': this.#zone } },
        spec: {},
      }));
    const conditions = (
      node.status as { conditions?: { type: string; status: string; lastTransitionTime?: string }[] } | undefined
    )?.conditions;
    const ready = conditions?.find(each => each.type === 'Ready');
    if (!first && ready?.status === 'True') return;
    const now = time(clock.now());
    const fresh = {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      message: 'kubelet is posting ready status',
      lastHeartbeatTime: now,
      lastTransitionTime: ready?.status === 'True' ? (ready.lastTransitionTime ?? now) : now,
    };
    const others = ['MemoryPressure', 'DiskPressure', 'PIDPressure'].map(type => ({
      type,
      status: 'False',
      reason: `KubeletHasSufficient${type.replace('Pressure', '')}`,
      message: '',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    }));
    const status = { capacity: CAPACITY, allocatable: CAPACITY, conditions: [fresh, ...others] };
    await client.patch(NODES, { name }, { type: 'strategic', patch: { status } as never }, { subresource: 'status' });
  }

  async #renew(): Promise<void> {
    const { client, clock } = this.#parts;
    const { name } = this.#machine;
    const key = { namespace: LEASE_NAMESPACE, name };
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTime(clock.now()) };
    const known = await client.get<KubeObject>(LEASES, key).catch(missing);
    if (known) await client.update(LEASES, { ...known, spec });
    else
      await client.create(
        LEASES,
        { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: key, spec },
        { namespace: LEASE_NAMESPACE },
      );
  }

  /** Brings one pod's containers and its status together. */
  async #sync(path: string): Promise<number | undefined> {
    if (this.#stopped || !this.#machine.up) return undefined;
    const pod = this.#pods.get(path);
    for (const running of this.#machine.named(path))
      if (running.uid !== pod?.metadata.uid) this.#machine.remove(running);
    if (!pod) return undefined;
    const running = this.#machine.of(pod.metadata.uid ?? '');
    const phase = pod.status?.phase;
    if (pod.metadata.deletionTimestamp) return this.#terminate(pod, running);
    if (phase === 'Succeeded' || phase === 'Failed') {
      if (running) this.#machine.remove(running);
      return undefined;
    }
    if (!running) {
      // The machine was off: what ran is gone, and only some pods begin anew.
      if (phase === 'Running' && pod.spec.restartPolicy !== 'Always')
        await this.#write(pod, undefined, 'Failed', false);
      else this.#machine.start(pod);
      return undefined;
    }
    if (running.state === 'pulling') return undefined;
    if (running.state === 'ended' && pod.spec.restartPolicy === 'Always') {
      this.#machine.remove(running);
      this.#machine.start(pod);
      return undefined;
    }
    const ended = running.state === 'ended';
    await this.#write(
      pod,
      running,
      ended ? (running.exitCode ? 'Failed' : 'Succeeded') : 'Running',
      running.state === 'ready',
    );
    return undefined;
  }

  async #terminate(pod: PodObject, running: Running | undefined): Promise<number | undefined> {
    const grace_ms = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1_000;
    if (running && running.state !== 'ended') {
      this.#machine.stop(running, grace_ms);
      if (running.state !== ('ended' as Running['state'])) return undefined;
    }
    const phase = pod.status?.phase;
    if (phase !== 'Succeeded' && phase !== 'Failed') {
      const done = running !== undefined && running.exitCode === 0 && !this.#wasWorking(pod);
      await this.#write(pod, running, done ? 'Succeeded' : 'Failed', false);
    }
    if (running) this.#machine.remove(running);
    await this.#parts.client
      .delete(PODS, keyOf(pod), { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid ?? '' } })
      .catch(missing);
    return undefined;
  }

  /** Work that was stopped before its end did not succeed. */
  #wasWorking(pod: PodObject): boolean {
    return pod.spec.restartPolicy !== 'Always';
  }

  async #write(pod: PodObject, running: Running | undefined, phase: string, ready: boolean): Promise<void> {
    const { client, clock } = this.#parts;
    const now = time(clock.now());
    const wanted = ready ? 'True' : 'False';
    const known = pod.status?.conditions?.find(each => each.type === 'Ready');
    if (pod.status?.phase === phase && known?.status === wanted && pod.status.podIP === running?.ip) return;
    const conditions = ['Initialized', 'ContainersReady', 'Ready'].map(type => ({
      type,
      status: type === 'Initialized' ? 'True' : wanted,
      lastTransitionTime: known?.status === wanted ? (known.lastTransitionTime ?? now) : now,
    }));
    const { name, image = '' } = pod.spec.containers[0]!;
    const state =
      phase === 'Running'
        ? { running: { startedAt: now } }
        : {
            terminated: {
              exitCode: running?.exitCode || (phase === 'Failed' ? 137 : 0),
              finishedAt: now,
              reason: 'Ended',
            },
          };
    const patch = {
      metadata: { uid: pod.metadata.uid ?? '' },
      status: {
        phase,
        conditions,
        startTime: pod.status?.startTime ?? now,
        ...(running ? { podIP: running.ip, podIPs: [{ ip: running.ip }] } : {}),
        containerStatuses: [{ name, image, imageID: '', ready, restartCount: 0, state }],
      },
    };
    await (client as Client)
      .patch(PODS, keyOf(pod), { type: 'strategic', patch: patch as never }, { subresource: 'status' })
      .catch(missing);
  }
}

const keyOf = (pod: PodObject): { namespace: string; name: string } => ({
  namespace: pod.metadata.namespace ?? '',
  name: pod.metadata.name ?? '',
});

/** What is gone is gone; everything else is tried again. */
function missing(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}
