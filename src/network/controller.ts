import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Fault, Random } from '../base/index.ts';
import type { Client, kinds } from '../kernel/index.ts';
import { Informers } from '../kernel/informers.ts';
import { lowerNames } from './dialects/kubernetes/names.ts';
import { lowerHealth, lowerService, type Place } from './dialects/kubernetes/services.ts';
import { NameServer, type NameServerOptions } from './drivers/dns.ts';
import { FlowFeed } from './drivers/flowfeed.ts';
import { FlowServer } from './drivers/flowserver.ts';
import { type GroupFolder, HostFirewall, releaseGroups } from './drivers/hostfirewall.ts';
import { withNetlink } from './drivers/netlink.ts';
import { RoutedPodNetwork } from './drivers/podnetwork.ts';
import type { Enforcement } from './drivers/enforcement.ts';
import { openEnforcement } from './drivers/open-enforcement.ts';
import { nodeAddress, type PeerNode, type Router, tunnelOverhead } from './drivers/router.ts';
import { RequestSync } from './drivers/requestsync.ts';
import { ServiceSync } from './drivers/servicesync.ts';
import { type NameAnswer, NameZone } from './engine/names.ts';
import type { HealthPort, ServicePort } from './engine/services.ts';
import { NameWatch } from './namewatch.ts';
import { ServiceRanges } from './ranges.ts';
import { type PolicyChange, PolicyWatch, REFS } from './policies.ts';
import { networkFaults } from './faults.ts';
import type { FlowLog } from './flowlog.ts';
import type { FlowRecord, ObservedFlow } from './flows.ts';
import type { PodNetwork } from './ports.ts';

export interface NetworkOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeName: string;
  /** `[a-z0-9]{1,10}`: names what is made on the machine. */
  readonly stateId: string;
  /** Folder for records and pinned programs. */
  readonly folder: string;
  /** This node's pod prefixes (node.spec.podCIDRs), IPv4 first. */
  readonly podCidrs: readonly string[];
  /** Prefixes of cluster addresses from the start; ServiceCIDR objects add to them. */
  readonly serviceCidrs: readonly string[];
  /** Cluster DNS addresses inside the service prefixes. */
  readonly dnsAddresses: readonly string[];
  readonly domain?: string;
  /** Servers for other names; by default those of /etc/resolv.conf. */
  readonly upstreams?: readonly string[];
  readonly mtu?: number;
  /** This node's address for tunnels to other nodes; absent on a single node. */
  readonly tunnelAddress?: string;
  /** How policy is held; eBPF by default, nftables where bpf(2) is refused. */
  readonly enforcement?: 'ebpf' | 'nftables';
  /**
   * Holds policies for nodes for the pods on this node's network (a node's other processes are never asked about): says
   * where control groups of pods are. Such policies are not enforced without it.
   */
  readonly hostFirewall?: { readonly groupFolder: GroupFolder };
  readonly informers?: Informers;
  /** Where flows are served to flow tools: `unix:/path`, `host:port`; nowhere by default. */
  readonly flowAddresses?: readonly string[];
  /** What flow tools are told of us. */
  readonly version?: string;
  readonly report?: (problem: Fault | unknown) => void;
}

/** The network of one node, running. */
export interface Network extends AsyncDisposable {
  readonly podNetwork: PodNetwork;
  readonly policy: PolicyWatch;
  readonly enforcement: Enforcement;
  /** Where policies for nodes are held. */
  readonly hostFirewall?: HostFirewall;
  /** Hands out new flows and refusals as they are seen; answers how to stop. */
  onFlow(deliver: (flow: FlowRecord) => void): () => void;
  /** Hands out what each side of a flow decided, on this node and on those whose flows come in here; answers how to stop. */
  observe(deliver: (flow: ObservedFlow) => void): () => void;
  /** The last flows; kept while they are served or once someone asked. */
  readonly flows: FlowLog;
  /** Resolves when everything the API said so far is in the kernel. */
  settled(): Promise<void>;
  /** Stops, and takes everything off the machine. */
  remove(): Promise<void>;
}

const DOMAIN = 'cluster.local';
const TUNNEL_ID = 0x54454e;
const TUNNEL_PORT = 8472;
const SERVICE_LABEL = 'kubernetes.io/service-name';

function hostResolvers(): string[] {
  try {
    return [...readFileSync('/etc/resolv.conf', 'utf8').matchAll(/^nameserver\s+(\S+)/gm)].map(match => match[1]!);
  } catch {
    return [];
  }
}

/** Slices of each Service, by `namespace/name`. */
class ServiceView {
  readonly #informers: Informers;
  readonly #node: string;

  constructor(informers: Informers, node: string) {
    this.#informers = informers;
    this.#node = node;
    informers
      .of<kinds.EndpointSlice>(REFS.slices)
      .index('service', slice => [`${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_LABEL] ?? ''}`]);
  }

  #slices(service: kinds.Service): kinds.EndpointSlice[] {
    const key = `${service.metadata.namespace}/${service.metadata.name}`;
    return this.#informers.of<kinds.EndpointSlice>(REFS.slices).by('service', key);
  }

  #place(): Place {
    const zone = this.#informers.of<kinds.Node>(REFS.nodes).get(this.#node)?.metadata.labels?.[
      'topology.kubernetes.io/zone'
    ];
    return { node: this.#node, ...(zone ? { zone } : {}) };
  }

  ports(): ServicePort[] {
    const place = this.#place();
    return [...this.#informers.of<kinds.Service>(REFS.services).list()]
      .sort((left, right) => (`${left.metadata.uid}` < `${right.metadata.uid}` ? -1 : 1))
      .flatMap(service => lowerService(service, this.#slices(service), place));
  }

  healthPorts(): HealthPort[] {
    const place = this.#place();
    return [...this.#informers.of<kinds.Service>(REFS.services).list()].flatMap(service =>
      service.spec?.healthCheckNodePort ? lowerHealth(service, this.#slices(service), place) : [],
    );
  }

  zone(domain: string): NameZone {
    const services = [...this.#informers.of<kinds.Service>(REFS.services).list()];
    const namespaces = [...this.#informers.of<kinds.Namespace>(REFS.namespaces).list()];
    return new NameZone(
      domain,
      services.map(service => lowerNames(service, this.#slices(service))),
      namespaces.map(namespace => namespace.metadata.name ?? ''),
    );
  }
}

/** Other nodes with pod prefixes and an address of their own. */
function peersOf(nodes: Iterable<kinds.Node>, own: string): PeerNode[] {
  return [...nodes].flatMap(node => {
    const name = node.metadata.name ?? '';
    const address = (node.status?.addresses ?? []).find(entry => entry.type === 'InternalIP')?.address;
    const podCidrs = node.spec?.podCIDRs ?? [];
    return name === own || !address || podCidrs.length === 0 ? [] : [{ name, address, podCidrs }];
  });
}

/** Gives the router the addresses of cluster DNS and serves names on them. */
async function startNames(
  options: NetworkOptions,
  router: Router,
  { answer, watch }: Pick<NameServerOptions, 'answer' | 'watch'>,
): Promise<NameServer> {
  router.inside(() =>
    withNetlink(netlink => {
      const loopback = netlink.index('lo');
      for (const address of options.dnsAddresses) {
        netlink.addAddress(loopback, `${address}/${address.includes(':') ? 128 : 32}`);
      }
    }),
  );
  const names = new NameServer({
    clock: options.clock,
    domain: options.domain ?? DOMAIN,
    answer,
    ...(watch ? { watch } : {}),
    upstreams: options.upstreams ?? hostResolvers(),
    addresses: options.dnsAddresses,
    netnsPath: router.path,
  });
  await names.start();
  return names;
}

/** What runs on one node; every part follows the informers it is given. */
class NodeNetwork {
  readonly pods: RoutedPodNetwork;
  readonly services: ServiceSync;
  readonly enforcement: Enforcement;
  readonly policy: PolicyWatch;
  readonly requests: RequestSync;
  readonly host: HostFirewall | undefined;
  /** Where requests that were decided on are told. */
  readonly flows: FlowFeed;
  readonly #options: NetworkOptions;
  readonly #informers: Informers;
  readonly #view: ServiceView;
  readonly #ranges: ServiceRanges;
  #zone: NameZone | undefined;
  #open = false;

  constructor(options: NetworkOptions, informers: Informers) {
    const { clock, podCidrs, stateId, folder } = options;
    this.#ranges = new ServiceRanges(options.serviceCidrs, podCidrs);
    const serviceCidrs = (): readonly string[] => this.#ranges.all;
    const report = options.report ?? ((): void => undefined);
    const mtu = options.mtu ?? 1400;
    this.#options = options;
    this.#informers = informers;
    this.#view = new ServiceView(informers, options.nodeName);
    this.pods = new RoutedPodNetwork({
      stateId,
      podCidrs,
      serviceCidrs: options.serviceCidrs,
      mtu,
      podMtu: options.tunnelAddress === undefined ? mtu : mtu - tunnelOverhead(options.tunnelAddress),
      folder: join(folder, 'pods'),
      nameservers: options.dnsAddresses,
      changed: interfaces => {
        if (!this.#open) return;
        this.enforcement.setInterfaces(interfaces);
        this.host?.setPods(interfaces);
        this.services.touch();
        this.requests.touch();
      },
    });
    this.pods.open();
    const { router } = this.pods;
    this.services = new ServiceSync({
      clock,
      router,
      table: `tenon-${stateId}`,
      podCidrs,
      serviceCidrs,
      services: () => this.#view.ports(),
      healthPorts: () => this.#view.healthPorts(),
      interfaces: () => this.pods.interfaces(),
      report,
    });
    this.enforcement = openEnforcement({
      folder,
      router,
      podCidrs,
      serviceCidrs,
      dnsAddresses: options.dnsAddresses,
      table: `tenon-${stateId}`,
      report,
      ...(options.enforcement ? { prefer: options.enforcement } : {}),
    });
    this.host = openHostFirewall(options, informers, serviceCidrs, () => this.#view.ports());
    const told = (fault: Fault): void => {
      if (!this.host || fault.code !== 'network/host-policy-open') report(fault);
    };
    this.policy = new PolicyWatch(informers, options.nodeName, change => this.#policyChanged(change), told);
    this.enforcement.setPolicy(this.policy);
    this.flows = observe(options, this, informers);
    this.requests = new RequestSync({
      router,
      table: `tenon-${stateId}`,
      policy: this.policy,
      interfaces: () => this.pods.interfaces(),
      told: outcome => this.flows.tellRequest(outcome),
      report,
    });
  }

  #policyChanged(change: PolicyChange): void {
    this.enforcement.policyChanged(change);
    this.requests.touch();
  }

  answer(name: string, type: string): NameAnswer {
    this.#zone ??= this.#view.zone(this.#options.domain ?? DOMAIN);
    return this.#zone.answer(name, type);
  }

  /** Addresses of ranges that are added while the node runs lead here too. */
  #rangesChanged(): void {
    const { added, removed } = this.#ranges.set(this.#informers.of<kinds.ServiceCIDR>(REFS.ranges).list());
    if (added.length + removed.length === 0) return;
    this.pods.router.changeRanges(added, removed);
    this.services.touch();
    if (this.#open) this.enforcement.setInterfaces(this.pods.interfaces());
  }

  /** Follows the API; answers how to stop. */
  async follow(): Promise<() => void> {
    const touch = (): void => {
      this.#zone = undefined;
      this.services.touch();
      this.host?.servicesChanged();
    };
    const stops = [REFS.services, REFS.slices, REFS.namespaces].map(ref => this.#informers.of(ref).onChange(touch));
    stops.push(this.#informers.of(REFS.ranges).onChange(() => this.#rangesChanged()));
    stops.push(followNodes(this.#options, this.#informers, this.pods), () => this.policy.stop());
    this.policy.start();
    this.host?.policy.start();
    this.#informers.start();
    await this.#informers.whenSynced();
    this.#open = true;
    this.enforcement.setInterfaces(this.pods.interfaces());
    this.enforcement.activate();
    this.host?.activate(this.pods.interfaces());
    this.services.touch();
    await this.services.settled();
    await this.enforcement.settled();
    return () => {
      for (const stop of stops) stop();
    };
  }

  async remove(): Promise<void> {
    releaseGroups(this.#options.folder);
    await this.enforcement.remove();
    await this.services.remove();
    this.pods.remove();
  }
}

/** Where policies for nodes are to be held; groups held by an earlier run are let go of where they are not. */
function openHostFirewall(
  options: NetworkOptions,
  informers: Informers,
  serviceCidrs: () => readonly string[],
  services: () => readonly ServicePort[],
): HostFirewall | undefined {
  const { folder, nodeName, podCidrs, dnsAddresses, hostFirewall, report = (): void => undefined } = options;
  try {
    if (hostFirewall)
      return new HostFirewall({
        folder,
        informers,
        nodeName,
        podCidrs,
        serviceCidrs,
        services,
        dnsAddresses,
        ...hostFirewall,
        report,
      });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    report(networkFaults.make('host-firewall-refused', { detail }));
  }
  releaseGroups(folder);
  return undefined;
}

/** Starts the network of this node: needs root (see {@link RoutedPodNetwork}). Rejects with a FaultError where it cannot. */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { clock, random, client } = options;
  await using stack = new AsyncDisposableStack();
  const report = options.report ?? ((): void => undefined);
  const informers = options.informers ?? stack.use(new Informers({ client, clock, random, report }));
  const node = new NodeNetwork(options, informers);
  stack.defer(() => node.services.stop());
  stack.defer(() => node.enforcement.close());
  if (node.host) stack.use(node.host);
  const watch = stack.use(new NameWatch(node.policy, clock, () => node.enforcement.settled()));
  stack.use(await startNames(options, node.pods.router, { answer: (name, type) => node.answer(name, type), watch }));
  stack.defer(await node.follow());
  stack.use(node.requests);
  const { flows } = node;
  stack.defer(() => flows.stop());
  stack.use(await serveFlows(options, flows, informers));
  const owned = stack.move();
  const isServed = (options.flowAddresses ?? []).length > 0;
  return {
    podNetwork: node.pods,
    policy: node.policy,
    enforcement: node.enforcement,
    ...(node.host ? { hostFirewall: node.host } : {}),
    onFlow: deliver => flows.add(deliver),
    observe: deliver => {
      const stops = [flows.log.follow({ flow: deliver }), ...(isServed ? [] : [flows.record()])];
      return () => {
        for (const stop of stops) stop();
      };
    },
    flows: flows.log,
    settled: async () => {
      await node.services.settled();
      await node.enforcement.settled();
      await node.requests.settled();
    },
    remove: async () => {
      await owned.disposeAsync();
      await node.remove();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function observe(
  options: NetworkOptions,
  node: Pick<NodeNetwork, 'enforcement' | 'policy' | 'host'>,
  informers: Informers,
): FlowFeed {
  const { clock, random, nodeName, podCidrs, dnsAddresses } = options;
  const nodeAddresses = [...podCidrs.map(nodeAddress), ...dnsAddresses];
  return new FlowFeed({
    clock,
    random,
    enforcement: node.enforcement,
    ...(node.host ? { host: node.host } : {}),
    policy: node.policy,
    informers,
    nodeName,
    nodeAddresses,
  });
}

async function serveFlows(options: NetworkOptions, flows: FlowFeed, informers: Informers): Promise<AsyncDisposable> {
  const { clock, nodeName, flowAddresses: listen = [], version = '0' } = options;
  await using stack = new AsyncDisposableStack();
  if (listen.length > 0) {
    stack.defer(flows.record());
    const namespaces = (): string[] =>
      [...informers.of<kinds.Namespace>(REFS.namespaces).list()].map(each => each.metadata.name ?? '').sort();
    const server = new FlowServer({ log: flows.log, clock, nodeName, version, namespaces, listen });
    // A path that is too long for a socket, or a port that is taken: pods run without being watched.
    await stack
      .use(server)
      .start()
      .catch((error: unknown) => options.report?.(error));
  }
  return stack.move();
}

/** Keeps tunnels to the other nodes as Node objects say; answers how to stop. */
function followNodes(options: NetworkOptions, informers: Informers, pods: RoutedPodNetwork): () => void {
  const { tunnelAddress } = options;
  if (tunnelAddress === undefined) return () => undefined;
  pods.router.ensureTunnel(tunnelAddress, TUNNEL_ID, TUNNEL_PORT);
  const known = new Map<string, PeerNode>();
  return informers.of<kinds.Node>(REFS.nodes).onChange(() => {
    const peers = peersOf(informers.of<kinds.Node>(REFS.nodes).list(), options.nodeName);
    const wanted = new Map(peers.map(peer => [JSON.stringify(peer), peer]));
    for (const [key, peer] of known) {
      if (wanted.has(key)) continue;
      pods.router.removePeer(peer);
      known.delete(key);
    }
    for (const [key, peer] of wanted) {
      if (known.has(key)) continue;
      pods.router.addPeer(peer);
      known.set(key, peer);
    }
  });
}
