import { hostname } from 'node:os';
import { startCluster } from '../../cluster/index.ts';
import { StatusError } from '../../kernel/index.ts';
import { addressPlan, firstRanges, nodeAddressIn } from './addresses.ts';
import { certificateSigner } from './certificate-signer.ts';
import { publishClusterInfo, seedMembershipRoles } from './cluster-info.ts';
import type { Layer } from './layer.ts';
import { nodeNameOf } from './node-name.ts';
import { startPodRanges } from './pod-ranges.ts';
import { startServingApproval } from './serving-approval.ts';
import { openCsiDrivers } from './csi.ts';
import { csiProvisioner } from './csi-provisioner.ts';
import { seedSnapshotKinds } from './csi-snapshot-kinds.ts';
import { startSnapshots } from './csi-snapshots.ts';
import { LOCAL_PROVISIONER, localProvisioner, seedStorageClass } from './storage.ts';

/** Controllers and the scheduler. Errors they try again are lines of the log, not faults: nobody has to act on them. */
export const clusterLayer: Layer = {
  name: 'cluster',
  async start({ kernel, api, clock, random, state, settings, parts, log }) {
    const plan = addressPlan(state.id, settings.serviceCidrs);
    const ownNode = nodeNameOf(hostname());
    const client = kernel.client({ name: 'system:kube-controller-manager', groups: ['system:masters'] });
    const report = (error: unknown, where: string): void => {
      if (error instanceof StatusError && error.code === 409) return;
      log(`cluster: ${where}: ${error instanceof Error ? error.message : String(error)}`);
    };
    await using stack = new AsyncDisposableStack();
    const drivers = stack.use(await openCsiDrivers(settings.csi ?? []));
    const provisioners = new Map([[LOCAL_PROVISIONER, localProvisioner(state.file('volumes'), ownNode)]]);
    for (const [name, driver] of drivers)
      if (driver.facts.can.provision)
        provisioners.set(
          name,
          csiProvisioner(client, driver, () => parts.csi),
        );
    const cluster = stack.use(
      startCluster({
        client,
        clock,
        random,
        catalog: kernel.catalog,
        rootCa: api.pki.authority.certificate,
        signer: certificateSigner(api, clock, random),
        // With root pods have a network, and the node an address on it; without, no pod could reach either.
        apiEndpoint: {
          address: process.getuid?.() === 0 ? nodeAddressIn(firstRanges(plan)) : '127.0.0.1',
          port: api.port,
          serviceAddress: plan.apiService,
        },
        provisioners,
        report,
      }),
    );
    const { informers } = cluster;
    const { podCidrs } = plan;
    stack.use(
      startPodRanges({ client, clock, informers, podCidrs, ownNode, report: error => report(error, 'pod ranges') }),
    );
    stack.use(startServingApproval({ client, clock, informers, report: error => report(error, 'serving approval') }));
    if ([...drivers.values()].some(({ facts }) => facts.can.snapshot)) {
      await seedSnapshotKinds(client);
      stack.use(startSnapshots({ client, clock, informers, drivers, report }));
    }
    await seedStorageClass(kernel.client());
    await seedMembershipRoles(kernel.client());
    const server = `https://${settings.apiHosts[0] ?? '127.0.0.1'}:${api.port}`;
    await publishClusterInfo(kernel.client(), { server, authority: api.pki.authority.certificate, plan });
    const kept = stack.move();
    return { ready: cluster.whenSynced(), [Symbol.asyncDispose]: () => kept.disposeAsync() };
  },
};
