import {
  BUILTINS,
  builtinContext,
  compileRego,
  EvaluationError,
  type Module,
  runTest,
  type TestCase,
  testsOf,
  type Value,
} from './rego/index.ts';

/** One `test_` rule after it ran. */
export interface RegoTestResult {
  readonly package: string;
  readonly name: string;
  readonly result: 'passed' | 'failed' | 'skipped' | 'error';
  readonly message?: string;
}

export interface RegoTestOptions {
  readonly data?: Value;
  /** Steps one test may take. */
  readonly fuel?: number;
  readonly now_ns?: bigint;
}

const FUEL = 50_000_000;

/** Cases that failed, `key/key` where they are nested. */
const failedCases = (cases: readonly TestCase[]): string[] =>
  cases.flatMap(({ name, holds, cases: below }) =>
    holds ? [] : below.length > 0 ? failedCases(below).map(each => `${name}/${each}`) : [name],
  );

/** Runs every `test_` rule of modules compiled together; `todo_test_` rules are skipped. Throws a RegoError where they cannot be compiled. */
export function runRegoTests(modules: readonly Module[], options: RegoTestOptions = {}): RegoTestResult[] {
  const program = compileRego(modules, BUILTINS);
  const data: Value = options.data ?? {};
  return testsOf(program).map((test): RegoTestResult => {
    const base = { package: `data.${test.package.join('.')}`, name: test.name };
    if (test.isTodo) return { ...base, result: 'skipped' };
    const builtins = builtinContext({
      fuel: options.fuel ?? FUEL,
      ...(options.now_ns === undefined ? {} : { now_ns: options.now_ns }),
    });
    try {
      const { holds, cases } = runTest(program, test, { data, builtins });
      if (holds) return { ...base, result: 'passed' };
      const failed = failedCases(cases);
      return { ...base, result: 'failed', ...(failed.length > 0 ? { message: failed.join(', ') } : {}) };
    } catch (error) {
      if (!(error instanceof EvaluationError) && !(error instanceof RangeError)) throw error;
      return { ...base, result: 'error', message: error.message };
    }
  });
}
