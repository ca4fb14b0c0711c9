/** How a metric that could not be read is told, in the words of Kubernetes' controller. */
import type { Metric } from '../../model.ts';
import { type Hpa, selectorText } from './parse.ts';

export const NO_CUSTOM =
  'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';
export const noExternal = (name: string): string =>
  `unable to fetch metrics from external metrics API: the server could not find the requested resource (get ${name}.external.metrics.k8s.io)`;

/** `said` is what the source of the metric said; sources of resources name what they were asked for themselves. */
export function unread(metric: Metric, { metadata, spec }: Hpa, index: number, said: string): string {
  const { namespace = '' } = metadata;
  const written = spec?.metrics?.[index];
  switch (metric.kind) {
    case 'resource':
      return said;
    case 'pods':
      return `unable to get metric ${metric.name}: ${said}`;
    case 'object': {
      const { kind = '', name = '' } = written?.object?.describedObject ?? {};
      // The reference fills its message in this order.
      return `unable to get metric ${metric.name}: ${kind} on ${namespace} ${name}/${said}`;
    }
    case 'external':
      return `unable to get external metric ${namespace}/${metric.name}/${selectorText(written?.external?.metric.selector)}: ${said}`;
  }
}
