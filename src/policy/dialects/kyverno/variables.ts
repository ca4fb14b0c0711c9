import { rememberObject } from '../../../base/index.ts';
import { isObject, type Json, type JsonObject, setOwn } from '../../../kernel/index.ts';
import { goJson } from '../../engine/jmespath/functions/standard.ts';
import { NEEDS_REGISTRY } from './model.ts';
import type { DataContext } from './context.ts';
import { JmesError } from './context.ts';

/** Innermost `{{ … }}` that no backslash escapes; braces of JMESPath objects may stand inside. */
const VARIABLE = /(^|[^\\])(\{\{(?:\{[^{}]*\}|[^{}])*\}\})/;
const ESCAPED = /\\(\{\{(?:\{[^{}]*\}|[^{}])*\}\})/g;
const ROUNDS_MAX = 100;

export interface Substitution {
  readonly context: DataContext;
  /** Deletions have no new object: variables about it speak of the old one. */
  readonly deleting: boolean;
  /** Messages take what cannot be resolved for null. */
  readonly lenient?: boolean;
}

/** Replaces every variable of a value; throws a JmesError that names the one that could not be resolved. */
export function substitute<T extends Json>(value: T, how: Substitution): Json {
  return walk(value, how, []);
}

/** Runs a step, and puts before what it cannot resolve where that was. */
export function telling<V>(where: string, step: () => V): V {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof JmesError)) throw error;
    throw new JmesError(`${where}: ${error.message}`);
  }
}

const hasVariables = rememberObject((value: object) => JSON.stringify(value).includes('{{'));

/** The same for whoever only reads the value: without variables it is the value itself. */
export const substituteRead = (value: Json, how: Substitution): Json =>
  typeof value === 'object' && value !== null && !hasVariables(value) ? value : substitute(value, how);

function walk(value: Json, how: Substitution, path: readonly (string | number)[]): Json {
  if (typeof value === 'string') return value.includes('{{') ? substituteText(value, how, path) : value;
  if (Array.isArray(value)) return value.map((item, i) => walk(item, how, [...path, i]));
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const key = name.includes('{{') ? substituteText(name, how, path) : name;
    setOwn(out, typeof key === 'string' ? key : goJson(key), walk(member, how, [...path, name]));
  }
  return out;
}

function substituteText(source: string, how: Substitution, path: readonly (string | number)[]): Json {
  let text = source;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const found = VARIABLE.exec(text);
    if (found === null) return text.replaceAll(ESCAPED, '$1');
    const [, before, variable] = found as unknown as [string, string, string];
    const value = resolve(variable.slice(2, -2).trim(), how, path);
    const start = found.index + before.length;
    const whole = text.trim() === variable;
    if (whole) {
      if (typeof value !== 'string' || !value.includes('{{')) return value;
      text = value;
    } else {
      const inner = typeof value === 'string' ? value : goJson(value);
      text = text.slice(0, start) + inner + text.slice(start + variable.length);
    }
  }
  throw new JmesError('variables nest too deep');
}

function resolve(variable: string, how: Substitution, path: readonly (string | number)[]): Json {
  let query =
    variable === '@' || variable.startsWith('@.') || variable.startsWith('@ ') ? selfPath(variable, path) : variable;
  if (how.deleting) query = query.replaceAll(/\brequest\.object\b/g, 'request.oldObject');
  try {
    return how.context.query(query);
  } catch (error) {
    if (!(error instanceof JmesError)) throw error;
    // What cannot be known here is not the same as what is not there.
    if (error.message.includes(NEEDS_REGISTRY)) throw error;
    if (how.lenient) return null;
    throw new JmesError(
      `failed to resolve ${variable} at path ${path.map(step => `/${step}`).join('')}: JMESPath query failed: ${error.message}`,
    );
  }
}

/** `@` stands for the field of the request's object at the same place as the text. */
function selfPath(variable: string, path: readonly (string | number)[]): string {
  let query = 'request.object';
  for (const step of path) {
    const plain = String(step).replace(/^[<X+=^]?\((.*)\)$/s, '$1');
    query +=
      typeof step === 'number' ? `[${step}]` : `.${/^[A-Za-z_]\w*$/.test(plain) ? plain : JSON.stringify(plain)}`;
  }
  return query + variable.slice(1);
}
