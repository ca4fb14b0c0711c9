import type { Text } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';

/** One edit that makes a policy say less than it does; `path` is an RFC 6901 pointer. */
export interface Weakening {
  readonly path: string;
  readonly action: 'set' | 'remove';
  readonly value?: unknown;
  /** What is asked for no more. */
  readonly change: Text;
}

const ANY_PORT: Text = { en: 'takes every port', zh: '放行所有端口' };
const ANYBODY: Text = { en: 'selects everybody', zh: '选中所有对象' };
const ANY_ADDRESS: Text = { en: 'takes every address', zh: '放行所有地址' };
const NO_EXCEPTION: Text = { en: 'has no exception', zh: '没有例外' };

/** Fields by what they say, in every dialect of network policies. */
const PORTS = new Set(['ports', 'toPorts']);
const SELECTORS = new Set(['podSelector', 'namespaceSelector', 'namespaces', 'endpointSelector', 'nodeSelector']);
const SELECTOR_LISTS = new Set(['fromEndpoints', 'toEndpoints', 'fromNodes', 'toNodes']);
const PREFIXES = new Set(['cidr']);
const PREFIX_LISTS = new Set(['fromCIDR', 'toCIDR', 'networks']);
const EXCEPTIONS = new Set(['except']);
/** Selectors that a policy asks of itself lie in these. */
const SUBJECTS = ['/spec/podSelector', '/spec/endpointSelector', '/spec/nodeSelector', '/spec/subject'];

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isFull = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : isObject(value) && Object.keys(value).length > 0;
const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

const emptied = (path: string): Weakening => ({ path, action: 'set', value: {}, change: ANYBODY });

function widened(prefix: unknown, path: string): Weakening[] {
  if (typeof prefix !== 'string' || prefix.endsWith('/0')) return [];
  const value = prefix.includes(':') ? '::/0' : '0.0.0.0/0';
  return [{ path, action: 'set', value, change: ANY_ADDRESS }];
}

/** What one field of a rule can say less of. */
function ofField(key: string, value: unknown, path: string): Weakening[] {
  if (PORTS.has(key)) return isFull(value) ? [{ path, action: 'remove', change: ANY_PORT }] : [];
  if (EXCEPTIONS.has(key)) return isFull(value) ? [{ path, action: 'remove', change: NO_EXCEPTION }] : [];
  if (SELECTORS.has(key) && isObject(value)) return isFull(value) ? [emptied(path)] : [];
  if (PREFIXES.has(key)) return widened(value, path);
  if (!Array.isArray(value)) return isObject(value) ? inside(value, path) : [];
  return value.flatMap((item: unknown, index) => {
    const at = `${path}/${index}`;
    if (SELECTOR_LISTS.has(key)) return isFull(item) ? [emptied(at)] : [];
    if (PREFIX_LISTS.has(key)) return widened(item, at);
    return isObject(item) ? inside(item, at) : [];
  });
}

function inside(value: Readonly<Record<string, unknown>>, path: string): Weakening[] {
  return Object.entries(value).flatMap(([key, item]) => ofField(key, item, `${path}/${escaped(key)}`));
}

function valueAt(object: KubeObject, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>(
      (at, step) =>
        (at as Readonly<Record<string, unknown>> | undefined)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')],
      object,
    );
}

/** The ways a rule of a policy can say less: ports, peers, prefixes and exceptions, one at a time. */
export function ruleWeakenings(object: KubeObject, path: string): Weakening[] {
  const rule = valueAt(object, path);
  return isObject(rule) ? inside(rule, path) : [];
}

/** The ways a policy can be of more pods than it is. */
export function subjectWeakenings(object: KubeObject): Weakening[] {
  return SUBJECTS.flatMap(path => {
    const subject = valueAt(object, path);
    if (!isFull(subject)) return [];
    return path === '/spec/subject' ? inside(subject as Readonly<Record<string, unknown>>, path) : [emptied(path)];
  });
}
