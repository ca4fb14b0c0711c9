import type { WriteOptions } from '../client.ts';
import type { ResourceDefinition } from '../resource.ts';
import { badRequest, invalid, type StatusError } from '../status.ts';
import type { Duplicates, RequestContext } from './registry.ts';

const unknownField = (path: string): string => `unknown field "${path}"`;

const below = (path: string, root: string): boolean =>
  path === root || (path.startsWith(root) && (path[root.length] === '.' || path[root.length] === '['));

/**
 * Strict decoding errors in the API server's order: its JSON reader meets duplicate and unknown fields of built-in kinds as they
 * stand in the text and looks at nothing inside an unknown field; YAML lines and the duplicates of custom kinds come first.
 */
export function decodingErrors(
  definition: ResourceDefinition,
  duplicates: Duplicates | undefined,
  unknown: readonly string[],
): string[] {
  const { lines = [], paths = [], offsetOf, prefix = '' } = duplicates ?? {};
  const yaml = lines.length > 0 ? [`yaml: unmarshal errors:\n  ${lines.join('\n  ')}`] : [];
  const duplicate = (path: string): string => `${prefix}duplicate field "${path}"`;
  if (definition.custom || offsetOf === undefined)
    return [
      ...new Set([
        ...yaml,
        ...paths.map(({ path }) => duplicate(path)),
        ...(definition.custom ? [...unknown].sort() : unknown).map(unknownField),
      ]),
    ];
  const met = [
    ...paths
      .filter(({ path }) => !unknown.some(root => below(path, root)))
      .map(({ path, offset }) => ({ at: offset, text: duplicate(path) })),
    ...unknown.map(path => ({ at: offsetOf(path), text: unknownField(path) })),
  ];
  met.sort((left, right) => left.at - right.at);
  return [...new Set([...yaml, ...met.map(({ text }) => text)])];
}

/** The texts of `Warning` headers for strict decoding errors: one a YAML line. */
export const decodingWarnings = (errors: readonly string[]): string[] =>
  errors.flatMap(text => {
    const [first = '', ...lines] = text.split('\n');
    return lines.length === 0 ? [first] : lines.map(line => line.trim());
  });

export const strictText = (errors: readonly string[]): string => `strict decoding error: ${errors.join(', ')}`;

/** Words a refusal: `why` is what the reader said. */
export type Refusal = (why: string) => StatusError;

/** The 400 of a body that cannot be read as an object of its kind. */
export const bodyRefusal =
  ({ kind, version }: ResourceDefinition): Refusal =>
  why =>
    badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);

/** The 422 of a patch whose outcome is no object of its kind; `shown` is the outcome, or a strategic patch itself. */
export const invalidPatch = (shown: string, why: string): StatusError =>
  invalid('', '', '', [
    { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(shown)}: ${why}`, field: 'patch' },
  ]);

/** Keys an apply configuration names twice: refused or warned of after the merge, as the API server does. */
export function strictApply(context: RequestContext, options: WriteOptions): void {
  const lines = context.duplicates?.lines ?? [];
  if (lines.length === 0 || options.fieldValidation === 'Ignore') return;
  const text = `yaml: unmarshal errors:\n  ${lines.join('\n  ')}`;
  if (options.fieldValidation === 'Strict')
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${text}`);
  for (const line of decodingWarnings([text])) if (!context.warnings.includes(line)) context.warnings.push(line);
}

/** The API server's words for a kind that is none of those it knows. */
export const unregistered = (apiVersion: unknown, kind: unknown): string =>
  `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:110"`;
