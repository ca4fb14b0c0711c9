import type { Fault } from '../../base/index.ts';
import {
  type ContainerRuntime,
  type CriServer,
  findBinary,
  hostMounts,
  openCgroups,
  openImages,
  openKeeper,
  serveCri,
} from '../../compute/index.ts';
import { memoryLog, openKernel } from '../../kernel/index.ts';
import { startNetwork } from '../../network/index.ts';
import { addressPlan, firstRanges } from './addresses.ts';
import { hostFaults } from './faults.ts';
import { systemClock, systemRandom } from './ports.ts';
import { openRuntimes } from './runtimes.ts';
import type { StateFolder } from './state.ts';

export interface CriHostOptions {
  readonly state: StateFolder;
  readonly socket: string;
  readonly version: string;
  /** Handler of sandboxes that name none; runc where it is, else our own. */
  readonly standard?: string;
  /** Registries to reach without TLS. */
  readonly plainHttp?: readonly string[];
  /** Where files that define devices (CDI) are; the machine's own folders when absent. */
  readonly cdiFolders?: readonly string[];
  /** Take every pod off the machine at the end; otherwise they run on, and the next server adopts them. */
  readonly drain?: boolean;
  readonly report: (fault: Fault) => void;
  readonly log: (line: string) => void;
}

/** A CRI server on everything this machine has: runtimes, keeper, images and pod network. */
export interface CriHost extends AsyncDisposable {
  readonly server: CriServer;
  readonly handlers: readonly string[];
}

/** Starts it; needs root, as the pods of a kubelet do. */
export async function startCriHost(options: CriHostOptions): Promise<CriHost> {
  if (process.getuid?.() !== 0) throw hostFaults.error('network-needs-root');
  const { state, log } = options;
  await using stack = new AsyncDisposableStack();
  const [clock, random] = [systemClock, systemRandom()];
  const plan = addressPlan(state.id);
  const kernel = stack.use(await openKernel({ log: memoryLog(), clock, random }));
  const report = (problem: unknown): void => log(problem instanceof Error ? problem.message : JSON.stringify(problem));
  const network = await startNetwork({
    client: kernel.client(),
    clock,
    random,
    nodeName: 'cri',
    stateId: state.id,
    folder: state.file('network'),
    podCidrs: firstRanges(plan),
    serviceCidrs: plan.serviceCidrs,
    dnsAddresses: plan.dns,
    report,
  });
  stack.defer(() => (options.drain ? network.remove() : network[Symbol.asyncDispose]()));
  const imageFolder = state.file('images');
  const { images } = stack.use(
    await openImages({ folder: imageFolder, ...(options.plainHttp ? { plainHttp: options.plainHttp } : {}) }),
  );
  const keeper = stack.use(await openKeeper({ folder: state.file('keeper') }));
  if (options.drain) stack.defer(() => keeper.shutdown());
  // CRI names cgroup parents from the root of the hierarchy; sandboxes without one go below a group of our own.
  const cgroups = openCgroups('');
  const cgroupParent = `/tenon-${state.id}`;
  if (options.drain) stack.defer(() => cgroups.remove(cgroupParent.slice(1)));
  const runtimes = await openRuntimes({
    keeper,
    cgroups,
    clock,
    folder: handler => state.file('runtimes', handler),
    report: options.report,
    standard: options.standard ?? (findBinary('runc') ? 'runc' : 'process'),
    foreignLogs: true,
  });
  stack.defer(async () => {
    if (options.drain) for (const runtime of new Set(runtimes.values())) await removeAll(runtime);
    runtimes.close();
  });
  const { mountMemory, mountLayers, unmount } = hostMounts();
  const server = await serveCri(options.socket, {
    runtimes,
    images,
    network: network.podNetwork,
    cgroups,
    clock,
    random,
    version: options.version,
    folder: state.file('cri'),
    imageFolder,
    cgroupParent,
    ...(options.cdiFolders ? { cdiFolders: options.cdiFolders } : {}),
    mountMemory: mountMemory ?? (() => Promise.resolve()),
    mountLayers: mountLayers ?? (path => Promise.reject(new Error(`${path}: images are mounted by root alone`))),
    unmount: path => Promise.resolve(unmount?.(path)),
    report,
  });
  stack.use(server);
  const kept = stack.move();
  const handlers = [...runtimes.keys()].filter(Boolean);
  return { server, handlers, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function removeAll(runtime: ContainerRuntime): Promise<void> {
  for (const { spec } of await runtime.listSandboxes()) await runtime.removeSandbox(spec.id);
}
