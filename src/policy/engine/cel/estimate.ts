import type { Schema } from '../../../kernel/index.ts';
import type { Comprehension, Expr } from './ast.ts';
import { COSTS } from './cost-model.ts';
import { unescapeField } from './types.ts';

/** What is known of a value beforehand: its largest size, and its schema where it comes from one. */
interface Shape {
  readonly size: number;
  readonly schema?: Schema;
  readonly item?: Shape;
}

/** The largest request an API server takes; what has no limit of its own is limited by it. */
const REQUEST_BYTES_MAX = 3 * 1024 * 1024;
const SCALAR: Shape = { size: 1 };
const STRING_FACTOR = 0.1;
const REGEX_FACTOR = 0.25;

/** The most characters of a text of a format (apiserver pkg/cel/openapi estimateMaxStringLengthPerRequest). */
const FORMATS: Readonly<Record<string, number>> = { date: 10, 'date-time': 25, duration: 32, uuid: 36 };

/** How often a value of this schema fits into one request. */
export function cardinalityOf(schema: Schema): number {
  return Math.floor(REQUEST_BYTES_MAX / (smallest(schema) + 1));
}

/** The fewest bytes a value of a schema takes in JSON. */
function smallest(schema: Schema, depth = 0): number {
  if (depth > 20) return 1;
  if (schema.type === 'string') return 2 + (schema.rules?.minLength ?? 0);
  if (schema.type === 'boolean') return 4;
  if (schema.type === 'list' || schema.type === 'map') return 2;
  if (schema.type !== 'object') return 1;
  let size = 2;
  for (const field of schema.fields?.values() ?? [])
    if (field.required && field.default === undefined)
      size += field.name.length + 4 + smallest(field.schema, depth + 1);
  return size;
}

function shapeOf(schema: Schema | undefined): Shape {
  if (schema === undefined) return { size: REQUEST_BYTES_MAX };
  const rules = schema.rules;
  switch (schema.type) {
    case 'string': {
      const listed = rules?.enum?.reduce<number>(
        (most, value) => Math.max(most, typeof value === 'string' ? value.length : 0),
        0,
      );
      // Limits count code points, costs count bytes.
      return {
        size:
          (rules?.maxLength === undefined ? undefined : rules.maxLength * 4) ??
          listed ??
          FORMATS[schema.format ?? ''] ??
          REQUEST_BYTES_MAX - 2,
        schema,
      };
    }
    case 'list':
      return {
        size:
          rules?.maxItems ?? Math.floor((REQUEST_BYTES_MAX - 2) / ((schema.items ? smallest(schema.items) : 1) + 1)),
        schema,
      };
    case 'map':
      return {
        size:
          rules?.maxProperties ??
          Math.floor((REQUEST_BYTES_MAX - 2) / ((schema.items ? smallest(schema.items) : 1) + 6)),
        schema,
      };
    case 'any':
      return { size: REQUEST_BYTES_MAX, schema };
    case 'object':
      return { size: schema.fields?.size ?? rules?.maxProperties ?? REQUEST_BYTES_MAX, schema };
    default:
      return { ...SCALAR, schema };
  }
}

/** The most one evaluation can cost, from the limits of the schema `self` and `oldSelf` stand on. */
export function estimateCost(expr: Expr, self: Schema): number {
  const shape = shapeOf(self);
  return new Estimator(
    new Map([
      ['self', shape],
      ['oldSelf', shape],
    ]),
  ).visit(expr).cost;
}

interface Estimate {
  readonly cost: number;
  readonly shape: Shape;
}

class Estimator {
  private scope: Map<string, Shape>;
  constructor(scope: Map<string, Shape>) {
    this.scope = scope;
  }

  visit(expr: Expr): Estimate {
    switch (expr.kind) {
      case 'const':
        return { cost: 0, shape: { size: typeof expr.value === 'string' ? expr.value.length : 1 } };
      case 'ident':
        return { cost: COSTS.ident, shape: this.scope.get(expr.name) ?? SCALAR };
      case 'select': {
        const operand = this.visit(expr.operand);
        const schema = operand.shape.schema;
        const found = expr.test ? SCALAR : memberShape(schema, expr.field);
        // Presence tests are free in Kubernetes (apiserver base environment, PresenceTestHasCost(false)).
        return { cost: operand.cost + (expr.test ? 0 : COSTS.select), shape: found };
      }
      case 'call':
        return this.call(expr);
      case 'list': {
        const items = expr.items.map(item => this.visit(item.value));
        const item = items.reduce<Shape>((most, each) => (each.shape.size > most.size ? each.shape : most), SCALAR);
        return { cost: COSTS.list + sum(items), shape: { size: items.length, item } };
      }
      case 'map':
        return {
          cost: COSTS.map + sum(expr.entries.flatMap(entry => [this.visit(entry.key), this.visit(entry.value)])),
          shape: { size: expr.entries.length },
        };
      case 'struct':
        return {
          cost: COSTS.struct + sum(expr.fields.map(field => this.visit(field.value))),
          shape: { size: expr.fields.length },
        };
      case 'comprehension':
        return this.comprehension(expr);
      case 'bind': {
        const init = this.visit(expr.init);
        const body = this.within([[expr.name, init.shape]], () => this.visit(expr.body));
        return { cost: init.cost + body.cost, shape: body.shape };
      }
      case 'block':
        return { cost: sum([...expr.slots.map(slot => this.visit(slot)), this.visit(expr.body)]), shape: SCALAR };
    }
  }

  private within<T>(names: readonly (readonly [string, Shape])[], work: () => T): T {
    const outer = this.scope;
    this.scope = new Map([...outer, ...names]);
    const result = work();
    this.scope = outer;
    return result;
  }

  private comprehension(expr: Comprehension): Estimate {
    const range = this.visit(expr.range);
    const item = itemShape(range.shape);
    // The size of map keys is not counted (apiserver sizeEstimator).
    const key: Shape = range.shape.schema?.type === 'map' ? { size: 0 } : SCALAR;
    const names = expr.vars.length === 2 ? [key, item] : [range.shape.schema?.type === 'map' ? key : item];
    return this.within(
      expr.vars.map((name, i) => [name, names[i]!] as const),
      () => {
        const body = this.visit(expr.body);
        const filter = expr.filter ? this.visit(expr.filter).cost : 0;
        const builds = expr.fold !== 'all' && expr.fold !== 'exists' && expr.fold !== 'existsOne';
        const step = COSTS.iteration + body.cost + filter + (builds ? COSTS.append : 0);
        const shape: Shape = !builds
          ? SCALAR
          : { size: range.shape.size, item: expr.fold === 'filter' ? item : body.shape };
        return { cost: range.cost + range.shape.size * step, shape };
      },
    );
  }

  private call(expr: Expr & { kind: 'call' }): Estimate {
    const nodes = expr.target ? [expr.target, ...expr.args] : expr.args;
    const args = nodes.map(node => this.visit(node));
    const cost = sum(args);
    const [a = SCALAR, b = SCALAR] = args.map(arg => arg.shape);
    switch (expr.fn) {
      case '_&&_':
      case '_||_':
        return { cost, shape: SCALAR };
      case '_?_:_':
        return {
          cost: args[0]!.cost + Math.max(args[1]!.cost, args[2]!.cost),
          shape: args[1]!.shape.size > args[2]!.shape.size ? args[1]!.shape : args[2]!.shape,
        };
      case '_[_]':
      case '_[?_]':
        return { cost: cost + COSTS.call, shape: itemShape(a) };
      case '_+_':
        return {
          cost: cost + Math.max(1, Math.ceil((textSize(a) + textSize(b)) * STRING_FACTOR)),
          shape: {
            size: a.size + b.size,
            ...(a.item ? { item: a.item } : a.schema?.type === 'list' ? { schema: a.schema } : {}),
          },
        };
      default:
        return { cost: cost + callCost(expr.fn, a, b), shape: resultShape(expr.fn, a, b) };
    }
  }
}

const sum = (list: readonly { readonly cost: number }[]): number => list.reduce((total, each) => total + each.cost, 0);
const textSize = (shape: Shape): number =>
  shape.item || (shape.schema && shape.schema.type !== 'string' && shape.schema.type !== 'any') ? 1 : shape.size;
const itemShape = (shape: Shape): Shape =>
  shape.item ??
  (shape.schema?.items ? shapeOf(shape.schema.items) : shape.schema ? { size: REQUEST_BYTES_MAX } : SCALAR);

function memberShape(schema: Schema | undefined, field: string): Shape {
  if (schema === undefined) return { size: REQUEST_BYTES_MAX };
  const found = schema.fields?.get(unescapeField(field))?.schema ?? schema.items;
  return shapeOf(found);
}

/** What a call costs by the largest sizes of its arguments; one unit where size does not matter. */
function callCost(fn: string, a: Shape, b: Shape): number {
  const text = (shape: Shape): number => Math.ceil(shape.size * STRING_FACTOR);
  switch (fn) {
    case '_==_':
    case '_!=_':
      return text({ size: Math.min(a.size, b.size) });
    case '_<_':
    case '_<=_':
    case '_>_':
    case '_>=_':
      return text({ size: Math.min(a.size, b.size) });
    case '@in':
      return b.size;
    case 'contains':
      return a.item || a.schema?.type === 'list'
        ? a.size * b.size
        : Math.ceil(text(a) * Math.max(1, b.size * STRING_FACTOR));
    case 'startsWith':
    case 'endsWith':
    case 'validate':
      return text(b);
    case 'matches':
    case 'find':
    case 'findAll':
      return Math.ceil((1 + a.size) * STRING_FACTOR * Math.max(1, b.size * REGEX_FACTOR));
    case 'distinct':
      return a.size * a.size;
    case 'isSorted':
    case 'sum':
    case 'min':
    case 'max':
    case 'sort':
      return a.size;
    case 'check':
      return 350_000;
    default:
      return /^(?:lowerAscii|upperAscii|replace|split|substring|trim|reverse|format|join|indexOf|lastIndexOf|string|bytes|url|isURL|ip|isIP|cidr|isCIDR|quantity|isQuantity|semver|isSemver)$/.test(
        fn,
      )
        ? text(a)
        : COSTS.call;
  }
}

/** What can be said of a result. */
function resultShape(fn: string, a: Shape, b: Shape): Shape {
  switch (fn) {
    case 'lowerAscii':
    case 'upperAscii':
    case 'trim':
    case 'substring':
    case 'reverse':
    case 'charAt':
    case 'find':
    case 'string':
    case 'dyn':
    case 'distinct':
    case 'sort':
    case 'value':
    case 'orValue':
      return a;
    case 'replace':
    case 'join':
    case 'format':
      return { size: a.size + b.size };
    case 'split':
    case 'findAll':
      return { size: a.size, item: { size: a.size } };
    default:
      return SCALAR;
  }
}
