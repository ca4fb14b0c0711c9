import { rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import { errorText, type Flags, listOf, parseFlags, textOf, versionOf, worldOf } from './opa-flags.ts';
import { readSources, type Sources } from './opa-sources.ts';

/** One `test_` rule after it ran. */
interface TestResult {
  readonly location: { readonly file: string; readonly row: number; readonly col: number };
  readonly package: string;
  readonly name: string;
  readonly fail?: true;
  readonly skip?: true;
  readonly error?: { readonly code: string; readonly message: string };
  readonly duration: number;
  readonly output?: string;
}

function runTests(
  { modules, data }: Sources,
  wanted: RegExp | undefined,
  invocation: Invocation,
  coverage?: rego.Coverage,
): TestResult[] {
  const program = rego.compileRego(modules, rego.BUILTINS);
  // Coverage asks what was evaluated: the interpreter tells.
  const interpreter = coverage && program.interpreter(coverage);
  return program.documents.flatMap((document): TestResult[] => {
    const name = document.path.at(-1)!;
    const [placed] = document.rules;
    if (!/^(todo_)?test_/.test(name) || !placed) return [];
    const inside = `data.${document.path.slice(0, -1).join('.')}`;
    if (wanted && !wanted.test(`${inside}.${name}`)) return [];
    const { line, column } = rego.lineOf(placed.module.text, placed.rule.at.start);
    const base = { location: { file: placed.module.file, row: line, col: column }, package: inside, name };
    if (name.startsWith('todo_')) return [{ ...base, skip: true, duration: 0 }];
    const builtins = worldOf(invocation, false);
    const started = process.hrtime.bigint();
    const spent = (): { duration: number; output?: string } => ({
      duration: Number(process.hrtime.bigint() - started),
      ...(builtins.printed.length > 0 ? { output: `${builtins.printed.join('\n')}\n` } : {}),
    });
    try {
      const evaluation = { data, builtins };
      const value = interpreter
        ? interpreter.entry(document.path, evaluation)
        : program.entry(document.path)!(evaluation);
      const holds = value !== undefined && value !== false;
      return [{ ...base, ...(holds ? {} : { fail: true as const }), ...spent() }];
    } catch (error) {
      if (!(error instanceof rego.EvaluationError)) throw error;
      return [{ ...base, error: { code: error.code, message: error.message }, ...spent() }];
    }
  });
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

function report(results: readonly TestResult[], verbose: boolean): string {
  const lines: string[] = [];
  let file = '';
  for (const result of results) {
    if (!verbose && !result.fail && !result.skip && !result.error) continue;
    if (result.location.file !== file) {
      file = result.location.file;
      lines.push(`${file}:`);
    }
    lines.push(`${result.package}.${result.name}: ${verdict(result)}`);
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
  const count = (holds: (result: TestResult) => boolean): number => results.filter(holds).length;
  const sums: [string, number][] = [
    ['PASS', count(result => !result.fail && !result.skip && !result.error)],
    ['FAIL', count(result => result.fail === true)],
    ['SKIPPED', count(result => result.skip === true)],
    ['ERROR', count(result => result.error !== undefined)],
  ];
  for (const [word, number] of sums) if (number > 0) lines.push(`${word}: ${number}/${results.length}`);
  return lines.join('\n');
}

/** The report of --coverage; exit 2 below the threshold. */
function tellCoverage(report: rego.CoverageReport, threshold: number, { terminal }: Invocation): number {
  terminal.out(JSON.stringify(report, undefined, 2));
  if (report.coverage >= threshold) return 0;
  const [got, wanted] = [report.coverage, threshold].map(value => value.toFixed(2));
  terminal.err(`Code coverage threshold not met: got ${got} instead of ${wanted}`);
  return 2;
}

/** `test`: exit 2 when a test failed, 1 when nothing could be read or compiled. */
export async function test(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, {
    run: { type: 'string', short: 'r' },
    verbose: { type: 'boolean', short: 'v' },
    bundle: { type: 'boolean', short: 'b' },
    'exit-zero-on-skipped': { type: 'boolean', short: 'z' },
    threshold: { type: 'string' },
    coverage: { type: 'boolean', short: 'c' },
    count: { type: 'string' },
  });
  const { terminal } = invocation;
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
    const wanted = pattern === undefined ? undefined : new RegExp(pattern);
    const results = runTests(sources, wanted, invocation, coverage);
    if (coverage && !results.some(result => result.fail ?? result.error))
      return tellCoverage(coverage.report(sources.modules), threshold, invocation);
    const json = textOf(flags, 'format') === 'json';
    terminal.out(`${json ? JSON.stringify(results, undefined, 2) : report(results, flags.values.verbose === true)}`);
    const skipped = results.some(result => result.skip) && flags.values['exit-zero-on-skipped'] !== true;
    return results.some(result => result.fail ?? result.error) || skipped ? 2 : 0;
  } catch (error) {
    terminal.err(errorText(error, texts));
    return 1;
  }
}
