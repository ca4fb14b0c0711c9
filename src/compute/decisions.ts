/**
 * What the node agent decides, without anything that carries it out: the second face of this layer, for hosts whose machines are
 * not real. index.ts would bring runtimes, images and drivers along.
 */
export { boundVolume, claimOf, mountFailure } from './agent/claims.ts';
export { creationFailure, environmentOf } from './agent/environment.ts';
export { eventSink } from './agent/events.ts';
export { project } from './agent/projection.ts';
export { admitPod, podRequest, type Rejection, type Room } from './engine/admit.ts';
export * from './engine/eviction.ts';
export { isStatusDue, NODE_LOOK_MS, NODE_REPORT_MS, type OwnStatus } from './engine/node-status.ts';
export { containerSpec, type Effect, initialState, type Input, type PodState, type Run } from './engine/state.ts';
export { isOverwritten, STATUS_SYNC_MS, statusOf, statusPatch } from './engine/status.ts';
export { step } from './engine/step.ts';
