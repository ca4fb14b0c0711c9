import { type Node, VALUE } from './cursor.ts';
import { GraphqlError } from './lexer.ts';
import { baseName, type Field, list, type Schema, text, type TypeDefinition, typeText } from './types.ts';

/** One operation being checked. */
interface Check {
  readonly schema: Schema;
  readonly fragments: ReadonlyMap<string, Node>;
  readonly variables: Map<string, Node>;
  readonly used: Set<string>;
  readonly spread: Set<string>;
}

function fail(message: string): never {
  throw new GraphqlError(message);
}

const TYPENAME: Field = {
  name: '__typename',
  type: { NamedType: 'String', NonNull: true },
  hasDefault: false,
  args: new Map(),
};
const isComposite = (type: TypeDefinition | undefined): boolean =>
  type !== undefined && ['OBJECT', 'INTERFACE', 'UNION'].includes(type.kind);

/** Object types a composite type can turn out to be. */
function possible(type: TypeDefinition, schema: Schema): Set<string> {
  if (type.kind === 'OBJECT') return new Set([type.name]);
  if (type.kind === 'UNION') return type.members;
  return new Set(
    [...schema.types.values()]
      .filter(each => each.kind === 'OBJECT' && each.interfaces.has(type.name))
      .map(each => each.name),
  );
}

function checkArguments(given: readonly Node[], wanted: ReadonlyMap<string, Field>, what: string, check: Check): void {
  const seen = new Set<string>();
  for (const arg of given) {
    const name = text(arg, 'Name');
    if (seen.has(name)) fail(`There can be only one argument named "${name}".`);
    seen.add(name);
    const field = wanted.get(name) ?? fail(`Unknown argument "${name}" on ${what}.`);
    checkValue(arg.Value as Node, field.type, field.hasDefault, check);
  }
  for (const field of wanted.values())
    if (field.type.NonNull === true && !field.hasDefault && !seen.has(field.name))
      fail(`${what} argument "${field.name}" of type "${typeText(field.type)}" is required, but it was not provided`);
}

/** Kinds of literals a built-in scalar takes. */
const SCALARS: Readonly<Record<string, readonly number[]>> = {
  Int: [VALUE.int],
  Float: [VALUE.int, VALUE.float],
  String: [VALUE.string, VALUE.block],
  Boolean: [VALUE.boolean],
  ID: [VALUE.int, VALUE.string, VALUE.block],
};

function checkValue(value: Node, type: Node, hasDefault: boolean, check: Check): void {
  if (value.Kind === VALUE.variable) return checkVariable(text(value, 'Raw'), type, hasDefault, check);
  if (value.Kind === VALUE.null)
    return type.NonNull === true ? fail(`Expected value of type "${typeText(type)}", found null.`) : undefined;
  if (typeof type.Elem === 'object' && type.Elem !== null) {
    const items = value.Kind === VALUE.list ? list(value, 'Children').map(child => child.Value as Node) : [value];
    for (const item of items) checkValue(item, type.Elem as Node, false, check);
    return;
  }
  const definition = check.schema.types.get(text(type, 'NamedType'));
  const wrong = (): never => fail(`Expected value of type "${typeText(type)}", found ${text(value, 'Raw')}.`);
  if (!definition) return;
  if (definition.kind === 'ENUM') {
    if (value.Kind !== VALUE.enum) wrong();
    if (!definition.members.has(text(value, 'Raw')))
      fail(`Value "${text(value, 'Raw')}" does not exist in "${definition.name}" enum.`);
  } else if (definition.kind === 'INPUT_OBJECT') {
    if (value.Kind !== VALUE.object) wrong();
    checkArguments(list(value, 'Children'), definition.fields, `Field "${definition.name}"`, check);
  } else if (Object.hasOwn(SCALARS, definition.name) && !SCALARS[definition.name]!.includes(value.Kind as number))
    wrong();
}

function checkVariable(name: string, type: Node, hasDefault: boolean, check: Check): void {
  check.used.add(name);
  const variable = check.variables.get(name) ?? fail(`Variable "$${name}" is not defined.`);
  const own = variable.Type as Node;
  const strong: Node =
    type.NonNull === true && own.NonNull !== true && (hasDefault || variable.DefaultValue !== undefined)
      ? { ...own, NonNull: true }
      : own;
  if (!fits(strong, type))
    fail(`Variable "$${name}" of type "${typeText(own)}" used in position expecting type "${typeText(type)}".`);
}

function fits(own: Node, wanted: Node): boolean {
  if (wanted.NonNull === true && own.NonNull !== true) return false;
  const [a, b] = [own.Elem as Node | undefined, wanted.Elem as Node | undefined];
  if (a && b) return fits(a, b);
  return !a && !b && text(own, 'NamedType') === text(wanted, 'NamedType');
}

function checkDirectives(node: Node, check: Check): void {
  for (const directive of list(node, 'Directives')) {
    const name = text(directive, 'Name');
    const wanted = check.schema.directives.get(name) ?? fail(`Unknown directive "@${name}".`);
    checkArguments(list(directive, 'Arguments'), wanted, `Directive "@${name}"`, check);
  }
}

const DEPTH_MAX = 200;

function checkSelections(nodes: readonly Node[], type: TypeDefinition, check: Check, path: readonly string[]): void {
  if (path.length > DEPTH_MAX) fail('query nests too deeply');
  const answers = new Map<string, string>();
  for (const node of nodes) {
    if (node.Alias !== undefined) {
      const asked = `${text(node, 'Name')} ${JSON.stringify(node.Arguments ?? [])}`;
      const before = answers.get(text(node, 'Alias'));
      if (before !== undefined && before !== asked)
        fail(
          `Fields "${text(node, 'Alias')}" conflict because they ask for different things. Use different aliases on the fields to fetch both if this was intentional.`,
        );
      answers.set(text(node, 'Alias'), asked);
    }
    checkDirectives(node, check);
    if (node.Alias !== undefined) checkField(node, type, check, path);
    else if (node.TypeCondition !== undefined)
      checkFragment(node, text(node, 'TypeCondition') || type.name, type, check, path);
    else {
      const name = text(node, 'Name');
      const fragment = check.fragments.get(name) ?? fail(`Unknown fragment "${name}".`);
      if (path.includes(`...${name}`)) fail(`Cannot spread fragment "${name}" within itself.`);
      check.spread.add(name);
      checkFragment(fragment, text(fragment, 'TypeCondition'), type, check, [...path, `...${name}`]);
    }
  }
}

function checkFragment(node: Node, on: string, type: TypeDefinition, check: Check, path: readonly string[]): void {
  const target = check.schema.types.get(on) ?? fail(`Unknown type "${on}".`);
  if (!isComposite(target)) fail(`Fragment cannot condition on non composite type "${on}".`);
  const own = possible(type, check.schema);
  if (![...possible(target, check.schema)].some(name => own.has(name)) && target.name !== type.name)
    fail(`Fragment cannot be spread here as objects of type "${type.name}" can never be of type "${on}".`);
  checkSelections(list(node, 'SelectionSet'), target, check, [...path, '']);
}

function checkField(node: Node, type: TypeDefinition, check: Check, path: readonly string[]): void {
  const name = text(node, 'Name');
  if (name === '__schema' || name === '__type') return;
  const field =
    name === '__typename'
      ? TYPENAME
      : (type.fields.get(name) ?? fail(`Cannot query field "${name}" on type "${type.name}".`));
  checkArguments(list(node, 'Arguments'), field.args, `Field "${name}"`, check);
  const target = check.schema.types.get(baseName(field.type));
  const inner = list(node, 'SelectionSet');
  if (isComposite(target) && inner.length === 0)
    fail(`Field "${name}" of type "${typeText(field.type)}" must have a selection of subfields.`);
  if (!isComposite(target) && inner.length > 0)
    fail(`Field "${name}" must not have a selection since type "${typeText(field.type)}" has no subfields.`);
  if (target) checkSelections(inner, target, check, [...path, name]);
}

/** Throws where a query does not fit a schema (GraphQL specification §5). */
export function validateQuery(document: Node, schema: Schema): void {
  const fragments = new Map<string, Node>();
  for (const node of list(document, 'Fragments')) {
    if (fragments.has(text(node, 'Name'))) fail(`There can be only one fragment named "${text(node, 'Name')}".`);
    fragments.set(text(node, 'Name'), node);
  }
  const operations = list(document, 'Operations');
  const spread = new Set<string>();
  const names = new Set<string>();
  for (const node of operations) {
    const name = text(node, 'Name');
    if (name === '' && operations.length > 1) fail('This anonymous operation must be the only defined operation.');
    if (names.has(name)) fail(`There can be only one operation named "${name}".`);
    names.add(name);
    const root = schema.roots.get(text(node, 'Operation'));
    const type =
      (root === undefined ? undefined : schema.types.get(root)) ??
      fail(`Schema does not support operation type "${text(node, 'Operation')}"`);
    const variables = new Map<string, Node>();
    const check: Check = { schema, fragments, variables, used: new Set(), spread };
    for (const variable of list(node, 'VariableDefinitions')) {
      const key = text(variable, 'Variable');
      if (variables.has(key)) fail(`There can be only one variable named "$${key}".`);
      variables.set(key, variable);
      const kind =
        schema.types.get(baseName(variable.Type as Node))?.kind ??
        fail(`Unknown type "${baseName(variable.Type as Node)}".`);
      if (!['SCALAR', 'ENUM', 'INPUT_OBJECT'].includes(kind))
        fail(`Variable "$${key}" cannot be non-input type "${typeText(variable.Type as Node)}".`);
      if (variable.DefaultValue !== undefined)
        checkValue(variable.DefaultValue as Node, variable.Type as Node, false, check);
    }
    checkDirectives(node, check);
    checkSelections(list(node, 'SelectionSet'), type, check, []);
    for (const key of variables.keys())
      if (!check.used.has(key)) fail(`Variable "$${key}" is never used in operation "${name}".`);
  }
  for (const name of fragments.keys()) if (!spread.has(name)) fail(`Fragment "${name}" is never used.`);
}
