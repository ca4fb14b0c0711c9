import { groundValue } from '../compile-body.ts';
import type { Term } from '../syntax.ts';
import { ANY, objectType, type Type } from './type.ts';

/**
 * The type of a document with keys: what a rule gives, under the keys of its head. Rules with constant keys leave room
 * for data beside them.
 */
export function documentType(
  keys: readonly Term[],
  last: Type | undefined,
  typeOf: (key: Term) => Type | undefined,
): Type | undefined {
  const isOpen = keys.every(key => groundValue(key) !== undefined);
  const beside = isOpen ? { key: { kind: 'string' } as const, value: ANY } : undefined;
  return keys.reduceRight<Type | undefined>((inner, key) => {
    const constant = groundValue(key);
    if (constant !== undefined && typeof constant !== 'object') return objectType([[constant, inner]], beside);
    return objectType([], { key: typeOf(key), value: inner });
  }, last);
}
