import { sprint, sprintf } from './format.ts';
import type { Call } from './value.ts';
import { TemplateError } from './refuse.ts';
import { deepEqual, isDict, isNil, text, truth, typeName } from './value.ts';

type Basic = string | number | bigint | boolean;

const basic = (value: unknown): Basic => {
  if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) return value as Basic;
  throw new TemplateError(isNil(value) ? 'incompatible types for comparison' : 'invalid type for comparison');
};

function comparable(left: unknown, right: unknown): [Basic, Basic] {
  const [a, b] = [basic(left), basic(right)];
  if (typeof a !== typeof b) throw new TemplateError('incompatible types for comparison');
  return [a, b];
}

function equal(first: unknown, ...others: unknown[]): boolean {
  if (others.length === 0) throw new TemplateError('missing argument for comparison');
  return others.some(other => {
    if (isNil(first) || isNil(other)) return isNil(first) && isNil(other);
    if (typeof first === 'object' || typeof other === 'object') {
      if (typeof first !== typeof other) throw new TemplateError('incompatible types for comparison');
      return deepEqual(first, other);
    }
    const [a, b] = comparable(first, other);
    return a === b;
  });
}

function less(left: unknown, right: unknown): boolean {
  const [a, b] = comparable(left, right);
  if (typeof a === 'boolean') throw new TemplateError('invalid type for comparison');
  return a < b;
}

function index(item: unknown, ...keys: unknown[]): unknown {
  return keys.reduce((at, key) => {
    if (isNil(at)) throw new TemplateError('index of untyped nil');
    if (isDict(at)) return at.get(text(key));
    if (!Array.isArray(at) && typeof at !== 'string')
      throw new TemplateError(`can't index item of type ${typeName(at)}`);
    const place = typeof key === 'bigint' || typeof key === 'number' ? Number(key) : Number.NaN;
    if (!Number.isInteger(place)) throw new TemplateError(`cannot index slice/array with type ${typeName(key)}`);
    if (place < 0 || place >= at.length) throw new TemplateError(`error calling index: index out of range: ${place}`);
    return typeof at === 'string' ? BigInt(Buffer.from(at)[place]!) : (at as unknown[])[place];
  }, item);
}

function slice(item: unknown, ...bounds: unknown[]): unknown {
  if (typeof item !== 'string' && !Array.isArray(item))
    throw new TemplateError(`can't slice item of type ${typeName(item)}`);
  const [from = 0, to = item.length] = bounds.map(Number);
  if (from < 0 || to > item.length || from > to) throw new TemplateError('index out of range');
  return item.slice(from, to);
}

function length(item: unknown): bigint {
  if (typeof item === 'string') return BigInt(Buffer.byteLength(item));
  if (Array.isArray(item)) return BigInt(item.length);
  if (isDict(item)) return BigInt(item.size);
  throw new TemplateError(isNil(item) ? 'len of nil pointer' : `len of type ${typeName(item)}`);
}

const HTML: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&#34;', "'": '&#39;' };

/** The functions every Go template has. */
export const BUILTINS: Readonly<Record<string, Call>> = {
  not: value => !truth(value),
  eq: equal,
  ne: (left, right) => !equal(left, right),
  lt: less,
  le: (left, right) => !less(right, left),
  gt: (left, right) => less(right, left),
  ge: (left, right) => !less(left, right),
  index,
  slice,
  len: length,
  print: (...args) => sprint(args),
  println: (...args) => `${args.map(item => sprintf('%v', [item])).join(' ')}\n`,
  printf: (format, ...args) => sprintf(text(format), args),
  html: (...args) => sprint(args).replace(/[<>&"']/g, found => HTML[found]!),
  js: (...args) =>
    sprint(args).replace(/[\\'"<>&=]/g, found =>
      found === '\\' || found === "'" || found === '"'
        ? `\\${found}`
        : `\\u00${found.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
  urlquery: (...args) => encodeURIComponent(sprint(args)).replaceAll('%20', '+'),
};
