import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { container, type Seen } from './container.ts';

/** What a container that looks into a running pod may not ask for: nobody may rely on it (core/v1 EphemeralContainerCommon). */
const FORBIDDEN = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
];
const NOT_HERE = 'cannot be set for an Ephemeral Container';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const isSet = (value: unknown): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  return isDraft(value) ? Object.keys(value).length > 0 : value !== undefined && value !== '';
};

/** The rules of `ephemeralContainers`; `seen` knows the names of all other containers. */
export function ephemeralContainers(spec: Draft, field: string, seen: Seen, causes: Causes): void {
  const list = parts(spec, 'ephemeralContainers');
  if (list.length === 0) return;
  const others = new Set(seen.names);
  list.forEach((one, i) => {
    const at = `${field}.ephemeralContainers[${i}]`;
    container(one, at, seen, causes);
    const name = text(one.name);
    if (name !== '' && seen.names.has(name)) causes.duplicate(`${at}.name`, name);
    seen.names.add(name);
    const target = text(one.targetContainerName);
    if (target !== '' && !others.has(target)) causes.notFound(`${at}.targetContainerName`, target);
    for (const forbidden of FORBIDDEN) if (isSet(one[forbidden])) causes.forbidden(`${at}.${forbidden}`, NOT_HERE);
    parts(one, 'volumeMounts').forEach((mount, j) => {
      for (const path of ['subPath', 'subPathExpr'])
        if (text(mount[path]) !== '') causes.forbidden(`${at}.volumeMounts[${j}].${path}`, NOT_HERE);
    });
  });
}

/** A pod begins without them. */
export function ephemeralCreate(object: Draft, causes: Causes): void {
  if (parts(part(object, 'spec') ?? {}, 'ephemeralContainers').length > 0)
    causes.forbidden('spec.ephemeralContainers', 'cannot be set on create');
}

/** Those that are there stay as they are. */
export function ephemeralUpdate(
  spec: Draft,
  before: Draft,
  same: (a: unknown, b: unknown) => boolean,
  causes: Causes,
): void {
  const now = new Map(parts(spec, 'ephemeralContainers').map(one => [one.name, one]));
  for (const old of parts(before, 'ephemeralContainers')) {
    const found = now.get(old.name);
    const what = `existing ephemeral containers ${JSON.stringify(old.name)} may not be`;
    if (found === undefined) causes.forbidden('spec.ephemeralContainers', `${what} removed\n`);
    else if (!same(found, old)) causes.forbidden('spec.ephemeralContainers', `${what} changed\n`);
  }
}
