import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Fault, Random } from '../base/index.ts';
import type { Client, kinds, ResourceRef } from '../kernel/index.ts';
import { Informers } from '../kernel/informers.ts';
import { lowerNames } from './dialects/kubernetes/names.ts';
import { lowerService } from './dialects/kubernetes/services.ts';
import { NameServer } from './drivers/dns.ts';
import { withNetlink } from './drivers/netlink.ts';
import { RoutedPodNetwork } from './drivers/podnetwork.ts';
import { openEnforcement, type Enforcement } from './drivers/enforcement.ts';
import type { PeerNode } from './drivers/router.ts';
import { ServiceSync } from './drivers/servicesync.ts';
import { NameZone } from './engine/names.ts';
import type { ServicePort } from './engine/services.ts';
import { ADMIN_REFS, PolicyWatch, REFS } from './policies.ts';
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
  readonly serviceCidrs: readonly string[];
  /** Cluster DNS addresses inside the service prefixes. */
  readonly dnsAddresses: readonly string[];
  readonly domain?: string;
  /** Servers for other names; by default those of /etc/resolv.conf. */
  readonly upstreams?: readonly string[];
  readonly mtu?: number;
  /** This node's address for tunnels to other nodes; absent on a single node. */
  readonly tunnelAddress?: string;
  readonly informers?: Informers;
  readonly report?: (problem: Fault | unknown) => void;
}

/** The network of one node, running. */
export interface Network extends AsyncDisposable {
  readonly podNetwork: PodNetwork;
  readonly policy: PolicyWatch;
  readonly enforcement: Enforcement;
  /** Resolves when everything the API said so far is in the kernel. */
  settled(): Promise<void>;
  /** Stops, and takes everything off the machine. */
  remove(): Promise<void>;
}

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

/** Optional collections that this API server knows. */
async function existingRefs(client: Client, refs: readonly ResourceRef[]): Promise<ResourceRef[]> {
  const found = await Promise.all(
    refs.map(ref =>
      client.list(ref, { limit: 1 }).then(
        () => [ref],
        () => [],
      ),
    ),
  );
  return found.flat();
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

  ports(): ServicePort[] {
    const zone = this.#informers.of<kinds.Node>(REFS.nodes).get(this.#node)?.metadata.labels?.[
      'topology.kubernetes.io/zone'
    ];
    const place = { node: this.#node, ...(zone ? { zone } : {}) };
    return [...this.#informers.of<kinds.Service>(REFS.services).list()]
      .sort((left, right) => (`${left.metadata.uid}` < `${right.metadata.uid}` ? -1 : 1))
      .flatMap(service => lowerService(service, this.#slices(service), place));
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

/** Starts the network of this node: needs root (see {@link RoutedPodNetwork}). Rejects with a FaultError where it cannot. */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { clock, random, client, podCidrs, serviceCidrs, stateId } = options;
  const domain = options.domain ?? 'cluster.local';
  const report = options.report ?? ((): void => undefined);
  await using stack = new AsyncDisposableStack();
  const informers = options.informers ?? stack.use(new Informers({ client, clock, random, report }));
  const view = new ServiceView(informers, options.nodeName);
  let enforcement: Enforcement | undefined;
  let services: ServiceSync | undefined;
  const pods = new RoutedPodNetwork({
    stateId,
    podCidrs,
    serviceCidrs,
    mtu: options.mtu ?? 1400,
    folder: join(options.folder, 'pods'),
    nameservers: options.dnsAddresses,
    changed: interfaces => {
      enforcement?.setInterfaces(interfaces);
      services?.touch();
    },
  });
  pods.open();
  const { router } = pods;
  router.inside(() =>
    withNetlink(netlink => {
      const loopback = netlink.index('lo');
      for (const address of options.dnsAddresses)
        netlink.addAddress(loopback, `${address}/${address.includes(':') ? 128 : 32}`);
    }),
  );
  services = new ServiceSync({
    clock,
    router,
    table: `tenon-${stateId}`,
    podCidrs,
    serviceCidrs,
    services: () => view.ports(),
    interfaces: () => pods.interfaces(),
    report,
  });
  stack.defer(() => services.stop());
  let zone: NameZone | undefined;
  const names = stack.use(
    new NameServer({
      clock,
      domain,
      answer: (name, type) => (zone ??= view.zone(domain)).answer(name, type),
      upstreams: options.upstreams ?? hostResolvers(),
      addresses: options.dnsAddresses,
      netnsPath: router.path,
    }),
  );
  await names.start();
  enforcement = openEnforcement({ folder: options.folder, router, podCidrs, serviceCidrs });
  stack.defer(() => enforcement.close());
  const policy = new PolicyWatch(informers, change => enforcement.policyChanged(change), report);
  enforcement.setPolicy(policy);
  stack.defer(() => policy.stop());
  const touch = (): void => {
    zone = undefined;
    services.touch();
  };
  for (const ref of [REFS.services, REFS.slices, REFS.namespaces]) stack.defer(informers.of(ref).onChange(touch));
  stack.defer(followNodes(options, informers, pods));
  policy.start(await existingRefs(client, ADMIN_REFS));
  informers.start();
  await informers.whenSynced();
  enforcement.setInterfaces(pods.interfaces());
  enforcement.activate();
  services.touch();
  await services.settled();
  const owned = stack.move();
  return {
    podNetwork: pods,
    policy,
    enforcement,
    settled: () => services.settled(),
    remove: async () => {
      await owned.disposeAsync();
      await enforcement.remove();
      await services.remove();
      pods.remove();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
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
