/** Custom and external metrics as an API server passes them on (custom.metrics.k8s.io, external.metrics.k8s.io). */
import type { ResourceCatalog } from '../kernel/index.ts';
import { refusalOf } from '../kernel/remote/client.ts';
import { milliOf } from './dialects/hpa/parse.ts';
import { NO_CUSTOM, noExternal } from './dialects/hpa/unread.ts';
import type { PodMetric } from './model.ts';
import type { MetricsSource, PodScope } from './ports.ts';

const CUSTOM = '/apis/custom.metrics.k8s.io';
const EXTERNAL = '/apis/external.metrics.k8s.io/v1beta1';
/** What a metric without windowSeconds was measured over (metrics API reference). */
const WINDOW_SECONDS = 60;
const NOT_FOUND = 404;
const UNAVAILABLE = 503;

export interface ServedMetricsOptions {
  /** GETs a path of the API server; rejects only where it cannot be reached. */
  readonly ask: (path: string) => Promise<{ readonly status: number; readonly text: string }>;
  readonly catalog: ResourceCatalog;
}

/** MetricValue of either version, and ExternalMetricValue. */
interface Value {
  readonly describedObject?: { readonly name?: string };
  readonly timestamp?: string;
  readonly windowSeconds?: number;
  readonly value?: string;
}

function query(fields: Readonly<Record<string, string>>): string {
  const written = Object.entries(fields).filter(([, value]) => value !== '');
  return written.length === 0
    ? ''
    : `?${written.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`;
}

const segment = encodeURIComponent;

/** The part of a metrics source that other programs serve, registered with the API by an APIService. */
export function servedMetrics({
  ask,
  catalog,
}: ServedMetricsOptions): Required<Pick<MetricsSource, 'pods' | 'object' | 'external'>> {
  const read = async (path: string, api: string): Promise<readonly Value[]> => {
    const answer = await ask(path);
    if (answer.status !== 200) throw new Error(`unable to fetch metrics from ${api} API: ${refusalOf(answer).message}`);
    return (JSON.parse(answer.text) as { items?: readonly Value[] }).items ?? [];
  };
  /** The group's preferred version, asked each time: who serves it may come and go. */
  const custom = async (): Promise<string> => {
    const { status, text } = await ask(CUSTOM);
    if (status !== 200) throw new Error(NO_CUSTOM);
    const group = JSON.parse(text) as { preferredVersion?: { version?: string } };
    return `${CUSTOM}/${segment(group.preferredVersion?.version ?? 'v1beta1')}`;
  };
  return {
    async pods({ namespace, selector }: PodScope, metric, metricLabelSelector) {
      const path = `${await custom()}/namespaces/${segment(namespace)}/pods/*/${segment(metric)}`;
      const items = await read(path + query({ labelSelector: selector, metricLabelSelector }), 'custom metrics');
      if (items.length === 0) throw new Error('no metrics returned from custom metrics API');
      return new Map(
        items.map(({ describedObject, timestamp, windowSeconds, value }): [string, PodMetric] => [
          describedObject?.name ?? '',
          {
            valueMilli: milliOf(value),
            at_ms: Date.parse(timestamp ?? '') || 0,
            window_ms: (windowSeconds ?? WINDOW_SECONDS) * 1000,
          },
        ]),
      );
    },
    async object(namespace, { apiVersion, kind, name }, metric, metricLabelSelector) {
      const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
      const found = [...catalog.all()].find(each => each.group === group && each.kind === kind);
      if (!found)
        throw new Error(
          `unable to fetch metrics from custom metrics API: no matches for kind "${kind}" in group "${group}"`,
        );
      const { resource, namespaced } = found;
      const collection = segment(group === '' ? resource : `${resource}.${group}`);
      const place =
        kind === 'Namespace' && group === ''
          ? `namespaces/${segment(name)}/metrics`
          : `${namespaced ? `namespaces/${segment(namespace)}/` : ''}${collection}/${segment(name)}`;
      const path = `${await custom()}/${place}/${segment(metric)}`;
      const [item] = await read(path + query({ metricLabelSelector }), 'custom metrics');
      if (!item) throw new Error('unable to fetch metrics from custom metrics API: no metrics returned');
      return milliOf(item.value);
    },
    async external(namespace, metric, labelSelector) {
      const path = `${EXTERNAL}/namespaces/${segment(namespace)}/${segment(metric)}${query({ labelSelector })}`;
      const group = await ask(EXTERNAL);
      if (group.status === NOT_FOUND || group.status === UNAVAILABLE) throw new Error(noExternal(metric));
      const items = await read(path, 'external metrics');
      if (items.length === 0) throw new Error('no metrics returned from external metrics API');
      return items.reduce((sum, { value }) => sum + milliOf(value), 0);
    },
  };
}
