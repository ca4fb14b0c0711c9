import type { Field, Schema } from '../schema/schema.ts';

/** What a number of a message holds: a field, or an embedded struct whose fields are the object's own. */
export type Slot = { readonly field: Field } | { readonly embedded: MessagePlan };

/** A message's numbers, ascending: the order they are written in. */
export interface MessagePlan {
  readonly slots: ReadonlyMap<number, Slot>;
}

const plans = new WeakMap<ReadonlyMap<string, Field>, MessagePlan>();

interface Draft {
  readonly fields: Map<number, Field>;
  readonly embedded: Map<number, Draft>;
}

const draft = (): Draft => ({ fields: new Map(), embedded: new Map() });

function close(from: Draft): MessagePlan {
  const slots = new Map<number, Slot>();
  for (const [tag, field] of from.fields) slots.set(tag, { field });
  for (const [tag, inner] of from.embedded) slots.set(tag, { embedded: close(inner) });
  return { slots: new Map([...slots].sort(([left], [right]) => left - right)) };
}

/** How an object type lies on the wire; made once a type. */
export function planOf(schema: Schema): MessagePlan {
  const fields = schema.fields ?? new Map<string, Field>();
  const known = plans.get(fields);
  if (known !== undefined) return known;
  const root = draft();
  for (const field of fields.values()) {
    if (field.tag === undefined) continue;
    let level = root;
    for (const tag of field.embeddedTags ?? []) {
      const next = level.embedded.get(tag) ?? draft();
      level.embedded.set(tag, next);
      level = next;
    }
    level.fields.set(field.tag, field);
  }
  const plan = close(root);
  plans.set(fields, plan);
  return plan;
}
