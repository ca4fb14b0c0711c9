import type { Expr, Fold } from './ast.ts';
import { SyntaxFault } from './lexer.ts';

const NAME = 'argument must be a simple name';
const FOLDS: Readonly<Record<string, Fold>> = {
  all: 'all',
  exists: 'exists',
  exists_one: 'existsOne',
  existsOne: 'existsOne',
  map: 'map',
  filter: 'filter',
  transformList: 'transformList',
  transformMap: 'transformMap',
  transformMapEntry: 'transformMapEntry',
  sortBy: 'sortBy',
};

/** Replaces a call of a standard macro, `cel.*` or optional macro by what it stands for; undefined for other calls. */
export function expandCall(
  fn: string,
  target: Expr | undefined,
  args: readonly Expr[],
  at: number,
  whole: boolean,
): Expr | undefined {
  if (!whole && (fn === 'sortBy' || (target?.kind === 'ident' && target.name === 'cel'))) return undefined;
  if (!whole && ((fn === 'existsOne' && args.length === 2) || (fn === 'exists_one' && args.length === 3)))
    return undefined;
  if (target === undefined) return fn === 'has' && args.length === 1 ? presence(args[0]!, at) : undefined;
  if (target.kind === 'ident' && target.name === 'cel') return celMacro(fn, args, at);
  if ((fn === 'optMap' || fn === 'optFlatMap') && args.length === 2) return optionalMacro(fn, target, args, at);
  return Object.hasOwn(FOLDS, fn) ? comprehension(FOLDS[fn]!, fn, target, args, at) : undefined;
}

function presence(arg: Expr, at: number): Expr {
  if (arg.kind !== 'select' || arg.test || arg.optional)
    throw new SyntaxFault(arg.at, 'invalid argument to has() macro');
  return { ...arg, test: true, at };
}

/** The name a macro gives; `wanted` is what it says of anything else. */
function variable(expr: Expr, wanted = 'argument is not an identifier'): string {
  if (expr.kind !== 'ident' || expr.absolute) throw new SyntaxFault(expr.at, wanted);
  if (expr.name === '__result__') throw new SyntaxFault(expr.at, 'iteration variable overwrites accumulator variable');
  return expr.name;
}

function comprehension(fold: Fold, fn: string, range: Expr, args: readonly Expr[], at: number): Expr | undefined {
  const make = (vars: readonly string[], body: Expr, filter?: Expr): Expr => {
    if (vars.length === 2 && vars[0] === vars[1]) throw new SyntaxFault(at, `duplicate variable name: ${vars[0]}`);
    return { kind: 'comprehension', fold, vars, range, ...(filter ? { filter } : {}), body, at };
  };
  switch (fold) {
    case 'map':
      if (args.length === 2) return make([variable(args[0]!)], args[1]!);
      return args.length === 3 ? make([variable(args[0]!)], args[2]!, args[1]!) : undefined;
    case 'filter':
    case 'sortBy':
      return args.length === 2 ? make([variable(args[0]!)], args[1]!) : undefined;
    case 'transformList':
    case 'transformMap':
    case 'transformMapEntry':
      if (args.length === 3) return make([variable(args[0]!), variable(args[1]!)], args[2]!);
      return args.length === 4 ? make([variable(args[0]!), variable(args[1]!)], args[3]!, args[2]!) : undefined;
    default:
      if (args.length === 2) return make([variable(args[0]!, NAME)], args[1]!);
      return args.length === 3 ? make([variable(args[0]!, NAME), variable(args[1]!, NAME)], args[2]!) : undefined;
  }
}

/** `x.optMap(v, e)` is `x.hasValue() ? optional.of(cel.bind(v, x.value(), e)) : optional.none()`. */
function optionalMacro(fn: string, target: Expr, args: readonly Expr[], at: number): Expr {
  const held: Expr = { kind: 'ident', name: '@optional', at };
  const body: Expr = {
    kind: 'bind',
    name: variable(args[0]!, `${fn}() variable name must be a simple identifier`),
    init: { kind: 'call', fn: 'value', target: held, args: [], at },
    body: args[1]!,
    at,
  };
  const optional: Expr = { kind: 'ident', name: 'optional', at };
  return {
    kind: 'bind',
    name: '@optional',
    init: target,
    body: {
      kind: 'call',
      fn: '_?_:_',
      args: [
        { kind: 'call', fn: 'hasValue', target: held, args: [], at },
        fn === 'optMap' ? { kind: 'call', fn: 'of', target: optional, args: [body], at } : body,
        { kind: 'call', fn: 'none', target: optional, args: [], at },
      ],
      at,
    },
    at,
  };
}

function celMacro(fn: string, args: readonly Expr[], at: number): Expr | undefined {
  const numeral = (index: number): number => {
    const arg = args[index];
    if (arg?.kind !== 'const' || typeof arg.value !== 'number' || arg.value < 0)
      throw new SyntaxFault(at, `cel.${fn} needs a number`);
    return arg.value;
  };
  if (fn === 'bind' && args.length === 3)
    return { kind: 'bind', name: variable(args[0]!), init: args[1]!, body: args[2]!, at };
  if (fn === 'block' && args.length === 2) {
    if (args[0]!.kind !== 'list') throw new SyntaxFault(at, 'cel.block requires the first arg to be a list literal');
    return { kind: 'block', slots: args[0]!.items.map(item => item.value), body: args[1]!, at };
  }
  if (fn === 'index' && args.length === 1) return { kind: 'ident', name: `@index${numeral(0)}`, at };
  if (fn === 'iterVar' && args.length === 2) return { kind: 'ident', name: `@it:${numeral(0)}:${numeral(1)}`, at };
  if (fn === 'accuVar' && args.length === 2) return { kind: 'ident', name: `@ac:${numeral(0)}:${numeral(1)}`, at };
  return undefined;
}
