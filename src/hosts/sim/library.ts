/** `tenon/sim`: simulated clusters for test files (docs/sim-library.md). */
import { Cluster, type ClusterOptions, type ClusterSnapshot } from './cluster.ts';
import { ThreadPool } from './drivers/pool.ts';

export type { Cluster, ClusterOptions, ClusterSnapshot } from './cluster.ts';
export type {
  DisruptDocument,
  Duration,
  NodesDocument,
  RequestRate,
  SendDocument,
  StepDocument,
  WorkloadDocument,
  WorldDocument,
} from './documents.ts';
export type { Violation } from './model.ts';
export type { RunResult } from './run.ts';
export type { Observables } from './scenario/observables.ts';
export type { KubeObject } from '../../kernel/index.ts';

const pool = new ThreadPool();

/** Opens a simulated cluster; `await using` ends it, and fails where an invariant was broken. */
export const cluster = (options: ClusterOptions = {}): Promise<Cluster> => Cluster.open(pool, options);

/** Opens another cluster as one was when its snapshot was taken. */
export const restore = (snapshot: ClusterSnapshot): Promise<Cluster> => Cluster.restore(pool, snapshot);

/** Loads the simulator ahead of the first test: `before(warm)`. */
export const warm = (): Promise<void> => pool.warm();
