import type { Tracer } from './interpret/index.ts';
import { groundPath } from './resolve.ts';
import { type Body, type Literal, lineOf, type Module, type Place, type Rule, type Term } from './syntax.ts';
import type { PlacedRule } from './tree.ts';

interface Position {
  readonly row: number;
  readonly col: number;
}

interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** What of one module was evaluated, or of all. Percentages are of lines that can be evaluated. */
export interface Covered {
  readonly covered_lines: number;
  readonly not_covered_lines: number;
  readonly coverage: number;
}

export interface FileCoverage extends Covered {
  readonly covered?: readonly Range[];
  readonly not_covered?: readonly Range[];
}

export interface CoverageReport extends Covered {
  readonly files: { readonly [file: string]: FileCoverage };
}

/** `default` of a default rule. */
const KEYWORD = 'default'.length;

/** Whether a rule index answers a literal: then a rule that fails it is never come to (OPA, "Policy Performance"). */
function isIndexed(literal: Literal): boolean {
  if ((literal.kind !== 'term' && literal.kind !== 'unify') || literal.negated || literal.with.length > 0) return false;
  const ofInput = (term: Term): boolean => groundPath(term)?.[0] === 'input';
  if (literal.kind === 'term' && literal.term.kind !== 'call') return ofInput(literal.term);
  const sides = literal.kind === 'unify' ? [literal.left, literal.right] : callSides(literal.term);
  return sides.some(ofInput) && sides.some(side => side.kind === 'scalar');
}

const callSides = (term: Term): readonly Term[] =>
  term.kind === 'call' && term.name.join('.') === 'equal' ? term.args : [];

/** A head up to where its body starts. */
function headOf({ head, at: whole, isDefault }: Rule): Place {
  const at = isDefault ? { start: head.path[0]!.at.start, end: whole.end } : whole;
  const terms = [head.key, head.value, ...(head.args ?? []), ...head.path].filter(
    (term): term is Term => term !== undefined && term.at.start >= at.start && term.at.end <= at.end,
  );
  const isWhole = (term: Term): boolean => term.at.start === at.start && term.at.end === at.end;
  const ends = terms.filter(term => isDefault || !isWhole(term)).map(term => term.at.end);
  return { start: at.start, end: Math.max(at.start + 1, ...ends) };
}

const key = (file: string, { start, end }: Place): string => `${file}\u0000${start}\u0000${end}`;

/** Notes which heads and literals an evaluation came to. */
export class Coverage implements Tracer {
  /** How often each place was come to and not left again at once. */
  readonly #hits = new Map<string, number>();

  #add(place: string, times: number): void {
    this.#hits.set(place, (this.#hits.get(place) ?? 0) + times);
  }

  enter(): void {
    // A rule counts when it gives something.
  }

  exit(placed: PlacedRule, rule: Rule): void {
    const { file } = placed.module;
    this.#add(key(file, headOf(rule)), 1);
    if (rule.isDefault) this.#add(key(file, { start: rule.at.start, end: rule.at.start + KEYWORD }), 1);
  }

  eval(literal: Literal, _bindings: unknown, file: string): void {
    this.#add(key(file, literal.at), 1);
  }

  redo(): void {
    // Coming back is no new line.
  }

  /** What fails was evaluated too, unless the rule index would have known. */
  fail(literal: Literal, _bindings: unknown, file: string): void {
    if (isIndexed(literal)) this.#add(key(file, literal.at), -1);
  }

  report(modules: readonly Module[]): CoverageReport {
    const files: { [file: string]: FileCoverage } = {};
    let [covered, missed] = [0, 0];
    for (const module of modules) {
      const file = this.#file(module);
      files[module.file] = file;
      covered += file.covered_lines;
      missed += file.not_covered_lines;
    }
    return { files, ...percent(covered, missed) };
  }

  #file(module: Module): FileCoverage {
    const covered: Place[] = [];
    const missed: Place[] = [];
    const note = (place: Place, counts = true): void => {
      if ((this.#hits.get(key(module.file, place)) ?? 0) > 0) covered.push(place);
      else if (counts) missed.push(place);
    };
    for (const rule of module.rules) visitRule(rule, note);
    const ranges = (places: readonly Place[]): Range[] =>
      places
        .toSorted((left, right) => left.start - right.start || left.end - right.end)
        .map(place => ({ start: position(module, place.start), end: position(module, place.end) }));
    const [hit, missing] = [ranges(covered), ranges(missed)];
    return {
      ...(hit.length > 0 ? { covered: hit } : {}),
      ...(missing.length > 0 ? { not_covered: missing } : {}),
      ...percent(rows(hit), rows(missing)),
    };
  }
}

function visitRule(rule: Rule, note: (place: Place, counts?: boolean) => void): void {
  note(headOf(rule));
  if (rule.isDefault) note({ start: rule.at.start, end: rule.at.start + KEYWORD });
  const isBare = (literal: Literal): boolean => literal.at.start === rule.at.start;
  visitBody(
    rule.body.filter(literal => !isBare(literal)),
    note,
  );
  if (rule.else) visitRule(rule.else, note);
}

function visitBody(body: Body, note: (place: Place, counts?: boolean) => void): void {
  for (const literal of body) {
    if (literal.kind === 'some') continue;
    // A declaration is no line that must be reached.
    note(literal.at, literal.kind !== 'someIn');
    if (literal.kind === 'every' || literal.kind === 'notBody') visitBody(literal.body, note);
  }
}

function position({ text }: Module, offset: number): Position {
  const { line, column } = lineOf(text, offset);
  return { row: line, col: column };
}

function rows(ranges: readonly Range[]): number {
  const found = new Set<number>();
  for (const { start, end } of ranges) for (let row = start.row; row <= end.row; row++) found.add(row);
  return found.size;
}

function percent(covered: number, missed: number): Covered {
  const all = covered + missed;
  return { covered_lines: covered, not_covered_lines: missed, coverage: all === 0 ? 0 : (100 * covered) / all };
}
