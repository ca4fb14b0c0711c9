/** Which plots a report has, out of the names that were recorded. */
import type { Text } from '../../../base/index.ts';
import type { RecordedSeries, SeriesDocument } from '../series.ts';
import type { Unit } from './chart.ts';

export interface PlotPlan {
  readonly title: Text;
  readonly about: string;
  readonly unit: Unit;
  /** With the names the legend shows. */
  readonly series: readonly { readonly label: string; readonly series: RecordedSeries }[];
}

/** Lines one plot can show without becoming a knot, and plots of one sort. */
const LINES_MAX = 8;
const PLOTS_MAX = 12;

const peak = ({ high }: RecordedSeries): number => Math.max(0, ...high.map(value => value ?? 0));
const moves = (one: RecordedSeries): number =>
  peak(one) - Math.min(...one.low.map(value => value ?? Number.POSITIVE_INFINITY));

/** `deployments.shop/web.ready` -> its parts; names of objects hold dots, so the first and last count. */
function partsOf(name: string): { kind: string; object: string; field: string } {
  const first = name.indexOf('.');
  const last = name.lastIndexOf('.');
  return {
    kind: name.slice(0, first),
    object: first === last ? '' : name.slice(first + 1, last),
    field: name.slice(last + 1),
  };
}

class Names {
  readonly #byKind = new Map<string, Map<string, Map<string, RecordedSeries>>>();

  constructor({ series }: SeriesDocument) {
    for (const one of series) {
      const { kind, object, field } = partsOf(one.name);
      const objects = this.#byKind.get(kind) ?? new Map<string, Map<string, RecordedSeries>>();
      this.#byKind.set(kind, objects);
      const fields = objects.get(object) ?? new Map<string, RecordedSeries>();
      objects.set(object, fields);
      fields.set(field, one);
    }
  }

  get(kind: string, object: string, field: string): RecordedSeries | undefined {
    return this.#byKind.get(kind)?.get(object)?.get(field);
  }

  /** Objects of a kind; those that moved most first. */
  objects(kind: string, field: string): string[] {
    const objects = [...(this.#byKind.get(kind) ?? new Map<string, Map<string, RecordedSeries>>())];
    return objects
      .flatMap(([name, fields]) => {
        const one = fields.get(field);
        return one ? [{ name, moved: moves(one), high: peak(one) }] : [];
      })
      .sort((left, right) => right.moved - left.moved || right.high - left.high || (left.name < right.name ? -1 : 1))
      .map(({ name }) => name);
  }
}

/** The same field of several objects in one plot. */
function across(names: Names, kind: string, field: string, unit: Unit, title: Text): PlotPlan[] {
  const series = names
    .objects(kind, field)
    .slice(0, LINES_MAX)
    .map(object => ({ label: object, series: names.get(kind, object, field)! }));
  return series.length > 0 ? [{ title, about: '', unit, series }] : [];
}

/** Several fields of one object in a plot of its own, for each object. */
function each(names: Names, kind: string, fields: readonly string[], unit: Unit, title: Text): PlotPlan[] {
  return names
    .objects(kind, fields[0]!)
    .slice(0, PLOTS_MAX)
    .map(object => ({
      title,
      about: object,
      unit,
      series: fields.flatMap(field => {
        const series = names.get(kind, object, field);
        return series ? [{ label: field.replace(/_ms$/, ''), series }] : [];
      }),
    }));
}

/** The plots of a run, from what people ask first to what they ask last. */
export function plotsOf(document: SeriesDocument): PlotPlan[] {
  const names = new Names(document);
  return [
    ...across(names, 'traffic', 'rate', 'rate', { en: 'Requests', zh: '请求速率' }),
    ...across(names, 'traffic', 'errorRate', 'share', { en: 'Errors', zh: '错误率' }),
    ...each(names, 'traffic', ['p50_ms', 'p90_ms', 'p99_ms'], 'ms', { en: 'Latency', zh: '延迟' }),
    ...each(names, 'deployments', ['replicas', 'ready', 'updated'], 'count', { en: 'Deployment', zh: 'Deployment' }),
    ...each(names, 'statefulsets', ['replicas', 'ready', 'updated'], 'count', { en: 'StatefulSet', zh: 'StatefulSet' }),
    ...each(names, 'hpas', ['desired', 'current'], 'count', { en: 'Autoscaler', zh: '自动伸缩' }),
    ...each(names, 'pods', ['running', 'ready', 'pending'], 'count', { en: 'Pods', zh: 'Pod' }),
    ...across(names, 'workloads', 'cpu', 'cores', { en: 'CPU in use, cores', zh: 'CPU 用量(核)' }),
    ...across(names, 'workloads', 'memory', 'bytes', { en: 'Memory in use', zh: '内存用量' }),
    ...each(names, 'nodes', ['total', 'ready'], 'count', { en: 'Nodes', zh: '节点' }),
    ...each(names, 'jobs', ['active', 'succeeded', 'failed'], 'count', { en: 'Job', zh: 'Job' }),
    ...across(names, 'services', 'rate', 'rate', { en: 'Requests by service', zh: '各服务的请求速率' }),
    ...costOf(document),
  ];
}

function costOf({ series }: SeriesDocument): PlotPlan[] {
  const cost = series.find(({ name }) => name === 'cost');
  if (!cost || peak(cost) === 0) return [];
  return [
    { title: { en: 'Cost so far', zh: '累计成本' }, about: '', unit: 'money', series: [{ label: '', series: cost }] },
  ];
}
