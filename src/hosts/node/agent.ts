import type { Fault } from '../../base/index.ts';
import type { Clock, Random } from '../../base/index.ts';
import type { Alignment, EndpointOptions } from '../../compute/index.ts';
import { addressTowards, joinCluster, registerNode, requestCertificate } from './join.ts';
import type { JoinToken } from './join-token.ts';
import { keepRenewed } from './renewal.ts';
import { type RunningNode, startNode } from './node.ts';
import type { StateFolder } from './state.ts';

export interface AgentHostOptions {
  readonly server: string;
  readonly token?: JoinToken;
  readonly state: StateFolder;
  readonly nodeName: string;
  /** Where other machines reach this one; the address towards the server when absent. */
  readonly address?: string;
  /** Never ask a registry. */
  readonly offline?: boolean;
  /** The handler of pods without a RuntimeClass. */
  readonly runtime?: string;
  /** Endpoint of a CRI runtime that runs the pods instead of our own. */
  readonly cri?: string;
  /** Sockets of CSI drivers of this machine. */
  readonly csi?: readonly string[];
  /** When pods are ended because the machine runs out of something, in kubelet's words. */
  readonly evictionHard?: string;
  readonly reservedCpus?: readonly number[];
  readonly topology?: Alignment;
  /** Hold policies for nodes for the pods on this node's network. */
  readonly hostFirewall?: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly report: (fault: Fault) => void;
  readonly log: (line: string) => void;
}

/** Joins a cluster and runs its pods here; disposing ends them, the Node object stays. */
export async function startAgentHost(options: AgentHostOptions): Promise<RunningNode> {
  const { server, state, nodeName, clock, random, report, log } = options;
  await using stack = new AsyncDisposableStack();
  const address = options.address ?? (await addressTowards(server));
  const membership = stack.use(await joinCluster(options));
  const { client, authority, plan } = membership;
  const names = { addresses: [address], dnsNames: [nodeName] };
  const askServing = (): ReturnType<typeof requestCertificate> =>
    requestCertificate(client, clock, nodeName, { purpose: 'server', ...names });
  const ranges = await registerNode(client, clock, nodeName, address);
  const node = stack.use(
    await startNode({
      client,
      clock,
      random,
      state,
      nodeName,
      plan,
      ranges,
      tunnelAddress: address,
      endpoint: async () => {
        const { certificate, key } = await askServing();
        const renewals: EndpointOptions['renewals'] = take =>
          stack.use(
            keepRenewed({
              clock,
              random,
              certificate,
              renew: async () => {
                const made = await askServing();
                take({ key: made.key, cert: made.certificate });
                log('renewed the serving certificate of this node');
                return made.certificate;
              },
              report: error => log(`could not renew the serving certificate: ${(error as Error).message}`),
            }),
          );
        return { host: address, port: 0, key, cert: certificate, clientCa: authority, renewals };
      },
      ...(options.offline ? { offline: true } : {}),
      ...(options.runtime === undefined ? {} : { runtime: options.runtime }),
      ...(options.evictionHard === undefined ? {} : { evictionHard: options.evictionHard }),
      ...(options.reservedCpus === undefined ? {} : { reservedCpus: options.reservedCpus }),
      ...(options.topology === undefined ? {} : { topology: options.topology }),
      ...(options.hostFirewall === undefined ? {} : { hostFirewall: options.hostFirewall }),
      ...(options.csi === undefined ? {} : { csi: options.csi }),
      ...(options.cri === undefined ? {} : { cri: options.cri }),
      report,
      log,
    }),
  );
  const kept = stack.move();
  return { ...node, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
