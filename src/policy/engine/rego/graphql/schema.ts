import { Cursor, type Node, put } from './cursor.ts';

const LOCATIONS = new Set(
  (
    'QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT VARIABLE_DEFINITION SCHEMA SCALAR ' +
    'OBJECT FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION ENUM ENUM_VALUE INPUT_OBJECT INPUT_FIELD_DEFINITION'
  ).split(' '),
);

function description(cursor: Cursor): string {
  return cursor.token.kind === 'string' || cursor.token.kind === 'block' ? cursor.next().text : '';
}

/** `name: Type = default @directives`: arguments and input fields. */
function inputValue(cursor: Cursor): Node {
  const node: Node = { Description: description(cursor), Name: cursor.name() };
  cursor.expect(':');
  node.Type = cursor.type();
  if (cursor.take('=')) node.DefaultValue = cursor.value(true);
  put(node, 'Directives', cursor.directives(true));
  return node;
}

function fieldDefinition(cursor: Cursor): Node {
  const node: Node = { Description: description(cursor), Name: cursor.name() };
  put(
    node,
    'Arguments',
    cursor.some('(', ')', () => inputValue(cursor)),
  );
  cursor.expect(':');
  node.Type = cursor.type();
  put(node, 'Directives', cursor.directives(true));
  return node;
}

function enumValue(cursor: Cursor): Node {
  const node: Node = { Description: description(cursor), Name: cursor.name() };
  put(node, 'Directives', cursor.directives(true));
  return node;
}

/** Names between signs; the first sign may stand before the first name. */
function names(cursor: Cursor, sign: string): string[] {
  cursor.take(sign);
  const list = [cursor.name()];
  while (cursor.take(sign)) list.push(cursor.name());
  return list;
}

const KINDS: Readonly<Record<string, string>> = {
  scalar: 'SCALAR',
  type: 'OBJECT',
  interface: 'INTERFACE',
  union: 'UNION',
  enum: 'ENUM',
  input: 'INPUT_OBJECT',
};

function typeDefinition(cursor: Cursor, text: string, extension: boolean): Node {
  const word = cursor.next();
  const kind = Object.hasOwn(KINDS, word.text) && word.kind === 'name' ? KINDS[word.text]! : cursor.unexpected(word);
  const node: Node = { Kind: kind, Description: text, Name: cursor.name(), BuiltIn: false };
  if ((kind === 'OBJECT' || kind === 'INTERFACE') && cursor.take('implements'))
    put(node, 'Interfaces', names(cursor, '&'));
  put(node, 'Directives', cursor.directives(true));
  const before = Object.keys(node).length;
  if (kind === 'OBJECT' || kind === 'INTERFACE')
    put(
      node,
      'Fields',
      cursor.some('{', '}', () => fieldDefinition(cursor)),
    );
  else if (kind === 'INPUT_OBJECT')
    put(
      node,
      'Fields',
      cursor.some('{', '}', () => inputValue(cursor)),
    );
  else if (kind === 'ENUM')
    put(
      node,
      'EnumValues',
      cursor.some('{', '}', () => enumValue(cursor)),
    );
  else if (kind === 'UNION' && cursor.take('=')) put(node, 'Types', names(cursor, '|'));
  if (extension && before === 4 && Object.keys(node).length === 4) cursor.unexpected();
  return node;
}

function schemaDefinition(cursor: Cursor, text: string, extension: boolean): Node {
  cursor.next();
  const node: Node = { Description: text };
  const directives = cursor.directives(true);
  put(node, 'Directives', directives);
  if (!extension && !cursor.is('{')) cursor.expect('{');
  const types = cursor.some('{', '}', () => {
    const word = cursor.token;
    const Operation = cursor.name();
    if (!['query', 'mutation', 'subscription'].includes(Operation)) cursor.unexpected(word);
    cursor.expect(':');
    return { Operation, Type: cursor.name() };
  });
  if (extension && types.length === 0 && directives.length === 0) cursor.unexpected();
  put(node, 'OperationTypes', types);
  return node;
}

function directiveDefinition(cursor: Cursor, text: string): Node {
  cursor.next();
  cursor.expect('@');
  const node: Node = { Description: text, Name: cursor.name() };
  put(
    node,
    'Arguments',
    cursor.some('(', ')', () => inputValue(cursor)),
  );
  node.IsRepeatable = cursor.take('repeatable');
  cursor.expect('on');
  cursor.take('|');
  const locations: string[] = [];
  do {
    const word = cursor.token;
    const location = cursor.name();
    if (!LOCATIONS.has(location)) cursor.unexpected(word);
    locations.push(location);
  } while (cursor.take('|'));
  node.Locations = locations;
  return node;
}

/** Reads a type system document into the shape of gqlparser's SchemaDocument. */
export function parseSchemaDocument(source: string): Node {
  const cursor = new Cursor(source);
  const parts: Record<string, Node[]> = {
    Schema: [],
    SchemaExtension: [],
    Directives: [],
    Definitions: [],
    Extensions: [],
  };
  while (cursor.token.kind !== 'end') {
    const start = cursor.token;
    const text = description(cursor);
    if (cursor.is('schema')) parts.Schema!.push(schemaDefinition(cursor, text, false));
    else if (cursor.is('directive')) parts.Directives!.push(directiveDefinition(cursor, text));
    else if (cursor.is('extend')) {
      if (start !== cursor.token) cursor.unexpected(start);
      cursor.next();
      if (cursor.is('schema')) parts.SchemaExtension!.push(schemaDefinition(cursor, '', true));
      else parts.Extensions!.push(typeDefinition(cursor, '', true));
    } else parts.Definitions!.push(typeDefinition(cursor, text, false));
  }
  const document: Node = {};
  for (const [name, list] of Object.entries(parts)) put(document, name, list);
  return document;
}
