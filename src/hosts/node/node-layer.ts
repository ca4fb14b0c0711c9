import { hostname } from 'node:os';
import { hostMounts, openCgroups, openImages, openKeeper, type PodNetwork, startAgent } from '../../compute/index.ts';
import { type Client, isNotFound, type kinds, type ResourceRef } from '../../kernel/index.ts';
import { type Network, startNetwork } from '../../network/index.ts';
import { addressPlan } from './addresses.ts';
import { drainNode } from './drain.ts';
import { hostFaults } from './faults.ts';
import type { Layer, LayerContext } from './layer.ts';
import { nodeClient, nodeEndpoint } from './node-client.ts';
import { openRuntimes, seedRuntimeClasses } from './runtimes.ts';
import { folderVolumes } from './storage.ts';

const NODES: ResourceRef = { group: '', version: 'v1', resource: 'nodes' };

/** What pods have where no network can be made: every attachment is refused with the reason. */
const refusingNetwork: PodNetwork = {
  attach: () => Promise.reject(hostFaults.error('network-needs-root')),
  detach: () => Promise.resolve(),
  list: () => Promise.resolve([]),
  dial: () => Promise.reject(hostFaults.error('network-needs-root')),
};

/** RFC 1123: what a node may be called. */
export const nodeNameOf = (host: string): string =>
  host
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '') || 'node';

/** First /24 of the plan's pod range: the embedded node's. */
const firstPrefix = (podCidr: string): string => podCidr.replace(/\/\d+$/, '/24');

/** Gives a node its pod range once it has registered; a range it has stays. */
async function assignPodCidr(client: Client, name: string, cidr: string): Promise<void> {
  const node = await client
    .get<kinds.Node & { apiVersion: string; kind: string }>(NODES, { name })
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  if (node && !node.spec?.podCIDR)
    await client.patch(NODES, { name }, { type: 'merge', patch: { spec: { podCIDR: cidr, podCIDRs: [cidr] } } });
}

async function openNetwork(context: LayerContext, nodeName: string, client: Client): Promise<Network | undefined> {
  const { clock, random, state, report, log } = context;
  if (process.getuid?.() !== 0) {
    report(hostFaults.make('network-needs-root'));
    return undefined;
  }
  const plan = addressPlan(state.id);
  return startNetwork({
    client,
    clock,
    random,
    nodeName,
    stateId: state.id,
    folder: state.file('network'),
    podCidrs: [firstPrefix(plan.podCidr)],
    serviceCidrs: [plan.serviceCidr],
    dnsAddresses: [plan.dns],
    report: problem => log(`network: ${problem instanceof Error ? problem.message : JSON.stringify(problem)}`),
  });
}

/** The machine itself as a node: network, images, runtimes and the agent that runs pods. */
export const nodeLayer: Layer = {
  name: 'node',
  async start(context) {
    const { kernel, api, clock, random, state, log } = context;
    await using stack = new AsyncDisposableStack();
    const nodeName = nodeNameOf(hostname());
    const embedded = kernel.client({ name: `system:node:${nodeName}`, groups: ['system:nodes', 'system:masters'] });
    const { client } = stack.use(nodeClient(embedded, api, nodeName, clock, random));
    const network = await openNetwork(context, nodeName, client);
    const { images, registry } = stack.use(await openImages({ folder: state.file('images'), serve: {} }));
    log(`images: registry on ${registry}`);
    const keeper = await openKeeper({ folder: state.file('keeper') });
    const podNetwork = network?.podNetwork ?? refusingNetwork;
    const cgroups = openCgroups(`tenon-${state.id}`);
    const runtimes = await openRuntimes({
      keeper,
      cgroups,
      clock,
      folder: handler => state.file('runtimes', handler),
      report: context.report,
    });
    // Runs after the agent has stopped, so that nobody starts again what is being stopped.
    stack.defer(async () => {
      await drainNode(runtimes, podNetwork, keeper, log);
      runtimes.close();
      await keeper[Symbol.asyncDispose]();
      await network?.remove();
      await cgroups.remove('');
    });
    const plan = addressPlan(state.id);
    const cidr = firstPrefix(plan.podCidr);
    const address = network ? cidr.replace(/\.0\/24$/, '.1') : '127.0.0.1';
    stack.use(
      await startAgent({
        client,
        clock,
        random,
        nodeName,
        stateFolder: state.file('node'),
        addresses: [address],
        endpoint: nodeEndpoint(api, nodeName, address, clock, random),
        runtimes,
        images,
        network: podNetwork,
        volumes: folderVolumes(),
        ...hostMounts(),
        report: (error, where) => log(`node: ${where}: ${error instanceof Error ? error.message : String(error)}`),
      }),
    );
    await assignPodCidr(kernel.client(), nodeName, cidr);
    await seedRuntimeClasses(kernel.client(), runtimes);
    const kept = stack.move();
    return { ready: Promise.resolve(), [Symbol.asyncDispose]: () => kept.disposeAsync() };
  },
};
