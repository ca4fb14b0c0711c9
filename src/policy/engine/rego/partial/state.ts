import type { Literal, Term } from '../syntax.ts';
import type { Substitution } from './terms.ts';

/** What has to hold later. A mark only says that its term must have a value. */
export interface Saved {
  readonly literal: Literal;
  readonly isMark: boolean;
}

/** One way a body may hold: what is known of its variables and what is left to ask. */
export interface State {
  readonly bindings: Substitution;
  readonly saved: readonly Saved[];
  /** Variables that get their values from what is saved. */
  readonly open: ReadonlySet<string>;
  /** Variables from around a negation: inside, they are compared, never bound. */
  readonly rigid: ReadonlySet<string>;
}

export type Next = (state: State) => void;
/** Told of a term's value as far as it is known: a constant, or what is left of the term. */
export type Reduced = (term: Term, state: State) => void;

export const START: State = { bindings: new Map(), saved: [], open: new Set(), rigid: new Set() };

export const bound = (state: State, name: string, term: Term): State => ({
  ...state,
  bindings: new Map(state.bindings).set(name, term),
});

/** The literal is left for later; its variables get their values there. */
export const save = (state: State, literal: Literal, names: Iterable<string>, isMark = false): State => ({
  ...state,
  saved: [...state.saved, { literal, isMark }],
  open: new Set([...state.open, ...names]),
});
