import { apiVersionOf, type KubeObject } from '../object.ts';
import type { SchemaPort } from '../registry/ports.ts';
import type { ResourceDefinition } from '../resource.ts';
import { bodyRefusal } from '../registry/strict.ts';
import type { StatusCause } from '../status.ts';
import { convertBuiltin } from './convert.ts';
import { defaultObject, defaultStatus } from './default.ts';
import { prune } from './prune.ts';
import { readBuiltin } from './structure.ts';
import { validateObject } from './validate.ts';

/** What the kernel cannot know of custom kinds by itself: their CEL rules and their conversion webhooks. */
export interface CustomKinds {
  readonly rules?: (
    definition: ResourceDefinition,
    object: KubeObject,
    old: KubeObject | undefined,
  ) => readonly StatusCause[];
  readonly convert?: (
    object: KubeObject,
    from: ResourceDefinition,
    to: ResourceDefinition,
  ) => KubeObject | Promise<KubeObject>;
}

/** Everything the registry asks of types, answered from the schemas. */
export function schemaPort(custom: CustomKinds = {}): SchemaPort {
  return {
    fill: (definition, object, known) => {
      defaultObject(definition.schema, object, known);
    },
    fillStatus: (definition, object) => {
      if (!definition.custom) defaultStatus(definition.schema, object);
    },
    prune: (definition, object, refusal = bodyRefusal(definition), known = undefined) => {
      if (definition.custom) return prune(definition.schema, object);
      const report = readBuiltin(definition.schema, object, known);
      if (report.typeError !== undefined) throw refusal(report.typeError);
      return report.unknownFields;
    },
    validate: (definition, object, old, subresource) => {
      const causes = validateObject(definition, object, old, subresource);
      if (!definition.custom || custom.rules === undefined || causes.length > 0) return causes;
      return custom.rules(definition, object, old);
    },
    convert: (object, from, to) => {
      // What lies in the store may be older than the version that is stored now: the object itself says which it is.
      const same = from.group === to.group && from.version === to.version;
      if (same && (!from.custom || object.apiVersion === apiVersionOf(to))) return object;
      if (!from.custom) return convertBuiltin(object, { group: to.group, version: to.version, kind: to.kind });
      if (custom.convert) return custom.convert(object, from, to);
      return { ...object, apiVersion: apiVersionOf(to) };
    },
  };
}
