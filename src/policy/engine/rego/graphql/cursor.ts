import { GraphqlError, place, type Token, tokenize } from './lexer.ts';

/** A node as gqlparser tells it, without what is empty. */
export type Node = { [name: string]: unknown };

/** Kinds of values, by gqlparser's numbers. */
export const VALUE = {
  variable: 0,
  int: 1,
  float: 2,
  string: 3,
  block: 4,
  boolean: 5,
  null: 6,
  enum: 7,
  list: 8,
  object: 9,
} as const;

const DEPTH_MAX = 200;

/** Sets a list when it has members. */
export function put(node: Node, name: string, list: readonly unknown[]): void {
  if (list.length > 0) node[name] = list;
}

/** Reading of what queries and schemas share: names, values, types, directives. */
export class Cursor {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#tokens = tokenize(source);
  }

  get token(): Token {
    return this.#tokens[this.#at]!;
  }

  next(): Token {
    return this.#tokens[this.#at < this.#tokens.length - 1 ? this.#at++ : this.#at]!;
  }

  is(text: string): boolean {
    return this.token.text === text && (this.token.kind === 'sign' || this.token.kind === 'name');
  }

  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.next();
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) throw new GraphqlError(`Expected ${text}, found ${shown(this.token)} ${place(this.token)}`);
  }

  name(): string {
    if (this.token.kind !== 'name')
      throw new GraphqlError(`Expected Name, found ${shown(this.token)} ${place(this.token)}`);
    return this.next().text;
  }

  unexpected(token: Token = this.token): never {
    const kinds: Partial<Record<Token['kind'], string>> = {
      name: 'Name',
      string: 'String',
      block: 'BlockString',
      int: 'Int',
      float: 'Float',
    };
    const kind = kinds[token.kind];
    throw new GraphqlError(`Unexpected ${kind ? `${kind} ${JSON.stringify(token.text)}` : token.text} ${place(token)}`);
  }

  deeper<T>(action: () => T): T {
    if (++this.#depth > DEPTH_MAX) throw new GraphqlError('document nests too deeply');
    try {
      return action();
    } finally {
      this.#depth--;
    }
  }

  /** `open item+ close`; nothing when there is no `open`. */
  some<T>(open: string, close: string, item: () => T): T[] {
    if (!this.take(open)) return [];
    const list: T[] = [];
    if (this.is(close)) throw new GraphqlError(`expected at least one definition, found ${close} ${place(this.token)}`);
    while (!this.take(close)) list.push(item());
    return list;
  }

  many<T>(open: string, close: string, item: () => T): T[] {
    if (!this.take(open)) return [];
    const list: T[] = [];
    while (!this.take(close)) {
      if (this.token.kind === 'end') this.unexpected();
      list.push(item());
    }
    return list;
  }

  value(constant: boolean): Node {
    return this.deeper(() => this.#value(constant));
  }

  #value(constant: boolean): Node {
    const { token } = this;
    const leaf = (Kind: number, Raw: string): Node => ({ Raw, Kind, ExpectedTypeHasDefault: false });
    if (token.kind === 'sign') {
      if (token.text === '$' && !constant) {
        this.next();
        return leaf(VALUE.variable, this.name());
      }
      if (token.text === '[') {
        const children = this.many('[', ']', () => ({ Name: '', Value: this.value(constant) }));
        return children.length > 0 ? { ...leaf(VALUE.list, ''), Children: children } : leaf(VALUE.list, '');
      }
      if (token.text === '{') {
        const children = this.many('{', '}', () => {
          const Name = this.name();
          this.expect(':');
          return { Name, Value: this.value(constant) };
        });
        return children.length > 0 ? { ...leaf(VALUE.object, ''), Children: children } : leaf(VALUE.object, '');
      }
      return this.unexpected();
    }
    this.next();
    switch (token.kind) {
      case 'int':
        return leaf(VALUE.int, token.text);
      case 'float':
        return leaf(VALUE.float, token.text);
      case 'string':
        return leaf(VALUE.string, token.text);
      case 'block':
        return leaf(VALUE.block, token.text);
      case 'name':
        if (token.text === 'true' || token.text === 'false') return leaf(VALUE.boolean, token.text);
        return token.text === 'null' ? leaf(VALUE.null, 'null') : leaf(VALUE.enum, token.text);
      default:
        return this.unexpected(token);
    }
  }

  type(): Node {
    return this.deeper(() => {
      let type: Node;
      if (this.take('[')) {
        type = { NamedType: '', NonNull: false, Elem: this.type() };
        this.expect(']');
      } else type = { NamedType: this.name(), NonNull: false };
      if (this.take('!')) type.NonNull = true;
      return type;
    });
  }

  arguments(constant: boolean): Node[] {
    return this.some('(', ')', () => {
      const Name = this.name();
      this.expect(':');
      return { Name, Value: this.value(constant) };
    });
  }

  directives(constant: boolean): Node[] {
    const list: Node[] = [];
    while (this.take('@')) {
      const node: Node = { Name: this.name() };
      put(node, 'Arguments', this.arguments(constant));
      node.Location = '';
      list.push(node);
    }
    return list;
  }
}

const shown = (token: Token): string =>
  token.kind === 'name'
    ? `Name`
    : token.kind === 'int'
      ? 'Int'
      : token.kind === 'float'
        ? 'Float'
        : token.kind === 'string'
          ? 'String'
          : token.text;
