/** Expectations of a run, looked at whenever what they ask of has changed. */
import type { Expectation } from './model.ts';
import { compiled, type Concern, type Question, questionMaker, type Scene } from './question.ts';
import { formatDuration } from './units.ts';

/** What became of an expectation; `open`: the run ended before it was decided. */
export interface Outcome {
  readonly expectation: Expectation;
  readonly outcome: 'held' | 'failed' | 'open';
  /** When it was decided, virtual milliseconds since the start. */
  readonly t: number;
  readonly message?: string;
}

export interface ExpectationsPorts {
  /** Virtual milliseconds since the start. */
  readonly t: () => number;
  /** An instant happens then, so that a deadline is looked at. */
  readonly wake: (t_ms: number) => void;
  /** How often what a concern stands for has changed. */
  readonly versions: Readonly<Record<Concern, number>>;
  readonly scene: Scene;
  /** Told of each that is decided, once. */
  readonly decided?: (outcome: Outcome) => void;
}

/** These change with time alone, and are looked at once a virtual second. */
const TIMED = new Set<Concern>(['traffic', 'services', 'cost', 'time_s']);
const TIMED_EVERY_MS = 1000;

/** A question that is asked again only when the answer may be another. */
class Asked {
  readonly #question: Question;
  readonly #timed: boolean;
  readonly #concerns: readonly Concern[];
  #seen = -1;
  #second = -1;
  answer: true | string = '';

  constructor(question: Question) {
    this.#question = question;
    this.#timed = question.concerns.some(concern => TIMED.has(concern));
    this.#concerns = question.concerns.filter(concern => !TIMED.has(concern));
  }

  /** `exact` asks whatever the second: at deadlines. True where it was asked. */
  ask(ports: ExpectationsPorts, exact: boolean): boolean {
    let seen = 0;
    for (const concern of this.#concerns) seen += ports.versions[concern];
    const second = this.#timed ? Math.floor(ports.t() / TIMED_EVERY_MS) : 0;
    if (seen === this.#seen && second === this.#second && !(exact && this.#timed)) return false;
    this.#seen = seen;
    this.#second = second;
    this.answer = this.#question.ask(ports.scene);
    return true;
  }
}

/** One expectation between its beginning and its outcome. */
class Open {
  readonly expectation: Expectation;
  readonly asked: Asked;
  readonly deadline_ms: number;
  /** Since when it holds; undefined while it does not. */
  since_ms: number | undefined;

  constructor(expectation: Expectation, question: Question, t: number) {
    this.expectation = expectation;
    this.asked = new Asked(question);
    this.deadline_ms = t + expectation.within_ms;
  }

  /** What is decided at `t`, if anything. */
  look(ports: ExpectationsPorts, t: number): Outcome | undefined {
    const { expectation, asked, deadline_ms } = this;
    const { for_ms } = expectation;
    const end_ms = this.since_ms === undefined ? deadline_ms : this.since_ms + for_ms;
    asked.ask(ports, t >= end_ms);
    const { answer } = asked;
    if (answer === true) {
      if (this.since_ms === undefined) {
        this.since_ms = t;
        if (for_ms > 0 && Number.isFinite(for_ms)) ports.wake(t + for_ms);
      }
      return t - this.since_ms >= for_ms ? { expectation, outcome: 'held', t } : undefined;
    }
    const before = this.since_ms;
    this.since_ms = undefined;
    if (t < deadline_ms) return undefined;
    const held = before === undefined ? '' : `, after it held from ${formatDuration(before)}`;
    return { expectation, outcome: 'failed', t, message: `${answer}${held}` };
  }

  end(t: number): Outcome {
    const { expectation, since_ms } = this;
    if (since_ms !== undefined && expectation.for_ms === Number.POSITIVE_INFINITY)
      return { expectation, outcome: 'held', t };
    return { expectation, outcome: 'open', t, message: 'the run ended before it was decided' };
  }
}

interface Watch {
  readonly asked: Asked;
  readonly action: () => void;
}

export class Expectations {
  readonly #ports: ExpectationsPorts;
  readonly #question = questionMaker();
  readonly #outcomes: Outcome[] = [];
  #open: Open[] = [];
  #watches: Watch[] = [];

  constructor(ports: ExpectationsPorts) {
    this.#ports = ports;
  }

  /** From now on it is looked at; at the end of this instant for the first time. */
  begin(expectation: Expectation): void {
    const t = this.#ports.t();
    this.#open.push(new Open(expectation, this.#question(expectation.test), t));
    if (expectation.within_ms > 0) this.#ports.wake(t + expectation.within_ms);
  }

  /** `then` is called once, at the end of the first instant from now on at which the CEL expression holds. */
  once(expression: string, then: () => void): void {
    compiled(expression);
    this.#watches.push({ asked: new Asked(this.#question({ kind: 'cel', expression })), action: then });
  }

  instant(t: number): void {
    if (this.#open.length > 0) {
      let decided = false;
      for (const open of this.#open) {
        const outcome = open.look(this.#ports, t);
        if (!outcome) continue;
        decided = true;
        this.#decide(open, outcome);
      }
      if (decided) this.#open = this.#open.filter(open => !this.#done.has(open));
    }
    if (this.#watches.length === 0) return;
    const due = this.#watches.filter(({ asked }) => asked.ask(this.#ports, false) && asked.answer === true);
    if (due.length === 0) return;
    this.#watches = this.#watches.filter(watch => !due.includes(watch));
    for (const { action } of due) action();
  }

  readonly #done = new WeakSet<Open>();

  #decide(open: Open, outcome: Outcome): void {
    this.#done.add(open);
    this.#outcomes.push(outcome);
    this.#ports.decided?.(outcome);
  }

  /** Nothing more comes: what is still open is decided. */
  end(t: number): readonly Outcome[] {
    for (const open of this.#open) this.#decide(open, open.look(this.#ports, t) ?? open.end(t));
    this.#open = [];
    return this.#outcomes;
  }
}
