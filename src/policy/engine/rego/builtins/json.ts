import { parseAllDocuments, stringify } from 'yaml';
import { parseNumber, type RegoNumber } from '../number.ts';
import { BuiltinError } from '../runtime.ts';
import {
  entriesOf,
  escapeHtml,
  fromJsonText,
  isArray,
  lookup,
  objectOf,
  RegoSet,
  toJson,
  jsonText,
  type Value,
} from '../value.ts';
import { type Entry, entry, object, text, wrong } from './operands.ts';
import { filterPaths, removePaths } from './json-paths.ts';
import { patch } from './json-patch.ts';

/** As Go's encoding/json: `<`, `>`, `&` and the two line separators are escaped. */
export function marshal(value: Value): string {
  return escapeHtml(jsonText(value));
}

export function unmarshal(source: string): Value {
  try {
    return fromJsonText(source);
  } catch (error) {
    throw new BuiltinError(jsonFault(source, error));
  }
}

function jsonFault(source: string, error: unknown): string {
  if (source.trim() === '') return 'unexpected end of JSON input';
  const first = source.trimStart()[0]!;
  return /[[{"tfn\-0-9]/.test(first) || !(error instanceof SyntaxError)
    ? `invalid character in JSON: ${error instanceof Error ? error.message : ''}`
    : `invalid character '${first}' looking for beginning of value`;
}

function isJson(source: string): boolean {
  try {
    JSON.parse(source);
    return true;
  } catch {
    return false;
  }
}

function marshalWith(value: Value, options: Value): string {
  const given = object(options, 2);
  const known = new Set(['pretty', 'indent', 'prefix']);
  let pretty = false;
  let indent = '\t';
  let prefix = '';
  for (const [key, item] of entriesOf(given)) {
    if (typeof key !== 'string' || !known.has(key))
      throw new BuiltinError(`operand 2 object contained unknown key ${jsonText(key)}`, true);
    if (key === 'pretty') pretty = typeof item === 'boolean' ? item : wrongOption(key);
    else {
      const shown = typeof item === 'string' ? item : wrongOption(key);
      if (key === 'indent') indent = shown;
      else prefix = shown;
      if (lookup(given, 'pretty') === undefined) pretty = true;
    }
  }
  if (!pretty) return marshal(value);
  return indented(toJson(value), indent, prefix);
}

function wrongOption(key: string): never {
  throw new BuiltinError(`operand 2 key ${JSON.stringify(key)} has a wrong type`, true);
}

/** JSON.stringify cuts indents at ten characters: the marker is replaced afterwards. */
function indented(value: unknown, indent: string, prefix: string): string {
  return escapeHtml(JSON.stringify(value, undefined, '\t'))
    .split('\n')
    .map(line => {
      const depth = /^\t*/.exec(line)![0].length;
      return prefix + indent.repeat(depth) + line.slice(depth);
    })
    .join('\n');
}

const ALIASES_MAX = 100;

/** YAML 1.2 core with the JSON reading of keys, as the parser of Kubernetes does it. */
export function unmarshalYaml(source: string): Value {
  const [document] = parseAllDocuments(source, { intAsBigInt: true, merge: true, uniqueKeys: true });
  if (document === undefined || !('toJS' in document)) return null;
  if (document.errors.length > 0) throw new BuiltinError(`yaml: ${document.errors[0]!.message.split('\n')[0]}`);
  try {
    return fromYaml(document.toJS({ maxAliasCount: ALIASES_MAX, mapAsMap: true }));
  } catch (error) {
    throw new BuiltinError(`yaml: ${(error as Error).message}`);
  }
}

function fromYaml(value: unknown): Value {
  if (typeof value === 'bigint') return parseNumber(String(value)) as RegoNumber;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new BuiltinError('json: unsupported value');
    return Object.is(value, -0) ? 0 : value;
  }
  if (Array.isArray(value)) return value.map(fromYaml);
  if (value instanceof Map) return objectOf([...value].map(([key, item]) => [yamlKey(key), fromYaml(item)] as const));
  if (value instanceof Date) return value.toISOString();
  return (value ?? null) as Value;
}

const yamlKey = (key: unknown): string => (key === null ? 'null' : String(key));

function marshalYaml(value: Value): string {
  return stringify(yamlForm(toJson(value)), {
    lineWidth: 0,
    indentSeq: true,
    compat: 'yaml-1.1',
    aliasDuplicateObjects: false,
    singleQuote: false,
  });
}

function yamlForm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(yamlForm);
  if (typeof value !== 'object' || value === null) return value;
  const raw = value as { rawJSON?: unknown };
  if (typeof raw.rawJSON === 'string') return Number(raw.rawJSON);
  return new Map(Object.entries(value).map(([key, item]) => [key, yamlForm(item)]));
}

function pathsOf(value: Value): Value[][] {
  const list = isArray(value)
    ? value
    : value instanceof RegoSet
      ? value.sorted()
      : wrong(2, 'one of {set, array}', value);
  return list.map(item => splitPath(item));
}

/** A path as text (JSON pointer, the first slash may miss) or as an array of keys. */
export function splitPath(path: Value): Value[] {
  if (typeof path === 'string') {
    if (path === '') return [];
    return path
      .replace(/^\/+/, '')
      .split('/')
      .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  if (isArray(path)) return [...path];
  return wrong(2, 'one of {set, array} containing string paths or array of path segments', path);
}

/** JSON and YAML. */
export const json: Readonly<Record<string, Entry>> = {
  'json.marshal': entry(1, ([value]) => marshal(value!)),
  'json.marshal_with_options': entry(2, ([value, options]) => marshalWith(value!, options!)),
  'json.unmarshal': entry(1, ([value]) => unmarshal(text(value!, 1))),
  'json.is_valid': entry(1, ([value]) => typeof value === 'string' && isJson(value)),
  'json.filter': entry(2, ([value, paths]) => filterPaths(object(value!, 1), pathsOf(paths!))),
  'json.remove': entry(2, ([value, paths]) => removePaths(object(value!, 1), pathsOf(paths!))),
  'json.patch': entry(2, ([value, operations]) => patch(value!, operations!, splitPath)),
  'yaml.marshal': entry(1, ([value]) => marshalYaml(value!)),
  'yaml.unmarshal': entry(1, ([value]) => unmarshalYaml(text(value!, 1))),
  'yaml.is_valid': entry(1, ([value]) => {
    if (typeof value !== 'string') return false;
    try {
      unmarshalYaml(value);
      return true;
    } catch {
      return false;
    }
  }),
};
