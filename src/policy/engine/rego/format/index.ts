import { type Comment, tokenize } from '../lexer.ts';
import { parseModule, type ParseOptions } from '../parser.ts';
import type { Import, Module, Rule, Term } from '../syntax.ts';
import { compareText } from '../value.ts';
import { TermWriter } from './terms.ts';
import { closingRow, Writer } from './writer.ts';

export interface FormatOptions extends ParseOptions {
  /** Made to read the same in v0 and v1: `import rego.v1` stands for the imports of keywords. */
  readonly both?: boolean;
  /** Imports that v1 does not need are left out. */
  readonly dropImports?: boolean;
}

interface Style {
  readonly v1: boolean;
  readonly ifs: boolean;
  readonly contains: boolean;
  /** Heads are written as references; without it `p["x"]` keeps its brackets. */
  readonly references: boolean;
}

function styleOf(module: Module, options: FormatOptions): Style {
  const imports = (word: string): boolean =>
    module.imports.some(({ path }) => path[0] === 'future' && (path.length === 2 || path[2] === word));
  const v1 = options.both === true || module.version === 'v1';
  const references =
    options.both === true ||
    module.imports.some(({ path }) => path[0] === 'future' || path[0] === 'rego') ||
    module.rules.some(({ head }) => head.path.length > 2);
  return { v1, ifs: v1 || imports('if'), contains: v1 || imports('contains'), references };
}

const isTrue = (term: Term | undefined): boolean => term?.kind === 'scalar' && term.value === true;

/** The body `true` that a rule without a body has. */
const hasNoBody = ({ body, at }: Rule): boolean => {
  const [only] = body;
  return (
    body.length === 1 &&
    only!.kind === 'term' &&
    !only!.negated &&
    only!.with.length === 0 &&
    isTrue(only!.term) &&
    at !== undefined
  );
};

class ModuleWriter {
  readonly #out: Writer;
  readonly #terms: TermWriter;
  readonly #style: Style;

  constructor(out: Writer, style: Style) {
    this.#out = out;
    this.#terms = new TermWriter(out);
    this.#style = style;
  }

  module(module: Module, imports: readonly Import[]): void {
    const out = this.#out;
    out.commentsFor(out.row(module.packageAt.start));
    out.startLine();
    out.write('package ');
    this.#path(module.package);
    out.endLine();
    out.blankLine();
    this.#imports(imports);
    module.rules.forEach((rule, index) =>
      this.#ruleOf(rule, module.rules[index + 1], rule.at.start === module.rules[index - 1]?.at.start),
    );
    out.lastComments();
  }

  #path(path: readonly string[]): void {
    this.#out.write(pathText(path));
  }

  #imports(imports: readonly Import[]): void {
    const out = this.#out;
    const beside = out.takeOnRows(new Set(imports.map(each => (each.at.end > 0 ? out.rowOf(each) : -1))));
    const groups: Import[][] = [];
    let last: number | undefined;
    for (const each of imports) {
      const row = each.at.end > 0 ? out.rowOf(each) : (last ?? 0) + 1;
      if (last === undefined || row > last + 1) groups.push([]);
      groups.at(-1)!.push(each);
      last = row;
    }
    for (const group of groups) {
      if (group[0]!.at.end > 0) out.commentsFor(out.rowOf(group[0]!));
      for (const each of group.toSorted(compareImports)) {
        out.startLine();
        out.write('import ');
        this.#path(each.path);
        if (each.alias !== undefined) out.write(` as ${each.alias}`);
        const comment = each.at.end > 0 ? beside.get(out.rowOf(each)) : undefined;
        if (comment !== undefined) out.write(` ${comment}`);
        out.endLine();
      }
      out.blankLine();
    }
  }

  #ruleOf(rule: Rule, next: Rule | undefined, isChained: boolean): void {
    const out = this.#out;
    out.commentsFor(out.rowOf(rule));
    this.#rule(rule, false);
    const together =
      next !== undefined &&
      !isChained &&
      this.#isOneLiner(rule) &&
      this.#isOneLiner(next) &&
      out.rowOf(next) === out.rowOf(rule) + 1;
    if (!together) out.blankLine();
  }

  #isOneLiner(rule: Rule): boolean {
    return rule.body.length <= 1 && !rule.isDefault && !rule.else && this.#takesIf(rule);
  }

  /** A partial set without `contains` has no `if` either. */
  #takesIf({ head }: Rule): boolean {
    return this.#style.ifs && (this.#style.contains || head.key === undefined);
  }

  #rule(rule: Rule, isElse: boolean): void {
    const out = this.#out;
    const row = out.rowOf(rule);
    if (!isElse) out.startLine();
    if (rule.isDefault) out.write('default ');
    const bare = hasNoBody(rule) && rule.else === undefined;
    this.#head(rule, isElse, bare);
    if (bare) return out.endLine();
    if (this.#takesIf(rule)) {
      out.write(' if');
      if (this.#isOnLine(rule)) {
        out.write(' ');
        this.#terms.literal(rule.body[0]!);
        out.endLine();
        if (rule.else) this.#else(rule, rule.else);
        return;
      }
    }
    out.write(' {');
    out.endLine();
    out.up();
    this.#terms.body(rule.body);
    const skip: readonly [string, string] | undefined =
      !isElse && rule.head.args ? ['(', ')'] : rule.head.key ? ['[', ']'] : undefined;
    const closing = closingRow(out.textOf(rule), row, ['{', '}'], skip);
    if (closing !== undefined) out.commentsFor(closing);
    out.down();
    out.startLine();
    out.write('}');
    if (rule.else) return this.#else(rule, rule.else);
    out.endLine();
  }

  /** `else` stays behind what ends the line before, or starts a line of its own as in the source. */
  #else(rule: Rule, other: Rule): void {
    const out = this.#out;
    const row = out.rowOf(other);
    const line = out.textOf(rule).split('\n')[row - out.rowOf(rule)];
    const isInline = row > out.rowOf(rule) && line !== undefined && !line.trimStart().startsWith('else');
    const comment = out.nextCommentRow;
    const below = (comment !== undefined && comment < row) || out.hasPending;
    if (isInline && !below) out.write(' ');
    else {
      if (rule.body.length > 0 && out.hasPending) out.endLine();
      else if (!this.#takesIf(rule) || !this.#isOnLine(rule)) out.endLine();
      out.blankLine();
      out.startLine();
    }
    out.commentsFor(row);
    out.ensureLine();
    this.#rule(other, true);
  }

  /** Whether the one literal of a body stands on the line its head ends on. */
  #isOnLine({ head, body, at }: Rule): boolean {
    const out = this.#out;
    const before = [head.key, head.value, ...(head.args ?? []), ...head.path].filter(
      (term): term is Term => term !== undefined && term.at.end <= body[0]!.at.start && term.at.start >= at.start,
    );
    const end = Math.max(at.start, ...before.map(term => term.at.end - 1));
    return body.length === 1 && out.rowOf(body[0]!) === out.row(end);
  }

  #head(rule: Rule, isElse: boolean, bare: boolean): void {
    const out = this.#out;
    const { head } = rule;
    if (isElse) out.write('else');
    else {
      const [name, ...keys] = head.path;
      const [key] = keys;
      if (key && keys.length === 1 && !this.#style.references && !head.key) {
        this.#terms.ref(name!, []);
        out.write(`[${keyText(key, out.textOf(key))}]`);
      } else this.#terms.ref(name!, keys);
      if (head.args) {
        const row = out.rowOf(rule);
        this.#terms.arguments(head.args, row, closingRow(out.textOf(rule), row, ['(', ')']) ?? row);
      }
    }
    if (head.key) {
      out.write(this.#style.contains ? ' contains ' : '[');
      this.#terms.term(head.key);
      if (!this.#style.contains) out.write(']');
      return;
    }
    this.#value(rule, bare);
  }

  #value({ head, isDefault }: Rule, bare: boolean): void {
    const value: Term | undefined = head.value;
    const generated = value === undefined || value.at.end > this.#out.source.length;
    if (isTrue(value) || value === undefined) {
      if (!bare && !isDefault) return;
      if (generated && head.args) return;
    }
    this.#out.write(head.assigned || this.#style.v1 ? ' := ' : ' = ');
    if (value === undefined || isGenerated(value, head.path[0]!)) this.#out.write('true');
    else this.#terms.term(value);
  }
}

const isGenerated = (value: Term, name: Term): boolean => value.at.start < name.at.start;

const keyText = (key: Term, text: string): string =>
  key.kind === 'scalar' && typeof key.value === 'string'
    ? JSON.stringify(key.value)
    : key.kind === 'var' && key.name.startsWith('$')
      ? '_'
      : text;

const pathText = (path: readonly string[]): string =>
  path.map((name, index) => (index === 0 ? name : /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `["${name}"]`)).join('');

function compareImports(left: Import, right: Import): number {
  const length = Math.min(left.path.length, right.path.length);
  for (let at = 0; at < length; at++) {
    const order = compareText(left.path[at]!, right.path[at]!);
    if (order !== 0) return order;
  }
  return left.path.length - right.path.length || compareText(left.alias ?? '', right.alias ?? '');
}

const isRegoV1 = ({ path }: Import): boolean => path[0] === 'rego' && path[1] === 'v1';

function importsOf(module: Module, { both, dropImports }: FormatOptions): readonly Import[] {
  if (dropImports === true) return module.imports.filter(each => each.path[0] !== 'future' && !isRegoV1(each));
  if (both !== true) return module.imports;
  const isNegation = ({ path }: Import): boolean => path[0] === 'future' && (path.length === 2 || path[2] === 'not');
  // rego.v1 brings every keyword but `not {…}`.
  const kept = module.imports.flatMap(each => {
    if (isNegation(each)) return [{ path: ['future', 'keywords', 'not'], at: each.at }];
    return each.path[0] === 'future' ? [] : [each];
  });
  return kept.some(isRegoV1) ? kept : [...kept, { path: ['rego', 'v1'], at: { start: 0, end: 0 } }];
}

/** A module as `opa fmt` writes it. Throws RegoError rego_parse_error. */
export function formatModule(text: string, options: FormatOptions): string {
  const module = parseModule(text, options);
  const comments: Comment[] = [...tokenize(text, options.file).comments];
  const out = new Writer(text, comments);
  new ModuleWriter(out, styleOf(module, options)).module(module, importsOf(module, options));
  return `${out.toString().trim()}\n`;
}
