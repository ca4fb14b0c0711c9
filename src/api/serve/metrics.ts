import type { ApiRequest } from './request.ts';
import type { RequestMetrics } from './services.ts';

const BUCKETS_s = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

interface Series {
  readonly labels: string;
  readonly counts: Float64Array;
  sum_s: number;
  count: number;
}

/** A number that is read when metrics are. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly read: () => number | readonly { readonly labels: string; readonly value: number }[];
}

const escapeLabel = (value: string): string => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
const SERIES_MAX = 5000;

/** Request metrics under the names kube-apiserver gives them, so that existing dashboards work. */
export class ApiMetrics implements RequestMetrics {
  readonly #series = new Map<string, Series>();
  readonly #gauges: readonly Gauge[];

  constructor(gauges: readonly Gauge[]) {
    this.#gauges = gauges;
  }

  observe(request: ApiRequest, duration_ms: number): void {
    const { target, verb } = request;
    if (verb === 'watch') return;
    const key = target.isResource
      ? `${verb} ${target.group} ${target.version} ${target.resource} ${target.subresource}`
      : `${verb} -`;
    let series = this.#series.get(key);
    if (!series) {
      if (this.#series.size >= SERIES_MAX) return;
      const labels = `verb="${escapeLabel(verb.toUpperCase())}",group="${escapeLabel(target.group)}",version="${escapeLabel(target.version)}",resource="${escapeLabel(target.resource)}",subresource="${escapeLabel(target.subresource)}"`;
      series = { labels, counts: new Float64Array(BUCKETS_s.length), sum_s: 0, count: 0 };
      this.#series.set(key, series);
    }
    const seconds = duration_ms / 1000;
    series.count++;
    series.sum_s += seconds;
    for (let i = 0; i < BUCKETS_s.length; i++) {
      if (seconds <= BUCKETS_s[i]!) {
        series.counts[i]!++;
        break;
      }
    }
  }

  text(): string {
    const lines = [
      '# HELP apiserver_request_duration_seconds Response latency distribution in seconds for each verb, group, version, resource and subresource.',
      '# TYPE apiserver_request_duration_seconds histogram',
    ];
    for (const series of this.#series.values()) {
      let total = 0;
      BUCKETS_s.forEach((bound, i) => {
        total += series.counts[i]!;
        lines.push(`apiserver_request_duration_seconds_bucket{${series.labels},le="${bound}"} ${total}`);
      });
      lines.push(`apiserver_request_duration_seconds_bucket{${series.labels},le="+Inf"} ${series.count}`);
      lines.push(`apiserver_request_duration_seconds_sum{${series.labels}} ${series.sum_s}`);
      lines.push(`apiserver_request_duration_seconds_count{${series.labels}} ${series.count}`);
    }
    lines.push(
      '# HELP apiserver_request_total Counter of apiserver requests.',
      '# TYPE apiserver_request_total counter',
    );
    for (const series of this.#series.values()) lines.push(`apiserver_request_total{${series.labels}} ${series.count}`);
    for (const gauge of this.#gauges) {
      lines.push(`# HELP ${gauge.name} ${gauge.help}`, `# TYPE ${gauge.name} ${gauge.type}`);
      const value = gauge.read();
      if (typeof value === 'number') lines.push(`${gauge.name} ${value}`);
      else for (const one of value) lines.push(`${gauge.name}{${one.labels}} ${one.value}`);
    }
    return `${lines.join('\n')}\n`;
  }
}
