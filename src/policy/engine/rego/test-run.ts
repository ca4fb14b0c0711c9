import { groundValue } from './compile-body.ts';
import type { Evaluation, Program } from './compile.ts';
import type { Interpreter, Tracer } from './interpret/index.ts';
import { tracing } from './profile.ts';
import type { Rule } from './syntax.ts';
import type { PlacedRule } from './tree.ts';
import { jsonText, keyOf, lookup, type Value } from './value.ts';

/** A rule whose name says that it is a test, or several of one name. */
export interface RegoTest {
  /** Package without `data`. */
  readonly package: readonly string[];
  readonly name: string;
  readonly isTodo: boolean;
  readonly placed: PlacedRule;
}

/** One case of a test with keys, by the text of its key. */
export interface TestCase {
  readonly name: string;
  readonly holds: boolean;
  readonly cases: readonly TestCase[];
}

export interface TestOutcome {
  readonly holds: boolean;
  readonly cases: readonly TestCase[];
}

const NAME = /^(todo_)?test_/;

/** Tests in the order of the program. */
export function testsOf(program: Program): RegoTest[] {
  const found = new Map<string, RegoTest>();
  for (const { rules } of program.documents)
    for (const placed of rules) {
      const name = (placed.rule.head.path[0] as { name: string }).name;
      const key = JSON.stringify([placed.module.package, name]);
      if (!NAME.test(name) || placed.rule.head.args || found.has(key)) continue;
      found.set(key, { package: placed.module.package, name, isTodo: name.startsWith('todo_'), placed });
    }
  return [...found.values()];
}

/**
 * Runs a test: it holds when it is true, and one with keys (`test_x[name] if …`) when every case that was come to is.
 * Throws EvaluationError.
 */
export function runTest(program: Program, test: RegoTest, evaluation: Evaluation, tracer?: Tracer): TestOutcome {
  const path = [...test.package, test.name];
  const isKeyed = program.documents.some(
    ({ kind, path: own }) =>
      kind === 'object' && own.length === path.length && own.every((name, at) => name === path[at]),
  );
  if (!isKeyed) {
    const run = tracer ? program.interpreter(tracer) : undefined;
    return { holds: valueOf(program, run, path, evaluation) === true, cases: [] };
  }
  const cases = new CaseTracer(path);
  const value = valueOf(program, program.interpreter(tracing(tracer ? [cases, tracer] : [cases])), path, evaluation);
  const found = verdicts([...cases.found.values()], value);
  return { holds: found.every(({ holds }) => holds), cases: found };
}

const valueOf = (
  program: Program,
  interpreter: Interpreter | undefined,
  path: readonly string[],
  evaluation: Evaluation,
): Value | undefined => (interpreter ? interpreter.entry(path, evaluation) : program.entry(path)?.(evaluation));

/** Cases as a tree by their keys; one holds where the result says true under its keys. */
function verdicts(cases: readonly (readonly Value[])[], result: Value | undefined): TestCase[] {
  const groups = new Map<string, { key: Value; rests: (readonly Value[])[] }>();
  for (const [key, ...rest] of cases) {
    const group = groups.get(keyOf(key!)) ?? { key: key!, rests: [] };
    groups.set(keyOf(key!), group);
    if (rest.length > 0) group.rests.push(rest);
  }
  return [...groups.values()]
    .map(({ key, rests }): TestCase => {
      const own = result === undefined ? undefined : lookup(result, key);
      const below = verdicts(rests, own);
      const name = typeof key === 'string' ? key : jsonText(key);
      return { name, holds: below.length > 0 ? below.every(({ holds }) => holds) : own === true, cases: below };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Notes which cases a test came to: its keys, as soon as they are known. */
class CaseTracer implements Tracer {
  readonly found = new Map<string, readonly Value[]>();
  readonly #path: readonly string[];
  readonly #around: (readonly [PlacedRule, Rule])[] = [];

  constructor(path: readonly string[]) {
    this.#path = path;
  }

  #note(bindings: ReadonlyMap<string, Value>): void {
    const [placed, rule] = this.#around.at(-1) ?? [];
    if (!placed || !rule) return;
    const name = (rule.head.path[0] as { name: string }).name;
    if ([...placed.module.package, name].join('\u0000') !== this.#path.join('\u0000')) return;
    const keys = rule.head.path
      .slice(1)
      .map(key => groundValue(key) ?? (key.kind === 'var' ? bindings.get(key.name) : undefined));
    if (keys.length === 0 || keys.includes(undefined)) return;
    this.found.set(keyOf(keys as Value[]), keys as Value[]);
  }

  enter(placed: PlacedRule, rule: Rule): void {
    this.#around.push([placed, rule]);
  }

  exit(): void {
    // What holds is in the result.
  }

  leave(): void {
    this.#around.pop();
  }

  eval(_literal: unknown, bindings: ReadonlyMap<string, Value>): void {
    this.#note(bindings);
  }

  redo(_literal: unknown, bindings: ReadonlyMap<string, Value>): void {
    this.#note(bindings);
  }

  held(_literal: unknown, _file: string, bindings: ReadonlyMap<string, Value>): void {
    this.#note(bindings);
  }

  fail(): void {
    // The case was noted when its last literal was come to.
  }
}
