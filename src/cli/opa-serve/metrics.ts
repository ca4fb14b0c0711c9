import type { BundleStatus } from './bundles.ts';
import { OPA_VERSION } from '../opa-flags.ts';

/** Upper bounds in seconds, those of OPA. */
const BOUNDS_S: readonly number[] = [1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 0.01, 0.1, 1];

interface Histogram {
  readonly labels: string;
  readonly counts: number[];
  sum: number;
  count: number;
}

const HANDLERS: readonly (readonly [RegExp, string])[] = [
  [/^v0\/data/, 'v0/data'],
  [/^v1\/data/, 'v1/data'],
  [/^v1\/policies/, 'v1/policies'],
  [/^v1\/query$/, 'v1/query'],
  [/^v1\/compile/, 'v1/compile'],
  [/^v1\/config$/, 'v1/config'],
  [/^v1\/status$/, 'v1/status'],
  [/^health/, 'health'],
  [/^metrics$/, 'metrics'],
  [/^$/, 'index'],
];

/** Which handler a path belongs to, in OPA's words. */
export const handlerOf = (path: string): string =>
  path.startsWith('/v1/data')
    ? 'v1/data'
    : (HANDLERS.find(([pattern]) => pattern.test(path.replace(/^\/+/, '')))?.[1] ?? 'catchall');

const METHODS: ReadonlySet<string> = new Set(['get', 'post', 'put', 'patch', 'delete', 'head', 'options']);

/** How long requests took, by status, handler and method. */
export class RequestMetrics {
  readonly #histograms = new Map<string, Histogram>();

  observe(status: number, handler: string, method: string, spent_s: number): void {
    const verb = method.toLowerCase();
    const key = `${status} ${handler} ${verb}`;
    let found = this.#histograms.get(key);
    if (!found) {
      // Methods come from outside: unknown ones share a name.
      const labels = `code="${status}",handler="${handler}",method="${METHODS.has(verb) ? verb : 'unknown'}"`;
      found = { labels, counts: BOUNDS_S.map(() => 0), sum: 0, count: 0 };
      if (METHODS.has(verb)) this.#histograms.set(key, found);
    }
    found.sum += spent_s;
    found.count++;
    for (let at = BOUNDS_S.length - 1; at >= 0 && spent_s <= BOUNDS_S[at]!; at--) found.counts[at]!++;
  }

  lines(): string[] {
    return [
      '# HELP http_request_duration_seconds A histogram of duration for requests.',
      '# TYPE http_request_duration_seconds histogram',
      ...[...this.#histograms.values()].flatMap(({ labels, counts, sum, count }) => [
        ...counts.map(
          (n, at) => `http_request_duration_seconds_bucket{${labels},le="${goNumber(BOUNDS_S[at]!)}"} ${n}`,
        ),
        `http_request_duration_seconds_bucket{${labels},le="+Inf"} ${count}`,
        `http_request_duration_seconds_sum{${labels}} ${sum}`,
        `http_request_duration_seconds_count{${labels}} ${count}`,
      ]),
    ];
  }
}

/** A number as Go's shortest form writes it. */
const goNumber = (value: number): string =>
  value < 1e-4 ? value.toExponential().replace(/e-(\d)$/, 'e-0$1') : String(value);

function family(
  name: string,
  kind: 'gauge' | 'counter',
  help: string,
  samples: readonly (readonly [string, number])[],
): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${kind}`,
    ...samples.map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}`),
  ];
}

export function processLines(): string[] {
  const { user, system } = process.cpuUsage();
  const started = Date.now() / 1000 - process.uptime();
  return [
    ...family('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', [
      ['', (user + system) / 1e6],
    ]),
    ...family('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', [
      ['', process.memoryUsage.rss()],
    ]),
    ...family('process_start_time_seconds', 'gauge', 'Start time of the process since unix epoch in seconds.', [
      ['', started],
    ]),
  ];
}

const quoted = (value: string): string => JSON.stringify(value);
const seconds = (time: string): number => Date.parse(time) / 1000;

/** What `status.prometheus` adds. */
export function statusLines(
  bundles: readonly BundleStatus[],
  plugins: Readonly<Record<string, { readonly state: string }>>,
): string[] {
  const times = (
    [
      ['last_success_bundle_activation', 'last_successful_activation'],
      ['last_success_bundle_download', 'last_successful_download'],
      ['last_success_bundle_request', 'last_successful_request'],
      ['last_bundle_request', 'last_request'],
    ] as const
  ).flatMap(([name, field]) => {
    const samples = bundles.flatMap((bundle): [string, number][] => {
      const time = bundle[field];
      const revision =
        field === 'last_successful_activation' ? `active_revision=${quoted(bundle.active_revision ?? '')},` : '';
      return time === undefined ? [] : [[`${revision}name=${quoted(bundle.name)}`, seconds(time) * 1e9]];
    });
    return family(name, 'gauge', `Gauge for ${name.replaceAll('_', ' ')}.`, samples);
  });
  return [
    ...family('opa_info', 'gauge', 'Information about the OPA environment.', [[`version=${quoted(OPA_VERSION)}`, 1]]),
    ...family(
      'plugin_status_gauge',
      'gauge',
      'Gauge for the plugin by status.',
      Object.entries(plugins).map(([name, { state }]) => [`name=${quoted(name)},status=${quoted(state)}`, 1]),
    ),
    ...times,
  ];
}
