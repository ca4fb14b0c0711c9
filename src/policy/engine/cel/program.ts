import { type Fault, type Parsed, type Span } from '../../../base/index.ts';
import { policyFaults } from '../../faults.ts';
import type { CelIssue, Expr } from './ast.ts';
import { checkExpression } from './checker.ts';
import { generate } from './compile.ts';
import type { CelEnvironment } from './environment.ts';
import { SyntaxFault } from './lexer.ts';
import { parseCel } from './parser.ts';
import { type CelType, DYN } from './types.ts';
import { CelError, type CelValue } from './values.ts';
import type { Activation, GeneratedFunction, RunState } from './writer.ts';

/** Budget of one evaluation in cost units (k8s.io/apiserver/pkg/apis/cel PerCallLimit: about 0.1 s). */
export const PER_CALL_LIMIT = 1_000_000;
/** Budget of all evaluations of one policy on one request. */
export const RUNTIME_BUDGET = 10_000_000;

export type CelResult =
  | { readonly value: CelValue; readonly cost: number }
  | { readonly error: string; readonly cost: number; readonly exhausted: boolean };

/** A compiled expression; evaluating it is pure. */
export interface CelProgram {
  readonly text: string;
  readonly type: CelType;
  readonly expr: Expr;
  /** `fuel` is the most this evaluation may cost. */
  evaluate(activation: Activation, fuel?: number): CelResult;
}

/** Compiles CEL text; faults carry the place of every issue, and then the program only answers with an error. */
export function compileCel(text: string, environment: CelEnvironment): Parsed<CelProgram> {
  let expr: Expr;
  try {
    expr = parseCel(text, environment.syntax);
  } catch (error) {
    if (!(error instanceof SyntaxFault) && !(error instanceof RangeError)) throw error;
    const issues = error instanceof SyntaxFault ? [error, ...error.others] : [{ at: 0, message: error.message }];
    return {
      value: broken(text, { kind: 'const', value: null, at: 0 }, error.message),
      faults: issues.map(issue => faultOf(text, issue)),
    };
  }
  const checked = checkExpression(expr, environment);
  if (checked.issues.length > 0) {
    return {
      value: broken(text, expr, checked.issues[0]!.message),
      faults: [...checked.issues].sort((a, b) => a.at - b.at).map(issue => faultOf(text, issue)),
    };
  }
  // Made when it is first asked: of a library's policies most never meet a request.
  let made: GeneratedFunction | undefined;
  const run = (): GeneratedFunction => (made ??= generate(expr, checked, environment));
  const evaluate = (activation: Activation, fuel = PER_CALL_LIMIT): CelResult => evaluateWith(run, activation, fuel);
  return { value: { text, type: checked.type, expr, evaluate }, faults: [] };
}

function evaluateWith(run: () => GeneratedFunction, activation: Activation, fuel: number): CelResult {
  const state: RunState = { cost: 0 };
  try {
    return { value: run()(activation, state, fuel), cost: state.cost };
  } catch (error) {
    if (error instanceof CelError) return { error: error.message, cost: state.cost, exhausted: error.fatal };
    if (error instanceof RangeError)
      return { error: `evaluation too large: ${error.message}`, cost: fuel, exhausted: true };
    throw error;
  }
}

function broken(text: string, expr: Expr, message: string): CelProgram {
  return { text, type: DYN, expr, evaluate: () => ({ error: message, cost: 0, exhausted: false }) };
}

/** Line and column of an offset, from 1. */
export function placeOf(text: string, at: number): Span {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return { file: '<input>', line, column: at - before.lastIndexOf('\n') };
}

const faultOf = (text: string, issue: CelIssue): Fault =>
  policyFaults.make('cel-invalid', { message: issue.message, expression: text }, placeOf(text, issue.at));

/** Issues as cel-go prints them: `ERROR: <input>:1:5: …` with the line and a caret. */
export function formatIssues(text: string, faults: readonly Fault[]): string {
  return faults
    .map(fault => {
      const span = fault.where as Span;
      const line = text.split('\n')[span.line - 1] ?? '';
      return `ERROR: <input>:${span.line}:${span.column}: ${fault.params.message}\n | ${line}\n | ${'.'.repeat(span.column - 1)}^`;
    })
    .join('\n');
}
