import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { celAll, celAny, celNot, celString, celStrings, celWildcard } from './cel-text.ts';
import { NotInCel } from './leaf-cel.ts';
import { hasWildcard } from './wildcard.ts';

/**
 * A label selector as a CEL condition over `labels`, an expression of a map. Keys and values of `matchLabels` may hold
 * wildcards, of which one pair must fit both.
 */
export function celSelector(labels: string, selector: JsonObject): string {
  const wanted = isObject(selector.matchLabels) ? selector.matchLabels : {};
  const pairs = Object.entries(wanted).map(([key, value]) => {
    const text = String(value);
    if (!hasWildcard(key) && !hasWildcard(text))
      return `${labels}[?${celString(key)}] == optional.of(${celString(text)})`;
    return `${labels}.exists(k, ${celAll([celWildcard('k', key), celWildcard(`string(${labels}[k])`, text)])})`;
  });
  const expressions: readonly Json[] = Array.isArray(selector.matchExpressions) ? selector.matchExpressions : [];
  return celAll([...pairs, ...expressions.map(each => requirement(labels, each))]);
}

function requirement(labels: string, value: Json): string {
  const { key, operator, values } = isObject(value) ? value : {};
  const name = celString(String(key));
  const known = `${name} in ${labels}`;
  const among = `${labels}[${name}] in ${celStrings(Array.isArray(values) ? values.map(String) : [])}`;
  if (operator === 'Exists') return known;
  if (operator === 'DoesNotExist') return celNot(known);
  if (operator === 'In') return celAll([known, among]);
  if (operator === 'NotIn') return celAny([celNot(known), celNot(among)]);
  throw new NotInCel(`the selector operator ${celString(String(operator))}`);
}
