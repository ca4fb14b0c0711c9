import { readFileSync } from 'node:fs';
import { rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import { errorText, type Flags, listOf, parseFlags, reportsOf, textOf, versionOf, worldOf } from './opa-flags.ts';
import { jsonReport, prettyReport, type RunReport, table } from './opa-eval-report.ts';
import { allowedBuiltins, durationOf, importsOf, limited, profileWanted, Timers } from './opa-eval-run.ts';
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
  options: rego.QueryOptions & { readonly version: 'v0' | 'v1' },
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

const bindingsTable = (rows: readonly Row[], names: readonly string[]): string =>
  table(
    names,
    rows.map(row => names.map(name => rego.jsonText(row.bindings![name]!))),
  );

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
  return bindingsTable(named, Object.keys(named[0]!.bindings!));
}

const raw = (value: rego.Value): string => (typeof value === 'string' ? value : rego.jsonText(value));

const plainRow = ({ expressions, bindings }: Row): unknown => ({
  expressions: expressions.map(({ value, text, location }) => ({ value: rego.toJson(value), text, location })),
  ...(bindings ? { bindings: rego.toJson(bindings) } : {}),
});

const rowsReport = (rows: readonly Row[]): object => (rows.length === 0 ? {} : { result: rows.map(plainRow) });

/** Rows in one of OPA's formats. */
export function formatRows(rows: readonly Row[], format: string): string {
  switch (format) {
    case 'pretty':
      return prettyRows(rows);
    case 'bindings':
      return rows.map(row => pretty(row.bindings ?? {})).join('\n');
    case 'values':
      return rows.length === 0 ? '' : rows.map(row => pretty(row.expressions.map(({ value }) => value))).join('\n');
    case 'discard':
      return rows.length === 0 ? '{}' : '{\n  "result": "discarded"\n}';
    case 'raw':
      return rows.map(row => row.expressions.map(({ value }) => raw(value)).join(' ')).join('\n');
    default:
      return JSON.stringify(rowsReport(rows), undefined, 2);
  }
}

const FORMATS = ['json', 'pretty', 'values', 'bindings', 'raw', 'discard'];

/** What partial evaluation takes as unknown and what it leaves as rules. */
export function partialOptions(flags: Flags): rego.PartialOptions & { readonly imports: readonly string[] } {
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

const EVAL_OPTIONS = {
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
  'show-builtin-errors': { type: 'boolean' },
  strict: { type: 'boolean', short: 'S' },
  coverage: { type: 'boolean' },
  partial: { type: 'boolean', short: 'p' },
  unknowns: { type: 'string', short: 'u', multiple: true },
  'disable-inlining': { type: 'string', multiple: true },
  'shallow-inlining': { type: 'boolean' },
  explain: { type: 'string' },
  metrics: { type: 'boolean' },
  instrument: { type: 'boolean' },
  profile: { type: 'boolean' },
  'profile-limit': { type: 'string' },
  'profile-sort': { type: 'string', multiple: true },
  timeout: { type: 'string' },
  count: { type: 'string' },
  target: { type: 'string', short: 't' },
  capabilities: { type: 'string' },
  'pretty-limit': { type: 'string' },
  'disable-indexing': { type: 'boolean' },
  'disable-early-exit': { type: 'boolean' },
  'optimize-store-for-read-speed': { type: 'boolean' },
} as const;

const EXPLANATIONS = ['off', 'full', 'notes', 'fails', 'debug'] as const;

/** What the options ask for that no evaluation can give; undefined when all is well. */
function objection(flags: Flags, format: string): string | undefined {
  const formats: readonly string[] = flags.values.partial === true ? PARTIAL_FORMATS : FORMATS;
  if (!formats.includes(format)) return `Format "${format}" is none of ${formats.join(', ')}`;
  const explain = textOf(flags, 'explain') ?? 'off';
  if (!EXPLANATIONS.some(kind => kind === explain))
    return `Explanation "${explain}" is none of ${EXPLANATIONS.join(', ')}`;
  const target = textOf(flags, 'target') ?? 'rego';
  if (target !== 'rego') return `Target "${target}" is not run here: leave --target out, rego is compiled as it is`;
  const timeout = textOf(flags, 'timeout');
  if (timeout !== undefined && durationOf(timeout) === undefined)
    return `Timeout "${timeout}" is no duration: write 5s, 1m30s or 250ms`;
  return undefined;
}

interface Job {
  readonly flags: Flags;
  readonly program: rego.Program;
  readonly text: string;
  readonly place: rego.QueryOptions & { readonly version: 'v0' | 'v1' };
  readonly evaluation: rego.Evaluation;
  readonly timers: Timers;
}

/** Evaluates as the options ask: once or several times, with what they want told of it. */
function run({ flags, program, text, place, evaluation, timers }: Job): { rows: Row[]; report: RunReport } {
  const wanted = profileWanted(flags);
  const explain = (textOf(flags, 'explain') ?? 'off') as (typeof EXPLANATIONS)[number];
  const count = Math.max(1, Number(textOf(flags, 'count') ?? 1));
  let rows: Row[] = [];
  let report: RunReport = {};
  for (let turn = 0; turn < count; turn++) {
    const coverage = flags.values.coverage === true ? new rego.Coverage() : undefined;
    const profile = wanted && new rego.Profile(() => performance.now() * 1e6);
    const trace = explain === 'off' ? undefined : new rego.Trace(text, evaluation.builtins.notes);
    const tracer = rego.tracing([coverage, profile, trace].filter(each => each !== undefined));
    rows = timers.time('timer_rego_query_eval_ns', () => queryRows(program, text, place, evaluation, tracer));
    profile?.stop();
    report = {
      ...(coverage ? { coverage: coverage.report(program.modules) } : {}),
      ...(profile ? { profile: profile.report(program.modules, text, wanted!.orders, wanted!.limit) } : {}),
      ...(trace && explain !== 'off' ? { explanation: trace.of(explain) } : {}),
    };
  }
  const isMeasured = ['metrics', 'instrument', 'profile'].some(name => flags.values[name] === true);
  return { rows, report: isMeasured ? { metrics: timers.report(), ...report } : report };
}

function show(rows: readonly Row[], format: string, report: RunReport, texts: ReadonlyMap<string, string>): string {
  if (format === 'json') return JSON.stringify({ ...rowsReport(rows), ...jsonReport(report, texts) }, undefined, 2);
  const shown = formatRows(rows, format);
  if (format !== 'pretty') return shown;
  const { before, after } = prettyReport(report, texts, texts.get('query')!);
  return [...before, shown, ...after].join('\n');
}

/** `eval`: exit 1 for --fail on undefined, --fail-defined on a result; 2 for errors. */
export async function evaluate(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, EVAL_OPTIONS);
  const { terminal } = invocation;
  const format = textOf(flags, 'format') ?? 'json';
  const refused = objection(flags, format);
  if (refused !== undefined) {
    terminal.err(refused);
    return 2;
  }
  const text = flags.values.stdin === true ? readFileSync(0, 'utf8') : (flags.words[0] ?? '');
  const texts = new Map([['query', text]]);
  try {
    const timers = new Timers();
    const version = versionOf(flags);
    const { modules, data } = timers.time('timer_rego_load_files_ns', () =>
      readSources({
        paths: listOf(flags, 'data'),
        bundles: listOf(flags, 'bundle'),
        ignore: listOf(flags, 'ignore'),
        version,
      }),
    );
    for (const module of modules) texts.set(module.file, module.text);
    if (flags.values.strict === true) rego.checkStrict(modules);
    const file = flags.values['stdin-input'] === true ? '-' : textOf(flags, 'input');
    const input = file === undefined ? {} : { input: readDocument(file) };
    const world = worldOf(invocation, isStrict(flags));
    const builtins = limited(world, durationOf(textOf(flags, 'timeout') ?? '0')!);
    const inside = textOf(flags, 'package');
    const program = timers.time('timer_rego_module_compile_ns', () =>
      rego.compileRego(modules, allowedBuiltins(flags)),
    );
    const place = { version, uses: importsOf(flags), ...(inside === undefined ? {} : { package: inside }) };
    const evaluation = { ...input, data, builtins };
    if (flags.values.partial === true) {
      const left = program.partially(text, { ...place, ...partialOptions(flags) }, evaluation);
      const shown = format === 'discard' ? '' : formatPartial(left, format);
      if (shown !== '') terminal.out(shown);
      return exitOf(flags, left.queries.length);
    }
    const { rows, report } = run({ flags, program, text, place, evaluation, timers });
    for (const line of builtins.printed) terminal.err(`${line}`);
    const shown = show(rows, format, report, texts);
    if (shown !== '') terminal.out(shown);
    return exitOf(flags, rows.length);
  } catch (error) {
    if (format === 'json' || format === 'discard')
      terminal.out(JSON.stringify({ errors: reportsOf(error, texts) }, undefined, 2));
    else terminal.err(errorText(error, texts));
    return 2;
  }
}

const isStrict = ({ values }: Flags): boolean =>
  values['strict-builtin-errors'] === true || values['show-builtin-errors'] === true;
