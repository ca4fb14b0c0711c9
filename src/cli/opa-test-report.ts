import type { rego } from '../policy/index.ts';

/** One `test_` rule after it ran. */
export interface TestResult {
  readonly location: { readonly file: string; readonly row: number; readonly col: number };
  readonly package: string;
  readonly name: string;
  readonly fail?: true;
  readonly skip?: true;
  readonly error?: { readonly code: string; readonly message: string };
  readonly cases: readonly rego.TestCase[];
  /** Nanoseconds. */
  readonly duration: number;
  readonly output?: string;
  /** The steps of a failed test, for people. */
  readonly trace?: string;
}

/** Go's notation of short times. */
const goTime = (nanos: number): string =>
  nanos < 1_000
    ? `${nanos}ns`
    : nanos < 1_000_000
      ? `${nanos / 1_000}µs`
      : nanos < 1e9
        ? `${nanos / 1e6}ms`
        : `${nanos / 1e9}s`;

const verdict = (result: TestResult): string =>
  result.skip
    ? 'SKIPPED'
    : result.error
      ? `ERROR (${goTime(result.duration)})\n  ${result.error.code}: ${result.error.message}`
      : `${result.fail ? 'FAIL' : 'PASS'} (${goTime(result.duration)})`;

const RULE = '-'.repeat(80);

/** Cases below their test, those that hold only when all is told. */
const caseLines = (cases: readonly rego.TestCase[], all: boolean, indent = '  '): string[] =>
  cases.flatMap(({ name, holds, cases: below }) =>
    holds && !all ? [] : [`${indent}${name}: ${holds ? 'PASS' : 'FAIL'}`, ...caseLines(below, all, `${indent}  `)],
  );

const headLine = (result: TestResult): string => `${result.package}.${result.name}: ${verdict(result)}`;

function failures(results: readonly TestResult[]): string[] {
  const told = results.filter(({ trace }) => trace !== undefined);
  if (told.length === 0) return [];
  const lines = told.flatMap(result => [
    headLine(result),
    '',
    ...result.trace!.split('\n').map(line => `  ${line}  `),
    '',
    ...(result.cases.length > 0 ? [...caseLines(result.cases, false), ''] : []),
  ]);
  return ['FAILURES', RULE, ...lines, RULE];
}

/** Leaves of a test's cases; a test without cases is one itself. */
const leaves = (cases: readonly rego.TestCase[]): readonly boolean[] =>
  cases.flatMap(({ holds, cases: below }) => (below.length > 0 ? leaves(below) : [holds]));

function sums(results: readonly TestResult[]): string[] {
  const counts = { PASS: 0, FAIL: 0, SKIPPED: 0, ERROR: 0 };
  for (const result of results) {
    if (result.skip) counts.SKIPPED++;
    else if (result.error) counts.ERROR++;
    else
      for (const holds of result.cases.length > 0 ? leaves(result.cases) : [!result.fail])
        counts[holds ? 'PASS' : 'FAIL']++;
  }
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return Object.entries(counts).flatMap(([word, count]) => (count > 0 ? [`${word}: ${count}/${all}`] : []));
}

/** Results for people: what did not pass, or everything. */
export function report(results: readonly TestResult[], verbose: boolean): string {
  const lines: string[] = [];
  let place = '';
  for (const result of results) {
    if (!verbose && !result.fail && !result.skip && !result.error) continue;
    const own = `${result.location.file}:${result.location.row}:`;
    if (own !== place) lines.push((place = own));
    lines.push(headLine(result), ...caseLines(result.cases, verbose));
    if (result.output)
      lines.push(
        '',
        ...result.output
          .trimEnd()
          .split('\n')
          .map(line => `  ${line}`),
        '',
      );
  }
  if (lines.length > 0) lines.push(RULE);
  return [...lines, ...failures(results), ...sums(results)].join('\n');
}

const subResults = (cases: readonly rego.TestCase[]): object =>
  Object.fromEntries(
    cases.map(({ name, holds, cases: below }) => [
      name,
      { name, ...(holds ? {} : { fail: true }), ...(below.length > 0 ? { sub_results: subResults(below) } : {}) },
    ]),
  );

/** Results as data. */
export const jsonResults = (results: readonly TestResult[]): string =>
  JSON.stringify(
    results.map(({ cases, trace: _trace, ...result }) => ({
      ...result,
      ...(cases.length > 0 ? { sub_results: subResults(cases) } : {}),
    })),
    undefined,
    2,
  );
