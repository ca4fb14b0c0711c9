/** A world for bench/sim until scenarios can tell it: nodes with leases, one stream of pods for all kubelets. */
import type { Pod } from '../src/cluster/types.ts';
import { LEASES, NODES, PODS } from '../src/cluster/refs.ts';
import { formatMicroTime, formatTime } from '../src/cluster/time.ts';
import type { Client, KubeObject } from '../src/kernel/index.ts';
import type { Simulation } from '../src/hosts/sim/simulation.ts';

const LEASE_MS = 10_000;
const STARTUP_MS = 1_000;

export interface WorldSize {
  readonly nodes: number;
  readonly allocatable?: { readonly [resource: string]: string };
}

/** Nodes whose kubelets share a watch; every pod that is bound runs a second later. */
export class World {
  running = 0;
  readonly #run: Simulation;
  readonly #client: Client;
  readonly #seen = new Set<string>();
  #address = 0;

  private constructor(run: Simulation) {
    this.#run = run;
    this.#client = run.client('kubelets');
  }

  static async on(run: Simulation, size: WorldSize): Promise<World> {
    const world = new World(run);
    const allocatable = { cpu: '16', memory: '64Gi', pods: '110', ...size.allocatable };
    for (let at = 1; at <= size.nodes; at++) await world.#addNode(`n${at}`, allocatable);
    void world.#follow();
    return world;
  }

  async #addNode(name: string, allocatable: object): Promise<void> {
    const now = formatTime(this.#run.clock.now());
    const conditions = [
      { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now, lastTransitionTime: now },
    ];
    await this.#client.create<KubeObject>(NODES, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/hostname': name } },
      spec: {},
      status: { capacity: allocatable, allocatable, conditions },
    });
    const key = { namespace: 'kube-node-lease', name };
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: this.#micro() };
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: key, spec };
    await this.#client.create<KubeObject>(LEASES, lease, { namespace: key.namespace });
    this.#run.clock.after(LEASE_MS, () => void this.#renew(name));
  }

  async #renew(name: string): Promise<void> {
    const key = { namespace: 'kube-node-lease', name };
    await this.#client.patch(LEASES, key, { type: 'merge', patch: { spec: { renewTime: this.#micro() } } });
    this.#run.clock.after(LEASE_MS, () => void this.#renew(name));
  }

  #micro(): string {
    return formatMicroTime(this.#run.clock.now());
  }

  async #follow(): Promise<void> {
    const options = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' as const };
    for await (const { type, object: pod } of this.#client.watch<Pod>(PODS, options, new AbortController().signal)) {
      if (type === 'DELETED') this.#seen.delete(pod.metadata.uid);
      if ((type !== 'ADDED' && type !== 'MODIFIED') || !pod.spec.nodeName) continue;
      const uid = pod.metadata.uid;
      if (pod.metadata.deletionTimestamp) {
        if (this.#seen.delete(uid)) this.#run.clock.after(STARTUP_MS, () => void this.#remove(pod));
      } else if (pod.status?.phase === 'Pending' && !this.#seen.has(uid)) {
        this.#seen.add(uid);
        this.#run.clock.after(STARTUP_MS, () => void this.#begin(pod));
      }
    }
  }

  async #begin(pod: Pod): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    await this.#client.patch(
      PODS,
      { namespace, name },
      { type: 'merge', patch: { metadata: { uid }, status: this.#status(pod) as never } },
      { subresource: 'status', fieldManager: 'kubelet' },
    );
    this.running++;
  }

  async #remove(pod: Pod): Promise<void> {
    const { namespace = '', name } = pod.metadata;
    await this.#client.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0 });
    this.running--;
  }

  #status(pod: Pod): object {
    const now = formatTime(this.#run.clock.now());
    const at = ++this.#address;
    const podIP = `10.${64 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}`;
    const conditions = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(
      type => ({ type, status: 'True', lastTransitionTime: now }),
    );
    const containerStatuses = pod.spec.containers.map(({ name, image }) => ({
      name,
      image,
      imageID: `${image}@sha256:0`,
      containerID: `sim://${at}`,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    }));
    return { phase: 'Running', podIP, podIPs: [{ ip: podIP }], startTime: now, conditions, containerStatuses };
  }
}

/** A Deployment with a Service before it, as people write them. */
export const deployment = (name: string, replicas: number): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'registry.example/web:1.0',
            ports: [{ containerPort: 8080 }],
            resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
          },
        ],
      },
    },
  },
});

export const service = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
});
