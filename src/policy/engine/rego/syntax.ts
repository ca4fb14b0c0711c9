import type { RegoNumber } from './number.ts';

/** Offsets into the module's text, end exclusive. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

export type Term =
  | { readonly kind: 'scalar'; readonly value: null | boolean | string | RegoNumber; readonly at: Place }
  | { readonly kind: 'var'; readonly name: string; readonly at: Place }
  /** `head` is a var, or any other term for `[1,2][i]`, `f(x)[0]`. */
  | { readonly kind: 'ref'; readonly head: Term; readonly path: readonly Term[]; readonly at: Place }
  | { readonly kind: 'array'; readonly items: readonly Term[]; readonly at: Place }
  | { readonly kind: 'set'; readonly items: readonly Term[]; readonly at: Place }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [Term, Term])[]; readonly at: Place }
  | {
      readonly kind: 'comprehension';
      readonly of: 'array' | 'set' | 'object';
      readonly key?: Term;
      readonly value: Term;
      readonly body: Body;
      readonly at: Place;
    }
  | { readonly kind: 'call'; readonly name: readonly string[]; readonly args: readonly Term[]; readonly at: Place }
  | { readonly kind: 'template'; readonly parts: readonly (string | Literal)[]; readonly at: Place };

export interface With {
  /** `['input', 'user']`, `['data', 'x']`, or a function's name. */
  readonly target: Term;
  readonly value: Term;
  /** The function that stands in, when the value names one; `value` is null then. */
  readonly replacement?: readonly string[];
  readonly at: Place;
}

export type Literal =
  | {
      readonly kind: 'term';
      readonly term: Term;
      readonly negated: boolean;
      readonly with: readonly With[];
      readonly at: Place;
    }
  | {
      readonly kind: 'unify';
      readonly left: Term;
      readonly right: Term;
      readonly negated: boolean;
      readonly with: readonly With[];
      readonly at: Place;
    }
  /** `left := right`, before locals have names of their own. */
  | {
      readonly kind: 'assign';
      readonly left: Term;
      readonly right: Term;
      readonly with: readonly With[];
      readonly at: Place;
    }
  | { readonly kind: 'some'; readonly names: readonly string[]; readonly at: Place }
  | {
      readonly kind: 'someIn';
      readonly key?: Term;
      readonly value: Term;
      readonly domain: Term;
      readonly with: readonly With[];
      readonly at: Place;
    }
  | {
      readonly kind: 'every';
      readonly key?: string;
      readonly value: string;
      readonly domain: Term;
      readonly body: Body;
      readonly negated: boolean;
      readonly with: readonly With[];
      readonly at: Place;
    }
  /** A body under `not` (v2: `not { … }`). */
  | { readonly kind: 'notBody'; readonly body: Body; readonly with: readonly With[]; readonly at: Place };

export type Body = readonly Literal[];

export interface Head {
  /** First part is the name; later parts are keys, constants or not. */
  readonly path: readonly Term[];
  readonly args?: readonly Term[];
  /** `contains` key. */
  readonly key?: Term;
  readonly value?: Term;
  /** `:=` (true) or `=`. */
  readonly assigned: boolean;
}

export interface Rule {
  readonly head: Head;
  readonly isDefault: boolean;
  readonly body: Body;
  readonly else?: Rule;
  readonly at: Place;
  /** From METADATA comments just above. */
  readonly annotations?: readonly Annotation[];
}

export interface Annotation {
  readonly scope: 'rule' | 'document' | 'package' | 'subpackages';
  readonly value: { readonly [key: string]: unknown };
  readonly at: Place;
}

export interface Import {
  /** `data.a.b`, `input.x`, `rego.v1`, `future.keywords.in`. */
  readonly path: readonly string[];
  readonly alias?: string;
  readonly at: Place;
}

export interface Module {
  readonly file: string;
  readonly text: string;
  /** Without `data`. */
  readonly package: readonly string[];
  readonly packageAt: Place;
  readonly imports: readonly Import[];
  readonly rules: readonly Rule[];
  readonly annotations: readonly Annotation[];
  readonly version: 'v0' | 'v1';
}

/** A compile-time refusal, with OPA's error code. */
export class RegoError extends Error {
  readonly code: string;
  readonly at: Place;
  readonly file: string;
  /** Lines below the message: what was found and what was wanted. */
  readonly details: readonly string[];
  /** More refusals of the same program. */
  others: readonly RegoError[] = [];
  constructor(code: string, message: string, at: Place, file: string, details: readonly string[] = []) {
    super(message);
    this.code = code;
    this.details = details;
    this.at = at;
    this.file = file;
  }
}

/** Line and column, from 1, of an offset. */
export function lineOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}

/** The terms a term is made of, outside of closures and template strings. */
export function partsOf(term: Term): readonly Term[] {
  switch (term.kind) {
    case 'ref':
      return [term.head, ...term.path];
    case 'array':
    case 'set':
      return term.items;
    case 'object':
      return term.entries.flat();
    case 'call':
      return term.args;
    default:
      return [];
  }
}
