/** The public face of cluster/: what kube-controller-manager and kube-scheduler do, over any Client. */
export { EventRecorder } from './events.ts';
export type { ApiEndpoint } from './driver.ts';
export {
  type CertificateSigner,
  KUBELET_CLIENT,
  KUBELET_SERVING,
  type RequestedSubject,
} from './identity/signing.ts';
export { decide, type Decision } from './scheduler/decide.ts';
export { explainScheduling } from './scheduler/explain.ts';
export { readSnapshot } from './scheduler/read.ts';
export { type Snapshot, type SnapshotObjects, snapshotOf } from './scheduler/snapshot.ts';
export { type ServiceAddresses, type ServiceAddressOptions, serviceAddresses } from './service/allocate.ts';
export {
  type Cluster,
  CLUSTER_CONTROLLERS,
  type ClusterController,
  type ClusterOptions,
  startCluster,
} from './start.ts';
export type { Provisioner, ProvisionRequest } from './storage/provisioner.ts';
