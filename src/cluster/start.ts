import type { Clock, Random } from '../base/ports.ts';
import type { Client } from '../kernel/client.ts';
import type { Controller } from '../kernel/controller.ts';
import { builtinCatalog } from '../kernel/index.ts';
import { Informers } from '../kernel/informers.ts';
import type { ResourceCatalog } from '../kernel/resource.ts';
import { startBudgetController } from './budget/controller.ts';
import { startCronJobController } from './cronjob/controller.ts';
import { startDaemonSetController } from './daemonset/controller.ts';
import { startDeploymentController } from './deployment/controller.ts';
import type { ClusterEnv } from './driver.ts';
import { EventRecorder } from './events.ts';
import { startGarbageCollector } from './garbage/controller.ts';
import { startRoleAggregationController } from './identity/roles.ts';
import { startSigningController } from './identity/signing.ts';
import { startJobController, startTtlController } from './job/controller.ts';
import { startNamespaceController, startServiceAccountController } from './namespace/controller.ts';
import {
  startNodeLifecycleController,
  startPodGarbageCollector,
  startTaintEvictionController,
} from './node/controller.ts';
import { startQuotaController } from './quota/controller.ts';
import { startReplicaSetController, startReplicationController } from './replicaset/controller.ts';
import { startScheduler } from './scheduler/controller.ts';
import { startEndpointSliceController, startEndpointsController } from './service/controller.ts';
import { startMirrorController } from './service/mirror.ts';
import { startKubernetesServiceController } from './service/kubernetes.ts';
import { startRangeProtectionController } from './service/protection.ts';
import { startStatefulSetController } from './statefulset/controller.ts';
import { startAttributesProtectionController } from './storage/attributes.ts';
import { startClaimProtectionController, startVolumeController } from './storage/controller.ts';

/** The controllers of this layer by name, in the order they start; they stop the other way round. */
const CONTROLLERS = {
  namespace: startNamespaceController,
  serviceaccount: startServiceAccountController,
  'garbage-collector': startGarbageCollector,
  nodelifecycle: startNodeLifecycleController,
  'taint-eviction': startTaintEvictionController,
  podgc: startPodGarbageCollector,
  'clusterrole-aggregation': startRoleAggregationController,
  resourcequota: startQuotaController,
  certificates: startSigningController,
  'kubernetes-service': startKubernetesServiceController,
  'service-cidr': startRangeProtectionController,
  'persistentvolume-binder': startVolumeController,
  'pvc-protection': startClaimProtectionController,
  'vac-protection': startAttributesProtectionController,
  deployment: startDeploymentController,
  replicaset: startReplicaSetController,
  replicationcontroller: startReplicationController,
  statefulset: startStatefulSetController,
  daemonset: startDaemonSetController,
  job: startJobController,
  'ttl-after-finished': startTtlController,
  cronjob: startCronJobController,
  endpointslice: startEndpointSliceController,
  endpoints: startEndpointsController,
  'endpointslice-mirroring': startMirrorController,
  disruption: startBudgetController,
  scheduler: startScheduler,
} satisfies Record<string, (env: ClusterEnv) => AsyncDisposable>;

export type ClusterController = keyof typeof CONTROLLERS;
/** Every controller, in start order. */
export const CLUSTER_CONTROLLERS = Object.keys(CONTROLLERS) as readonly ClusterController[];

export interface ClusterOptions extends Pick<ClusterEnv, 'rootCa' | 'apiEndpoint' | 'provisioners' | 'signer'> {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** Every served kind; the built-in ones when absent. */
  readonly catalog?: ResourceCatalog;
  /** Which controllers run; all when absent. */
  readonly only?: readonly ClusterController[];
  /** Told of every error that is tried again. */
  readonly report?: (error: unknown, where: string) => void;
}

/** A running control plane. */
export interface Cluster extends AsyncDisposable {
  readonly informers: Informers;
  /** Resolves when every informer has its first snapshot. */
  whenSynced(): Promise<void>;
  /** Keys waiting or in work in all controllers. */
  readonly busy: number;
}

/** Starts what kube-controller-manager and kube-scheduler do, over any Client. */
export function startCluster(options: ClusterOptions): Cluster {
  const { client, clock, random } = options;
  const report = options.report ?? (() => undefined);
  const informers = new Informers({
    client,
    clock,
    random,
    report: (error, ref) => report(error, `watch ${ref.resource}`),
  });
  const recorder = new EventRecorder({ client, clock, report: error => report(error, 'events') });
  const env: ClusterEnv = {
    client: informers.client,
    informers,
    clock,
    random,
    recorder,
    report,
    catalog: options.catalog ?? builtinCatalog(),
    ...(options.rootCa === undefined ? {} : { rootCa: options.rootCa }),
    ...(options.apiEndpoint ? { apiEndpoint: options.apiEndpoint } : {}),
    ...(options.provisioners ? { provisioners: options.provisioners } : {}),
    ...(options.signer ? { signer: options.signer } : {}),
  };
  const names = options.only ?? CLUSTER_CONTROLLERS;
  const running: (AsyncDisposable & Partial<Controller>)[] = names.map(name => CONTROLLERS[name](env));
  informers.start();
  return {
    informers,
    whenSynced: () => informers.whenSynced(),
    get busy() {
      return running.reduce((sum, each) => sum + (each.busy ?? 0), 0);
    },
    async [Symbol.asyncDispose]() {
      for (const each of running.reverse()) await each[Symbol.asyncDispose]();
      await recorder[Symbol.asyncDispose]();
      await informers[Symbol.asyncDispose]();
    },
  };
}
