import type { Fault } from '../base/index.ts';
import type { Informers } from '../kernel/informers.ts';
import { formatKey, type kinds, type KubeObject, type ResourceRef } from '../kernel/index.ts';
import type { PolicyContext } from './dialects/context.ts';
import {
  GROUP_KIND,
  GROUP_REFS,
  podLabels,
  POLICY_DIALECTS,
  readApiAddresses,
  readPolicyContext,
} from './dialects/index.ts';
import { readStringMap } from './dialects/kubernetes/read.ts';
import { readPorts } from './dialects/kubernetes/workloads.ts';
import { Decisions, type IdentityNumber } from './engine/decisions.ts';
import { networkFaults } from './faults.ts';
import type { HostView } from './hostview.ts';
import { InsidePrefixes } from './inside.ts';
import { type Identity, NAMESPACE_NAME_LABEL, type NodeIdentity, type Policy } from './model.ts';
import type { PodInterface } from './ports.ts';

export const REFS = {
  pods: { group: '', version: 'v1', resource: 'pods' },
  namespaces: { group: '', version: 'v1', resource: 'namespaces' },
  nodes: { group: '', version: 'v1', resource: 'nodes' },
  services: { group: '', version: 'v1', resource: 'services' },
  ranges: { group: 'networking.k8s.io', version: 'v1', resource: 'servicecidrs' },
  slices: { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' },
  policies: { group: 'networking.k8s.io', version: 'v1', resource: 'networkpolicies' },
  definitions: { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' },
} as const satisfies Readonly<Record<string, ResourceRef>>;

/** Collections that exist only where their CRDs are installed. */
export const OPTIONAL_REFS: readonly ResourceRef[] = [
  ...GROUP_REFS.slice(0, 1),
  ...POLICY_DIALECTS.flatMap(dialect => dialect.refs).filter(ref => ref.resource !== 'networkpolicies'),
];

/** What changed: pods whose verdicts may differ, and whether addresses or identities did. */
export interface PolicyChange {
  readonly subjects: ReadonlySet<IdentityNumber>;
  /** Identities that were not there before, or stand for other addresses now. */
  readonly peers: ReadonlySet<IdentityNumber>;
}

const NONE: ReadonlySet<IdentityNumber> = new Set();

/**
 * Keeps a compiled structure as the API's pods, namespaces and policies ask: of the policies for pods, or with a view of
 * those for this node.
 */
export class PolicyWatch {
  readonly decisions = new Decisions();
  /** Pod address to identity; pods on the host's network are nodes, not pods. */
  readonly addresses = new Map<string, IdentityNumber>();
  /** Pod address to `namespace/name`. */
  readonly podNames = new Map<string, string>();
  /** By document: policies of which parts could not be read, with what was wrong. */
  readonly broken = new Map<string, readonly (readonly [Policy, readonly Fault[]])[]>();
  readonly #informers: Informers;
  readonly #changed: (change: PolicyChange) => void;
  readonly #report: (fault: Fault) => void;
  readonly #classes = new Map<string, { identity: Identity; uses: number }>();
  readonly #podClass = new Map<string, PodClass>();
  /** Keys of policies to prefixes of theirs that select pods and nodes. */
  readonly #inside = new InsidePrefixes();
  readonly #local = new Map<string, readonly string[]>();
  readonly #stops: (() => void)[] = [];
  readonly #counts = new Map<string, number>();
  readonly #groups: (() => Iterable<KubeObject>)[] = [];
  /** Policies that refer to other objects, and how to read each again. */
  readonly #referring = new Map<string, () => void>();
  readonly #nodes = new Map<string, PodClass & { readonly text: string }>();
  readonly #nodeName: string;
  readonly #host: HostView | undefined;
  #read: PolicyContext | undefined;

  constructor(
    informers: Informers,
    nodeName: string,
    changed: (change: PolicyChange) => void,
    report: (fault: Fault) => void,
    host?: HostView,
  ) {
    this.#nodeName = nodeName;
    this.#host = host;
    this.#informers = informers;
    this.#changed = changed;
    this.#report = report;
  }

  /** Starts to follow; optional kinds from when their definition is there. */
  start(): void {
    const pods = this.#informers.of<kinds.Pod>(REFS.pods);
    const namespaces = this.#informers.of<kinds.Namespace>(REFS.namespaces);
    this.#stops.push(
      namespaces.onChange(() => this.#setPods(pods.list())),
      pods.onChange(({ type, object }) => (type === 'deleted' ? this.#dropPod(object) : this.#setPod(object))),
    );
    this.#stops.push(
      this.#informers
        .of<kinds.Node>(REFS.nodes)
        .onChange(({ type, object }) => this.#setNode(object, type === 'deleted')),
      this.#informers.of(REFS.services).onChange(() => this.#contextChanged()),
      this.#informers.of(REFS.slices).onChange(() => this.#contextChanged()),
    );
    this.#follow(REFS.policies);
    const followed = new Set<ResourceRef>();
    this.#stops.push(
      this.#informers.of<KubeObject>(REFS.definitions).onChange(({ type, object }) => {
        const ref = OPTIONAL_REFS.find(entry => `${entry.resource}.${entry.group}` === object.metadata.name);
        if (!ref || type === 'deleted' || followed.has(ref)) return;
        followed.add(ref);
        this.#follow(ref);
      }),
    );
  }

  #follow(ref: ResourceRef): void {
    const informer = this.#informers.of<KubeObject>(ref);
    if (GROUP_REFS.some(entry => entry.resource === ref.resource)) {
      this.#groups.push(() => this.#typed(ref, GROUP_KIND));
      this.#stops.push(informer.onChange(() => this.#contextChanged()));
      return;
    }
    const dialect = POLICY_DIALECTS.find(entry => entry.refs.some(each => each.resource === ref.resource))!;
    this.#stops.push(
      informer.onChange(({ type, object }) => {
        const { namespace, name } = object.metadata;
        const key = `${ref.resource}/${formatKey({ name: name ?? '', ...(namespace ? { namespace } : {}) })}`;
        // Which policies mean the node hangs on its labels.
        const refers = type !== 'deleted' && (this.#host !== undefined || dialect.refers?.(object));
        if (refers) this.#referring.set(key, () => this.#set(key, object, dialect));
        else this.#referring.delete(key);
        this.#set(key, type === 'deleted' ? undefined : object, dialect);
      }),
    );
  }

  #set(key: string, object: KubeObject | undefined, { parse }: (typeof POLICY_DIALECTS)[number]): void {
    const before = this.#prefixNumbers();
    const subjects = new Set<IdentityNumber>();
    const read = object ? parse(object, this.#context()) : { value: [], faults: [] };
    for (const fault of read.faults) this.#report(fault);
    const parsed = this.#host ? { ...read, value: this.#host.lower(read.value) } : read;
    if (!this.#host && parsed.value.some(({ forNodes }) => forNodes))
      this.#report(
        networkFaults.make('host-policy-open', { policy: `${object?.kind || key} ${object?.metadata.name}` }),
      );
    const { value, faults } = parsed;
    // Pods are told apart by address before a policy asks for that, and until none does.
    if (this.#inside.add(key, value)) this.#tellApart();
    if (faults.length > 0)
      this.broken.set(
        key,
        value.map(policy => [policy, faults] as const),
      );
    else this.broken.delete(key);
    // One document may hold several policies; those it no longer holds go.
    for (const [index, policy] of parsed.value.entries()) {
      for (const number of this.decisions.setPolicy(`${key}#${index}`, policy)) subjects.add(number);
    }
    for (let index = parsed.value.length; index < (this.#counts.get(key) ?? 0); index++) {
      for (const number of this.decisions.removePolicy(`${key}#${index}`)) subjects.add(number);
    }
    this.#counts.set(key, parsed.value.length);
    this.#tell(subjects, before);
    if (this.#inside.settle(key, value)) this.#tellApart();
  }

  /** Gives every pod and node the identities their addresses have now. */
  #tellApart(): void {
    this.#setPods(this.#informers.of<kinds.Pod>(REFS.pods).list());
    for (const node of this.#informers.of<kinds.Node>(REFS.nodes).list()) this.#setNode(node, false);
  }

  /**
   * Many pods become others at once. While addresses move one by one, each of them meets those that have moved and those
   * that have not: all have verdicts about all before the first moves, and until the last has.
   */
  #setPods(pods: Iterable<kinds.Pod>): void {
    const moves = [...pods].flatMap(pod => this.#moveOf(pod) ?? []);
    const numbers = moves.map(({ made, identities }) => this.#use(made, identities));
    const all = new Set(numbers.flat());
    if (all.size === 0) return;
    this.#changed({ subjects: NONE, peers: all });
    for (const [at, { key, made }] of moves.entries()) this.#lead(key, made, numbers[at]!);
    this.#changed({ subjects: all, peers: all });
    for (const { known, made } of moves) if (known) this.#release(known, made.ips);
    this.#changed({ subjects: NONE, peers: NONE });
  }

  #tell(subjects: ReadonlySet<IdentityNumber>, before: ReadonlySet<IdentityNumber>): void {
    this.#changed({ subjects, peers: this.#newPrefixes(before) });
    this.decisions.sweep();
  }

  /** Services, endpoints and lists of prefixes, read again only when one of them changed and some policy refers to them. */
  #context(): PolicyContext {
    this.#read ??= readPolicyContext([
      ...this.#groups.flatMap(list => [...list()]),
      ...this.#typed(REFS.services, 'Service'),
      ...this.#typed(REFS.slices, 'EndpointSlice'),
    ]);
    return this.#read;
  }

  /** Objects of lists may come without their kind. */
  #typed(ref: ResourceRef, kind: string): KubeObject[] {
    return [...this.#informers.of<KubeObject>(ref).list()].map(object => ({ ...object, kind: object.kind || kind }));
  }

  #contextChanged(): void {
    this.#read = undefined;
    for (const again of this.#referring.values()) again();
    const api = this.#host
      ? this.#typed(REFS.slices, 'EndpointSlice').flatMap(each => readApiAddresses(each) ?? [])
      : [];
    if (!this.#host?.setApiAddresses([...new Set(api)])) return;
    for (const node of this.#informers.of<kinds.Node>(REFS.nodes).list()) this.#setNode(node, false);
  }

  /** Nodes other than this one are told apart by their labels; this one is always let through. */
  #setNode(node: kinds.Node, removed: boolean): void {
    const name = node.metadata.name ?? '';
    const labels = readStringMap(node.metadata.labels);
    if (name === this.#nodeName) {
      const own = (node.status?.addresses ?? []).map(({ address }) => address);
      if (this.#host?.setAddresses(own)) this.#changed({ subjects: NONE, peers: NONE });
      if (this.#host?.setLabels(removed ? new Map() : labels)) this.#contextChanged();
      return;
    }
    const key = `node/${name}`;
    const ips = (node.status?.addresses ?? [])
      .filter(({ type }) => type === 'InternalIP')
      .map(({ address }) => address);
    const stands = ips.map(ip => this.#inside.standing(ip));
    const seen = (ip: string): NodeIdentity =>
      this.#host?.seen({ kind: 'node', labels }, ip) ?? { kind: 'node', labels };
    const keys = stands.map((standing, at) =>
      [key, ...(standing ? [standing.key] : []), ...(seen(ips[at]!).relations ?? [])].join('|'),
    );
    const text = JSON.stringify([[...labels].sort(), ips, keys]);
    const known = this.#nodes.get(key);
    if (!removed && known?.text === text) return;
    for (const ip of known?.ips ?? []) this.addresses.delete(ip);
    for (const old of known?.keys ?? []) if (removed || !keys.includes(old)) this.decisions.removeIdentity(old);
    if (removed) {
      this.#nodes.delete(key);
      this.#changed({ subjects: NONE, peers: NONE });
      return;
    }
    this.#nodes.set(key, { text, ips, keys });
    const numbers = new Map<string, IdentityNumber>();
    for (const [index, ip] of ips.entries()) {
      const own = stands[index]?.own;
      const each = keys[index]!;
      const identity: Identity = { ...seen(ip), ...(own ? { own } : {}) };
      if (!numbers.has(each)) numbers.set(each, this.decisions.setIdentity(each, identity));
      this.addresses.set(ip, numbers.get(each)!);
    }
    this.#changed({ subjects: NONE, peers: new Set(numbers.values()) });
  }

  /** An address was looked up by these names (none: nobody remembers it): verdicts by name hold for it at once. */
  nameAddress(address: string, names: readonly string[]): void {
    if (this.addresses.has(address)) return;
    const before = this.#prefixNumbers();
    if (this.decisions.nameAddress(address, names)) this.#tell(NONE, before);
  }

  #prefixNumbers(): Set<IdentityNumber> {
    return new Set([...this.decisions.prefixes()].map(prefix => prefix.number));
  }

  #newPrefixes(before: ReadonlySet<IdentityNumber>): Set<IdentityNumber> {
    return new Set([...this.#prefixNumbers()].filter(number => !before.has(number)));
  }

  /** Pods of this node by their addresses: known before the API's status says so. */
  setLocal(interfaces: readonly PodInterface[]): void {
    this.#local.clear();
    for (const { attachment } of interfaces) {
      this.#local.set(`${attachment.pod.namespace}/${attachment.pod.name}`, attachment.ips);
    }
    for (const key of this.#local.keys()) {
      const pod = this.#informers.of<kinds.Pod>(REFS.pods).get(key);
      if (pod) this.#setPod(pod);
    }
  }

  #identityOf(pod: kinds.Pod): Identity {
    const namespace = pod.metadata.namespace ?? 'default';
    const labels = this.#informers.of<kinds.Namespace>(REFS.namespaces).get(namespace)?.metadata.labels;
    return {
      kind: 'pod',
      namespace,
      labels: podLabels(pod.metadata.labels, pod.spec),
      namespaceLabels: new Map([...readStringMap(labels), [NAMESPACE_NAME_LABEL, namespace]]),
      ports: readPorts((pod.spec ?? {}) as unknown as Readonly<Record<string, unknown>>),
    };
  }

  /** What a pod becomes, where that is not what it is; one that has no address of its own is forgotten. */
  #moveOf(pod: kinds.Pod): Move | undefined {
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (pod.spec?.hostNetwork || ended) return void this.#dropPod(pod);
    const told = (pod.status?.podIPs ?? []).flatMap(entry => (entry.ip ? [entry.ip] : []));
    const ips = [...new Set([...(this.#local.get(key) ?? []), ...told])];
    const identity = this.#identityOf(pod);
    const classKey = classOf(identity);
    const stands = ips.map(ip => this.#inside.standing(ip));
    const keys = stands.map(standing => (standing ? `${classKey}|${standing.key}` : classKey));
    const made: PodClass = { ips, keys: keys.length > 0 ? keys : [classKey] };
    const known = this.#podClass.get(key);
    if (known?.keys.join('\n') === made.keys.join('\n') && known.ips.join() === ips.join()) return undefined;
    const identities = made.keys.map((_, at) => (stands[at] ? { ...identity, own: stands[at].own } : identity));
    return { key, made, identities, ...(known ? { known } : {}) };
  }

  #use({ keys }: PodClass, identities: readonly Identity[]): IdentityNumber[] {
    return keys.map((each, at) => {
      const entry = this.#classes.get(each) ?? { identity: identities[at]!, uses: 0 };
      entry.uses++;
      this.#classes.set(each, entry);
      return this.decisions.setIdentity(each, entry.identity);
    });
  }

  #lead(key: string, made: PodClass, numbers: readonly IdentityNumber[]): void {
    for (const [at, ip] of made.ips.entries()) {
      this.addresses.set(ip, numbers[at]!);
      this.podNames.set(ip, key);
    }
    this.#podClass.set(key, made);
  }

  #setPod(pod: kinds.Pod): void {
    const move = this.#moveOf(pod);
    if (!move) return;
    const numbers = this.#use(move.made, move.identities);
    if (move.known) this.#release(move.known);
    this.#lead(move.key, move.made, numbers);
    this.#changed({ subjects: new Set(numbers), peers: new Set(numbers) });
  }

  #dropPod(pod: kinds.Pod): void {
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    const known = this.#podClass.get(key);
    if (!known) return;
    this.#podClass.delete(key);
    for (const ip of known.ips) if (this.podNames.get(ip) === key) this.podNames.delete(ip);
    this.#release(known);
    this.#changed({ subjects: NONE, peers: NONE });
  }

  /** Addresses that are kept lead elsewhere already, or to the same. */
  #release({ keys, ips }: PodClass, kept: readonly string[] = []): void {
    for (const key of keys) {
      const number = this.decisions.numberOf(key);
      for (const ip of ips) if (!kept.includes(ip) && this.addresses.get(ip) === number) this.addresses.delete(ip);
      const entry = this.#classes.get(key);
      if (!entry || --entry.uses > 0) continue;
      this.#classes.delete(key);
      this.decisions.removeIdentity(key);
    }
  }

  /** A pod's address and number as policy knows it; undefined for those it does not (yet). */
  podOf(key: string): { readonly number: IdentityNumber; readonly ips: readonly string[] } | undefined {
    const known = this.#podClass.get(key);
    return known && { number: this.decisions.numberOf(known.keys[0]!), ips: known.ips };
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }
}

/** What one pod or node is to policies: for each of its addresses the key of an identity; one key where it has none yet. */
interface PodClass {
  readonly ips: readonly string[];
  readonly keys: readonly string[];
}

interface Move {
  readonly key: string;
  readonly made: PodClass;
  /** For each key. */
  readonly identities: readonly Identity[];
  readonly known?: PodClass;
}

/** Pods that no policy can tell apart have one class. */
function classOf(identity: Identity): string {
  if (identity.kind !== 'pod') return identity.kind;
  const sorted = (labels: ReadonlyMap<string, string>): string => JSON.stringify([...labels].sort());
  return `${sorted(identity.namespaceLabels)}|${sorted(identity.labels)}|${JSON.stringify(identity.ports.filter(port => port.name))}`;
}
