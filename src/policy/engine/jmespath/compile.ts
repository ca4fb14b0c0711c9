import { equalJson, isObject, type Json, type JsonObject, ownMember, setOwn } from '../../../kernel/index.ts';
import type { Node } from './ast.ts';
import { checkCall, type JmesPorts } from './functions/define.ts';
import { JMES_FUNCTIONS } from './functions/index.ts';
import { parseJmes } from './parser.ts';
import { isTruthy, JmesError, type JmesValue, Reference, UnknownKey } from './value.ts';

/** A compiled expression. `evaluate` throws a JmesError; a path that leads nowhere is `Unknown key "x" in path`. */
export interface JmesProgram {
  readonly text: string;
  /** `bindings` are the values of `$name` (JEP-18); a name without one is an error. */
  evaluate(value: Json, ports: JmesPorts, bindings?: JsonObject): JmesValue;
}

interface State {
  readonly ports: JmesPorts;
  readonly bindings: JsonObject | undefined;
  fuel: number;
}

type Run = (value: Json, state: State) => JmesValue | UnknownKey;

/** Steps one evaluation may take. */
const FUEL = 2_000_000;
const PROGRAMS_MAX = 5000;
const programs = new Map<string, JmesProgram>();

/** Compiles once a text; throws a JmesError where the text is no expression. */
export function compileJmes(text: string): JmesProgram {
  let program = programs.get(text);
  if (program === undefined) {
    const run = compile(parseJmes(text));
    program = {
      text,
      evaluate: (value, ports, bindings) => {
        const outcome = run(value, { ports, bindings, fuel: FUEL });
        if (outcome instanceof UnknownKey) throw new JmesError(`Unknown key "${outcome.key}" in path`);
        return outcome;
      },
    };
    if (programs.size >= PROGRAMS_MAX) programs.clear();
    programs.set(text, program);
  }
  return program;
}

/** Everything but a further step of a path takes a missing key for null. */
const soft = (value: JmesValue | UnknownKey): JmesValue => (value instanceof UnknownKey ? null : value);

function json(value: JmesValue | UnknownKey): Json {
  if (value instanceof UnknownKey) return null;
  return value instanceof Reference ? {} : value;
}

function spend(state: State, cost: number): void {
  state.fuel -= cost;
  if (state.fuel < 0) throw new JmesError('evaluation takes too many steps');
}

function compile(node: Node): Run {
  switch (node.kind) {
    case 'current':
      return value => value;
    case 'literal': {
      const { value } = node;
      return () => value;
    }
    case 'field':
      return field(node.name);
    case 'binding': {
      const { name } = node;
      return (_, state) => {
        const bound = state.bindings && ownMember(state.bindings, name);
        if (bound === undefined) throw new JmesError(`SyntaxError: Unknown char: '$' ($${name} has no value)`);
        return bound;
      };
    }
    case 'sub': {
      const left = compile(node.left);
      const right = compile(node.right);
      return (value, state) => {
        const of = left(value, state);
        return of instanceof UnknownKey ? of : right(json(of), state);
      };
    }
    case 'pipe': {
      const left = compile(node.left);
      const right = compile(node.right);
      return (value, state) => soft(right(json(left(value, state)), state));
    }
    case 'or':
    case 'and': {
      const left = compile(node.left);
      const right = compile(node.right);
      const stops = node.kind === 'or';
      return (value, state) => {
        const first = soft(left(value, state));
        return isTruthy(first) === stops ? first : soft(right(value, state));
      };
    }
    case 'not': {
      const of = compile(node.of);
      return (value, state) => !isTruthy(soft(of(value, state)));
    }
    case 'reference': {
      const of = compile(node.of);
      return (_, state) => new Reference(value => json(of(value, state)));
    }
    case 'index':
    case 'slice':
      return position(node);
    case 'list':
    case 'flatten':
    case 'values':
    case 'filter':
      return projection(node);
    case 'compare':
      return comparison(node.operator, compile(node.left), compile(node.right));
    default:
      return compound(node);
  }
}

function field(name: string): Run {
  return value => {
    if (!isObject(value)) return null;
    const member = ownMember(value, name);
    return member === undefined ? new UnknownKey(name) : member;
  };
}

function compound(node: Extract<Node, { kind: 'many' | 'object' | 'call' }>): Run {
  if (node.kind === 'many') {
    const items = node.items.map(compile);
    return (value, state) => (value === null ? null : items.map(item => json(item(value, state))));
  }
  if (node.kind === 'object') {
    const entries = node.entries.map(([name, of]) => [name, compile(of)] as const);
    return (value, state) => {
      if (value === null) return null;
      const object: JsonObject = {};
      for (const [name, of] of entries) setOwn(object, name, json(of(value, state)));
      return object;
    };
  }
  const args = node.args.map(compile);
  const { name } = node;
  return (value, state) => {
    const definition = JMES_FUNCTIONS.get(name);
    if (definition === undefined) throw new JmesError(`unknown function: ${name}`);
    const given = args.map(arg => soft(arg(value, state)));
    checkCall(definition, given);
    spend(state, 1 + given.reduce((sum: number, arg) => sum + sizeOf(arg), 0));
    return definition.run(given, state.ports);
  };
}

const sizeOf = (value: JmesValue): number =>
  Array.isArray(value) ? value.length : typeof value === 'string' ? value.length >> 4 : 1;

function comparison(operator: string, left: Run, right: Run): Run {
  return (value, state) => {
    const a = soft(left(value, state));
    const b = soft(right(value, state));
    if (operator === '==') return equalJson(a, b);
    if (operator === '!=') return !equalJson(a, b);
    if (typeof a !== 'number' || typeof b !== 'number') return null;
    if (operator === '<') return a < b;
    if (operator === '<=') return a <= b;
    return operator === '>' ? a > b : a >= b;
  };
}

function position(node: Extract<Node, { kind: 'index' | 'slice' }>): Run {
  const left = compile(node.left);
  if (node.kind === 'index') {
    const { index } = node;
    return (value, state) => {
      const list = left(value, state);
      if (list instanceof UnknownKey) return list;
      return Array.isArray(list) ? (list.at(index) ?? null) : null;
    };
  }
  const right = compile(node.right);
  const project = projecting(right);
  return (value, state) => {
    const list = soft(left(value, state));
    if (!Array.isArray(list)) return null;
    return project(slice(list, node.parts), state);
  };
}

function slice(list: readonly Json[], parts: readonly (number | undefined)[]): Json[] {
  const step = parts[2] ?? 1;
  if (step === 0) throw new JmesError('Invalid slice, step cannot be 0');
  const { length } = list;
  const bound = (value: number | undefined, otherwise: number): number => {
    if (value === undefined) return otherwise;
    if (value < 0) return Math.max(value + length, step < 0 ? -1 : 0);
    return Math.min(value, step < 0 ? length - 1 : length);
  };
  const out: Json[] = [];
  const start = bound(parts[0], step < 0 ? length - 1 : 0);
  const stop = bound(parts[1], step < 0 ? -1 : length);
  for (let i = start; step > 0 ? i < stop : i > stop; i += step) out.push(list[i]!);
  return out;
}

/** Runs over every element and leaves out what comes to nothing. */
function projecting(right: Run): (list: readonly Json[], state: State) => Json[] {
  return (list, state) => {
    spend(state, list.length);
    const out: Json[] = [];
    for (const item of list) {
      const of = json(right(item, state));
      if (of !== null) out.push(of);
    }
    return out;
  };
}

function projection(node: Extract<Node, { kind: 'list' | 'flatten' | 'values' | 'filter' }>): Run {
  const left = compile(node.left);
  const project = projecting(compile(node.right));
  const elements = elementsOf(node);
  return (value, state) => {
    const list = elements(soft(left(value, state)), state);
    return list === null ? null : project(list, state);
  };
}

function elementsOf(
  node: Extract<Node, { kind: 'list' | 'flatten' | 'values' | 'filter' }>,
): (value: JmesValue, state: State) => readonly Json[] | null {
  if (node.kind === 'values') return value => (isObject(value) ? Object.values(value) : null);
  if (node.kind === 'list') return value => (Array.isArray(value) ? value : null);
  if (node.kind !== 'filter') return value => (Array.isArray(value) ? value.flat(1) : null);
  const condition = compile(node.condition);
  return (value, state) => (Array.isArray(value) ? value.filter(item => isTruthy(soft(condition(item, state)))) : null);
}
