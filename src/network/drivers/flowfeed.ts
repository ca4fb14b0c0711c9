import type { Clock, Random, Timer } from '../../base/index.ts';
import type { kinds } from '../../kernel/index.ts';
import type { Informers } from '../../kernel/informers.ts';
import { REASON } from '../engine/datapath.ts';
import { FlowLog, sidesOf } from '../flowlog.ts';
import type { FlowEnd, FlowRecord, ObservedEnd } from '../flows.ts';
import { type PolicyWatch, REFS } from '../policies.ts';
import type { Enforcement } from './enforcement.ts';
import type { HostFirewall } from './hostfirewall.ts';
import type { Outcome } from './requestproxy.ts';

const POLL_MS = 100;

export interface FlowFeedOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly enforcement: Enforcement;
  /** Policy of pods on the node's network, where it is held. */
  readonly host?: HostFirewall;
  readonly policy: PolicyWatch;
  readonly informers: Informers;
  readonly nodeName: string;
  /** Addresses of the node itself. */
  readonly nodeAddresses: readonly string[];
}

/** A ReplicaSet made by a Deployment is told as the Deployment: its name ends in the template's hash. */
function workloadOf(pod: kinds.Pod): ObservedEnd['workload'] {
  const owner = pod.metadata.ownerReferences?.find(reference => reference.controller);
  if (!owner) return undefined;
  const hash = pod.metadata.labels?.['pod-template-hash'];
  const isTemplate = owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`);
  return isTemplate
    ? { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) }
    : { kind: owner.kind, name: owner.name };
}

/** Reads the kernel's ring while someone listens, and keeps what it said as an observer is told of it. */
export class FlowFeed {
  readonly log: FlowLog;
  readonly #options: FlowFeedOptions;
  readonly #listeners = new Set<(flow: FlowRecord) => void>();
  #timer: Timer | undefined;

  constructor(options: FlowFeedOptions) {
    this.#options = options;
    this.log = new FlowLog(options.random);
  }

  add(deliver: (flow: FlowRecord) => void): () => void {
    this.#listeners.add(deliver);
    this.#timer ??= this.#options.clock.after(POLL_MS, () => this.#poll());
    return () => {
      this.#listeners.delete(deliver);
      if (this.#listeners.size === 0) this.stop();
    };
  }

  /** Keeps every flow in the log from now on. */
  record(): () => void {
    return this.add(flow => this.#keep(flow));
  }

  #poll(): void {
    this.#timer = this.#options.clock.after(POLL_MS, () => this.#poll());
    const { enforcement, host, nodeName } = this.#options;
    const tell = (flow: FlowRecord): void => {
      for (const deliver of this.#listeners) deliver(flow);
    };
    const lost = (count: number): void => this.log.lose(count, nodeName, 'kernel');
    enforcement.drainFlows(tell, lost);
    host?.drainFlows(
      flow => tell({ ...flow, source: this.#renumber(flow.source), destination: this.#renumber(flow.destination) }),
      lost,
    );
  }

  #numberOf(address: string): number {
    const { policy } = this.#options;
    return policy.addresses.get(address) ?? policy.decisions.addressIdentity(address);
  }

  /** Policies for nodes are compiled apart, with numbers of their own. */
  #renumber(end: FlowEnd): FlowEnd {
    return { ...end, identity: this.#numberOf(end.address) };
  }

  /** The kernel's clock counts from the start of the machine. */
  #keep(flow: FlowRecord): void {
    const { clock, nodeName } = this.#options;
    const age_ns = process.hrtime.bigint() - flow.time_ns;
    const time_ns = BigInt(clock.now()) * 1_000_000n - age_ns;
    const sides = sidesOf(
      flow,
      end => this.#describe(end),
      end => this.#isHere(end),
    );
    for (const side of sides) this.log.add({ ...side, time_ns, node: nodeName });
  }

  /** A request the proxy decided on, as the server's side saw it. */
  tellRequest({ connection, allowed, method, url, status }: Outcome): void {
    const { clock, nodeName } = this.#options;
    const { client, clientPort, server, port } = connection;
    const end = (address: string, at: number): ObservedEnd =>
      this.#describe({ address, port: at, identity: this.#numberOf(address) });
    const destination = end(server, port);
    this.log.add({
      time_ns: BigInt(clock.now()) * 1_000_000n,
      node: nodeName,
      direction: destination.kind === 'pod' ? 'ingress' : 'egress',
      verdict: allowed ? 'forwarded' : 'dropped',
      dropReason: allowed ? 0 : REASON.noRule,
      protocol: 'TCP',
      source: end(client, clientPort),
      destination,
      by: 'default',
      http: { method, url, status },
    });
  }

  #isHere({ namespace, pod }: ObservedEnd): boolean {
    const { informers, nodeName } = this.#options;
    const on = informers.of<kinds.Pod>(REFS.pods).get(`${namespace}/${pod}`)?.spec?.nodeName;
    return on === undefined || on === nodeName;
  }

  #describe(end: FlowEnd): ObservedEnd {
    const { policy, informers, nodeAddresses } = this.#options;
    const { address, port, identity } = end;
    if (nodeAddresses.includes(address) || this.#isNode(address)) return { kind: 'node', address, port, identity };
    const key = policy.podNames.get(address);
    if (key === undefined) {
      const known = policy.decisions.identity(identity);
      const isWorld = known?.kind !== 'addresses' || policy.decisions.isWorld(identity);
      return { kind: 'addresses', address, port, identity, isWorld };
    }
    const pod = informers.of<kinds.Pod>(REFS.pods).get(key);
    const [namespace = '', name = ''] = key.split('/');
    const workload = pod && workloadOf(pod);
    return {
      kind: 'pod',
      address,
      port,
      identity,
      namespace,
      pod: name,
      labels: new Map(Object.entries(pod?.metadata.labels ?? {})),
      ...(workload ? { workload } : {}),
    };
  }

  /** An address of any node, this one or another. */
  #isNode(address: string): boolean {
    const nodes = this.#options.informers.of<kinds.Node>(REFS.nodes).list();
    return [...nodes].some(({ status }) => status?.addresses?.some(each => each.address === address));
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
