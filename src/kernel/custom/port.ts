import { equalJson } from '../merge/json.ts';
import type { KubeObject } from '../object.ts';
import type { SchemaPort } from '../registry/ports.ts';
import { defaultObject } from '../schema/default.ts';
import { schemaPort } from '../schema/port.ts';
import { prune } from '../schema/prune.ts';
import type { Schema } from '../schema/schema.ts';
import type { CustomCatalog } from './catalog.ts';
import { convertCustom } from './conversion.ts';
import type { ConversionWebhook, RuleCompiler } from './ports.ts';
import { ratchet } from './ratchet.ts';
import { ValidationRules } from './rules.ts';

/** The schema port of a kernel with custom kinds: their rules, conversion and ratcheting on top of the built-in one. */
export function customSchemaPort(
  catalog: CustomCatalog,
  compiler?: RuleCompiler,
  webhook?: ConversionWebhook,
): SchemaPort {
  const rules = compiler && new ValidationRules(compiler);
  const base = schemaPort({
    convert: (object, _, to) => convertCustom(catalog.sourceOf(to), webhook, object, to),
    ...(rules ? { rules: (definition, object, old) => rules.check(definition, object, old) } : {}),
  });
  return {
    ...base,
    complete: (definition, object) => (definition.custom ? completeObject(definition.schema, object) : object),
    validate: (definition, object, old, subresource) => {
      const causes = base.validate(definition, object, old, subresource);
      if (definition.custom !== true || causes.length === 0 || old === undefined) return causes;
      const left = ratchet(definition.schema, causes, object, old);
      // Rules wait for the schema to hold; when all that was wrong was old, they run now.
      return left.length === 0 && rules ? rules.check(definition, object, old) : left;
    },
  };
}

/** Pruning and defaulting when read (apiextensions "Defaulting": from etcd with the storage version's defaults). */
function completeObject(schema: Schema, object: KubeObject): KubeObject {
  const copy = structuredClone(object);
  prune(schema, copy);
  defaultObject(schema, copy);
  return equalJson(copy, object) ? object : copy;
}
