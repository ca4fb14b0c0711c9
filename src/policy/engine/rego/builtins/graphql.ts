import type { Node } from '../graphql/cursor.ts';
import { GraphqlError } from '../graphql/lexer.ts';
import { parseQueryDocument } from '../graphql/query.ts';
import { parseSchemaDocument } from '../graphql/schema.ts';
import { loadSchema } from '../graphql/types.ts';
import { validateQuery } from '../graphql/validate.ts';
import { BuiltinError } from '../runtime.ts';
import { isObject, objectOf, toJson, type Value } from '../value.ts';
import { type Entry, entry, text, wrong } from './operands.ts';

/** Runs the parser or the checks; their refusals become the builtin's. */
function told<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof GraphqlError) throw new BuiltinError(error.message);
    throw error;
  }
}

function holds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (error instanceof GraphqlError || (error instanceof BuiltinError && !error.isType)) return false;
    throw error;
  }
}

/** A document as text, or its tree as an object. */
function documentOf(value: Value, position: number, parse: (source: string) => Node): Node {
  if (typeof value === 'string') return parse(value);
  return isObject(value) ? (toJson(value) as Node) : wrong(position, 'one of {string, object}', value);
}

const queryOf = (value: Value): Node => documentOf(value, 1, parseQueryDocument);
const schemaOf = (value: Value, position: number): Node => documentOf(value, position, parseSchemaDocument);

function verified(query: Value, schema: Value): readonly [Value, Value] {
  const [asked, types] = [queryOf(query), schemaOf(schema, 2)];
  validateQuery(asked, loadSchema(types));
  return [asked as Value, types as Value];
}

/** GraphQL documents; trees have the shape of gqlparser's. */
export const graphql: Readonly<Record<string, Entry>> = {
  'graphql.parse': entry(2, ([query, schema]) => told(() => verified(query!, schema!))),
  'graphql.parse_and_verify': entry(2, ([query, schema]) => {
    let found: readonly [Value, Value] | undefined;
    const valid = holds(() => {
      found = verified(query!, schema!);
    });
    return valid ? [true, ...found!] : [false, objectOf([]), objectOf([])];
  }),
  'graphql.parse_query': entry(1, ([query]) => told(() => parseQueryDocument(text(query!, 1)) as Value)),
  'graphql.parse_schema': entry(1, ([schema]) => told(() => parseSchemaDocument(text(schema!, 1)) as Value)),
  'graphql.is_valid': entry(2, ([query, schema]) => holds(() => void verified(query!, schema!))),
  'graphql.schema_is_valid': entry(1, ([schema]) => holds(() => void loadSchema(schemaOf(schema!, 1)))),
};
