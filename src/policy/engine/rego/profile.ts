import type { Tracer } from './interpret/index.ts';
import { type Literal, lineOf, type Module, type Place } from './syntax.ts';

/** What one expression cost. */
export interface ProfileLine {
  readonly total_time_ns: number;
  readonly num_eval: number;
  readonly num_redo: number;
  readonly num_gen_expr: number;
  readonly location: { readonly file: string; readonly row: number; readonly col: number };
}

export const PROFILE_ORDERS = ['total_time_ns', 'num_eval', 'num_redo', 'num_gen_expr', 'file', 'line'] as const;
export type ProfileOrder = (typeof PROFILE_ORDERS)[number];

interface Cost {
  readonly file: string;
  readonly at: Place;
  time_ns: number;
  evals: number;
  redos: number;
}

/** Times expressions: what passes between two steps belongs to the first. */
export class Profile implements Tracer {
  readonly #costs = new Map<string, Cost>();
  readonly #now_ns: () => number;
  #current: Cost | undefined;
  #since_ns = 0;

  constructor(now_ns: () => number) {
    this.#now_ns = now_ns;
  }

  #step(literal: Literal, file: string): Cost {
    this.stop();
    const key = `${file}\u0000${literal.at.start}`;
    let cost = this.#costs.get(key);
    if (!cost) this.#costs.set(key, (cost = { file, at: literal.at, time_ns: 0, evals: 0, redos: 0 }));
    this.#current = cost;
    return cost;
  }

  /** The evaluation has ended. */
  stop(): void {
    const now_ns = this.#now_ns();
    if (this.#current) this.#current.time_ns += now_ns - this.#since_ns;
    this.#since_ns = now_ns;
  }

  enter(): void {
    // Rules cost what their expressions do.
  }

  exit(): void {
    // See enter.
  }

  eval(literal: Literal, _bindings: unknown, file: string): void {
    this.#step(literal, file).evals++;
  }

  redo(literal: Literal, _bindings: unknown, file: string): void {
    this.#step(literal, file).redos++;
  }

  fail(): void {
    // A failed expression was counted when it was evaluated.
  }

  /** The most expensive expressions first, or by the given orders, one after the other. */
  report(modules: readonly Module[], query: string, orders: readonly ProfileOrder[], limit: number): ProfileLine[] {
    const texts = new Map(modules.map(({ file, text }) => [file, text]));
    const lines = [...this.#costs.values()].map(({ file, at, time_ns, evals, redos }): ProfileLine => {
      const { line, column } = lineOf(texts.get(file) ?? query, at.start);
      return {
        total_time_ns: Math.round(time_ns),
        num_eval: evals,
        num_redo: redos,
        num_gen_expr: 1,
        location: { file: file === 'query' ? '' : file, row: line, col: column },
      };
    });
    const all = orders.length > 0 ? orders : (['total_time_ns'] as const);
    lines.sort((a, b) => all.reduce((found, order) => found || COMPARE[order](a, b), 0));
    return limit > 0 ? lines.slice(0, limit) : lines;
  }
}

const byNumber =
  (of: (line: ProfileLine) => number) =>
  (a: ProfileLine, b: ProfileLine): number =>
    of(b) - of(a);

const COMPARE: Readonly<Record<ProfileOrder, (a: ProfileLine, b: ProfileLine) => number>> = {
  total_time_ns: byNumber(line => line.total_time_ns),
  num_eval: byNumber(line => line.num_eval),
  num_redo: byNumber(line => line.num_redo),
  num_gen_expr: byNumber(line => line.num_gen_expr),
  file: (a, b) => (a.location.file < b.location.file ? -1 : a.location.file > b.location.file ? 1 : 0),
  line: (a, b) => a.location.row - b.location.row,
};

/** Several tracers told of the same steps. */
export function tracing(all: readonly Tracer[]): Tracer | undefined {
  if (all.length < 2) return all[0];
  return {
    enter: (placed, rule) => all.forEach(each => each.enter(placed, rule)),
    exit: (placed, rule) => all.forEach(each => each.exit(placed, rule)),
    leave: () => all.forEach(each => each.leave?.()),
    held: (literal, file, bindings) => all.forEach(each => each.held?.(literal, file, bindings)),
    eval: (literal, bindings, file) => all.forEach(each => each.eval(literal, bindings, file)),
    redo: (literal, bindings, file) => all.forEach(each => each.redo(literal, bindings, file)),
    fail: (literal, bindings, file) => all.forEach(each => each.fail(literal, bindings, file)),
  };
}
