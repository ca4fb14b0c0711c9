import { cloneJson } from '../merge/json.ts';
import type { Json, KubeObject } from '../object.ts';

/** A copy the registry may change. Several times faster than structuredClone, which knows more than JSON. */
export function copyObject<T extends KubeObject>(object: T): T {
  return cloneJson(object as unknown as Json) as unknown as T;
}
