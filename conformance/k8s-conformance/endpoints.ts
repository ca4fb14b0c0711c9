import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One endpoint of the checklist: what it is called, where it is, what it does. */
export interface Endpoint {
  readonly name: string;
  readonly path: string;
  readonly method: string;
  /** list, get, post, put, patch, delete, deletecollection, watch, connect. */
  readonly action: string;
}

interface Described {
  readonly endpoint: string;
  readonly path: string;
  readonly action: string;
}

const METHODS: readonly (readonly [RegExp, string])[] = [
  [/^create/, 'POST'],
  [/^replace/, 'PUT'],
  [/^patch/, 'PATCH'],
  [/^delete/, 'DELETE'],
  [/^connect\w*?(Get)/, 'GET'],
  [/^connect\w*?(Post)/, 'POST'],
  [/^connect\w*?(Put)/, 'PUT'],
  [/^connect\w*?(Patch)/, 'PATCH'],
  [/^connect\w*?(Delete)/, 'DELETE'],
  [/^connect\w*?(Head)/, 'HEAD'],
  [/^connect\w*?(Options)/, 'OPTIONS'],
];

/** OpenAPI operation ids say the method by their first word; `connect` says it after group and version. */
function methodOf(name: string): string {
  const connect = /^connect[A-Z][a-z0-9]*V\d+(?:(?:alpha|beta)\d+)?(Get|Post|Put|Patch|Delete|Head|Options)/.exec(name);
  if (connect) return connect[1]!.toUpperCase();
  return METHODS.find(([pattern]) => pattern.test(name))?.[1] ?? 'GET';
}

const isDescribed = (value: unknown): value is { endpoints: Described[] } =>
  typeof value === 'object' && value !== null && Array.isArray((value as { endpoints?: unknown }).endpoints);

/** Reads the folder: lists of endpoint names, and documents that say each name's path. */
export function readEndpoints(folder: string): Endpoint[] {
  const paths = new Map<string, Described>();
  const names = new Set<string>();
  for (const file of readdirSync(folder)
    .filter(name => name.endsWith('.json'))
    .sort()) {
    const value = JSON.parse(readFileSync(join(folder, file), 'utf8')) as unknown;
    if (isDescribed(value)) for (const one of value.endpoints) paths.set(one.endpoint, one);
    // A checklist names the tests of each endpoint; lists of exceptions do not.
    else if (Array.isArray(value))
      for (const one of value as { endpoint?: string; tests?: unknown }[])
        if (one.endpoint && one.tests) names.add(one.endpoint);
  }
  return [...names].sort().map(name => {
    const known = paths.get(name);
    return { name, path: known?.path ?? '', method: methodOf(name), action: known?.action ?? '' };
  });
}
