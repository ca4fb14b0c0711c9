import { Cursor, type Node, put } from './cursor.ts';

function selections(cursor: Cursor): Node[] {
  return cursor.deeper(() => cursor.some('{', '}', () => (cursor.is('...') ? fragment(cursor) : field(cursor))));
}

function required(cursor: Cursor): Node[] {
  if (!cursor.is('{')) cursor.expect('{');
  return selections(cursor);
}

function field(cursor: Cursor): Node {
  const node: Node = { Alias: cursor.name() };
  node.Name = cursor.take(':') ? cursor.name() : node.Alias;
  put(node, 'Arguments', cursor.arguments(false));
  put(node, 'Directives', cursor.directives(false));
  if (cursor.is('{')) put(node, 'SelectionSet', selections(cursor));
  return node;
}

function fragment(cursor: Cursor): Node {
  cursor.expect('...');
  if (cursor.token.kind === 'name' && cursor.token.text !== 'on') {
    const node: Node = { Name: cursor.name() };
    put(node, 'Directives', cursor.directives(false));
    return node;
  }
  const node: Node = { TypeCondition: cursor.take('on') ? cursor.name() : '' };
  put(node, 'Directives', cursor.directives(false));
  put(node, 'SelectionSet', required(cursor));
  return node;
}

function variables(cursor: Cursor): Node[] {
  return cursor.many('(', ')', () => {
    cursor.expect('$');
    const node: Node = { Variable: cursor.name() };
    cursor.expect(':');
    node.Type = cursor.type();
    if (cursor.take('=')) node.DefaultValue = cursor.value(true);
    put(node, 'Directives', cursor.directives(false));
    node.Used = false;
    return node;
  });
}

function operation(cursor: Cursor): Node {
  if (cursor.is('{')) return { Name: '', Operation: 'query', SelectionSet: selections(cursor) };
  const node: Node = { Operation: cursor.next().text, Name: cursor.token.kind === 'name' ? cursor.name() : '' };
  put(node, 'VariableDefinitions', variables(cursor));
  put(node, 'Directives', cursor.directives(false));
  put(node, 'SelectionSet', required(cursor));
  return node;
}

function fragmentDefinition(cursor: Cursor): Node {
  cursor.next();
  if (cursor.is('on')) cursor.unexpected();
  const node: Node = { Name: cursor.name() };
  put(node, 'VariableDefinition', variables(cursor));
  cursor.expect('on');
  node.TypeCondition = cursor.name();
  put(node, 'Directives', cursor.directives(false));
  put(node, 'SelectionSet', required(cursor));
  return node;
}

/** Reads an executable document into the shape of gqlparser's QueryDocument. */
export function parseQueryDocument(source: string): Node {
  const cursor = new Cursor(source);
  const operations: Node[] = [];
  const fragments: Node[] = [];
  while (cursor.token.kind !== 'end') {
    if (cursor.is('{') || ['query', 'mutation', 'subscription'].some(word => cursor.is(word)))
      operations.push(operation(cursor));
    else if (cursor.is('fragment')) fragments.push(fragmentDefinition(cursor));
    else cursor.unexpected();
  }
  const document: Node = {};
  put(document, 'Operations', operations);
  put(document, 'Fragments', fragments);
  return document;
}
