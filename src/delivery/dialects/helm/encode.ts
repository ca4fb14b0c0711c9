import { parseYaml } from '../../../kernel/index.ts';
import { writeYaml } from '../../engine/yaml-write.ts';
import type { Call } from './value.ts';
import { goQuote } from './format.ts';
import { TemplateError } from './refuse.ts';
import { fromJson, isDict, isNil, sortedKeys, Struct, text } from './value.ts';

/** JSON as Go writes it; `escape` for `<`, `>` and `&`. */
export function toJson(value: unknown, escape: boolean, indent = '', step = ''): string {
  if (isNil(value)) return 'null';
  const inner = indent + step;
  const [open, between, close] = step === '' ? ['', ',', ''] : [`\n${inner}`, `,\n${inner}`, `\n${indent}`];
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[${open}${value.map(item => toJson(item, escape, inner, step)).join(between)}${close}]`;
  }
  if (value instanceof Struct) return toJson(new Map(value.fields), escape, indent, step);
  if (isDict(value)) {
    if (value.size === 0) return '{}';
    const colon = step === '' ? ':' : ': ';
    const fields = sortedKeys(value).map(
      key => `${toJson(key, escape)}${colon}${toJson(value.get(key), escape, inner, step)}`,
    );
    return `{${open}${fields.join(between)}${close}}`;
  }
  if (typeof value === 'bigint') return value.toString();
  const written = JSON.stringify(value);
  const escaped = escape ? written.replace(/[<>&]/g, found => `\\u00${found.charCodeAt(0).toString(16)}`) : written;
  return escaped.replace(/[\u2028\u2029]/g, found => `\\u${found.charCodeAt(0).toString(16)}`);
}

/** YAML into template values; numbers are floats, as they come from JSON. */
export function readYamlValue(source: string): unknown {
  return fromJson(parseYaml(source).value);
}

const guarded =
  (read: (source: string) => unknown, asList: boolean): Call =>
  source => {
    try {
      const value = read(text(source));
      if (isNil(value)) return asList ? [] : new Map();
      if (asList !== Array.isArray(value) || (!asList && !isDict(value))) {
        const found = Array.isArray(value) ? 'array' : isDict(value) ? 'object' : typeof value;
        const wanted = asList ? '[]interface {}' : 'map[string]interface {}';
        const reason = `error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${found} into Go value of type ${wanted}`;
        return asList ? [reason] : new Map([['Error', reason]]);
      }
      return value;
    } catch (error) {
      const reason = (error as Error).message;
      return asList ? [reason] : new Map([['Error', reason]]);
    }
  };

const plainStructs = (value: unknown): unknown => {
  if (value instanceof Struct) return plainStructs(new Map(value.fields));
  if (Array.isArray(value)) return value.map(plainStructs);
  if (isDict(value)) return new Map([...value].map(([key, item]) => [key, plainStructs(item)]));
  return value;
};

export const toYaml = (value: unknown): string => writeYaml(plainStructs(value)).replace(/\n$/, '');

function toToml(value: unknown, path: readonly string[] = []): string {
  if (!isDict(value)) throw new TemplateError('toToml needs a map');
  const key = (name: string): string => (/^[A-Za-z0-9_-]+$/.test(name) ? name : goQuote(name));
  const scalar = (item: unknown): string => {
    if (typeof item === 'string') return goQuote(item);
    if (Array.isArray(item)) return `[${item.map(scalar).join(', ')}]`;
    if (typeof item === 'number' && Number.isInteger(item)) return `${item}.0`;
    return String(item);
  };
  const names = sortedKeys(value).filter(name => !isNil(value.get(name)));
  const lines = names
    .filter(name => !isDict(value.get(name)))
    .map(name => `${'  '.repeat(path.length)}${key(name)} = ${scalar(value.get(name))}\n`);
  const tables = names
    .filter(name => isDict(value.get(name)))
    .map(name => {
      const inner = [...path, key(name)];
      return `${path.length === 0 ? '\n' : ''}${'  '.repeat(path.length)}[${inner.join('.')}]\n${toToml(value.get(name), inner)}`;
    });
  return lines.join('') + tables.join('');
}

const parseJson = (source: string): unknown => fromJson(JSON.parse(source));

/** Functions that write and read YAML, JSON and TOML. */
export const ENCODE_FUNCTIONS: Readonly<Record<string, Call>> = {
  toYaml,
  mustToYaml: toYaml,
  toYamlPretty: value => writeYaml(plainStructs(value), true).replace(/\n$/, ''),
  fromYaml: guarded(readYamlValue, false),
  fromYamlArray: guarded(readYamlValue, true),
  toJson: value => toJson(value, true),
  mustToJson: value => toJson(value, true),
  toPrettyJson: value => toJson(value, true, '', '  '),
  mustToPrettyJson: value => toJson(value, true, '', '  '),
  toRawJson: value => toJson(value, false),
  mustToRawJson: value => toJson(value, false),
  fromJson: guarded(parseJson, false),
  fromJsonArray: guarded(parseJson, true),
  mustFromJson: source => parseJson(text(source)),
  toToml: value => toToml(value),
};
