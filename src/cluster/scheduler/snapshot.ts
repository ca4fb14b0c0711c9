import { controllerOf } from '../pods.ts';
import { amountsOf } from '../quantity.ts';
import type {
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  StorageClass,
} from '../types.ts';
import { type Amounts, podRequests } from './requests.ts';
import type { KeptStanding } from './standing.ts';

/** A host port in use: `*` is every address. */
export interface PortUse {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export const hostPorts = (pod: Pod): PortUse[] =>
  [...(pod.spec.initContainers ?? []).filter(each => each.restartPolicy === 'Always'), ...pod.spec.containers].flatMap(
    container =>
      (container.ports ?? [])
        .filter(port => port.hostPort)
        .map(port => ({ ip: port.hostIP || '0.0.0.0', protocol: port.protocol ?? 'TCP', port: port.hostPort! })),
  );

interface Entry {
  readonly pod: Pod;
  readonly requests: Amounts;
  readonly nonzero: Amounts;
  readonly ports: readonly PortUse[];
}

const NO_PORTS: readonly PortUse[] = [];

/** Uid of the controller whose pods it is counted with; those that go are not. */
const siblingsOf = (pod: Pod): string | undefined =>
  pod.metadata.deletionTimestamp ? undefined : controllerOf(pod)?.uid;

/** What a pod takes; read off an earlier state of it where nothing of that changed. */
function entryOf(pod: Pod, earlier: Entry | undefined): Entry {
  const { spec } = pod;
  const was = earlier?.pod.spec;
  if (
    earlier !== undefined &&
    was !== undefined &&
    was.containers === spec.containers &&
    was.initContainers === spec.initContainers &&
    was.resources === spec.resources &&
    was.overhead === spec.overhead
  )
    return { ...earlier, pod };
  const ports = hostPorts(pod);
  return {
    pod,
    requests: podRequests(pod),
    nonzero: podRequests(pod, true),
    ports: ports.length === 0 ? NO_PORTS : ports,
  };
}

/** What scores and filters ask of a node again and again, read once. */
interface NodeFacts {
  readonly zone: string | undefined;
  readonly hasImages: boolean;
  /** Taints that keep pods away, and those that only make the node less wanted. */
  readonly hasTaints: boolean;
  readonly hasSoftTaints: boolean;
}

function factsOf(node: Node): NodeFacts {
  const labels = node.metadata.labels ?? {};
  const zone = 'topology.kubernetes.io/zone';
  const taints = node.spec?.taints ?? [];
  return {
    zone: Object.hasOwn(labels, zone) ? labels[zone] : undefined,
    hasImages: (node.status?.images?.length ?? 0) > 0,
    hasTaints: taints.some(taint => taint.effect !== 'PreferNoSchedule'),
    hasSoftTaints: taints.some(taint => taint.effect === 'PreferNoSchedule'),
  };
}

/** Amounts of the two resources that every score looks at. */
export interface Load {
  cpu: number;
  memory: number;
}

const loadOf = (amounts: Amounts): Load => ({ cpu: amounts.get('cpu') ?? 0, memory: amounts.get('memory') ?? 0 });

const hasAntiAffinity = (pod: Pod): boolean =>
  Boolean(pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length);
const hasAffinity = (pod: Pod): boolean =>
  Boolean(pod.spec.affinity?.podAffinity ?? pod.spec.affinity?.podAntiAffinity);

/** A node with the pods on it, summed up as they come and go. */
export class NodeInfo {
  readonly name: string;
  node: Node;
  podCount = 0;
  /** Goes up with everything that the rules of single nodes could see. */
  generation = 0;
  /** What it was last to a pod; see {@link Standings}. */
  standing: KeptStanding | undefined = undefined;
  facts: NodeFacts;
  allocatable: Amounts;
  /** The same amounts of cpu and memory as in `allocatable`, `requested` and `nonzero`. */
  total: Load;
  readonly used: Load = { cpu: 0, memory: 0 };
  readonly usedNonzero: Load = { cpu: 0, memory: 0 };
  readonly #entries = new Map<string, Entry>();
  readonly requested: Amounts = new Map();
  readonly nonzero: Amounts = new Map();
  /** Pods with required anti-affinity, and pods with any inter-pod affinity. */
  readonly repelling = new Map<string, Pod>();
  readonly attached = new Map<string, Pod>();
  /** Living pods by the uid of their controller: what siblings are spread by. */
  readonly #siblings = new Map<string, number>();

  constructor(node: Node, pods: Iterable<Pod> = []) {
    this.name = node.metadata.name;
    this.node = node;
    this.facts = factsOf(node);
    this.allocatable = amountsOf(node.status?.allocatable);
    this.total = loadOf(this.allocatable);
    for (const pod of pods) this.add(pod);
  }

  /** Living pods of one controller on this node. */
  siblings(controller: string): number {
    return this.#siblings.get(controller) ?? 0;
  }
  #countSibling(pod: Pod, change: 1 | -1): void {
    const owner = siblingsOf(pod);
    if (owner === undefined) return;
    const count = this.siblings(owner) + change;
    if (count > 0) this.#siblings.set(owner, count);
    else this.#siblings.delete(owner);
  }
  *pods(): IterableIterator<Pod> {
    for (const entry of this.#entries.values()) yield entry.pod;
  }
  *ports(): IterableIterator<PortUse> {
    for (const entry of this.#entries.values()) yield* entry.ports;
  }
  has(uid: string): boolean {
    return this.#entries.has(uid);
  }

  setNode(node: Node): void {
    this.generation++;
    this.node = node;
    this.facts = factsOf(node);
    this.allocatable = amountsOf(node.status?.allocatable);
    this.total = loadOf(this.allocatable);
  }

  /** What is left of a resource. */
  free(resource: string): number {
    if (resource === 'cpu') return this.total.cpu - this.used.cpu;
    if (resource === 'memory') return this.total.memory - this.used.memory;
    return (this.allocatable.get(resource) ?? 0) - (this.requested.get(resource) ?? 0);
  }

  add(pod: Pod): void {
    const { uid } = pod.metadata;
    const earlier = this.#entries.get(uid);
    const before = this.generation;
    const entry = entryOf(pod, earlier);
    // The same pod that takes the same, which nearly every change of a pod is: nobody can tell the difference.
    const same = earlier?.requests === entry.requests;
    if (same && siblingsOf(earlier.pod) === siblingsOf(pod)) {
      this.#entries.delete(uid);
      this.repelling.delete(uid);
      this.attached.delete(uid);
    } else {
      if (earlier) this.remove(uid);
      this.#count(entry, 1);
      this.#countSibling(pod, 1);
      if (same) this.generation = before;
    }
    this.#entries.set(uid, entry);
    if (hasAntiAffinity(pod)) this.repelling.set(uid, pod);
    if (hasAffinity(pod)) this.attached.set(uid, pod);
  }

  remove(uid: string): void {
    const entry = this.#entries.get(uid);
    if (!entry) return;
    this.#entries.delete(uid);
    this.#countSibling(entry.pod, -1);
    this.#count(entry, -1);
    this.repelling.delete(uid);
    this.attached.delete(uid);
  }

  #count({ requests, nonzero }: Entry, sign: 1 | -1): void {
    this.generation++;
    this.podCount += sign;
    sum(this.requested, requests, sign);
    sum(this.nonzero, nonzero, sign);
    this.used.cpu = this.requested.get('cpu') ?? 0;
    this.used.memory = this.requested.get('memory') ?? 0;
    this.usedNonzero.cpu = this.nonzero.get('cpu') ?? 0;
    this.usedNonzero.memory = this.nonzero.get('memory') ?? 0;
  }

  copy(): NodeInfo {
    return new NodeInfo(this.node, this.pods());
  }
}

function sum(into: Amounts, other: Amounts, sign: 1 | -1): void {
  for (const [resource, amount] of other) into.set(resource, (into.get(resource) ?? 0) + sign * amount);
}

/** All a scheduling decision depends on. */
export interface Snapshot {
  readonly nodes: readonly NodeInfo[];
  /** Labels of a namespace; undefined when it is unknown. */
  namespaceLabels(namespace: string): { readonly [key: string]: string } | undefined;
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): Iterable<PersistentVolume>;
  storageClass(name: string): StorageClass | undefined;
  readonly budgets: readonly PodDisruptionBudget[];
  /** Pods that were promised a node and are not bound yet. */
  nominated(node: string): readonly Pod[];
}

/** The plain objects a snapshot is made of, as `why` and the tests have them. */
export interface SnapshotObjects {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly namespaces?: readonly { metadata: { name?: string; labels?: { [key: string]: string } } }[];
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
  readonly storageClasses?: readonly StorageClass[];
  readonly budgets?: readonly PodDisruptionBudget[];
}

/** A snapshot of plain objects; ended pods take nothing. */
export function snapshotOf(objects: SnapshotObjects): Snapshot {
  const onNode = new Map<string, Pod[]>();
  const nominated = new Map<string, Pod[]>();
  for (const pod of objects.pods) {
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') continue;
    const [into, name] = pod.spec.nodeName ? [onNode, pod.spec.nodeName] : [nominated, pod.status?.nominatedNodeName];
    if (name) into.set(name, [...(into.get(name) ?? []), pod]);
  }
  const claims = new Map(
    (objects.claims ?? []).map(claim => [`${claim.metadata.namespace}/${claim.metadata.name}`, claim]),
  );
  const volumes = new Map((objects.volumes ?? []).map(volume => [volume.metadata.name, volume]));
  const classes = new Map((objects.storageClasses ?? []).map(each => [each.metadata.name, each]));
  const labels = new Map((objects.namespaces ?? []).map(each => [each.metadata.name, each.metadata.labels ?? {}]));
  return {
    nodes: objects.nodes.map(node => new NodeInfo(node, onNode.get(node.metadata.name))),
    namespaceLabels: namespace => labels.get(namespace),
    claim: (namespace, name) => claims.get(`${namespace}/${name}`),
    volume: name => volumes.get(name),
    volumes: () => volumes.values(),
    storageClass: name => classes.get(name),
    budgets: objects.budgets ?? [],
    nominated: node => nominated.get(node) ?? [],
  };
}
