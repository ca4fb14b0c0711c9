import { rego } from '../policy/index.ts';

/** What a run tells beside its result. */
export interface RunReport {
  readonly metrics?: { readonly [name: string]: number };
  readonly profile?: readonly rego.ProfileLine[];
  readonly coverage?: rego.CoverageReport;
  readonly explanation?: readonly rego.TraceEvent[];
}

/** The line above, between or below rows whose cells have these widths. */
export const ruleOf =
  (widths: readonly number[]) =>
  (left: string, middle: string, right: string): string =>
    left + widths.map(width => '─'.repeat(width + 2)).join(middle) + right;

/** A table with lines around it, titles in the middle. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map(row => row[at]!.length)));
  const rule = ruleOf(widths);
  const centred = (text: string, width: number): string => {
    const before = Math.floor((width - text.length) / 2);
    return ' '.repeat(before) + text + ' '.repeat(width - text.length - before);
  };
  const line = (cells: readonly string[]): string => `│ ${cells.join(' │ ')} │`;
  return [
    rule('┌', '┬', '┐'),
    line(titles.map((title, at) => centred(title, widths[at]!))),
    rule('├', '┼', '┤'),
    ...rows.map(row => line(row.map((cell, at) => cell.padEnd(widths[at]!)))),
    rule('└', '┴', '┘'),
  ].join('\n');
}

/** One row with lines around it. */
function frame(cells: readonly string[]): string {
  const rule = ruleOf(cells.map(cell => cell.length));
  return [rule('┌', '┬', '┐'), `│ ${cells.join(' │ ')} │`, rule('└', '┴', '┘')].join('\n');
}

/** A duration as Go writes it. */
function durationText(time_ns: number): string {
  if (time_ns < 1e3) return `${time_ns}ns`;
  if (time_ns < 1e6) return `${time_ns / 1e3}µs`;
  return time_ns < 1e9 ? `${time_ns / 1e6}ms` : `${time_ns / 1e9}s`;
}

const placeText = (file: string, row: number): string => `${file}:${row}`;

/** One line a step: where it is, how deep, what. */
export function explanationText(events: readonly rego.TraceEvent[], texts: ReadonlyMap<string, string>): string {
  const rows = events.map(({ file, at }) => placeText(file, rego.lineOf(texts.get(file) ?? '', at.start).line));
  const width = Math.max(0, ...rows.map(row => row.length)) + 4;
  return events
    .map(({ operation, depth, text }, at) => `${rows[at]!.padEnd(width)} ${'| '.repeat(depth)}${operation} ${text}`)
    .join('\n');
}

function explanationJson(events: readonly rego.TraceEvent[], texts: ReadonlyMap<string, string>): unknown {
  return events.map(({ operation, depth, file, at, text }) => {
    const { line, column } = rego.lineOf(texts.get(file) ?? '', at.start);
    const message = operation === 'Note' ? (JSON.parse(text) as string) : text;
    return {
      Op: operation,
      Location: { file: file === 'query' ? '' : file, row: line, col: column },
      Depth: depth,
      Message: message,
    };
  });
}

/** What stands before and after the result in the format for people. */
export function prettyReport(
  { metrics, profile, coverage, explanation }: RunReport,
  texts: ReadonlyMap<string, string>,
  query: string,
): { readonly before: string[]; readonly after: string[] } {
  const before = explanation && explanation.length > 0 ? [explanationText(explanation, texts)] : [];
  const after: string[] = [];
  if (metrics) {
    const rows = Object.entries(metrics).map(([name, value]) => [name, String(value)]);
    after.push(table(['Metric', 'Value'], rows));
  }
  if (profile) {
    const rows = profile.map(({ total_time_ns, num_eval, num_redo, num_gen_expr, location: { file, row } }) => [
      durationText(total_time_ns),
      String(num_eval),
      String(num_redo),
      String(num_gen_expr),
      file === '' ? query : placeText(file, row),
    ]);
    after.push(table(['Time', 'Num Eval', 'Num Redo', 'Num Gen Expr', 'Location'], rows));
  }
  if (coverage) after.push(frame(['Overall Coverage', coverage.coverage.toFixed(2)]));
  return { before, after };
}

/** The fields of the JSON answer beside `result`. */
export const jsonReport = (
  { metrics, profile, coverage, explanation }: RunReport,
  texts: ReadonlyMap<string, string>,
): object => ({
  ...(metrics ? { metrics } : {}),
  ...(explanation ? { explanation: explanationJson(explanation, texts) } : {}),
  ...(profile ? { profile } : {}),
  ...(coverage ? { coverage } : {}),
});
