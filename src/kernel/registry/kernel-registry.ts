import { connect } from './connect.ts';
import { create } from './create.ts';
import { remove, removeCollection } from './delete.ts';
import { get } from './get.ts';
import { list } from './list.ts';
import { apply, patch } from './patch.ts';
import type { RegistryParts } from './ports.ts';
import type { Registry } from './registry.ts';
import { update } from './update.ts';
import { watch } from './watch.ts';

/** The registry over the embedded store; each verb has a file of its own. */
export function kernelRegistry(parts: RegistryParts): Registry {
  return {
    get: (context, ref, key, options) => get(parts, context, ref, key, options),
    list: (context, ref, options) => list(parts, context, ref, options),
    watch: (context, ref, options, deliver, ended) => watch(parts, context, ref, options, deliver, ended),
    create: (context, ref, object, options) => create(parts, context, ref, object, options),
    update: (context, ref, key, object, options) => update(parts, context, ref, key, object, options),
    patch: (context, ref, key, body, options) => patch(parts, context, ref, key, body, options),
    apply: (context, ref, key, object, options) => apply(parts, context, ref, key, object, options),
    delete: (context, ref, key, options) => remove(parts, context, ref, key, options),
    connect: (context, ref, key, subresource, options) => connect(parts, context, ref, key, subresource, options),
    deleteCollection: (context, ref, options) => removeCollection(parts, context, ref, options),
  };
}
