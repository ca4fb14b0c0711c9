import { startCluster } from '../../cluster/index.ts';
import { StatusError } from '../../kernel/index.ts';
import { hostname } from 'node:os';
import { addressPlan } from './addresses.ts';
import type { Layer } from './layer.ts';
import { nodeNameOf } from './node-layer.ts';
import { LOCAL_PROVISIONER, localProvisioner, seedStorageClass } from './storage.ts';

/** Controllers and the scheduler. Errors they try again are lines of the log, not faults: nobody has to act on them. */
export const clusterLayer: Layer = {
  name: 'cluster',
  async start({ kernel, api, clock, random, state, log }) {
    const plan = addressPlan(state.id);
    const cluster = startCluster({
      client: kernel.client({ name: 'system:kube-controller-manager', groups: ['system:masters'] }),
      clock,
      random,
      catalog: kernel.catalog,
      rootCa: api.pki.authority.certificate,
      apiEndpoint: { address: '127.0.0.1', port: api.port, serviceAddress: plan.apiService },
      provisioners: new Map([[LOCAL_PROVISIONER, localProvisioner(state.file('volumes'), nodeNameOf(hostname()))]]),
      report: (error, where) => {
        if (error instanceof StatusError && error.code === 409) return;
        log(`cluster: ${where}: ${error instanceof Error ? error.message : String(error)}`);
      },
    });
    await seedStorageClass(kernel.client());
    return { ready: cluster.whenSynced(), [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
  },
};
