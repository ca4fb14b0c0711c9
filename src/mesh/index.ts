export { type Mesh, type MeshOptions, startMesh } from './controller.ts';
export { explainRoute, type RouteQuestion } from './explain.ts';
export { GATEWAY_CONTROLLER } from './gateway.ts';
export { INGRESS_CONTROLLER, type IngressPlace } from './ingress.ts';
export type { BackendReference, Certificate, Filter, HttpRule, Listener } from './model.ts';
export type { MeshReads } from './ports.ts';
