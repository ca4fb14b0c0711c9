import type { Files } from './files.ts';
import { readDocuments, type ReadDocument } from './read.ts';
import { refuse } from './refuse.ts';
import { Resource } from './resource.ts';
import { isTree, lookup, type Tree } from './tree.ts';

function checked(value: Tree, document: ReadDocument): Tree {
  if (typeof value.kind !== 'string' || value.kind === '') throw refuse('missing kind in object', document.span);
  const name = lookup(value, 'metadata', 'name');
  if (name === undefined || name === null || name === '')
    throw refuse('missing metadata.name in object', document.span);
  return value;
}

/** Objects of a text; a `List` gives its items. */
export function objectsIn(text: string, file: string, needName = true): { object: Tree; document: ReadDocument }[] {
  return readDocuments(text, file).flatMap(document => {
    const { value } = document;
    if (!isTree(value)) throw refuse('expected a map', document.span);
    if (Object.keys(value).length === 0) return [];
    if (typeof value.kind === 'string' && value.kind.endsWith('List') && Array.isArray(value.items)) {
      return value.items.filter(isTree).map(item => ({ object: checked(item, document), document }));
    }
    return [{ object: needName ? checked(value, document) : value, document }];
  });
}

/** The resources of a file. */
export function loadFile(files: Files, path: string): Resource[] {
  const { text, file } = files.read(path);
  return objectsIn(text, file).map(({ object, document }) => new Resource(object, { span: document.span, path: file }));
}
