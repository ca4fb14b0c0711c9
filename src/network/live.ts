import type { Clock, Fault, Random } from '../base/index.ts';
import type { Client, kinds, ResourceRef } from '../kernel/index.ts';
import { Informers } from '../kernel/informers.ts';
import type { IdentityNumber } from './engine/decisions.ts';
import { contains, parseCidr } from './engine/addresses.ts';
import type { Request } from './engine/requests.ts';
import { brokenFor, judge, namesRule, policiesOf, type SideVerdict } from './engine/verdict.ts';
import { type Question, walk } from './engine/walk.ts';
import { LiveServices } from './live-services.ts';
import type { Direction, Identity, Protocol } from './model.ts';
import { PolicyWatch, REFS } from './policies.ts';

/** Who sends: one identity, or all that a client of whom only so much is known could be. */
export interface Sender {
  readonly numbers: readonly IdentityNumber[];
  /** The address it sends from, where that is known. */
  readonly address?: string;
  /** The node it is on; absent outside the cluster. */
  readonly node?: string;
}

export interface FlowVerdict {
  readonly outcome: 'allow' | 'deny' | 'unknown';
  /** The rule that decided, in one line; absent where none speaks. */
  readonly by?: string;
  /** Asking for something else over the connection could be judged otherwise. */
  readonly byRequest?: true;
}

const ALLOWED: FlowVerdict = { outcome: 'allow' };
const UNKNOWN_SENDER: FlowVerdict = { outcome: 'unknown', by: 'the sender is not known to the network' };
/** Addresses no client of the internet has (RFC 6890). */
const PRIVATE = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
].flatMap(cidr => parseCidr(cidr) ?? []);

/** Decides from live objects, by the structure that is enforced, whom a packet of a pod or from outside may reach. */
export class LiveNetwork implements AsyncDisposable {
  readonly informers: Informers;
  readonly services: LiveServices;
  readonly policy: PolicyWatch;
  #version = 0;
  #ready = false;
  #verdicts = new Map<string, FlowVerdict>();
  #outside: { internet: readonly IdentityNumber[]; anywhere: readonly IdentityNumber[] } | undefined;

  constructor(parts: {
    readonly client: Client;
    readonly clock: Clock;
    readonly random: Random;
    readonly report: (problem: Fault | unknown) => void;
  }) {
    const report = (problem: unknown): void => parts.report(problem);
    this.informers = new Informers({ ...parts, report });
    this.informers.of<kinds.Pod>(REFS.pods).index('workload', workloadsOf);
    this.services = new LiveServices(this.informers, () => this.touch());
    const decided = (): void => {
      this.#verdicts.clear();
      this.#outside = undefined;
      this.touch();
    };
    // No node is "this one" here: all of them are told apart.
    this.policy = new PolicyWatch(this.informers, '', decided, report);
    this.policy.start();
    this.informers.of(REFS.nodes);
    this.informers.start();
    void this.#settle();
  }

  async #settle(): Promise<void> {
    await this.informers.whenSynced();
    // Definitions named more collections.
    await this.informers.whenSynced();
    this.#ready = true;
    this.touch();
  }

  /** Rises whenever an answer could be another one. */
  get version(): number {
    return this.#version;
  }

  /** True once everything that was there has been read; before, nothing is certain. */
  get ready(): boolean {
    return this.#ready;
  }

  touch(): void {
    this.#version++;
  }

  /** Follows a collection others need; a change of it is a change here. */
  follow(ref: ResourceRef): void {
    this.informers.of(ref).onChange(() => this.touch());
  }

  /** A pod by its name, or the first pod of the workload that has it. */
  pod(namespace: string, name: string): kinds.Pod | undefined {
    const pods = this.informers.of<kinds.Pod>(REFS.pods);
    const key = `${namespace}/${name}`;
    const found = pods.get(key);
    if (found) return found;
    const nameOf = (pod: kinds.Pod): string => pod.metadata.name ?? '';
    let first: kinds.Pod | undefined;
    for (const pod of pods.by('workload', key)) if (!first || nameOf(pod) < nameOf(first)) first = pod;
    return first;
  }

  podAt(address: string): kinds.Pod | undefined {
    const key = this.policy.podNames.get(address);
    return key === undefined ? undefined : this.informers.of<kinds.Pod>(REFS.pods).get(key);
  }

  /** A pod as who sends; one on the host's network is its node. */
  senderOf(pod: kinds.Pod): Sender {
    const { namespace, name } = pod.metadata;
    const node = pod.spec?.nodeName === undefined ? {} : { node: pod.spec.nodeName };
    const known = this.policy.podOf(`${namespace}/${name}`);
    if (known) return { numbers: [known.number], ...node, ...(known.ips[0] ? { address: known.ips[0] } : {}) };
    const address = pod.spec?.hostNetwork ? (pod.status?.hostIP ?? pod.status?.podIP) : undefined;
    const number = address === undefined ? undefined : this.policy.addresses.get(address);
    return { numbers: [number ?? 0], ...node, ...(address === undefined ? {} : { address }) };
  }

  /** Whoever has an address: a pod, a node, or somebody outside. */
  senderAt(address: string): Sender {
    const pod = this.podAt(address);
    if (pod) return this.senderOf(pod);
    return { numbers: [this.#numberAt(address)], address };
  }

  #numberAt(address: string): IdentityNumber {
    return this.policy.addresses.get(address) ?? this.policy.decisions.addressIdentity(address);
  }

  /** Somebody outside whose address is not known: of the internet, or of any network. */
  someone(where: 'internet' | 'anywhere'): Sender {
    const { decisions } = this.policy;
    if (!this.#outside) {
      const anywhere = [...decisions.prefixes()].map(({ number }) => number);
      const isPublic = (number: IdentityNumber): boolean => {
        const identity = decisions.identity(number);
        return identity?.kind === 'addresses' && !PRIVATE.some(block => contains(block, identity.range));
      };
      this.#outside = { anywhere, internet: anywhere.filter(isPublic) };
    }
    return { numbers: this.#outside[where] };
  }

  /** Gives an identity of the asker's own a number. */
  stranger(key: string, identity: Identity): Sender {
    return { numbers: [this.policy.decisions.setIdentity(key, identity)] };
  }

  /** May it send to this address and port, and is it taken there? Where the sender could be several, all must agree. */
  decide(sender: Sender, address: string, port: number, protocol: Protocol, request?: Request): FlowVerdict {
    const receiver = this.#numberAt(address);
    let agreed: FlowVerdict | undefined;
    for (const number of sender.numbers) {
      const verdict = this.#between(number, receiver, protocol, port, request, this.#sameNode(sender, address));
      if (agreed && agreed.outcome !== verdict.outcome)
        return { ...verdict, outcome: 'unknown', by: `${verdict.by ?? agreed.by ?? 'policy'} asks for the address` };
      agreed ??= verdict;
    }
    return agreed ?? UNKNOWN_SENDER;
  }

  /** The same between two senders, where the one that is asked has no address. */
  decideBetween(sender: Sender, receiver: Sender, port: number, protocol: Protocol, request?: Request): FlowVerdict {
    const [from = 0] = sender.numbers;
    const [to = 0] = receiver.numbers;
    return this.#between(from, to, protocol, port, request, undefined);
  }

  /** The node and the pods on it always reach each other (NetworkPolicy reference). */
  #sameNode({ node, address }: Sender, to: string): 'from-node' | 'to-node' | undefined {
    const { addresses, decisions } = this.policy;
    const isNode = (at: string | undefined): boolean =>
      at !== undefined && decisions.identity(addresses.get(at) ?? 0)?.kind === 'node';
    if (isNode(address)) return this.podAt(to)?.status?.hostIP === address ? 'from-node' : undefined;
    if (!isNode(to) || node === undefined) return undefined;
    const own = this.informers.of<kinds.Node>(REFS.nodes).get(node)?.status?.addresses ?? [];
    return own.some(entry => entry.address === to) ? 'to-node' : undefined;
  }

  #between(
    source: IdentityNumber,
    destination: IdentityNumber,
    protocol: Protocol,
    port: number,
    request: Request | undefined,
    near: 'from-node' | 'to-node' | undefined,
  ): FlowVerdict {
    if (near) return ALLOWED;
    const key = `${source} ${destination} ${protocol} ${port}`;
    const known = this.#verdicts.get(key);
    if (known && !(known.byRequest && request)) return known;
    const made = this.#decide(source, destination, protocol, port, request);
    if (!(made.byRequest && request)) this.#verdicts.set(key, made);
    return made;
  }

  #decide(
    source: IdentityNumber,
    destination: IdentityNumber,
    protocol: Protocol,
    port: number,
    request: Request | undefined,
  ): FlowVerdict {
    const asked = { protocol, port, ...(request ? { request } : {}) };
    const sides = [
      this.#side('egress', source, destination, asked),
      this.#side('ingress', destination, source, asked),
    ] as const;
    const byRequest = sides.some(side => side.byRequest) ? { byRequest: true as const } : {};
    const stops = sides.find(({ outcome }) => outcome !== 'allow') ?? sides.find(({ by }) => by !== undefined);
    return { outcome: 'allow', ...stops, ...byRequest };
  }

  #side(
    direction: Direction,
    subject: IdentityNumber,
    peer: IdentityNumber,
    asked: Pick<Question, 'protocol' | 'port' | 'request'>,
  ): FlowVerdict {
    const { decisions } = this.policy;
    const self = decisions.identity(subject);
    const other = decisions.identity(peer);
    if (!self || !other) return UNKNOWN_SENDER;
    if (self.kind !== 'pod') return ALLOWED;
    const broken = this.#broken(self.namespace, direction);
    if (broken.length === 0 && !decisions.governed(subject, direction)) return ALLOWED;
    const selected = decisions.selected(subject, direction)!;
    const question: Question = { direction, subject: self, peer: other, ...asked };
    const compiled = decisions.walkOf(direction, subject, peer, asked.protocol, asked.port);
    const whole = compiled && !compiled.requests ? compiled : walk(selected, question);
    const verdict: SideVerdict = judge(policiesOf(selected), question, whole, broken);
    const by = namesRule(verdict, direction);
    return {
      outcome: verdict.outcome,
      ...(by === undefined ? {} : { by }),
      ...(compiled?.requests ? { byRequest: true } : {}),
    };
  }

  /** What is wrong with policies that may be meant for pods of a namespace: what was not read could select them. */
  #broken(namespace: string, direction: Direction): readonly Fault[] {
    if (this.policy.broken.size === 0) return [];
    return [...this.policy.broken.values()].flatMap(entries => brokenFor(entries, namespace, direction));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.policy.stop();
    this.services.stop();
    await this.informers[Symbol.asyncDispose]();
  }
}

/** Names a pod's workload goes by: its controller's, and what made that controller. */
function workloadsOf({ metadata }: kinds.Pod): string[] {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (!owner) return [];
  const key = `${metadata.namespace}/${owner.name}`;
  const made = owner.kind === 'ReplicaSet' || owner.kind === 'Job' ? key.replace(/-[a-z0-9]+$/, '') : key;
  return made === key ? [key] : [key, made];
}
