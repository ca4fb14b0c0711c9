/** Which taints a pod puts up with (Kubernetes, "Taints and Tolerations"). */
import type { KubeObject } from '../../../kernel/index.ts';
import { specOf } from './view.ts';

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}
export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
}

export const tolerates = ({ key, operator, value, effect }: Toleration, taint: Taint): boolean =>
  (!effect || effect === taint.effect) &&
  (!key || key === taint.key) &&
  (operator === 'Exists' || (value ?? '') === (taint.value ?? ''));

/** Whether a taint of the node drives the pod away. */
export function isDrivenAway(pod: KubeObject, node: KubeObject): boolean {
  const { tolerations = [] } = specOf<{ tolerations?: readonly Toleration[] }>(pod);
  return (specOf<{ taints?: readonly Taint[] }>(node).taints ?? []).some(
    taint => taint.effect === 'NoExecute' && !tolerations.some(each => tolerates(each, taint)),
  );
}
