import type { Node } from './cursor.ts';
import { GraphqlError } from './lexer.ts';

/** A field or argument of a type. */
export interface Field {
  readonly name: string;
  readonly type: Node;
  readonly hasDefault: boolean;
  readonly args: ReadonlyMap<string, Field>;
}

export interface TypeDefinition {
  readonly kind: string;
  readonly name: string;
  readonly fields: Map<string, Field>;
  readonly interfaces: Set<string>;
  /** Members of a union, values of an enum. */
  readonly members: Set<string>;
}

/** A schema ready to check queries against. */
export interface Schema {
  readonly types: Map<string, TypeDefinition>;
  readonly directives: ReadonlyMap<string, ReadonlyMap<string, Field>>;
  readonly roots: ReadonlyMap<string, string>;
}

/** Lists of a node, whoever wrote the node. */
export const list = (node: Node | undefined, name: string): Node[] =>
  Array.isArray(node?.[name]) ? (node[name] as Node[]) : [];
export const text = (node: Node, name: string): string => (typeof node[name] === 'string' ? node[name] : '');

export function baseName(type: Node): string {
  let here = type;
  for (let depth = 0; depth < 100 && typeof here.Elem === 'object' && here.Elem !== null; depth++)
    here = here.Elem as Node;
  return text(here, 'NamedType');
}

export const typeText = (type: Node): string =>
  (typeof type.Elem === 'object' && type.Elem !== null ? `[${typeText(type.Elem as Node)}]` : text(type, 'NamedType')) +
  (type.NonNull === true ? '!' : '');

function fieldOf(node: Node): Field {
  return {
    name: text(node, 'Name'),
    type: (node.Type ?? { NamedType: '' }) as Node,
    hasDefault: node.DefaultValue !== undefined,
    args: fieldsOf(list(node, 'Arguments')),
  };
}

function fieldsOf(nodes: readonly Node[]): Map<string, Field> {
  const found = new Map<string, Field>();
  for (const node of nodes) found.set(text(node, 'Name'), fieldOf(node));
  return found;
}

const scalar = (name: string): TypeDefinition => ({
  kind: 'SCALAR',
  name,
  fields: new Map(),
  interfaces: new Set(),
  members: new Set(),
});

const named = (name: string, nonNull = false): Node => ({ NamedType: name, NonNull: nonNull });
const condition: Field = { name: 'if', type: named('Boolean', true), hasDefault: false, args: new Map() };
const optional = (name: string): Field => ({ name, type: named('String'), hasDefault: true, args: new Map() });

const BUILT_IN: ReadonlyMap<string, ReadonlyMap<string, Field>> = new Map([
  ['include', new Map([['if', condition]])],
  ['skip', new Map([['if', condition]])],
  ['deprecated', new Map([['reason', optional('reason')]])],
  ['specifiedBy', new Map([['url', { ...optional('url'), type: named('String', true), hasDefault: false }]])],
  [
    'defer',
    new Map([
      ['if', { ...condition, hasDefault: true }],
      ['label', optional('label')],
    ]),
  ],
  ['oneOf', new Map()],
]);

function extend(types: Map<string, TypeDefinition>, node: Node): void {
  const name = text(node, 'Name');
  let type = types.get(name);
  if (!type) types.set(name, (type = { ...scalar(name), kind: text(node, 'Kind') }));
  for (const [key, field] of fieldsOf(list(node, 'Fields'))) type.fields.set(key, field);
  for (const each of list(node, 'Interfaces')) type.interfaces.add(String(each));
  for (const each of list(node, 'Types')) type.members.add(String(each));
  for (const each of list(node, 'EnumValues')) type.members.add(text(each, 'Name'));
}

function rootsOf(document: Node, types: ReadonlyMap<string, TypeDefinition>): Map<string, string> {
  const roots = new Map<string, string>();
  for (const part of [...list(document, 'Schema'), ...list(document, 'SchemaExtension')])
    for (const operation of list(part, 'OperationTypes')) {
      const name = text(operation, 'Type');
      if (!types.has(name))
        throw new GraphqlError(
          `Schema root ${text(operation, 'Operation')} refers to a type ${name} that does not exist.`,
        );
      roots.set(text(operation, 'Operation'), name);
    }
  if (roots.size > 0) return roots;
  for (const name of ['Query', 'Mutation', 'Subscription']) if (types.has(name)) roots.set(name.toLowerCase(), name);
  return roots;
}

const INPUT_KINDS = new Set(['SCALAR', 'ENUM', 'INPUT_OBJECT']);

/** Types, directives and roots of a schema document; throws where the document is no schema. */
export function loadSchema(document: Node): Schema {
  const types = new Map<string, TypeDefinition>(
    ['Int', 'Float', 'String', 'Boolean', 'ID'].map(name => [name, scalar(name)]),
  );
  for (const node of list(document, 'Definitions')) {
    if (types.has(text(node, 'Name')) && types.get(text(node, 'Name'))!.kind !== 'SCALAR')
      throw new GraphqlError(`Cannot redeclare type ${text(node, 'Name')}.`);
    extend(types, node);
  }
  for (const node of list(document, 'Extensions')) extend(types, node);
  const directives = new Map(BUILT_IN);
  for (const node of list(document, 'Directives')) {
    if (directives.has(text(node, 'Name')) && !BUILT_IN.has(text(node, 'Name')))
      throw new GraphqlError(`Cannot redeclare directive ${text(node, 'Name')}.`);
    directives.set(text(node, 'Name'), fieldsOf(list(node, 'Arguments')));
  }
  const schema: Schema = { types, directives, roots: rootsOf(document, types) };
  for (const type of types.values()) checkType(type, schema);
  for (const node of [...list(document, 'Definitions'), ...list(document, 'Extensions')]) checkNode(node, schema);
  return schema;
}

function checkNode(node: Node, schema: Schema): void {
  for (const holder of [node, ...list(node, 'Fields'), ...list(node, 'EnumValues')])
    for (const directive of list(holder, 'Directives'))
      if (!schema.directives.has(text(directive, 'Name')))
        throw new GraphqlError(`Undefined directive ${text(directive, 'Name')}.`);
}

function known(type: Node, schema: Schema): TypeDefinition {
  const name = baseName(type);
  const found = schema.types.get(name);
  if (!found) throw new GraphqlError(`Undefined type ${name}.`);
  return found;
}

function checkType(type: TypeDefinition, schema: Schema): void {
  if (type.name.startsWith('__'))
    throw new GraphqlError(`Name "${type.name}" must not begin with "__", which is reserved by GraphQL introspection.`);
  const isInput = type.kind === 'INPUT_OBJECT';
  if (['OBJECT', 'INTERFACE', 'INPUT_OBJECT'].includes(type.kind) && type.fields.size === 0)
    throw new GraphqlError(`${type.kind} ${type.name}: must define one or more fields.`);
  if (type.kind === 'ENUM' && type.members.size === 0)
    throw new GraphqlError(`ENUM ${type.name}: must define one or more unique enum values.`);
  for (const field of type.fields.values()) {
    if (field.name.startsWith('__'))
      throw new GraphqlError(
        `Name "${field.name}" must not begin with "__", which is reserved by GraphQL introspection.`,
      );
    const target = known(field.type, schema);
    if (isInput && !INPUT_KINDS.has(target.kind))
      throw new GraphqlError(`${target.kind} ${target.name}: field must be one of SCALAR, ENUM, INPUT_OBJECT.`);
    if (!isInput && target.kind === 'INPUT_OBJECT')
      throw new GraphqlError(
        `${target.kind} ${target.name}: field must be one of SCALAR, OBJECT, INTERFACE, UNION, ENUM.`,
      );
    for (const arg of field.args.values())
      if (!INPUT_KINDS.has(known(arg.type, schema).kind))
        throw new GraphqlError(
          `cannot use ${baseName(arg.type)} as argument ${arg.name} because ${known(arg.type, schema).kind} is not a valid input type`,
        );
  }
  if (type.kind === 'UNION')
    for (const name of type.members)
      if (schema.types.get(name)?.kind !== 'OBJECT')
        throw new GraphqlError(`UNION type ${JSON.stringify(name)} must be OBJECT.`);
  for (const name of type.interfaces) checkImplements(type, name, schema);
}

function checkImplements(type: TypeDefinition, name: string, schema: Schema): void {
  const face = schema.types.get(name);
  if (!face) throw new GraphqlError(`Undefined type ${JSON.stringify(name)}.`);
  if (face.kind !== 'INTERFACE')
    throw new GraphqlError(`${JSON.stringify(name)} is a non interface type ${face.kind}.`);
  for (const field of face.fields.values()) {
    const own = type.fields.get(field.name);
    if (!own)
      throw new GraphqlError(`For ${type.name} to implement ${name} it must have a field called ${field.name}.`);
    for (const arg of field.args.keys())
      if (!own.args.has(arg))
        throw new GraphqlError(
          `For ${type.name} to implement ${name} the field ${field.name} must have the same arguments.`,
        );
  }
  for (const outer of face.interfaces)
    if (!type.interfaces.has(outer))
      throw new GraphqlError(`Type ${type.name} must implement ${outer} because it is implemented by ${name}.`);
}
