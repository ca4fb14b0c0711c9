/** The control plane of a run: the API server and the processes that kube-controller-manager and kube-scheduler would be. */
import type { Random, VirtualClock } from '../../base/index.ts';
import { type ClusterController, CLUSTER_CONTROLLERS, startCluster } from '../../cluster/index.ts';
import type { StoreLimits } from '../../kernel/index.ts';
import { ApiServer } from './apiserver.ts';
import { Interference } from './interference.ts';
import { Links } from './links.ts';
import type { RunLog } from './log.ts';
import type { Observer } from './model.ts';
import { CONTROL } from './process-client.ts';
import { Processes } from './processes.ts';

export interface PlatformOptions {
  readonly clock: VirtualClock;
  readonly random: (name: string) => Random;
  readonly log: RunLog;
  readonly observers: readonly Observer[];
  readonly durable: boolean;
  readonly limits?: StoreLimits;
  readonly endless: (process: string, about: string) => void;
}

/** What disruptions act on and layers are started in. */
export interface SimPlatform {
  readonly api: ApiServer;
  readonly links: Links;
  readonly interference: Interference;
  readonly processes: Processes;
  end(): void;
}

const SCHEDULER: ClusterController = 'scheduler';

/** Starts the API server and the cluster's controllers; other layers are added as processes. */
export async function startPlatform(options: PlatformOptions): Promise<SimPlatform> {
  const { clock, random, log, observers } = options;
  const api = new ApiServer(options);
  const links = new Links(random('links'));
  const interference = new Interference(random('interference'));
  const processes = new Processes({
    clock,
    random,
    log,
    links,
    interference,
    api,
    observers,
    endless: options.endless,
  });
  await api.start();
  const cluster = (name: string, only: readonly ClusterController[]): Promise<void> =>
    processes.add({
      name,
      place: CONTROL,
      start: ({ client, clock: own, random: drawn, report }) =>
        startCluster({
          client,
          clock: own,
          random: drawn,
          catalog: api.catalog!,
          rootCa: 'simulated',
          apiEndpoint: { address: '10.0.0.1', port: 6443, serviceAddress: '10.96.0.1' },
          provisioners: new Map(),
          report,
          only,
        }),
    });
  await cluster(
    'controller-manager',
    CLUSTER_CONTROLLERS.filter(name => name !== SCHEDULER),
  );
  await cluster('scheduler', [SCHEDULER]);
  return {
    api,
    links,
    interference,
    processes,
    end: () => {
      processes.end();
    },
  };
}
