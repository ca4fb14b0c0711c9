import type { Context } from './runtime.ts';
import { entriesOf, isArray, isObject, jsonText, RegoSet, type Value } from './value.ts';

/** `{x}` in a template string. */
export function templateText(value: Value | undefined): string {
  if (value === undefined) return '<undefined>';
  return typeof value === 'string' ? value : textOf(value);
}

/** `print`: one line of its arguments. */
export function print(context: Context, values: readonly (Value | undefined)[]): void {
  context.b.printed.push(values.map(templateText).join(' '));
}

/** A value as Rego writes it: sets in braces. */
export function textOf(value: Value): string {
  if (value instanceof RegoSet) return value.size === 0 ? 'set()' : `{${value.sorted().map(textOf).join(', ')}}`;
  if (isArray(value)) return `[${value.map(textOf).join(', ')}]`;
  if (isObject(value))
    return `{${entriesOf(value)
      .map(([key, item]) => `${textOf(key)}: ${textOf(item)}`)
      .join(', ')}}`;
  return jsonText(value);
}
