import { RE2JS } from 're2js';
import type { Filter, HttpRule, Listener, NamedMatch, PathChange, PathMatch, ValueMatch } from '../model.ts';

/** What of a request routing looks at. */
export interface RequestView {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** How exactly a pattern names a host: exact ones beat wildcards, long ones short ones; -1 does not match. */
export function hostRank(pattern: string | undefined, host: string): number {
  if (pattern === undefined || pattern === '' || pattern === '*') return 0;
  const wanted = pattern.toLowerCase();
  if (!wanted.startsWith('*.')) return wanted === host ? 1000 + wanted.length : -1;
  // `*.example.com` is any number of labels more, never none (Gateway API, Hostname).
  return host.endsWith(wanted.slice(1)) && host.length > wanted.length - 1 ? wanted.length : -1;
}

const bestHost = (rule: HttpRule, host: string): number =>
  rule.hosts.length === 0 ? 0 : Math.max(...rule.hosts.map(pattern => hostRank(pattern, host)));

const compiled = new Map<string, RE2JS | undefined>();
const COMPILED_MAX = 1000;

/** Linear-time matching; a pattern that is not RE2 matches nothing. */
function matchesPattern(pattern: string, text: string): boolean {
  if (!compiled.has(pattern)) {
    if (compiled.size >= COMPILED_MAX) compiled.clear();
    try {
      compiled.set(pattern, RE2JS.compile(pattern));
    } catch {
      compiled.set(pattern, undefined);
    }
  }
  return compiled.get(pattern)?.matches(text) ?? false;
}

/** `/a/b` is below `/a` and `/a/`, not below `/a/bc`: whole elements are compared. */
export function matchesPath({ kind, value }: PathMatch, path: string): boolean {
  if (kind === 'exact') return path === value;
  if (kind === 'regex') return matchesPattern(value, path);
  const prefix = value.replace(/\/+$/, '');
  return path === prefix || path.startsWith(`${prefix}/`) || prefix === '';
}

const matchesValue = ({ kind, value }: ValueMatch, text: string | undefined): boolean =>
  text !== undefined && (kind === 'exact' ? text === value : matchesPattern(value, text));

function matchesHeaders(matches: readonly NamedMatch[], headers: RequestView['headers']): boolean {
  return matches.every(({ name, match }) => {
    const key = name.toLowerCase();
    return matchesValue(match, Object.hasOwn(headers, key) ? headers[key] : undefined);
  });
}

export function matchesRule(rule: HttpRule, request: RequestView): boolean {
  if (bestHost(rule, request.host) < 0 || !matchesPath(rule.path, request.path)) return false;
  if (rule.method !== undefined && rule.method !== request.method) return false;
  if (!matchesHeaders(rule.headers, request.headers)) return false;
  if (rule.query.length === 0) return true;
  const parameters = new URLSearchParams(request.query);
  return rule.query.every(({ name, match }) => matchesValue(match, parameters.get(name) ?? undefined));
}

const PATH_RANK = { exact: 2, prefix: 1, regex: 0 };

/** Which of two matching rules wins: host, path, method, headers, query, age, name, place (Gateway API, HTTPRouteRule). */
function better(left: HttpRule, right: HttpRule, host: string): number {
  return (
    bestHost(right, host) - bestHost(left, host) ||
    PATH_RANK[right.path.kind] - PATH_RANK[left.path.kind] ||
    right.path.value.length - left.path.value.length ||
    Number(right.method !== undefined) - Number(left.method !== undefined) ||
    right.headers.length - left.headers.length ||
    right.query.length - left.query.length ||
    (left.createdAt < right.createdAt ? -1 : left.createdAt > right.createdAt ? 1 : 0) ||
    (left.key < right.key ? -1 : left.key > right.key ? 1 : 0) ||
    left.order - right.order
  );
}

/** The listener for a host: the one that names it most exactly takes every request, even those none of its rules match. */
export function selectListener(listeners: readonly Listener[], host: string): Listener | undefined {
  const ranked = listeners
    .map(listener => ({ listener, rank: hostRank(listener.host, host) }))
    .filter(entry => entry.rank >= 0)
    .sort((left, right) => right.rank - left.rank);
  return ranked[0]?.listener;
}

/** The rule a request gets; undefined is 404. */
export function selectRule(rules: readonly HttpRule[], request: RequestView): HttpRule | undefined {
  return rules.filter(rule => matchesRule(rule, request)).sort((left, right) => better(left, right, request.host))[0];
}

/** The path after a rewrite; a prefix is replaced by whole elements. */
export function changePath(change: PathChange, match: PathMatch, path: string): string {
  if (change.kind === 'full') return change.value;
  const prefix = match.kind === 'prefix' ? match.value.replace(/\/+$/, '') : '';
  const rest = path.slice(prefix.length);
  const head = change.value.replace(/\/+$/, '');
  const joined = `${head}${rest.startsWith('/') || rest === '' ? rest : `/${rest}`}`;
  return joined === '' ? '/' : joined;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** Where a redirect leads; the port is left out where it is the scheme's own. */
export function redirectLocation(
  filter: Extract<Filter, { kind: 'redirect' }>,
  rule: HttpRule,
  request: RequestView & { readonly scheme: string; readonly port: number },
): string {
  const scheme = filter.scheme ?? request.scheme;
  const port = filter.port ?? (filter.scheme === undefined ? request.port : DEFAULT_PORTS[scheme]);
  const suffix = port === undefined || port === DEFAULT_PORTS[scheme] ? '' : `:${port}`;
  const path = filter.path ? changePath(filter.path, rule.path, request.path) : request.path;
  const query = request.query === '' ? '' : `?${request.query}`;
  return `${scheme}://${filter.host ?? request.host}${suffix}${path}${query}`;
}

/** Chooses among weighted things; `roll` is in [0, 1). Undefined when all weights are zero. */
export function chooseWeighted<T extends { readonly weight: number }>(
  items: readonly T[],
  roll: number,
): T | undefined {
  const total = items.reduce((sum, item) => sum + item.weight, 0);
  let rest = roll * total;
  return items.find(item => item.weight > 0 && (rest -= item.weight) < 0);
}
