import { BUILTINS } from './builtins.ts';
import { ENCODE_FUNCTIONS, toJson, toYaml } from './encode.ts';
import { Budget, execute, type Library } from './execute.ts';
import type { Call } from './value.ts';
import { goQuote } from './format.ts';
import { parseTemplate } from './parse.ts';
import { TemplateError } from './refuse.ts';
import { DATA_FUNCTIONS } from './sprig-data.ts';
import { TEXT_FUNCTIONS } from './sprig-text.ts';
import { type ChartPorts, worldFunctions } from './sprig-world.ts';
import { isDict, isNil } from './value.ts';

/** JSON values as templates see them after a decoder that keeps numbers' texts: whole numbers print as they stand. */
function valuesOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(valuesOf);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([key, item]) => [key, valuesOf(item)]));
  return value;
}

const jsonOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (isDict(value)) return Object.fromEntries([...value].map(([key, item]) => [key, jsonOf(item)]));
  return typeof value === 'bigint' ? Number(value) : value;
};

/** A JSON text in quotes: of a string itself, of anything else the text of its JSON. */
export function quoteJson(value: unknown): string {
  const json = toJson(value, false);
  return json.startsWith('"') ? json : goQuote(json);
}

/** A value as YAML; with an indent of n on lines of their own, moved in by 2n. */
export function indentedYaml(value: unknown, indent?: unknown): string {
  const yaml = isNil(value) ? 'null\n' : `${toYaml(value)}\n`;
  const by = Number(indent ?? 0);
  if (!(by > 0)) return yaml;
  if (by > 100) throw new TemplateError('the indent is too large');
  return `\n${yaml}`.replaceAll('\n', `\n${' '.repeat(2 * by)}`);
}

/** A function of the caller's; it is given JSON values and gives one. */
export type TemplateFunction = (...args: unknown[]) => unknown;

/** A Go text template over JSON with the sprig functions; running it throws an Error that says what failed. */
export interface TextTemplate {
  render(data: unknown, functions: Readonly<Record<string, TemplateFunction>>, ports: ChartPorts): string;
}

/** Parses a Go text template. Throws an Error that names the line. */
export function textTemplate(name: string, source: string): TextTemplate {
  const templates = new Map(parseTemplate(name, source).map(template => [template.name, template]));
  return {
    render: (data, own, ports) => {
      const functions = new Map<string, Call>([
        ...Object.entries(BUILTINS),
        ...Object.entries(TEXT_FUNCTIONS),
        ...Object.entries(DATA_FUNCTIONS),
        ...Object.entries(ENCODE_FUNCTIONS),
        ...Object.entries(worldFunctions(ports)),
        ['Quote', quoteJson],
        ['YAML', indentedYaml],
        ...Object.entries(own).map(([key, call]): [string, Call] => [
          key,
          (...args) => valuesOf(call(...args.map(jsonOf))),
        ]),
      ]);
      const library: Library = { functions, templates };
      return execute(library, name, valuesOf(data), new Budget());
    },
  };
}
