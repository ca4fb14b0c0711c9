import { BUILTINS } from './builtins/index.ts';
import { compileRego, type Program } from './compile.ts';
import { builtinContext } from './context.ts';
import { parseModule } from './parser.ts';
import { RANDOM_INPUT, randomModule } from './random-program.ts';
import { EvaluationError } from './runtime.ts';
import { RegoError } from './syntax.ts';
import { fromJsonText, jsonText, type Value } from './value.ts';

const FUEL = 2_000_000;

/** The random modules' input as JSON text. */
export const inputText = JSON.stringify(RANDOM_INPUT, (_key, value: unknown) =>
  typeof value === 'bigint' ? (JSON as unknown as { rawJSON(text: string): object }).rawJSON(String(value)) : value,
);

function outcome(run: () => Value | undefined): string {
  try {
    const value = run();
    return value === undefined ? 'undefined' : jsonText(value);
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof RegoError) return error.code;
    throw error;
  }
}

export interface TwinOutcome {
  readonly module: string;
  readonly compiled: string;
  readonly interpreted: string;
}

/** One random module by the compiled code and by the interpreter: values as JSON, or the code of the error. */
export function runTwins(seed: number): TwinOutcome {
  const module = randomModule(seed);
  const input = fromJsonText(inputText);
  const context = (): ReturnType<typeof builtinContext> => builtinContext({ fuel: FUEL });
  let program: Program | undefined;
  const refused = outcome(() => {
    program = compileRego([parseModule(module, { file: 'p.rego', version: 'v1' })], BUILTINS);
    return null;
  });
  if (!program) return { module, compiled: refused, interpreted: refused };
  const query = program.query('x = data.p', { version: 'v1' });
  const value = (rows: { readonly [name: string]: Value }[]): Value | undefined => rows[0]?.x;
  return {
    module,
    compiled: outcome(() => value(query.evaluate({ input, builtins: context() }))),
    interpreted: outcome(() => value(query.interpret({ input, builtins: context() }))),
  };
}
