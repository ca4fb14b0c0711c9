import type { KubeObject } from '../kernel/index.ts';
import type { PodMetric, Reading } from './model.ts';

/** Which pods: all of a namespace that a label selector text matches. */
export interface PodScope {
  readonly namespace: string;
  readonly selector: string;
}

/** What pods and other things measure; refusals are thrown as errors whose message is told. */
export interface MetricsSource {
  /** Usage of `cpu` (thousandths of a core) or `memory` (thousandths of a byte) by pod; of one container or of all. */
  resource(scope: PodScope, resource: string, container?: string): Promise<ReadonlyMap<string, PodMetric>>;
  /** A metric of pods by name, custom.metrics.k8s.io. */
  pods?(scope: PodScope, metric: string, selector: string): Promise<ReadonlyMap<string, PodMetric>>;
  /** A metric of one object, in thousandths. */
  object?(
    namespace: string,
    object: Pick<KubeObject, 'apiVersion' | 'kind'> & { name: string },
    metric: string,
    selector: string,
  ): Promise<number>;
  /** The sum of all matching values of external.metrics.k8s.io, in thousandths. */
  external?(namespace: string, metric: string, selector: string): Promise<number>;
}

export type { Reading };
