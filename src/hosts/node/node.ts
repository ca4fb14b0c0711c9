import type { Clock, Fault, Random, Timer } from '../../base/index.ts';
import {
  type Alignment,
  type Agent,
  type CsiVolumes,
  DEFAULT_THRESHOLDS,
  type EndpointOptions,
  hostMounts,
  type NodeImages,
  openCgroups,
  openImages,
  openKeeper,
  parseThresholds,
  type RuntimeRegistry,
  startAgent,
  type Threshold,
  unifiedFolder,
} from '../../compute/index.ts';
import type { Client } from '../../kernel/index.ts';
import { type Network, rootlessPodNetwork, startNetwork } from '../../network/index.ts';
import type { AddressPlan } from './addresses.ts';
import { type Engine, openCriEngine } from './cri-node.ts';
import { csiVolumes, openCsiDrivers, registerDrivers } from './csi.ts';
import { drainNode } from './drain.ts';
import { hostFaults } from './faults.ts';
import { tellHostFirewall } from './hostfirewall.ts';
import { FLOWS_PATH, tellFlows } from './node-flows.ts';
import { openRuntimes } from './runtimes.ts';
import type { StateFolder } from './state.ts';
import { folderVolumes } from './storage.ts';

type RootlessNetwork = InstanceType<typeof rootlessPodNetwork>;

export interface NodeOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly state: StateFolder;
  readonly nodeName: string;
  readonly plan: AddressPlan;
  /** This node's pod ranges, IPv4 first. */
  readonly ranges: readonly string[];
  /** Where other machines reach this one; pods of other nodes are reached by tunnels between these addresses. */
  readonly tunnelAddress?: string;
  /** Asked when the network is up: where and with which certificate the agent serves, and the node's address. */
  readonly endpoint: (network: Network | undefined) => Promise<EndpointOptions>;
  /** Never ask a registry. */
  readonly offline?: boolean;
  /** Runs pods that name no RuntimeClass; `process` when absent. */
  readonly runtime?: string;
  /** Endpoint of a CRI runtime that runs the pods instead of our own: `unix:///run/containerd/containerd.sock`. */
  readonly cri?: string;
  /** Sockets of CSI drivers of this machine: `unix:///PATH`. */
  readonly csi?: readonly string[];
  /** When pods are ended because the machine runs out of something, in kubelet's words; the default when absent. */
  readonly evictionHard?: string;
  /** Processors kept for the machine: whole ones are then given away; all share all when absent. */
  readonly reservedCpus?: readonly number[];
  readonly topology?: Alignment;
  /** Hold policies for nodes for the pods on this node's network. */
  readonly hostFirewall?: boolean;
  readonly report: (fault: Fault) => void;
  readonly log: (line: string) => void;
}

/** A machine that runs pods. Disposing ends its pods and takes everything off the machine. */
export interface RunningNode extends AsyncDisposable {
  readonly network?: Network;
  readonly runtimes: RuntimeRegistry;
  readonly agent: Agent;
  /** Volumes of CSI drivers; absent without drivers. */
  readonly csi?: CsiVolumes;
}

async function openNetwork(options: NodeOptions): Promise<Network | undefined> {
  const { client, clock, random, state, nodeName, plan, ranges, tunnelAddress, report, log } = options;
  if (process.getuid?.() !== 0) {
    report(hostFaults.make('network-needs-root'));
    return undefined;
  }
  return startNetwork({
    client,
    clock,
    random,
    nodeName,
    stateId: state.id,
    folder: state.file('network'),
    podCidrs: ranges,
    serviceCidrs: plan.serviceCidrs,
    dnsAddresses: plan.dns,
    flowAddresses: [`unix:${state.file('flows.sock')}`],
    ...(tunnelAddress === undefined ? {} : { tunnelAddress }),
    ...(options.hostFirewall ? { hostFirewall: { groupFolder: path => unifiedFolder(groupsOf(state), path) } } : {}),
    report: problem => log(`network: ${problem instanceof Error ? problem.message : JSON.stringify(problem)}`),
  });
}

/** The group of a node's pods. */
const groupsOf = (state: StateFolder): string => `tenon-${state.id}`;

const COLLECT_FIRST_MS = 60_000;
const COLLECT_EVERY_MS = 3_600_000;

/** Takes away, once an hour, what no image and no container refers to. */
function collectImages(images: NodeImages, clock: Clock, log: (line: string) => void): Disposable {
  const later = (delay_ms: number): Timer =>
    clock.after(delay_ms, () => {
      images
        .collect(clock.now())
        .then(({ blobs, bytes, layers }) => {
          if (blobs + layers > 0) log(`images: removed ${blobs} blobs (${bytes} bytes) and ${layers} layers`);
        })
        .catch((error: unknown) => log(`images: ${String(error)}`))
        .finally(() => (timer = later(COLLECT_EVERY_MS)));
    });
  let timer = later(COLLECT_FIRST_MS);
  return { [Symbol.dispose]: () => timer.cancel() };
}

/** Pods without root: an address of loopback each, and namespaces of their own where the machine allows them. */
async function openRootless(state: StateFolder): Promise<RootlessNetwork & Disposable> {
  const network = new rootlessPodNetwork({ stateId: state.id, folder: state.file('network'), nameservers: [] });
  await network.open();
  return Object.assign(network, { [Symbol.dispose]: () => network.close() });
}

/** Pods run by our own runtimes, under our own keeper. */
async function openOwnEngine(options: NodeOptions, network: Network | undefined): Promise<Engine> {
  const { clock, state, log } = options;
  await using stack = new AsyncDisposableStack();
  const served = { folder: state.file('images'), serve: {}, ...(options.offline ? { offline: true } : {}) };
  const { images, registry } = stack.use(await openImages(served));
  log(`images: registry on ${registry}`);
  stack.use(collectImages(images, clock, log));
  const keeper = await openKeeper({ folder: state.file('keeper') });
  const podNetwork = network?.podNetwork ?? stack.use(await openRootless(state));
  const cgroups = openCgroups(groupsOf(state), { both: options.hostFirewall ?? false });
  const runtimes = await openRuntimes({
    keeper,
    cgroups,
    clock,
    folder: handler => state.file('runtimes', handler),
    report: options.report,
    ...(options.runtime === undefined ? {} : { standard: options.runtime }),
  });
  stack.defer(async () => {
    await drainNode(runtimes, podNetwork, keeper, state.file('node', 'pods'), log);
    runtimes.close();
    await keeper[Symbol.asyncDispose]();
    await network?.remove();
    await cgroups.remove('');
  });
  const kept = stack.move();
  return { runtimes, images, network: podNetwork, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Pods run by a CRI runtime that is there already; our network still serves Services and names. */
async function openForeignEngine(
  options: NodeOptions,
  endpoint: string,
  network: Network | undefined,
  address: string,
): Promise<Engine> {
  const { clock, state, plan, log } = options;
  const nameservers = network ? plan.dns : [];
  const engine = await openCriEngine({ endpoint, clock, owner: state.id, nodeAddresses: [address], nameservers });
  log(`node: pods run in ${engine.version} at ${endpoint}`);
  return {
    ...engine,
    [Symbol.asyncDispose]: async () => {
      await drainNode(engine.runtimes, engine.network, undefined, state.file('node', 'pods'), log);
      await engine[Symbol.asyncDispose]();
      await network?.remove();
    },
  };
}

const SWEEP_EVERY_MS = 30_000;

/** Lets go of volumes of pods that are gone, again and again while their driver refuses. */
function sweepVolumes(csi: CsiVolumes, agent: Agent, clock: Clock, log: (line: string) => void): Disposable {
  const later = (): Timer =>
    clock.after(SWEEP_EVERY_MS, () => {
      const here = new Set([...agent.workers()].map(({ uid }) => uid));
      csi
        .sweep(uid => here.has(uid))
        .catch((error: unknown) => log(`node: volumes: ${(error as Error).message}`))
        .finally(() => (timer = later()));
    });
  let timer = later();
  return { [Symbol.dispose]: () => timer.cancel() };
}

function thresholdsOf(text: string): readonly Threshold[] {
  const thresholds = parseThresholds(text);
  if ('unreadable' in thresholds) throw hostFaults.error('eviction-unreadable', { part: thresholds.unreadable });
  return thresholds;
}

/** Network, images, runtimes and the agent that runs pods: the same on the first machine and on those that join. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { client, clock, random, state, nodeName, log, cri } = options;
  await using stack = new AsyncDisposableStack();
  const network = await openNetwork(options);
  const served = await options.endpoint(network);
  const tells = network && new Map([[FLOWS_PATH, tellFlows.bind(undefined, network.flows, clock)]]);
  const endpoint = tells ? { ...served, paths: tells } : served;
  const opening = cri ? openForeignEngine(options, cri, network, endpoint.host) : openOwnEngine(options, network);
  // Disposed of after the agent has stopped, so that nobody starts again what is being stopped.
  const engine = stack.use(
    await opening.catch(async (error: unknown) => {
      await network?.remove();
      throw error;
    }),
  );
  const drivers = stack.use(await openCsiDrivers(options.csi ?? []));
  const csi = drivers.size === 0 ? undefined : csiVolumes(client, clock, nodeName, state.file('csi'), drivers);
  const agent = stack.use(
    await startAgent({
      client,
      clock,
      random,
      nodeName,
      stateFolder: state.file('node'),
      addresses: [endpoint.host],
      endpoint,
      runtimes: engine.runtimes,
      images: engine.images,
      network: engine.network,
      ...(engine.version === undefined ? {} : { runtimeVersion: engine.version }),
      volumes: csi ?? folderVolumes(),
      eviction: { thresholds: thresholdsOf(options.evictionHard ?? DEFAULT_THRESHOLDS) },
      ...(options.reservedCpus === undefined ? {} : { reservedCpus: options.reservedCpus }),
      ...(options.topology === undefined ? {} : { topology: options.topology }),
      ...hostMounts(),
      report: (error, where) => log(`node: ${where}: ${error instanceof Error ? error.message : String(error)}`),
    }),
  );
  if (network) await tellHostFirewall(client, nodeName, network.hostFirewall !== undefined);
  if (csi) {
    await registerDrivers(client, nodeName, drivers.values());
    stack.use(sweepVolumes(csi, agent, clock, log));
  }
  const kept = stack.move();
  const { runtimes } = engine;
  const more = { ...(network ? { network } : {}), ...(csi ? { csi } : {}) };
  return { ...more, runtimes, agent, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
