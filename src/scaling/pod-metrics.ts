/** Objects of metrics.k8s.io as readings of resource metrics. */
import type { KubeObject } from '../kernel/index.ts';
import type { PodMetric } from './model.ts';
import type { MetricsSource } from './ports.ts';
import { milliOf } from './dialects/hpa/parse.ts';

/** `PodMetrics`, as metrics-server and Tenon serve them. */
export interface PodMetricsObject extends KubeObject {
  readonly timestamp?: string;
  readonly window?: string;
  readonly containers?: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
}

/** `1m30.5s` in milliseconds. */
function durationOf(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|h|m|s)/g)) sum += Number(amount) * units[unit!]!;
  return sum;
}

/** Readings over a list call of PodMetrics in a namespace, narrowed by a label selector text. */
export function podMetricsSource(
  list: (namespace: string, selector: string) => Promise<readonly PodMetricsObject[]>,
): MetricsSource {
  return {
    async resource({ namespace, selector }, resource, container) {
      const items = await list(namespace, selector).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(
          `unable to get metrics for resource ${resource}: unable to fetch metrics from resource metrics API: ${reason}`,
        );
      });
      if (items.length === 0)
        throw new Error(
          `unable to get metrics for resource ${resource}: no metrics returned from resource metrics API`,
        );
      const values = new Map<string, PodMetric>();
      for (const item of items) {
        const value = valueOf(item, resource, container);
        const at_ms = Date.parse(item.timestamp ?? '');
        if (value !== undefined)
          values.set(item.metadata.name ?? '', { valueMilli: value, at_ms, window_ms: durationOf(item.window ?? '') });
      }
      return values;
    },
  };
}

/** A pod that lacks a container's value is not counted; one that lacks the named container is an error. */
function valueOf(
  { metadata, containers = [] }: PodMetricsObject,
  resource: string,
  container?: string,
): number | undefined {
  if (container !== undefined) {
    const found = containers.find(({ name }) => name === container);
    if (!found)
      throw new Error(`container ${container} not present in metrics for pod ${metadata.namespace}/${metadata.name}`);
    return found.usage[resource] === undefined ? undefined : milliOf(found.usage[resource]);
  }
  let sum = 0;
  for (const { usage } of containers) {
    if (usage[resource] === undefined) return undefined;
    sum += milliOf(usage[resource]);
  }
  return containers.length === 0 ? undefined : sum;
}
