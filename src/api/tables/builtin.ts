import type { ResourceDefinition } from '../../kernel/index.ts';
import { CLUSTER_SHAPES } from './cluster.ts';
import { CONTROL_SHAPES } from './control.ts';
import { NETWORK_SHAPES } from './network.ts';
import { POD_SHAPES } from './pods.ts';
import { nameOf, shape } from './shape.ts';
import { STORAGE_SHAPES } from './storage.ts';
import type { TableShape } from './shape.ts';
import { WORKLOAD_SHAPES } from './workloads.ts';

/** Kinds without a printer of their own show when they were made (roles, limit ranges, CRDs …). */
const fallback: TableShape = shape('Name|Created At', object => [
  nameOf(object),
  object.metadata.creationTimestamp ?? null,
]);

/** Printers by `group/Kind`; every version of a kind is shown alike. */
const SHAPES: ReadonlyMap<string, TableShape> = new Map([
  ...POD_SHAPES,
  ...WORKLOAD_SHAPES,
  ...NETWORK_SHAPES,
  ...STORAGE_SHAPES,
  ...CLUSTER_SHAPES,
  ...CONTROL_SHAPES,
]);

/** How a built-in kind is shown by `kubectl get`. */
export function builtinTable(definition: ResourceDefinition): TableShape {
  return SHAPES.get(`${definition.group}/${definition.kind}`) ?? fallback;
}
