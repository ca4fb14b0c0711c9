import { equalJson, isObject, ownMember } from '../merge/json.ts';
import { isAssociative, itemElement } from '../merge/typed.ts';
import type { Json, KubeObject } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import type { Schema } from '../schema/schema.ts';
import type { StatusCause } from '../status.ts';
import type { CompiledRule, RuleCompiler, ValidationRule } from './ports.ts';

/** Budget of one evaluation and of all rules of one object (apiserver pkg/apis/cel PerCallLimit, RuntimeCELCostBudget). */
const CALL_LIMIT = 1_000_000;
const BUDGET = 10_000_000;

interface SchemaRule {
  readonly rule: ValidationRule;
  readonly compiled: CompiledRule;
}

/** What a value and everything below it must satisfy; undefined where no rule stands. */
interface RuleTree {
  readonly rules: readonly SchemaRule[];
  readonly fields: ReadonlyMap<string, RuleTree>;
  readonly items: RuleTree | undefined;
}

/** Runs x-kubernetes-validations; rules are compiled once a schema. */
export class ValidationRules {
  readonly #compiler: RuleCompiler;
  readonly #trees = new WeakMap<Schema, { tree: RuleTree | undefined }>();

  constructor(compiler: RuleCompiler) {
    this.#compiler = compiler;
  }

  /** What the rules have against an object; with `old`, transition rules run and unchanged parts are let be (ratcheting). */
  check(definition: ResourceDefinition, object: KubeObject, old: KubeObject | undefined): readonly StatusCause[] {
    const tree = this.#tree(definition.schema, true);
    if (tree === undefined) return [];
    const run = new Run();
    run.walk(tree, definition.schema, object as unknown as Json, old as unknown as Json | undefined, '');
    return run.causes;
  }

  #tree(schema: Schema, root: boolean): RuleTree | undefined {
    const known = this.#trees.get(schema);
    if (known) return known.tree;
    // A recursive schema has no rules below itself.
    this.#trees.set(schema, { tree: undefined });
    const rules = (schema.rules?.validations ?? []).flatMap((rule): SchemaRule[] => {
      const { value, faults } = this.#compiler.compile(rule, schema, root);
      return faults.length > 0 ? [] : [{ rule, compiled: value }];
    });
    const fields = new Map<string, RuleTree>();
    for (const field of schema.fields?.values() ?? []) {
      if (root && field.name === 'metadata') continue;
      const below = this.#tree(field.schema, false);
      if (below) fields.set(field.name, below);
    }
    const items = schema.items ? this.#tree(schema.items, false) : undefined;
    const tree = rules.length > 0 || fields.size > 0 || items ? { rules, fields, items } : undefined;
    this.#trees.set(schema, { tree });
    return tree;
  }
}

class Run {
  readonly causes: StatusCause[] = [];
  #budget = BUDGET;
  #stopped = false;

  walk(tree: RuleTree, schema: Schema, self: Json, old: Json | undefined, path: string): void {
    if (self === null || self === undefined || this.#stopped) return;
    if (old !== undefined && equalJson(self, old)) return;
    for (const each of tree.rules) {
      if (this.#stopped) return;
      this.#run(each, schema, self, old, path);
    }
    if (Array.isArray(self)) {
      if (tree.items) this.#items(tree.items, schema, self, old, path);
      return;
    }
    if (!isObject(self)) return;
    const before = isObject(old) ? old : undefined;
    for (const name of Object.keys(self)) {
      const field = schema.fields?.get(name);
      const below = field ? tree.fields.get(name) : tree.items;
      const inner = field?.schema ?? schema.items;
      if (below === undefined || inner === undefined) continue;
      const at = field ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`;
      this.walk(below, inner, self[name]!, before && ownMember(before, name), at);
    }
  }

  /** Items of a keyed list are told apart by their keys; other lists cannot be compared item by item. */
  #items(tree: RuleTree, schema: Schema, self: readonly Json[], old: Json | undefined, path: string): void {
    const before = new Map<string, Json>();
    const keyed = isAssociative(schema) && schema.listType === 'map';
    if (keyed && Array.isArray(old)) for (const item of old) before.set(elementOf(schema, item), item);
    for (const [i, item] of self.entries()) {
      this.walk(tree, schema.items!, item, keyed ? before.get(elementOf(schema, item)) : undefined, `${path}[${i}]`);
    }
  }

  #run({ rule, compiled }: SchemaRule, schema: Schema, self: Json, old: Json | undefined, path: string): void {
    if (compiled.usesOldSelf && old === undefined && rule.optionalOldSelf !== true) return;
    const outcome = compiled.check(self, old, Math.min(CALL_LIMIT, this.#budget));
    this.#budget -= outcome.cost;
    if (outcome.ok) return;
    const at = `${path}${rule.fieldPath ?? ''}`.replace(/^\./, '');
    if (outcome.exhausted) {
      this.#stopped = true;
      const why =
        this.#budget <= 0
          ? 'validation failed due to running out of cost budget, no further validation rules will be run'
          : `no further validation rules will be run due to call cost exceeds limit for rule: ${rule.rule}`;
      this.causes.push(cause('FieldValueInvalid', at, self, why));
    } else if (outcome.error !== undefined) {
      this.causes.push(
        cause('FieldValueInvalid', at, self, `${outcome.error} evaluating rule: ${rule.message || rule.rule.trim()}`),
      );
    } else {
      const message = outcome.message || rule.message?.trim() || `failed rule: ${rule.rule.trim()}`;
      this.causes.push(cause(rule.reason || 'FieldValueInvalid', at, self, message));
    }
  }
}

function elementOf(schema: Schema, item: Json): string {
  try {
    return itemElement(schema, item);
  } catch {
    // An item without its keys is refused by the schema before rules run.
    return '';
  }
}

/** Scalars are shown as they are, objects and lists are left out (apiextensions 1.35 wording). */
function cause(reason: string, path: string, value: Json, message: string): StatusCause {
  const shown = value !== null && typeof value === 'object' ? '' : `${JSON.stringify(value)}: `;
  const field = path === '' ? '<nil>' : path;
  switch (reason) {
    case 'FieldValueForbidden':
      return { reason, field, message: `Forbidden: ${message}` };
    case 'FieldValueRequired':
      return { reason, field, message: `Required value: ${message}` };
    case 'FieldValueDuplicate':
      return { reason, field, message: `Duplicate value: ${shown}${message}`.replace(/: $/, '') };
    default:
      return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${shown}${message}` };
  }
}
