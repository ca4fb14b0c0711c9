import type { CelIssue, Comprehension, Expr } from './ast.ts';
import type { Overload } from './declarations.ts';
import type { CelEnvironment } from './environment.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DYN,
  ERROR,
  fieldType,
  formatType,
  INT,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  typeOf,
  UINT,
} from './types.ts';
import { Substitution } from './unify.ts';
import { Bytes, type CelValue, Double, isInt, Uint } from './values.ts';

/** What a name or call turned out to be. */
export type Resolution =
  | { readonly kind: 'local'; readonly slot: number }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'type'; readonly name: string }
  | { readonly kind: 'function'; readonly name: string; readonly member: boolean };

/** The outcome of checking: types and meanings by node, and what is wrong. */
export interface Checked {
  readonly type: CelType;
  readonly types: ReadonlyMap<Expr, CelType>;
  readonly resolutions: ReadonlyMap<Expr, Resolution>;
  /** Slots of the variables that macros, binds and blocks bring, by node. */
  readonly slots: ReadonlyMap<Expr, readonly number[]>;
  readonly issues: readonly CelIssue[];
}

/** Resolves names and types. Without `environment.check` type errors are left to run time. */
export function checkExpression(expr: Expr, environment: CelEnvironment): Checked {
  const checker = new Checker(environment);
  const type = checker.visit(expr);
  for (const [node, each] of checker.types) checker.types.set(node, checker.substitution.apply(each, true));
  return {
    type: checker.substitution.apply(type, true),
    types: checker.types,
    resolutions: checker.resolutions,
    slots: checker.slots,
    issues: checker.issues,
  };
}

interface Local {
  readonly slot: number;
  readonly type: CelType;
}

class Checker {
  readonly types = new Map<Expr, CelType>();
  readonly resolutions = new Map<Expr, Resolution>();
  readonly slots = new Map<Expr, readonly number[]>();
  readonly issues: CelIssue[] = [];
  readonly substitution = new Substitution();
  private readonly environment: CelEnvironment;
  private scopes: ReadonlyMap<string, Local>[] = [];
  private nextSlot = 0;

  constructor(environment: CelEnvironment) {
    this.environment = environment;
  }

  visit(expr: Expr): CelType {
    const type = this.typeOf(expr);
    this.types.set(expr, type);
    return type;
  }

  private fail(at: number, message: string): CelType {
    if (this.environment.check) {
      this.issues.push({ at, message });
      return ERROR;
    }
    return DYN;
  }

  private typeOf(expr: Expr): CelType {
    switch (expr.kind) {
      case 'const':
        return constantType(expr.value);
      case 'ident':
        return this.identType(expr, expr.name, expr.absolute === true) ?? this.undeclared(expr.at, expr.name);
      case 'select':
        return this.selectType(expr);
      case 'call':
        return this.callType(expr);
      case 'list':
        return listOf(this.joinAll(expr.items.map(({ value, optional }) => [value, this.itemType(value, optional)])));
      case 'map': {
        const keys = this.joinAll(expr.entries.map(({ key }) => [key, this.visit(key)]));
        const values = this.joinAll(expr.entries.map(({ value, optional }) => [value, this.itemType(value, optional)]));
        return mapOf(keys, values);
      }
      case 'struct':
        return this.structType(expr);
      case 'comprehension':
        return this.comprehensionType(expr);
      case 'bind': {
        const slot = this.nextSlot++;
        const type = this.visit(expr.init);
        this.slots.set(expr, [slot]);
        return this.within([[expr.name, { slot, type }]], () => this.visit(expr.body));
      }
      case 'block':
        return this.blockType(expr);
    }
  }

  private undeclared(at: number, name: string): CelType {
    return this.fail(at, `undeclared reference to '${name}' (in container '${this.environment.container}')`);
  }

  private within<T>(names: readonly (readonly [string, Local])[], work: () => T): T {
    this.scopes.push(new Map(names));
    const result = work();
    this.scopes.pop();
    return result;
  }

  private local(name: string): Local | undefined {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const found = this.scopes[i]!.get(name);
      if (found) return found;
    }
    return undefined;
  }

  private candidates(name: string, absolute: boolean): string[] {
    if (absolute || this.environment.container === '') return [name];
    const parts = this.environment.container.split('.');
    const names: string[] = [];
    for (let i = parts.length; i > 0; i--) names.push(`${parts.slice(0, i).join('.')}.${name}`);
    return [...names, name];
  }

  private identType(expr: Expr, name: string, absolute: boolean): CelType | undefined {
    if (!absolute) {
      const local = this.local(name);
      if (local) {
        this.resolutions.set(expr, { kind: 'local', slot: local.slot });
        return local.type;
      }
    }
    for (const candidate of this.candidates(name, absolute)) {
      const variable = this.environment.variables.get(candidate);
      if (variable) {
        this.resolutions.set(expr, { kind: 'variable', name: candidate });
        return variable;
      }
      const type = this.environment.types.get(candidate);
      if (type) {
        this.resolutions.set(expr, { kind: 'type', name: candidate });
        return typeOf(type);
      }
    }
    return undefined;
  }

  /** `a.b.c` as a qualified name, unless it starts at a local variable. */
  private qualifiedName(expr: Expr): { name: string; absolute: boolean } | undefined {
    if (expr.kind === 'ident') {
      if (expr.absolute !== true && this.local(expr.name)) return undefined;
      return { name: expr.name, absolute: expr.absolute === true };
    }
    if (expr.kind !== 'select' || expr.test || expr.optional) return undefined;
    const prefix = this.qualifiedName(expr.operand);
    return prefix && { name: `${prefix.name}.${expr.field}`, absolute: prefix.absolute };
  }

  private selectType(expr: Expr & { kind: 'select' }): CelType {
    const qualified = this.qualifiedName(expr);
    if (qualified) {
      const type = this.identType(expr, qualified.name, qualified.absolute);
      if (type) return type;
    }
    const operand = this.substitution.find(this.visit(expr.operand));
    const optional = operand.kind === 'opaque' && operand.name === 'optional_type';
    const found = this.memberType(optional ? this.substitution.find(operand.params[0]!) : operand, expr);
    if (expr.test) return BOOL;
    return optional || expr.optional ? optionalOf(found) : found;
  }

  private memberType(type: CelType, expr: Expr & { kind: 'select' }): CelType {
    switch (type.kind) {
      case 'map':
        return type.params[1]!;
      case 'object':
        return fieldType(type, expr.field) ?? this.fail(expr.at, `undefined field '${expr.field}'`);
      case 'dyn':
      case 'error':
      case 'param':
        return DYN;
      default:
        return this.fail(expr.at, `type '${formatType(type)}' does not support field selection`);
    }
  }

  private itemType(expr: Expr, optional: boolean): CelType {
    const type = this.substitution.find(this.visit(expr));
    if (!optional) return type;
    if (type.kind === 'opaque' && type.name === 'optional_type') return type.params[0]!;
    if (type.kind === 'dyn' || type.kind === 'error') return DYN;
    return this.fail(expr.at, `expected type 'optional_type' but found '${formatType(type)}'`);
  }

  /** The type of the elements of a literal, each with its expression. */
  private joinAll(elements: readonly (readonly [Expr, CelType])[]): CelType {
    const [first, ...rest] = elements;
    if (first === undefined) return this.substitution.freshParam();
    let [, joined] = first;
    for (const [expr, type] of rest) {
      const both = this.substitution.join(joined, type);
      if (both === undefined && !this.environment.mixedLiterals) {
        const [wanted, found] = [joined, type].map(each => formatType(this.substitution.apply(each, true)));
        return this.fail(expr.at, `expected type '${wanted}' but found '${found}'`);
      }
      joined = both ?? DYN;
    }
    return joined;
  }

  private structType(expr: Expr & { kind: 'struct' }): CelType {
    for (const field of expr.fields) this.visit(field.value);
    const absolute = expr.name.startsWith('.');
    for (const name of this.candidates(absolute ? expr.name.slice(1) : expr.name, absolute)) {
      const type = this.environment.structType?.(name);
      if (type) return type;
    }
    return this.undeclared(expr.at, expr.name);
  }

  private comprehensionType(expr: Comprehension): CelType {
    const range = this.substitution.find(this.visit(expr.range));
    const [key, value] = this.rangeTypes(range, expr);
    const types = expr.vars.length === 2 ? [key, value] : [range.kind === 'map' ? key : value];
    const locals = expr.vars.map((name, i): [string, Local] => [name, { slot: this.nextSlot++, type: types[i]! }]);
    this.slots.set(
      expr,
      locals.map(([, local]) => local.slot),
    );
    return this.within(locals, () => {
      if (expr.filter) this.wantBool(expr.filter);
      const body = this.visit(expr.body);
      return this.foldType(expr, body, key, value, range);
    });
  }

  private rangeTypes(range: CelType, expr: Comprehension): [CelType, CelType] {
    if (range.kind === 'list') return [INT, range.params[0]!];
    if (range.kind === 'map') return [range.params[0]!, range.params[1]!];
    if (range.kind === 'param') {
      const item = this.substitution.freshParam();
      this.substitution.assignable(range, listOf(item));
      return [INT, item];
    }
    if (range.kind !== 'dyn' && range.kind !== 'error') {
      this.fail(
        expr.range.at,
        `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
      );
    }
    return [DYN, DYN];
  }

  private foldType(expr: Comprehension, body: CelType, key: CelType, value: CelType, range: CelType): CelType {
    switch (expr.fold) {
      case 'all':
      case 'exists':
      case 'existsOne':
        this.checkBool(expr.body, body);
        return BOOL;
      case 'filter':
        this.checkBool(expr.body, body);
        return listOf(range.kind === 'map' ? key : value);
      case 'sortBy':
        return listOf(value);
      case 'map':
      case 'transformList':
        return listOf(body);
      case 'transformMap':
        return mapOf(key, body);
      case 'transformMapEntry': {
        const entry = this.substitution.find(body);
        if (entry.kind === 'map') return entry;
        return entry.kind === 'dyn' || entry.kind === 'error'
          ? DYN
          : this.fail(expr.body.at, `expected type 'map' but found '${formatType(entry)}'`);
      }
    }
  }

  private wantBool(expr: Expr): void {
    this.checkBool(expr, this.visit(expr));
  }

  private checkBool(expr: Expr, type: CelType): void {
    if (!this.substitution.assignable(BOOL, type)) {
      this.fail(expr.at, `expected type 'bool' but found '${formatType(this.substitution.apply(type, true))}'`);
    }
  }

  private blockType(expr: Expr & { kind: 'block' }): CelType {
    const names: [string, Local][] = [];
    const slots: number[] = [];
    const open = (i: number): CelType => {
      if (i === expr.slots.length) return this.visit(expr.body);
      const local = { slot: this.nextSlot++, type: this.visit(expr.slots[i]!) };
      names.push([`@index${i}`, local]);
      slots.push(local.slot);
      return this.within([names.at(-1)!], () => open(i + 1));
    };
    const type = open(0);
    this.slots.set(expr, slots);
    return type;
  }

  private callType(expr: Expr & { kind: 'call' }): CelType {
    if (expr.target === undefined) {
      const absolute = expr.fn.startsWith('.');
      const name = absolute ? expr.fn.slice(1) : expr.fn;
      const args = expr.args.map(arg => this.visit(arg));
      for (const candidate of this.candidates(name, absolute)) {
        const overloads = this.environment.functions.get(candidate);
        if (overloads?.some(each => !each.member)) return this.resolve(expr, candidate, overloads, args, false);
      }
      return this.undeclared(expr.at, expr.fn);
    }
    const qualified = this.qualifiedName(expr.target);
    if (qualified) {
      for (const candidate of this.candidates(`${qualified.name}.${expr.fn}`, qualified.absolute)) {
        const overloads = this.environment.functions.get(candidate);
        if (overloads)
          return this.resolve(
            expr,
            candidate,
            overloads,
            expr.args.map(arg => this.visit(arg)),
            false,
          );
      }
    }
    const args = [this.visit(expr.target), ...expr.args.map(arg => this.visit(arg))];
    const overloads = this.environment.functions.get(expr.fn);
    if (overloads?.some(each => each.member)) return this.resolve(expr, expr.fn, overloads, args, true);
    return this.undeclared(expr.at, expr.fn);
  }

  private resolve(
    expr: Expr & { kind: 'call' },
    name: string,
    overloads: readonly Overload[],
    args: readonly CelType[],
    member: boolean,
  ): CelType {
    this.resolutions.set(expr, { kind: 'function', name, member });
    if ((name === '_&&_' || name === '_||_') && args.length > 2) {
      for (const [i, arg] of args.entries()) this.checkBool(expr.args[i]!, arg);
      return BOOL;
    }
    if (name === '_==_' || name === '_!=_') return this.equality(expr, args);
    let result: CelType | undefined;
    for (const overload of overloads) {
      if (overload.member !== member) continue;
      if (overload.variadic ? args.length === 0 : overload.args.length !== args.length) continue;
      const found = this.tryOverload(overload, args);
      if (found === undefined) continue;
      if (result === undefined) result = found;
      else if (formatType(this.substitution.apply(result, false)) !== formatType(this.substitution.apply(found, false)))
        result = DYN;
    }
    if (result !== undefined) return result;
    const shown = args.map(arg => formatType(this.substitution.apply(arg, true)));
    const applied = member ? `${shown[0]}.(${shown.slice(1).join(', ')})` : `(${shown.join(', ')})`;
    return this.fail(expr.at, `found no matching overload for '${name}' applied to '${applied}'`);
  }

  private equality(expr: Expr & { kind: 'call' }, args: readonly CelType[]): CelType {
    const [left, right] = args as [CelType, CelType];
    if (this.substitution.join(left, right) !== undefined) return BOOL;
    const shown = args.map(arg => formatType(this.substitution.apply(arg, true))).join(', ');
    return this.fail(expr.at, `found no matching overload for '${expr.fn}' applied to '(${shown})'`);
  }

  private tryOverload(overload: Overload, args: readonly CelType[]): CelType | undefined {
    const renamed = new Map<string, CelType>();
    const instance = (type: CelType): CelType => {
      if (type.kind === 'param') {
        let fresh = renamed.get(type.name);
        if (!fresh) renamed.set(type.name, (fresh = this.substitution.freshParam()));
        return fresh;
      }
      return type.params.length === 0 ? type : { ...type, params: type.params.map(instance) };
    };
    const saved = this.substitution.save();
    for (const [i, arg] of args.entries()) {
      const wanted = instance(overload.args[Math.min(i, overload.args.length - 1)]!);
      if (this.accepts(wanted, arg)) continue;
      this.substitution.restore(saved);
      return undefined;
    }
    return this.substitution.apply(instance(overload.result), false);
  }

  private accepts(wanted: CelType, arg: CelType): boolean {
    const bound = this.substitution.find(wanted);
    if (wanted.kind !== 'param' || bound.kind === 'param') return this.substitution.assignable(wanted, arg);
    // A parameter seen before widens to what covers both (`true ? optional.of(1) : optional.of(dyn(2))`).
    const joined = this.substitution.join(bound, arg);
    if (joined === undefined) return false;
    this.substitution.rebind(wanted, joined);
    return true;
  }
}

function constantType(value: CelValue): CelType {
  if (value === null) return NULL;
  if (typeof value === 'boolean') return BOOL;
  if (typeof value === 'string') return STRING;
  if (isInt(value)) return INT;
  if (value instanceof Uint) return UINT;
  if (value instanceof Bytes) return BYTES;
  return value instanceof Double || typeof value === 'number' ? DOUBLE : DYN;
}
