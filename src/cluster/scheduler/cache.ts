import type { Informer } from '../../kernel/informer.ts';
import { isTerminated } from '../pods.ts';
import type {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  StorageClass,
} from '../types.ts';
import { NodeInfo, type Snapshot } from './snapshot.ts';
import { Standings } from './standing.ts';

const NOBODY: readonly Pod[] = [];

export interface CacheInformers {
  readonly namespaces: Informer<Namespace>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly storageClasses: Informer<StorageClass>;
  readonly budgets: Informer<PodDisruptionBudget>;
}

/** Nodes with their pods, kept up change by change; an assumed pod counts from the decision on, before its binding is written. */
export class SchedulerCache {
  readonly #informers: CacheInformers;
  readonly #nodes = new Map<string, NodeInfo>();
  /** Pods on nodes that are not known (yet). */
  readonly #homeless = new Map<string, Map<string, Pod>>();
  readonly #placeOf = new Map<string, string>();
  readonly #assumed = new Set<string>();
  readonly #promised = new Map<string, Map<string, Pod>>();
  #order: NodeInfo[] | undefined;
  /** What decisions found out about single nodes. */
  readonly standings = new Standings();

  constructor(informers: CacheInformers) {
    this.#informers = informers;
  }

  setNode(node: Node): void {
    const known = this.#nodes.get(node.metadata.name);
    if (known) return known.setNode(node);
    const waiting = this.#homeless.get(node.metadata.name);
    this.#homeless.delete(node.metadata.name);
    this.#nodes.set(node.metadata.name, new NodeInfo(node, waiting?.values()));
    this.#order = undefined;
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (!info) return;
    this.#nodes.delete(name);
    this.#order = undefined;
    this.standings.forget();
    const left = new Map([...info.pods()].map(pod => [pod.metadata.uid, pod]));
    if (left.size > 0) this.#homeless.set(name, left);
  }

  /** A pod as the API has it. */
  setPod(pod: Pod): void {
    const uid = pod.metadata.uid;
    this.#unpromise(uid);
    if (isTerminated(pod)) return this.removePod(uid);
    if (!pod.spec.nodeName) {
      const node = pod.status?.nominatedNodeName;
      if (node && !this.#assumed.has(uid)) this.promise(pod, node);
      return;
    }
    this.#assumed.delete(uid);
    this.#place(pod, pod.spec.nodeName);
  }

  removePod(uid: string): void {
    this.#assumed.delete(uid);
    this.#unpromise(uid);
    this.#unplace(uid);
  }

  assume(pod: Pod, node: string): void {
    this.#unpromise(pod.metadata.uid);
    this.#assumed.add(pod.metadata.uid);
    this.#place({ ...pod, spec: { ...pod.spec, nodeName: node } }, node);
  }

  /** Takes an assumption back whose binding failed. */
  unassume(uid: string): void {
    if (this.#assumed.delete(uid)) this.#unplace(uid);
  }

  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid);
  }

  promise(pod: Pod, node: string): void {
    const pods = this.#promised.get(node) ?? new Map<string, Pod>();
    pods.set(pod.metadata.uid, pod);
    this.#promised.set(node, pods);
  }

  snapshot(): Snapshot {
    this.#order ??= [...this.#nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const { namespaces, claims, volumes, storageClasses, budgets } = this.#informers;
    return {
      nodes: this.#order,
      namespaceLabels: name => namespaces.get(name)?.metadata.labels,
      claim: (namespace, name) => claims.get(`${namespace}/${name}`),
      volume: name => volumes.get(name),
      volumes: () => volumes.list(),
      storageClass: name => storageClasses.get(name),
      budgets: budgets.size === 0 ? [] : [...budgets.list()],
      nominated: node => (this.#promised.size === 0 ? NOBODY : [...(this.#promised.get(node)?.values() ?? [])]),
    };
  }

  #place(pod: Pod, node: string): void {
    const uid = pod.metadata.uid;
    if (this.#placeOf.get(uid) !== node) this.#unplace(uid);
    this.#placeOf.set(uid, node);
    const info = this.#nodes.get(node);
    if (info) return info.add(pod);
    const waiting = this.#homeless.get(node) ?? new Map<string, Pod>();
    waiting.set(uid, pod);
    this.#homeless.set(node, waiting);
  }

  #unplace(uid: string): void {
    const node = this.#placeOf.get(uid);
    if (node === undefined) return;
    this.#placeOf.delete(uid);
    this.#nodes.get(node)?.remove(uid);
    this.#homeless.get(node)?.delete(uid);
  }

  #unpromise(uid: string): void {
    for (const [node, pods] of this.#promised) if (pods.delete(uid) && pods.size === 0) this.#promised.delete(node);
  }
}
