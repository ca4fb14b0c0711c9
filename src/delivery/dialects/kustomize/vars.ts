import type { TransformerConfig } from './defaults.ts';
import { visitField } from './fields.ts';
import { describeId, effectiveNamespace, type Id, sameGvkn } from './kinds.ts';
import { refuse } from './refuse.ts';
import type { ResourceMap } from './resource.ts';
import { isTree, splitFields, type Tree, type Value } from './tree.ts';

/** A legacy variable: the value of a field of one object, for use as `$(NAME)`. */
export interface Variable {
  readonly name: string;
  readonly target: Id;
  readonly field: string;
}

/** Adds variables; each remembers itself at the one object it reads, whatever name that gets later. */
export function addVariables(map: ResourceMap, known: Variable[], more: readonly Variable[]): void {
  for (const variable of more) {
    const { target } = variable;
    const found = map.items.filter(resource =>
      resource.ids.some(
        id =>
          sameGvkn(id, target) && (target.namespace === '' || effectiveNamespace(id) === effectiveNamespace(target)),
      ),
    );
    if (found.length > 1) {
      throw refuse(
        `found ${found.length} resId matches for var ${variable.name} (unable to disambiguate): ${describeId(target)}`,
      );
    }
    found[0]?.variables.push(variable.name);
    if (known.some(other => other.name === variable.name)) throw refuse(`var '${variable.name}' already encountered`);
    known.push(variable);
  }
}

/** The value at `a.b[c.d].0`, or undefined. */
export function fieldValue(object: Tree, path: string): Value | undefined {
  let at: Value | undefined = object;
  for (const raw of splitFields(path)) {
    const bracket = /^([^[]*)\[([^\]]*)\]$/.exec(raw);
    for (const part of bracket ? [bracket[1]!, bracket[2]!].filter(Boolean) : [raw]) {
      at = Array.isArray(at) ? at[Number(part)] : isTree(at) ? at[part] : undefined;
    }
  }
  return at;
}

/** Replaces `$(NAME)`; `$$` stands for `$`. A text that is nothing but one variable takes its type. */
function expand(text: string, values: ReadonlyMap<string, Value>): Value {
  const whole = /^\$\(([^()]+)\)$/.exec(text);
  if (whole && values.has(whole[1]!)) return values.get(whole[1]!)!;
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (found, name: string | undefined) => {
    if (name === undefined) return '$';
    return values.has(name) ? String(values.get(name)) : found;
  });
}

/** Puts the values of variables where the configuration allows them. */
export function resolveVariables(map: ResourceMap, variables: readonly Variable[], config: TransformerConfig): void {
  if (variables.length === 0) return;
  const values = new Map<string, Value>();
  for (const { name, field } of variables) {
    const holder = map.items.find(resource => resource.variables.includes(name));
    if (!holder) throw refuse(`var '${name}' cannot be mapped to a field in the set of known resources`);
    const value = fieldValue(holder.object, field);
    if (value === undefined || value === null || typeof value === 'object') {
      throw refuse(`field specified in var '${name}' not found in corresponding resource`);
    }
    values.set(name, value);
  }
  for (const resource of map.items) {
    for (const spec of config.varReference) {
      visitField(resource.object, { ...spec, create: false }, 'none', slot => slot.set(expandIn(slot.get(), values)));
    }
  }
}

function expandIn(value: Value, values: ReadonlyMap<string, Value>): Value {
  if (typeof value === 'string') return expand(value, values);
  if (Array.isArray(value)) return value.map(item => (typeof item === 'string' ? expand(item, values) : item));
  if (isTree(value)) {
    for (const key of Object.keys(value)) {
      const item = value[key]!;
      if (typeof item === 'string') value[key] = expand(item, values);
    }
  }
  return value;
}
