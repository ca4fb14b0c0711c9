/** Why a workload has the replicas it has, by what its autoscaler decided last and wrote down. */
import type { Text } from '../base/index.ts';
import type { KubeObject } from '../kernel/index.ts';
import type { Hpa } from './dialects/hpa/parse.ts';

/** What an autoscaler's own status says about a wanted count; undefined where nothing was decided yet. */
export interface ReplicasAnswer {
  readonly outcome: 'allow' | 'deny';
  readonly because: readonly Text[];
}

const both = (en: string, zh: string): Text => ({ en, zh });

interface Current {
  readonly type: string;
  readonly resource?: {
    readonly name: string;
    readonly current: { readonly averageUtilization?: number; readonly averageValue?: string };
  };
}

/** The decision in the status of a HorizontalPodAutoscaler, held against a wanted count. */
export function explainReplicas(object: KubeObject, wanted: number): ReplicasAnswer | undefined {
  const { status } = object as Hpa;
  const active = status?.conditions?.find(({ type }) => type === 'ScalingActive');
  if (object.kind !== 'HorizontalPodAutoscaler' || status?.desiredReplicas === undefined || !active) return undefined;
  const { desiredReplicas, conditions = [], currentMetrics } = status;
  const because = [both(`It wants ${desiredReplicas} replicas`, `它要求 ${desiredReplicas} 个副本`)];
  for (const { resource } of (currentMetrics ?? []) as unknown as readonly Current[]) {
    if (!resource) continue;
    const { averageUtilization, averageValue = '' } = resource.current;
    const percent = averageUtilization === undefined ? '' : ` (${averageUtilization}%)`;
    because.push(
      both(
        `${resource.name} is at ${averageValue}${percent} a pod`,
        `每个 Pod 的 ${resource.name} 为 ${averageValue}${percent}`,
      ),
    );
  }
  for (const { message = '', reason = '' } of conditions)
    if (message !== '') because.push(both(`${reason}: ${message}`, `${reason}:${message}`));
  return { outcome: desiredReplicas === wanted ? 'allow' : 'deny', because };
}
