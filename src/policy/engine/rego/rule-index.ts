import type { Context } from './runtime.ts';
import { groundPath } from './resolve.ts';
import type { Rule, Term } from './syntax.ts';
import { lookup, type Value } from './value.ts';

type Scalar = null | boolean | string | number;
type Run = (context: Context, ...args: never[]) => Value | undefined;

/** Rules by the one value of input each of them asks for; the others always run. */
export interface RuleIndex {
  readonly path: readonly string[];
  readonly byValue: ReadonlyMap<Scalar, readonly Run[]>;
  readonly others: readonly Run[];
}

/** Fewer rules than this run as fast one after the other. */
const RULES_MIN = 4;

/** `input.a.b == "x"` of a body: each path with the constant it must equal. */
function equalities(rule: Rule): Map<string, Scalar> {
  const found = new Map<string, Scalar>();
  for (const literal of rule.body) {
    if ((literal.kind !== 'term' && literal.kind !== 'unify') || literal.negated || literal.with.length > 0) continue;
    const sides =
      literal.kind === 'unify'
        ? [literal.left, literal.right]
        : literal.term.kind === 'call' && literal.term.name.join('.') === 'equal'
          ? literal.term.args
          : [];
    for (const [left, right] of [sides, [...sides].reverse()]) {
      const path = left && left.kind === 'ref' ? groundPath(left) : undefined;
      if (path?.[0] === 'input' && right?.kind === 'scalar' && isPlain(right))
        found.set(JSON.stringify(path.slice(1)), right.value as Scalar);
    }
  }
  return found;
}

const isPlain = (term: Extract<Term, { kind: 'scalar' }>): boolean =>
  typeof term.value !== 'object' || term.value === null;

/** What an index over these rules would look at: a path of input, and for each rule `[constant]` or `[]`. */
export function planIndex(rules: readonly Rule[]): { readonly path: string[]; readonly keys: Scalar[][] } | undefined {
  if (rules.length < RULES_MIN) return undefined;
  const all = rules.map(rule => (rule.else ? new Map<string, Scalar>() : equalities(rule)));
  const counts = new Map<string, Set<Scalar>>();
  for (const one of all) for (const [path, value] of one) counts.set(path, (counts.get(path) ?? new Set()).add(value));
  const [best] = [...counts].sort((left, right) => right[1].size - left[1].size);
  if (!best || best[1].size < 2) return undefined;
  const keys = all.map(one => (one.has(best[0]) ? [one.get(best[0])!] : []));
  return { path: JSON.parse(best[0]) as string[], keys };
}

/** Builds the index when a program is linked. */
export function ruleIndex(
  path: readonly string[],
  keys: readonly (readonly Scalar[])[],
  runs: readonly Run[],
): RuleIndex {
  const others = runs.filter((_, index) => keys[index]!.length === 0);
  const wanted = new Map<Scalar, Set<Run>>();
  keys.forEach(([key], index) => {
    if (key !== undefined) wanted.set(key, (wanted.get(key) ?? new Set()).add(runs[index]!));
  });
  const always = new Set(others);
  const byValue = new Map<Scalar, readonly Run[]>();
  // Few others: the lists keep the order of the program. Many: sharing them would cost too much memory.
  for (const [key, own] of wanted)
    byValue.set(
      key,
      others.length === 0
        ? [...own]
        : runs.length < 10_000 && wanted.size * others.length < 1_000_000
          ? runs.filter(run => own.has(run) || always.has(run))
          : [...own, ...others],
    );
  return { path, byValue, others };
}

/** The rules that can hold for this input. */
export function rulesFor(index: RuleIndex, context: Context): readonly Run[] {
  let value: Value | undefined = context.i;
  for (const name of index.path) {
    if (value === undefined) return index.others;
    value = lookup(value, name);
  }
  return index.byValue.get(value as Scalar) ?? index.others;
}
