import { readFileSync } from 'node:fs';
import { rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import { errorText, type Flags, listOf, parseFlags, reportsOf, textOf, versionOf, worldOf } from './opa-flags.ts';
import { formatPartial, PARTIAL_FORMATS, pathsOf } from './opa-partial.ts';
import { readDocument, readSources } from './opa-sources.ts';

interface Expression {
  readonly value: rego.Value;
  readonly text: string;
  readonly location: { readonly row: number; readonly col: number };
}

interface Row {
  readonly expressions: readonly Expression[];
  readonly bindings?: { readonly [name: string]: rego.Value };
}

/** What a query gives: rows of expressions and bindings. */
export function queryRows(
  program: rego.Program,
  text: string,
  options: { readonly package?: string; readonly version: 'v0' | 'v1' },
  evaluation: rego.Evaluation,
  tracer?: rego.Tracer,
): Row[] {
  const query = program.query(text, { ...options, imports: ['in', 'every', 'if', 'contains'], values: true });
  const found = tracer ? query.interpret(evaluation, tracer) : query.evaluate(evaluation);
  return found.map(row => {
    const bindings = Object.fromEntries(query.names.map(name => [name, row[name]!]));
    const expressions = query.expressions.map(({ text: shown, at }, index) => {
      const { line, column } = rego.lineOf(text, at.start);
      return {
        value: row[`$e${index}`] ?? (Object.hasOwn(row, `$e${index}`) ? null : true),
        text: shown,
        location: { row: line, col: column },
      };
    });
    return { expressions, ...(query.names.length > 0 ? { bindings } : {}) };
  });
}

const pretty = (value: unknown): string => JSON.stringify(rego.toJson(value as rego.Value), undefined, 2) ?? 'null';

function table(rows: readonly Row[], names: readonly string[]): string {
  const cells = rows.map(row => names.map(name => rego.jsonText(row.bindings![name]!)));
  const widths = names.map((name, column) => Math.max(name.length, ...cells.map(line => line[column]!.length)));
  const rule = (left: string, middle: string, right: string): string =>
    left + widths.map(width => '─'.repeat(width + 2)).join(middle) + right;
  const centred = (text: string, width: number): string => {
    const before = Math.floor((width - text.length) / 2);
    return ' '.repeat(before) + text + ' '.repeat(width - text.length - before);
  };
  const line = (texts: readonly string[]): string => `│ ${texts.join(' │ ')} │`;
  return [
    rule('┌', '┬', '┐'),
    line(names.map((name, column) => centred(name, widths[column]!))),
    rule('├', '┼', '┤'),
    ...cells.map(texts => line(texts.map((text, column) => text.padEnd(widths[column]!)))),
    rule('└', '┴', '┘'),
  ].join('\n');
}

function prettyRows(rows: readonly Row[]): string {
  const [first] = rows;
  if (!first) return 'undefined';
  if (rows.length === 1 && !first.bindings && first.expressions.length === 1)
    return pretty(first.expressions[0]!.value);
  const named: Row[] = rows.map(row => {
    const shown = row.expressions.filter(({ value }) => value !== true || !row.bindings);
    return {
      expressions: [],
      bindings: { ...row.bindings, ...Object.fromEntries(shown.map(({ text, value }) => [text, value])) },
    };
  });
  return table(named, Object.keys(named[0]!.bindings!));
}

const raw = (value: rego.Value): string => (typeof value === 'string' ? value : rego.jsonText(value));

const plainRow = ({ expressions, bindings }: Row): unknown => ({
  expressions: expressions.map(({ value, text, location }) => ({ value: rego.toJson(value), text, location })),
  ...(bindings ? { bindings: rego.toJson(bindings) } : {}),
});

/** Rows in one of OPA's formats. */
export function formatRows(rows: readonly Row[], format: string): string {
  switch (format) {
    case 'pretty':
      return prettyRows(rows);
    case 'bindings':
      return rows.map(row => pretty(row.bindings ?? {})).join('\n') || '[]';
    case 'values':
      return rows.length === 0 ? '' : rows.map(row => pretty(row.expressions.map(({ value }) => value))).join('\n');
    case 'raw':
      return rows.map(row => row.expressions.map(({ value }) => raw(value)).join(' ')).join('\n');
    default:
      return JSON.stringify(rows.length === 0 ? {} : { result: rows.map(plainRow) }, undefined, 2);
  }
}

const FORMATS = ['json', 'pretty', 'values', 'bindings', 'raw', 'discard'];

/** What partial evaluation takes as unknown and what it leaves as rules. */
function partialOptions(flags: Flags): rego.PartialOptions & { readonly imports: readonly string[] } {
  const unknowns = listOf(flags, 'unknowns');
  return {
    unknowns: pathsOf(unknowns.length > 0 ? unknowns : ['input']),
    disabled: pathsOf(listOf(flags, 'disable-inlining')),
    shallow: flags.values['shallow-inlining'] === true,
    imports: ['in', 'every', 'if', 'contains'],
  };
}

const exitOf = ({ values }: Flags, count: number): number =>
  (values.fail === true && count === 0) || (values['fail-defined'] === true && count > 0) ? 1 : 0;

/** `eval`: exit 1 for --fail on undefined, --fail-defined on a result; 2 for errors. */
export async function evaluate(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, {
    data: { type: 'string', short: 'd', multiple: true },
    bundle: { type: 'string', short: 'b', multiple: true },
    input: { type: 'string', short: 'i' },
    'stdin-input': { type: 'boolean', short: 'I' },
    stdin: { type: 'boolean' },
    package: { type: 'string' },
    import: { type: 'string', multiple: true },
    fail: { type: 'boolean' },
    'fail-defined': { type: 'boolean' },
    'strict-builtin-errors': { type: 'boolean' },
    strict: { type: 'boolean', short: 'S' },
    coverage: { type: 'boolean' },
    partial: { type: 'boolean', short: 'p' },
    unknowns: { type: 'string', short: 'u', multiple: true },
    'disable-inlining': { type: 'string', multiple: true },
    'shallow-inlining': { type: 'boolean' },
  });
  const { terminal } = invocation;
  const format = textOf(flags, 'format') ?? 'json';
  const isPartial = flags.values.partial === true;
  const formats: readonly string[] = isPartial ? PARTIAL_FORMATS : FORMATS;
  if (!formats.includes(format)) {
    terminal.err(`Format "${format}" is none of ${formats.join(', ')}`);
    return 2;
  }
  const text = flags.values.stdin === true ? readFileSync(0, 'utf8') : (flags.words[0] ?? '');
  const texts = new Map([['query', text]]);
  try {
    const version = versionOf(flags);
    const { modules, data } = readSources({
      paths: listOf(flags, 'data'),
      bundles: listOf(flags, 'bundle'),
      ignore: listOf(flags, 'ignore'),
      version,
    });
    for (const module of modules) texts.set(module.file, module.text);
    const file = flags.values['stdin-input'] === true ? '-' : textOf(flags, 'input');
    const input = file === undefined ? {} : { input: readDocument(file) };
    const builtins = worldOf(invocation, flags.values['strict-builtin-errors'] === true);
    const coverage = flags.values.coverage === true ? new rego.Coverage() : undefined;
    const inside = textOf(flags, 'package');
    const program = rego.compileRego(modules, rego.BUILTINS);
    const place = { version, ...(inside === undefined ? {} : { package: inside }) };
    if (isPartial) {
      const left = program.partially(text, { ...place, ...partialOptions(flags) }, { ...input, data, builtins });
      const shown = format === 'discard' ? '' : formatPartial(left, format);
      if (shown !== '') terminal.out(shown);
      return exitOf(flags, left.queries.length);
    }
    const rows = queryRows(program, text, place, { ...input, data, builtins }, coverage);
    for (const line of builtins.printed) terminal.err(`${line}`);
    if (format === 'json' && coverage)
      terminal.out(
        JSON.stringify(
          { ...(JSON.parse(formatRows(rows, format)) as object), coverage: coverage.report(modules) },
          undefined,
          2,
        ),
      );
    else if (format !== 'discard') terminal.out(`${formatRows(rows, format)}`);
    return exitOf(flags, rows.length);
  } catch (error) {
    if (format === 'json' || format === 'bindings')
      terminal.out(JSON.stringify({ errors: reportsOf(error, texts) }, undefined, 2));
    else terminal.err(errorText(error, texts));
    return 2;
  }
}
