import type { KubeObject } from '../../kernel/index.ts';
import type { Documents } from '../model.ts';
import { differences } from './differences.ts';
import { identityOf } from './plan-objects.ts';

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of a live value only what the wanted one speaks of: servers add the rest. */
export function asWanted(wanted: unknown, live: unknown): unknown {
  if (Array.isArray(wanted) && Array.isArray(live))
    return live.map((item, at) => (at < wanted.length ? asWanted(wanted[at], item) : item));
  if (!isMap(wanted) || !isMap(live)) return live;
  return Object.fromEntries(
    Object.keys(wanted)
      .filter(key => Object.hasOwn(live, key))
      .map(key => [key, asWanted(wanted[key], live[key])]),
  );
}

function merged(live: unknown, wanted: unknown): unknown {
  if (!isMap(live) || !isMap(wanted)) return wanted;
  const keys = new Set([...Object.keys(live), ...Object.keys(wanted)]);
  return Object.fromEntries(
    [...keys].map(key => [key, Object.hasOwn(wanted, key) ? merged(live[key], wanted[key]) : live[key]]),
  );
}

/** A cluster as it would be once documents were applied to it; what they do not speak of stays. */
export function overlay(live: Documents, wanted: Documents): Documents {
  const written = new Map(wanted.objects.map(object => [identityOf(object), object]));
  const sources = new Map<KubeObject, KubeObject>();
  const objects = live.objects.map(object => {
    const own = written.get(identityOf(object));
    if (!own) return object;
    written.delete(identityOf(object));
    const same = differences(own, asWanted(own, object)).filter(path => path !== '/apiVersion').length === 0;
    const next = same ? object : (merged(object, own) as KubeObject);
    // It is to be admitted again: what stands there is what was admitted before.
    if (!same) delete next.metadata.uid;
    sources.set(next, own);
    return next;
  });
  return {
    objects: [...objects, ...written.values()],
    originOf: (object, pointer) => {
      const own = sources.get(object) ?? object;
      return wanted.originOf(own, pointer) ?? live.originOf(object, pointer);
    },
    ...(wanted.faults ? { faults: wanted.faults } : {}),
    ...(live.unread ? { unread: live.unread } : {}),
    live: true,
  };
}
