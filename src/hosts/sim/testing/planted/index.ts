import type { PlantedBug } from './bug.ts';
import { CLUSTER_BUGS } from './cluster.ts';
import { INFORMER_BUGS } from './informer.ts';
import { SCALING_BUGS } from './scaling.ts';
import { STORE_BUGS } from './store.ts';
import { WORKLOAD_BUGS } from './workloads.ts';

export type { PlantedBug } from './bug.ts';

/** Every planted bug. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...STORE_BUGS,
  ...INFORMER_BUGS,
  ...WORKLOAD_BUGS,
  ...CLUSTER_BUGS,
  ...SCALING_BUGS,
];
