import { RE2JS } from 're2js';
import type { HttpMatch, NamePattern, Requests } from '../model.ts';

/** A request as policy sees it; header names in lower case. */
export type Request =
  | {
      readonly kind: 'http';
      readonly method: string;
      /** With its query. */
      readonly path: string;
      readonly host: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'dns'; readonly name: string };

const EXPRESSIONS_MAX = 10_000;
const compiled = new Map<string, RE2JS | undefined>();

/** True when an RE2 expression matches the whole text; one that is none matches nothing. */
export function matchesWhole(expression: string, text: string): boolean {
  if (!compiled.has(expression)) {
    if (compiled.size >= EXPRESSIONS_MAX) compiled.clear();
    let made: RE2JS | undefined;
    try {
      made = RE2JS.compile(expression);
    } catch {
      made = undefined;
    }
    compiled.set(expression, made);
  }
  return compiled.get(expression)?.matches(text) ?? false;
}

/** Lower case, without the last dot. */
export const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, '');

export const namesMatch = (patterns: readonly NamePattern[], name: string): boolean =>
  patterns.some(pattern => matchesWhole(pattern.expression, plainName(name)));

function httpMatches(match: HttpMatch, request: Extract<Request, { kind: 'http' }>): boolean {
  if (match.method !== undefined && !matchesWhole(match.method, request.method)) return false;
  if (match.path !== undefined && !matchesWhole(match.path, request.path)) return false;
  if (match.host !== undefined && !matchesWhole(match.host, request.host)) return false;
  return match.headers.every(({ name, value }) => {
    const got = Object.hasOwn(request.headers, name) ? request.headers[name] : undefined;
    return got !== undefined && (value === undefined || got === value);
  });
}

export function requestMatches(requests: Requests, request: Request): boolean {
  if (requests.kind === 'http')
    return request.kind === 'http' && requests.matches.some(each => httpMatches(each, request));
  return request.kind === 'dns' && namesMatch(requests.names, request.name);
}

/** True when every request of its kind matches: nothing is left to ask. */
export function allowsAny(requests: Requests): boolean {
  if (requests.kind === 'dns') return requests.names.some(({ text }) => text === '*' || text === '**');
  return requests.matches.some(
    ({ method, path, host, headers }) =>
      method === undefined && path === undefined && host === undefined && headers.length === 0,
  );
}
