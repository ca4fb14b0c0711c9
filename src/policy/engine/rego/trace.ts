import { plain } from './compile-body.ts';
import type { Tracer } from './interpret/index.ts';
import { literalText, termText } from './partial/text.ts';
import type { Literal, Place, Rule, Term } from './syntax.ts';
import type { PlacedRule } from './tree.ts';

export type Operation = 'Enter' | 'Exit' | 'Eval' | 'Fail' | 'Redo' | 'Note';

/** One step of an evaluation. */
export interface TraceEvent {
  readonly operation: Operation;
  /** How many rules and queries it is inside of. */
  readonly depth: number;
  /** `query` for the query itself. */
  readonly file: string;
  readonly at: Place;
  /** The literal or rule as Rego writes it, the text of a note. */
  readonly text: string;
}

/** Which steps are told: all, notes or failures with the rules they are in. */
export type TraceKind = 'full' | 'debug' | 'notes' | 'fails';

const EVENTS_MAX = 1_000_000;

/** Collects the steps of an evaluation; `notes` is where `trace` calls leave theirs. */
export class Trace implements Tracer {
  readonly events: TraceEvent[] = [];
  readonly #notes: readonly string[];
  readonly #depths: number[] = [];
  #told = 0;
  #depth = 1;

  constructor(query: string, notes: readonly string[]) {
    this.#notes = notes;
    this.events.push({
      operation: 'Enter',
      depth: 0,
      file: 'query',
      at: { start: 0, end: query.length },
      text: `${query} = _`,
    });
  }

  #add(operation: Operation, depth: number, file: string, at: Place, text: string): void {
    if (this.events.length < EVENTS_MAX) this.events.push({ operation, depth, file, at, text });
  }

  #literal(operation: Operation, literal: Literal, file: string): void {
    this.#add(operation, this.#depth, file, literal.at, stepText(literal));
  }

  /** Notes belong to the literal that was evaluated before them. */
  #tellNotes(literal: Literal, file: string): void {
    for (; this.#told < this.#notes.length; this.#told++)
      this.#add('Note', this.#depth, file, literal.at, JSON.stringify(this.#notes[this.#told]));
  }

  enter({ module }: PlacedRule, rule: Rule): void {
    this.#depths.push(this.#depth);
    this.#add('Enter', this.#depth++, module.file, rule.at, ruleName(module.package, rule));
  }

  exit({ module }: PlacedRule, rule: Rule): void {
    this.#add('Exit', this.#depth, module.file, rule.at, ruleName(module.package, rule));
  }

  leave(): void {
    this.#depth = this.#depths.pop() ?? 1;
  }

  eval(literal: Literal, _bindings: unknown, file: string): void {
    this.#literal('Eval', literal, file);
  }

  held(literal: Literal, file: string): void {
    this.#tellNotes(literal, file);
  }

  redo(literal: Literal, _bindings: unknown, file: string): void {
    this.#literal('Redo', literal, file);
  }

  fail(literal: Literal, _bindings: unknown, file: string): void {
    this.#tellNotes(literal, file);
    this.#literal('Fail', literal, file);
  }

  /** The steps of one kind, each after the rules it is in. */
  of(kind: TraceKind): TraceEvent[] {
    if (kind === 'full' || kind === 'debug') return this.events;
    const wanted = kind === 'notes' ? 'Note' : 'Fail';
    const around: TraceEvent[] = [];
    const found: TraceEvent[] = [];
    for (const event of this.events) {
      while ((around.at(-1)?.depth ?? -1) >= event.depth) around.pop();
      if (event.operation === 'Enter') around.push(event);
      if (event.operation !== wanted) continue;
      for (const outer of around) if (!found.includes(outer)) found.push(outer);
      found.push(event);
    }
    return found;
  }
}

/** A literal as OPA tells it: equations with one sign, every other call by its name. */
function stepText(literal: Literal): string {
  const go = (term: Term): string => termText(term, plain);
  if (literal.kind === 'unify' && literal.left.kind === 'var' && literal.left.name.startsWith('$e'))
    return `${go(literal.right)} = _`;
  if (literal.kind !== 'term' || literal.term.kind !== 'call' || literal.with.length > 0)
    return literalText(literal, plain);
  const { name, args } = literal.term;
  const sign = literal.negated ? 'not ' : '';
  if (name.join('.') === 'equal' && args.length === 2) return `${sign}${args.map(go).join(' = ')}`;
  return `${sign}${name.join('.')}(${args.map(go).join(', ')})`;
}

const ruleName = (path: readonly string[], { head }: Rule): string =>
  ['data', ...path, (head.path[0] as { name: string }).name].join('.');
