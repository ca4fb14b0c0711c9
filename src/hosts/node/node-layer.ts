import { hostname } from 'node:os';
import { type Client, isNotFound, type kinds } from '../../kernel/index.ts';
import { addressPlan, firstRanges, nodeAddressIn } from './addresses.ts';
import type { Layer } from './layer.ts';
import { nodeClient, nodeEndpoint } from './node-client.ts';
import { NODES, nodeNameOf } from './node-name.ts';
import { followNodeFlows } from './node-flows.ts';
import { startNode } from './node.ts';
import { podRangePatch } from './pod-ranges.ts';
import { seedRuntimeClasses } from './runtimes.ts';

/** Gives a node its pod ranges once it has registered; ranges it has stay. */
async function assignPodRanges(client: Client, name: string, ranges: readonly string[]): Promise<void> {
  const node = await client
    .get<kinds.Node & { apiVersion: string; kind: string }>(NODES, { name })
    .catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
  if (node && !node.spec?.podCIDR) await client.patch(NODES, { name }, { type: 'merge', patch: podRangePatch(ranges) });
}

/** The machine itself as a node. */
export const nodeLayer: Layer = {
  name: 'node',
  async start(context) {
    const { kernel, api, clock, random, state, log, settings } = context;
    await using stack = new AsyncDisposableStack();
    const nodeName = nodeNameOf(hostname());
    const embedded = kernel.client({ name: `system:node:${nodeName}`, groups: ['system:nodes', 'system:masters'] });
    const { client } = stack.use(nodeClient(embedded, api, nodeName, clock, random));
    const plan = addressPlan(state.id, settings.serviceCidrs);
    const ranges = firstRanges(plan);
    const [outside] = settings.apiHosts;
    const node = stack.use(
      await startNode({
        client,
        clock,
        random,
        state,
        nodeName,
        plan,
        ranges,
        ...(outside === undefined ? {} : { tunnelAddress: outside }),
        endpoint: async network => {
          // Pods reach the API at the node's address on their network, which is there only now.
          if (network) await api.listenAlso(nodeAddressIn(ranges));
          const address = outside ?? (network ? nodeAddressIn(ranges) : '127.0.0.1');
          return nodeEndpoint(api, nodeName, address, clock, random);
        },
        offline: settings.offline,
        ...(settings.runtime === undefined ? {} : { runtime: settings.runtime }),
        ...(settings.evictionHard === undefined ? {} : { evictionHard: settings.evictionHard }),
        ...(settings.reservedCpus === undefined ? {} : { reservedCpus: settings.reservedCpus }),
        ...(settings.topology === undefined ? {} : { topology: settings.topology }),
        ...(settings.hostFirewall === undefined ? {} : { hostFirewall: settings.hostFirewall }),
        ...(settings.csi === undefined ? {} : { csi: settings.csi }),
        ...(settings.cri === undefined ? {} : { cri: settings.cri }),
        report: context.report,
        log,
      }),
    );
    await assignPodRanges(kernel.client(), nodeName, ranges);
    await seedRuntimeClasses(kernel.client(), node.runtimes);
    if (node.network) {
      context.parts.network = node.network;
      const { agentClient, authority } = api.pki;
      const flows = { log: node.network.flows, ...agentClient, authority: authority.certificate };
      stack.use(followNodeFlows({ client: kernel.client(), clock, random, nodeName, ...flows }));
    }
    if (node.csi) context.parts.csi = node.csi;
    const kept = stack.move();
    return { ready: Promise.resolve(), [Symbol.asyncDispose]: () => kept.disposeAsync() };
  },
};
