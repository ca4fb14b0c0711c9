import type { Comprehension, Expr } from './ast.ts';
import type { Checked } from './checker.ts';
import { callCost, COSTS } from './cost-model.ts';
import type { CelEnvironment } from './environment.ts';
import { type ExpressionWriter, foldWriter } from './folds.ts';
import { LIBRARY } from './library.ts';
import { compilePattern, type Pattern } from './runtime/regex.ts';
import { type CelType, unescapeField } from './types.ts';
import { type CelValue, isInt, TypeValue } from './values.ts';
import { type Code, type GeneratedFunction, Writer } from './writer.ts';

const ARITHMETIC: Readonly<Record<string, string>> = {
  '_+_': 'add',
  '_-_': 'subtract',
  '_*_': 'multiply',
  '_/_': 'divide',
  '_%_': 'modulo',
};
const ORDER: Readonly<Record<string, readonly [string, string]>> = {
  '_<_': ['<', 'less'],
  '_<=_': ['<=', 'lessOrEqual'],
  '_>_': ['>', 'greater'],
  '_>=_': ['>=', 'greaterOrEqual'],
};
const CONVERTED: Readonly<Record<string, string>> = {
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'duration',
  bytes: 'bytes',
  double: 'double',
};

/** Compiles a checked expression to a function. */
export function generate(expr: Expr, checked: Checked, environment: CelEnvironment): GeneratedFunction {
  const generator = new Generator(checked, environment);
  const result = generator.visit(expr);
  return generator.writer.finish(result.text, LIBRARY);
}

class Generator implements ExpressionWriter {
  readonly writer = new Writer();
  private readonly checked: Checked;
  private readonly environment: CelEnvironment;
  /** Source that reads the variable of a slot. */
  private readonly locals = new Map<number, string>();

  constructor(checked: Checked, environment: CelEnvironment) {
    this.checked = checked;
    this.environment = environment;
  }

  visit(expr: Expr): Code {
    const w = this.writer;
    switch (expr.kind) {
      case 'const':
        return typeof expr.value === 'boolean'
          ? { text: String(expr.value), known: 'bool' }
          : { text: w.literal(expr.value) };
      case 'ident':
        return this.ident(expr);
      case 'select':
        return this.select(expr);
      case 'call':
        return this.call(expr);
      case 'list':
        return this.list(expr);
      case 'map':
        return this.map(expr);
      case 'struct': {
        w.charge(COSTS.struct);
        const type = this.checked.types.get(expr);
        if (type?.kind === 'wrapper') {
          const value = expr.fields[0] ? this.visit(expr.fields[0].value).text : 'undefined';
          return w.keep(`wrap("${type.name}", ${value})`);
        }
        return this.pairs(
          expr.fields.map(field => ({ key: JSON.stringify(field.name), value: field.value, optional: field.optional })),
        );
      }
      case 'comprehension':
        return this.comprehension(expr);
      case 'bind': {
        const init = w.keep(this.visit(expr.init).text);
        this.locals.set(this.checked.slots.get(expr)![0]!, init.text);
        return this.visit(expr.body);
      }
      case 'block':
        return this.block(expr);
    }
  }

  private ident(expr: Expr): Code {
    const resolution = this.checked.resolutions.get(expr);
    const w = this.writer;
    if (resolution?.kind === 'local') {
      w.charge(COSTS.ident);
      const text = this.locals.get(resolution.slot)!;
      return text.endsWith('()') ? w.keep(text) : { text };
    }
    if (resolution?.kind === 'variable') {
      w.charge(COSTS.ident);
      const name = JSON.stringify(resolution.name);
      const read = resolution.name in Object.prototype ? `own(A, ${name})` : `A[${name}]`;
      const value = w.keep(read);
      w.line(`if (${value.text} === undefined) fail(${JSON.stringify(`no such attribute(s): ${resolution.name}`)});`);
      return this.converted(expr, value);
    }
    if (resolution?.kind === 'type') return { text: w.constant(new TypeValue(resolution.name)) };
    const name = expr.kind === 'ident' ? expr.name : expr.kind === 'select' ? expr.field : '';
    return w.keep(`fail(${JSON.stringify(`undeclared reference to '${name}'`)})`);
  }

  /** JSON that stands for another type (dates in strings …) becomes a value of that type where it is read. */
  private converted(expr: Expr, value: Code): Code {
    const type = this.checked.types.get(expr);
    return this.convertedType(type, value);
  }

  private convertedType(type: CelType | undefined, value: Code): Code {
    const wanted = type && (type.kind === 'opaque' || type.kind === 'prim') ? CONVERTED[type.name] : undefined;
    return wanted === undefined ? value : this.writer.keep(`convert("${wanted}", ${value.text})`);
  }

  private select(expr: Expr & { kind: 'select' }): Code {
    if (this.checked.resolutions.has(expr)) return this.ident(expr);
    const w = this.writer;
    const operand = this.visit(expr.operand);
    if (!expr.test) w.charge(COSTS.select);
    const typed = this.checked.types.get(expr.operand)?.kind === 'object';
    const name = typed ? unescapeField(expr.field) : expr.field;
    const field = JSON.stringify(name);
    if (expr.optional) return w.keep(`optionalSelect(${operand.text}, ${field})`);
    const plain = `${operand.text} !== null && typeof ${operand.text} === 'object' && ${operand.text}.constructor === Object`;
    // Names of Object.prototype, and objects whose own member hides `constructor`, go the slow way.
    if (name in Object.prototype)
      return expr.test ? w.keep(`has(${operand.text}, ${field})`, 'bool') : w.keep(`select(${operand.text}, ${field})`);
    const slow = expr.test ? `has(${operand.text}, ${field})` : `select(${operand.text}, ${field})`;
    if (expr.test) return w.keep(`${plain} ? ${operand.text}[${field}] !== undefined : ${slow}`, 'bool');
    const found = w.name();
    w.line(
      `let ${found}; if (!(${plain}) || (${found} = ${operand.text}[${field}]) === undefined) ${found} = ${slow};`,
    );
    return this.converted(expr, { text: found });
  }

  private call(expr: Expr & { kind: 'call' }): Code {
    switch (expr.fn) {
      case '_&&_':
      case '_||_':
        return this.logic(expr, expr.fn === '_&&_');
      case '_?_:_':
        return this.ternary(expr);
      default:
    }
    const resolution = this.checked.resolutions.get(expr);
    if (resolution?.kind !== 'function')
      return this.writer.keep(`fail(${JSON.stringify(`undeclared reference to '${expr.fn}'`)})`);
    const receiver = resolution.member && expr.target ? [expr.target] : [];
    const nodes = [...receiver, ...expr.args];
    const special = this.specialCall(expr, resolution.name, nodes);
    if (special) return special;
    const args = nodes.map(node => this.visit(node));
    const operator = this.operator(resolution.name, args, nodes);
    if (operator) return this.converted(expr, operator);
    return this.plainCall(resolution.name, resolution.member, args);
  }

  private plainCall(name: string, member: boolean, args: readonly Code[]): Code {
    const w = this.writer;
    const table = this.environment.implementations;
    const work = table.get(`${member ? '.' : ''}${name}/${args.length}`) ?? table.get(`${member ? '.' : ''}${name}/*`);
    if (work === undefined) return w.keep('bad()');
    const texts = args.map(arg => arg.text).join(', ');
    const cost = callCost(name);
    if (!cost) w.charge(COSTS.call);
    else w.line(`if ((c += ${w.constant(cost)}(${texts})) > L) over(S, c);`);
    return w.keep(`${w.constant(work)}(${texts})`);
  }

  /** Calls that are better compiled knowing a literal argument. */
  private specialCall(expr: Expr & { kind: 'call' }, name: string, nodes: readonly Expr[]): Code | undefined {
    const w = this.writer;
    const last = nodes.at(-1);
    if (name === 'matches' && nodes.length === 2 && last?.kind === 'const' && typeof last.value === 'string') {
      let pattern: Pattern;
      try {
        pattern = compilePattern(last.value);
      } catch {
        return undefined;
      }
      const text = this.visit(nodes[0]!);
      w.line(
        `if (typeof ${text.text} !== 'string') bad(); if ((c += ${w.constant(callCost('matches'))}(${text.text}, ${JSON.stringify(last.value)})) > L) over(S, c);`,
      );
      return w.keep(`${w.constant(pattern)}.test(${text.text})`, 'bool');
    }
    if (expr.fn === '@in' && last?.kind === 'list') {
      const values = constantItems(last);
      if (values === undefined || values.length === 0) return undefined;
      const item = this.visit(nodes[0]!);
      w.charge(values.length);
      const set = w.constant(new Set(values));
      const fast = `typeof ${item.text} === 'object' && ${item.text} !== null || typeof ${item.text} === 'bigint'`;
      return w.keep(`${fast} ? contains(${item.text}, ${w.constant(values)}) : ${set}.has(${item.text})`, 'bool');
    }
    return undefined;
  }

  private operator(name: string, args: readonly Code[], nodes: readonly Expr[]): Code | undefined {
    const w = this.writer;
    const [a, b] = args.map(arg => arg.text) as [string, string];
    if (Object.hasOwn(ARITHMETIC, name)) {
      if (name !== '_+_') w.charge(COSTS.call);
      else w.line(`if ((c += ${w.constant(callCost('_+_'))}(${a}, ${b})) > L) over(S, c);`);
      return w.keep(`${ARITHMETIC[name]}(${a}, ${b})`);
    }
    if (Object.hasOwn(ORDER, name)) {
      w.charge(COSTS.call);
      const [sign, slow] = ORDER[name]!;
      return w.keep(
        `typeof ${a} === 'number' && typeof ${b} === 'number' ? ${a} ${sign} ${b} : ${slow}(${a}, ${b})`,
        'bool',
      );
    }
    switch (name) {
      case '_==_':
      case '_!=_': {
        const same = this.equality(a, b, nodes);
        return w.keep(name === '_==_' ? same : `!(${same})`, 'bool');
      }
      case '!_':
        w.charge(COSTS.call);
        if (args[0]!.known !== 'bool') w.line(`if (typeof ${a} !== 'boolean') bad();`);
        return w.keep(`!${a}`, 'bool');
      case '-_':
        w.charge(COSTS.call);
        return w.keep(`negate(${a})`);
      case '@in':
        w.line(`if ((c += ${w.constant(callCost('@in'))}(${a}, ${b})) > L) over(S, c);`);
        return w.keep(`contains(${a}, ${b})`, 'bool');
      case '_[_]':
        w.charge(COSTS.select);
        return w.keep(`index(${a}, ${b})`);
      default:
        return undefined;
    }
  }

  private equality(a: string, b: string, nodes: readonly Expr[]): string {
    const w = this.writer;
    for (const [node, other] of [
      [nodes[1]!, a],
      [nodes[0]!, b],
    ] as const) {
      if (node.kind !== 'const') continue;
      w.charge(COSTS.call);
      if (node.value === null || typeof node.value === 'boolean' || typeof node.value === 'string')
        return `${a} === ${b}`;
      if (isInt(node.value)) return `(${a} === ${b} || (typeof ${other} === 'object' && equals(${a}, ${b})))`;
    }
    w.line(`if ((c += ${w.constant(callCost('_==_'))}(${a}, ${b})) > L) over(S, c);`);
    return `(${a} === ${b} || equals(${a}, ${b}))`;
  }

  /** `&&` and `||`: a deciding operand wins over errors of the others, on either side (CEL "Logical Operators"). */
  private logic(expr: Expr & { kind: 'call' }, and: boolean): Code {
    const w = this.writer;
    const result = w.name();
    const error = w.name('e');
    const neutral = String(and);
    w.line(`let ${result} = ${neutral}, ${error} = null;`);
    for (const [i, arg] of expr.args.entries()) {
      const operand = (): void => {
        const code = this.visit(arg);
        if (code.known !== 'bool') w.line(`if (typeof ${code.text} !== 'boolean') bad();`);
        w.line(`${result} = ${code.text};`);
      };
      const guarded = (): void => {
        w.block('try', operand);
        w.line(`catch (x) { ${error} = soft(x); ${result} = ${neutral}; }`);
      };
      if (i === 0) guarded();
      else w.block(`if (${result} === ${neutral})`, guarded);
    }
    w.line(`if (${error} !== null && ${result} === ${neutral}) throw ${error};`);
    return { text: result, known: 'bool' };
  }

  private ternary(expr: Expr & { kind: 'call' }): Code {
    const w = this.writer;
    const [condition, yes, no] = expr.args as [Expr, Expr, Expr];
    const test = this.visit(condition);
    if (test.known !== 'bool') w.line(`if (typeof ${test.text} !== 'boolean') bad();`);
    const result = w.name();
    w.line(`let ${result};`);
    w.block(`if (${test.text})`, () => w.line(`${result} = ${this.visit(yes).text};`));
    w.block('else', () => w.line(`${result} = ${this.visit(no).text};`));
    return { text: result };
  }

  private list(expr: Expr & { kind: 'list' }): Code {
    const w = this.writer;
    w.charge(COSTS.list);
    const constant = constantItems(expr);
    if (constant) return { text: w.constant(Object.freeze(constant)) };
    if (!expr.items.some(item => item.optional))
      return w.keep(`[${expr.items.map(item => this.visit(item.value).text).join(', ')}]`);
    const list = w.keep('[]');
    for (const item of expr.items) {
      const value = this.visit(item.value).text;
      if (!item.optional) w.line(`${list.text}.push(${value});`);
      else {
        const held = w.keep(`optionalEntry(${value})`).text;
        w.line(`if (${held} !== undefined) ${list.text}.push(${held});`);
      }
    }
    return list;
  }

  private map(expr: Expr & { kind: 'map' }): Code {
    this.writer.charge(COSTS.map);
    return this.pairs(expr.entries.map(entry => ({ key: entry.key, value: entry.value, optional: entry.optional })));
  }

  private pairs(entries: readonly { key: Expr | string; value: Expr; optional: boolean }[]): Code {
    const w = this.writer;
    const list = w.keep('[]');
    for (const entry of entries) {
      const key = typeof entry.key === 'string' ? entry.key : this.visit(entry.key).text;
      const value = this.visit(entry.value).text;
      if (!entry.optional) w.line(`${list.text}.push(${key}, ${value});`);
      else {
        const held = w.keep(`optionalEntry(${value})`).text;
        w.line(`if (${held} !== undefined) ${list.text}.push(${key}, ${held});`);
      }
    }
    return w.keep(`makeMap(${list.text})`);
  }

  /** Slots are evaluated when first used, once. */
  private block(expr: Expr & { kind: 'block' }): Code {
    const w = this.writer;
    const slots = this.checked.slots.get(expr)!;
    for (const [i, init] of expr.slots.entries()) {
      const value = w.name();
      const read = w.name('g');
      w.line(`let ${value};`);
      w.block(`const ${read} = () =>`, () => {
        w.line(`if (${value} !== undefined) return ${value};`);
        w.line(`return ${value} = ${this.visit(init).text};`);
      });
      w.line(';');
      this.locals.set(slots[i]!, `${read}()`);
    }
    return this.visit(expr.body);
  }

  private comprehension(expr: Comprehension): Code {
    const w = this.writer;
    const range = this.visit(expr.range).text;
    const slots = this.checked.slots.get(expr)!;
    const two = expr.vars.length === 2;
    const items = w.keep(two ? `rangePairs(${range})` : `isArray(${range}) ? ${range} : rangeItems(${range})`).text;
    const names = slots.map(() => w.name('v'));
    for (const [i, slot] of slots.entries()) this.locals.set(slot, names[i]!);
    const step = foldWriter(expr.fold, this);
    const result = step.start();
    const item = two ? `[${names.join(', ')}]` : names[0]!;
    w.block(
      `for (${this.rangeElement(expr) ? 'let' : 'const'} ${item} of ${items})`,
      () => {
        w.charge(COSTS.iteration);
        const element = this.rangeElement(expr);
        if (element) w.line(`${names.at(-1)} = convert("${element}", ${names.at(-1)});`);
        step.each(expr, names, result);
      },
      true,
    );
    return step.end(result);
  }

  private rangeElement(expr: Comprehension): string | undefined {
    const range = this.checked.types.get(expr.range);
    const element =
      range?.kind === 'list'
        ? range.params[0]
        : range?.kind === 'map' && expr.vars.length === 2
          ? range.params[1]
          : undefined;
    return element && (element.kind === 'opaque' || element.kind === 'prim') ? CONVERTED[element.name] : undefined;
  }

  /** Source of a value that must be a bool. */
  bool(expr: Expr): string {
    const code = this.visit(expr);
    if (code.known !== 'bool') this.writer.line(`if (typeof ${code.text} !== 'boolean') bad();`);
    return code.text;
  }
}

/** The values of a list literal of plain literals. */
function constantItems(expr: Expr & { kind: 'list' }): CelValue[] | undefined {
  const values: CelValue[] = [];
  for (const item of expr.items) {
    const node = item.value;
    if (item.optional || node.kind !== 'const') return undefined;
    const simple =
      typeof node.value === 'string' ||
      typeof node.value === 'boolean' ||
      (typeof node.value === 'number' && isInt(node.value));
    if (!simple) return undefined;
    values.push(node.value);
  }
  return values;
}
