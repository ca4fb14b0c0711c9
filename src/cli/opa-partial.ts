import { rego } from '../policy/index.ts';

/** Formats that can tell what is left of a query. */
export const PARTIAL_FORMATS = ['json', 'pretty', 'source', 'discard'] as const;

/** `data.users`, `input["x"].y`: a reference without variables as its parts. Undefined for anything else. */
export function pathOf(text: string): string[] | undefined {
  try {
    const [literal, ...more] = rego.parseQuery(text, { file: 'query', version: 'v1' });
    if (more.length > 0 || literal?.kind !== 'term') return undefined;
    const { term } = literal;
    if (term.kind === 'var') return isRoot(term.name) ? [term.name] : undefined;
    if (term.kind !== 'ref' || term.head.kind !== 'var' || !isRoot(term.head.name)) return undefined;
    const keys = term.path.map(key => (key.kind === 'scalar' && typeof key.value === 'string' ? key.value : undefined));
    return keys.includes(undefined) ? undefined : [term.head.name, ...(keys as string[])];
  } catch (error) {
    if (error instanceof rego.RegoError) return undefined;
    throw error;
  }
}

const isRoot = (name: string): boolean => name === 'input' || name === 'data';

/** Paths of documents; throws SyntaxError for one that is none. */
export const pathsOf = (texts: readonly string[]): string[][] =>
  texts.map(text => {
    const path = pathOf(text);
    if (!path) throw new SyntaxError(`"${text}" is no path of a document: write input.x or data.x.y`);
    return path;
  });

/** `{queries, support}` of the compile API; what is empty is left out. */
export function partialReply(result: rego.PartialResult): { readonly [name: string]: rego.Value } {
  const { queries, support } = rego.partialJson(result);
  return {
    ...(queries.length > 0 ? { queries } : {}),
    ...(support.length > 0 ? { support } : {}),
  };
}

function jsonOf(result: rego.PartialResult): string {
  const { queries, support } = rego.partialJson(result);
  const partial = {
    ...(queries.length > 0 ? { queries: rego.toJson(queries) } : {}),
    ...(support.length > 0 ? { modules: rego.toJson(support) } : {}),
  };
  return JSON.stringify({ partial }, undefined, 2);
}

function sourceOf({ queries, support }: rego.PartialResult): string {
  return [
    ...queries.map((query, index) => `# Query ${index + 1}\n${rego.queryText(query)}\n`),
    ...support.map((module, index) => `# Module ${index + 1}\n${rego.supportText(module)}`),
  ].join('\n');
}

/** A table with a row for each query and module, lines between the rows. */
function tableOf({ queries, support }: rego.PartialResult): string {
  const rows = [
    ...queries.map((query, index): [string, string] => [`Query ${index + 1}`, rego.queryText(query)]),
    ...support.map((module, index): [string, string] => [`Support ${index + 1}`, rego.supportText(module)]),
  ].map(([name, text]) => [[name], text.replaceAll('\t', '  ').split('\n')] as const);
  if (rows.length === 0) return 'undefined';
  const widths = [0, 1].map(column => Math.max(...rows.flatMap(row => row[column]!.map(line => line.length))));
  const rule = (left: string, middle: string, right: string): string =>
    left + widths.map(width => '─'.repeat(width + 2)).join(middle) + right;
  const lines = rows.map(([name, text]) =>
    text.map((line, at) => `│ ${(name[at] ?? '').padEnd(widths[0]!)} │ ${line.padEnd(widths[1]!)} │`).join('\n'),
  );
  return [rule('┌', '┬', '┐'), lines.join(`\n${rule('├', '┼', '┤')}\n`), rule('└', '┴', '┘')].join('\n');
}

/** What is left of a query in one of the formats. */
export function formatPartial(result: rego.PartialResult, format: string): string {
  if (format === 'source') return sourceOf(result);
  return format === 'pretty' ? tableOf(result) : jsonOf(result);
}
