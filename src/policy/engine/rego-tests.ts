import { BUILTINS, builtinContext, compileRego, EvaluationError, type Module, type Value } from './rego/index.ts';

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

/** Runs every `test_` rule of modules compiled together; `todo_test_` rules are skipped. Throws a RegoError where they cannot be compiled. */
export function runRegoTests(modules: readonly Module[], options: RegoTestOptions = {}): RegoTestResult[] {
  const program = compileRego(modules, BUILTINS);
  const data: Value = options.data ?? {};
  return program.documents.flatMap((document): RegoTestResult[] => {
    const name = document.path.at(-1)!;
    const base = { package: `data.${document.path.slice(0, -1).join('.')}`, name };
    if (name.startsWith('todo_test_')) return [{ ...base, result: 'skipped' }];
    if (!name.startsWith('test_')) return [];
    const builtins = builtinContext({
      fuel: options.fuel ?? FUEL,
      ...(options.now_ns === undefined ? {} : { now_ns: options.now_ns }),
    });
    try {
      const value = program.entry(document.path)!({ data, builtins });
      return [{ ...base, result: value === true ? 'passed' : 'failed' }];
    } catch (error) {
      if (!(error instanceof EvaluationError) && !(error instanceof RangeError)) throw error;
      return [{ ...base, result: 'error', message: error.message }];
    }
  });
}
