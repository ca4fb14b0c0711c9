import { equalJson, isObject, ownMember } from '../merge/json.ts';
import { itemElement } from '../merge/typed.ts';
import type { Json, KubeObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import type { StatusCause } from '../status.ts';

/**
 * Lets be what an update did not touch: causes at fields whose value is as it was before (KEP-4008 "CRD Validation
 * Ratcheting"). Items of keyed lists are matched by key; inside other lists only the whole list counts.
 */
export function ratchet(
  schema: Schema,
  causes: readonly StatusCause[],
  object: KubeObject,
  old: KubeObject | undefined,
): readonly StatusCause[] {
  if (old === undefined) return causes;
  return causes.filter(
    cause => !unchanged(schema, cause.field ?? '', object as unknown as Json, old as unknown as Json),
  );
}

function unchanged(schema: Schema, path: string, object: Json, old: Json): boolean {
  let node: Schema | undefined = schema;
  let now: Json | undefined = object;
  let before: Json | undefined = old;
  for (const step of path.replaceAll('[', '.[').split('.')) {
    if (step === '' || step === '<nil>') continue;
    const index: string | undefined = /^\[(\d+)\]$/.exec(step)?.[1];
    if (index !== undefined && Array.isArray(now)) {
      const item: Json | undefined = now[Number(index)];
      if (node?.listType !== 'map' || item === undefined || !Array.isArray(before)) return false;
      before = before.find(other => sameElement(node!, other, item));
      now = item;
      node = node.items;
    } else {
      const name: string = step.replace(/^\[(.*)\]$/, '$1');
      now = isObject(now) ? ownMember(now, name) : undefined;
      before = isObject(before) ? ownMember(before, name) : undefined;
      node = node?.fields?.get(name)?.schema ?? node?.items;
      // A required field that was absent before is absent still.
      if (now === undefined && before === undefined) return true;
    }
    if (now === undefined || before === undefined) return false;
  }
  return path !== '' && path !== '<nil>' && equalJson(now, before);
}

function sameElement(schema: Schema, left: Json, right: Json): boolean {
  try {
    return itemElement(schema, left) === itemElement(schema, right);
  } catch {
    return false;
  }
}
