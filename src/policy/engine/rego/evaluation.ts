import type { Evaluation } from './compile.ts';
import * as runtime from './runtime.ts';
import type { Value } from './value.ts';

const EMPTY: Value = Object.freeze(Object.create(null)) as Value;

/** The run-time state one evaluation starts from. */
export function contextOf({ input, data, builtins }: Evaluation): runtime.Context {
  return new runtime.Context(input, data ?? EMPTY, builtins);
}

/** Under strict errors the first failed builtin is the outcome. */
export function settle(context: runtime.Context): void {
  const [first] = context.b.errors;
  if (first) throw first;
}
