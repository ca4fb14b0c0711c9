import { rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import { queryRows } from './opa-eval.ts';
import { explanationText } from './opa-eval-report.ts';
import { allowedBuiltins, durationOf, limited } from './opa-eval-run.ts';
import { errorText, type Flags, listOf, parseFlags, textOf, versionOf, worldOf } from './opa-flags.ts';
import { readSources, type Sources } from './opa-sources.ts';
import { jsonResults, report, type TestResult } from './opa-test-report.ts';

type Explain = rego.TraceKind;

interface TestJob {
  readonly program: rego.Program;
  readonly sources: Sources;
  readonly wanted: RegExp | undefined;
  readonly invocation: Invocation;
  readonly timeout_ms: number;
  readonly coverage: rego.Coverage | undefined;
  /** Which steps of failed tests are told; undefined tells none. */
  readonly explain: Explain | undefined;
}

/** What a failed test did, for people. */
function failure(test: rego.RegoTest, { program, sources, invocation, explain, timeout_ms }: TestJob): string {
  const query = ['data', ...test.package, test.name].join('.');
  const builtins = limited(worldOf(invocation, false), timeout_ms);
  const trace = new rego.Trace(query, builtins.notes);
  try {
    queryRows(program, query, { version: 'v1' }, { data: sources.data, builtins }, trace);
  } catch (error) {
    if (!(error instanceof rego.EvaluationError)) throw error;
  }
  const texts = new Map(sources.modules.map(({ file, text }) => [file, text]));
  return explanationText(trace.of(explain!), texts);
}

function runTests(job: TestJob): TestResult[] {
  const { program, sources, wanted, invocation, timeout_ms, coverage, explain } = job;
  return rego.testsOf(program).flatMap((test): TestResult[] => {
    const inside = `data.${test.package.join('.')}`;
    if (wanted && !wanted.test(`${inside}.${test.name}`)) return [];
    const { module, rule } = test.placed;
    const { line, column } = rego.lineOf(module.text, rule.at.start);
    const base = { location: { file: module.file, row: line, col: column }, package: inside, name: test.name };
    if (test.isTodo) return [{ ...base, skip: true, cases: [], duration: 0 }];
    const builtins = limited(worldOf(invocation, false), timeout_ms);
    const started = process.hrtime.bigint();
    const spent = (): { duration: number; output?: string } => ({
      duration: Number(process.hrtime.bigint() - started),
      ...(builtins.printed.length > 0 ? { output: `${builtins.printed.join('\n')}\n` } : {}),
    });
    try {
      const { holds, cases } = rego.runTest(program, test, { data: sources.data, builtins }, coverage);
      const result = { ...base, cases, ...spent() };
      if (holds) return [result];
      return [{ ...result, fail: true, ...(explain ? { trace: failure(test, job) } : {}) }];
    } catch (error) {
      if (!(error instanceof rego.EvaluationError)) throw error;
      return [{ ...base, cases: [], error: { code: error.code, message: error.message }, ...spent() }];
    }
  });
}

/** The report of --coverage; exit 2 below the threshold. */
function tellCoverage(report: rego.CoverageReport, threshold: number, { terminal }: Invocation): number {
  terminal.out(JSON.stringify(report, undefined, 2));
  if (report.coverage >= threshold) return 0;
  const [got, wanted] = [report.coverage, threshold].map(value => value.toFixed(2));
  terminal.err(`Code coverage threshold not met: got ${got} instead of ${wanted}`);
  return 2;
}

const TEST_OPTIONS = {
  run: { type: 'string', short: 'r' },
  verbose: { type: 'boolean', short: 'v' },
  bundle: { type: 'boolean', short: 'b' },
  'exit-zero-on-skipped': { type: 'boolean', short: 'z' },
  'fail-on-empty': { type: 'boolean' },
  threshold: { type: 'string' },
  coverage: { type: 'boolean', short: 'c' },
  count: { type: 'string' },
  timeout: { type: 'string' },
  parallel: { type: 'string', short: 'p' },
  explain: { type: 'string' },
  'var-values': { type: 'boolean' },
  sort: { type: 'string' },
  capabilities: { type: 'string' },
} as const;

const EXPLANATIONS: readonly string[] = ['fails', 'full', 'notes', 'debug'] satisfies Explain[];
const TIMEOUT = '5s';

function objection(flags: Flags): string | undefined {
  const format = textOf(flags, 'format') ?? 'pretty';
  if (!['pretty', 'json'].includes(format)) return `Format "${format}" is none of pretty, json`;
  const explain = textOf(flags, 'explain');
  if (explain !== undefined && !EXPLANATIONS.includes(explain))
    return `Explanation "${explain}" is none of ${EXPLANATIONS.join(', ')}`;
  const timeout = textOf(flags, 'timeout') ?? TIMEOUT;
  if (durationOf(timeout) === undefined) return `Timeout "${timeout}" is no duration: write 5s, 1m30s or 250ms`;
  const sort = textOf(flags, 'sort') ?? 'none';
  return ['none', 'duration'].includes(sort) ? undefined : `Order "${sort}" is none of none, duration`;
}

/** Steps of failed tests are told under -v, or when the options ask for them. */
function explanationOf({ values }: Flags): Explain | undefined {
  const asked = values.verbose === true || values['var-values'] === true || values.explain !== undefined;
  return asked ? ((values.explain as Explain | undefined) ?? 'fails') : undefined;
}

const isBad = (result: TestResult): boolean => result.fail === true || result.error !== undefined;

/** `test`: exit 2 when a test failed or was skipped, 1 when nothing could be read or compiled. */
export async function test(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, TEST_OPTIONS);
  const { terminal } = invocation;
  const refused = objection(flags);
  if (refused !== undefined) {
    terminal.err(refused);
    return 2;
  }
  const texts = new Map<string, string>();
  try {
    const bundle = flags.values.bundle === true;
    const sources = readSources({
      paths: bundle ? [] : flags.words,
      bundles: bundle ? flags.words : [],
      ignore: listOf(flags, 'ignore'),
      version: versionOf(flags),
    });
    for (const module of sources.modules) texts.set(module.file, module.text);
    const pattern = textOf(flags, 'run');
    const threshold = Number(textOf(flags, 'threshold') ?? 0);
    const coverage = flags.values.coverage === true || threshold > 0 ? new rego.Coverage() : undefined;
    const job: TestJob = {
      program: rego.compileRego(sources.modules, allowedBuiltins(flags)),
      sources,
      wanted: pattern === undefined ? undefined : new RegExp(pattern),
      invocation,
      timeout_ms: durationOf(textOf(flags, 'timeout') ?? TIMEOUT)!,
      coverage,
      explain: explanationOf(flags),
    };
    let worst = 0;
    for (let turn = 0; turn < Number(textOf(flags, 'count') ?? 1); turn++)
      worst = Math.max(worst, tell(runTests(job), job, flags, threshold));
    return worst;
  } catch (error) {
    terminal.err(errorText(error, texts));
    return 1;
  }
}

function tell(
  results: TestResult[],
  { coverage, sources, invocation }: TestJob,
  flags: Flags,
  threshold: number,
): number {
  const { terminal } = invocation;
  if (coverage && !results.some(isBad)) return tellCoverage(coverage.report(sources.modules), threshold, invocation);
  if (results.length === 0 && flags.values['fail-on-empty'] === true) {
    terminal.err('no tests were run');
    return 1;
  }
  if (textOf(flags, 'sort') === 'duration') results.sort((a, b) => b.duration - a.duration);
  const isJson = textOf(flags, 'format') === 'json';
  const shown = isJson ? jsonResults(results) : report(results, flags.values.verbose === true);
  if (shown !== '') terminal.out(shown);
  const skipped = results.some(result => result.skip) && flags.values['exit-zero-on-skipped'] !== true;
  return results.some(isBad) || skipped ? 2 : 0;
}
