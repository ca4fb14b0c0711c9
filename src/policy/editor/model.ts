import type { Span } from '../../base/index.ts';

/** One text an editor has open, or a file beside it. */
export interface EditorText {
  readonly file: string;
  readonly text: string;
}

/** What is wrong at a place. Lines and columns count from 1, columns in UTF-16 units. */
export interface Finding {
  readonly where: Span;
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
}

/** A name a text declares, for outlines. `whole` is what it consists of, `where` its name. */
export interface DeclaredName {
  readonly name: string;
  readonly kind: 'package' | 'rule' | 'function';
  readonly where: Span;
  readonly whole: Span;
}

/** What may stand at a place. */
export interface Suggestion {
  readonly name: string;
  readonly kind: 'keyword' | 'builtin' | 'rule' | 'function' | 'import';
  /** A signature or the like, one line. */
  readonly detail?: string;
}
