/** A jq filter, read (jq 1.7 manual; what is missing here is refused when it is read). */
export type Filter =
  | { readonly is: 'identity' }
  | { readonly is: 'recurse' }
  | { readonly is: 'literal'; readonly value: null | boolean | number | bigint | string }
  /** Texts with filters between them. */
  | { readonly is: 'text'; readonly parts: readonly (string | Filter)[] }
  | { readonly is: 'variable'; readonly name: string }
  | { readonly is: 'index'; readonly of: Filter; readonly at: Filter }
  | { readonly is: 'slice'; readonly of: Filter; readonly from?: Filter; readonly to?: Filter }
  | { readonly is: 'each'; readonly of: Filter }
  | { readonly is: 'try'; readonly of: Filter; readonly otherwise?: Filter }
  | { readonly is: 'pipe' | 'comma' | 'alternative' | 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly is: 'operator'; readonly sign: Operator; readonly left: Filter; readonly right: Filter }
  | { readonly is: 'negative'; readonly of: Filter }
  | { readonly is: 'array'; readonly of?: Filter }
  | { readonly is: 'object'; readonly fields: readonly { readonly key: Filter; readonly value: Filter }[] }
  | { readonly is: 'if'; readonly test: Filter; readonly yes: Filter; readonly otherwise?: Filter }
  | { readonly is: 'bind'; readonly of: Filter; readonly name: string; readonly body: Filter }
  | {
      readonly is: 'reduce';
      readonly of: Filter;
      readonly name: string;
      readonly from: Filter;
      readonly update: Filter;
    }
  | { readonly is: 'call'; readonly name: string; readonly args: readonly Filter[] };

export type Operator = '+' | '-' | '*' | '/' | '%' | '==' | '!=' | '<' | '<=' | '>' | '>=';

/** What jq makes of its input. Whole numbers it makes itself are `bigint`; those it reads are `number`. */
export type Value = null | boolean | number | bigint | string | Value[] | { [key: string]: Value };

/** A filter that cannot be read, or that failed on its input. */
export class JqError extends Error {
  readonly value: Value;
  constructor(value: Value) {
    super(typeof value === 'string' ? value : JSON.stringify(value, (_, item: unknown) => numbered(item)));
    this.name = 'JqError';
    this.value = value;
  }
}

const numbered = (item: unknown): unknown => (typeof item === 'bigint' ? Number(item) : item);
