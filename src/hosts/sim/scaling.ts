/** The autoscaler as a process of a run, reading what the world scraped. */
import { EventRecorder } from '../../cluster/index.ts';
import { matchLabels, parseLabelSelector } from '../../kernel/index.ts';
import { type MetricsSource, type PodMetric, startScaling } from '../../scaling/index.ts';
import type { ApiServer } from './apiserver.ts';
import type { ProcessSpec } from './model.ts';
import { CONTROL } from './process-client.ts';
import type { PodSample } from './world/usage.ts';

/** What a metrics server would have: the newest sample of every pod, with the labels it has in the API. */
export interface Scraped {
  samples(): ReadonlyMap<string, PodSample>;
  labels(namespace: string, name: string): Readonly<Record<string, string>> | undefined;
}

function metricsSource(scraped: Scraped): MetricsSource {
  return {
    resource: async ({ namespace, selector }, resource, container) => {
      const requirements = parseLabelSelector(selector);
      const values = new Map<string, PodMetric>();
      for (const sample of scraped.samples().values()) {
        if (sample.namespace !== namespace) continue;
        if (!matchLabels(requirements, scraped.labels(namespace, sample.name))) continue;
        const counted = sample.containers.filter(({ name }) => container === undefined || name === container);
        const total = counted.reduce((sum, { cores, bytes }) => sum + (resource === 'cpu' ? cores : bytes), 0);
        values.set(sample.name, {
          valueMilli: Math.round(total * 1000),
          at_ms: sample.at_ms,
          window_ms: sample.window_ms,
        });
      }
      if (values.size === 0)
        throw new Error(
          `unable to get metrics for resource ${resource}: no metrics returned from resource metrics API`,
        );
      return values;
    },
  };
}

/** HorizontalPodAutoscalers are held by this process. */
export function scalingProcess(api: ApiServer, scraped: Scraped): ProcessSpec {
  return {
    name: 'scaling',
    place: CONTROL,
    start: async ({ client, clock, random, report }) => {
      const recorder = new EventRecorder({ client, clock, report: error => report(error, 'events') });
      const note = recorder.as('horizontal-pod-autoscaler');
      return startScaling({
        client,
        clock,
        random,
        catalog: api.catalog!,
        metrics: metricsSource(scraped),
        note: (about, type, reason, message) => note({ about, type, reason, message }),
        report,
      });
    },
  };
}
