import type { Fault } from './fault.ts';
import type { Text } from './language.ts';
import type { Span } from './span.ts';

/** A verdict, or a computed value; `unknown` whenever something that could change it is not modelled. */
export type Outcome = 'allow' | 'deny' | 'unknown' | 'value';

/** Where a rule came from: a place in a repository, or an object path when no source is kept. */
export interface Origin {
  readonly repository?: string;
  readonly commit?: string;
  readonly span?: Span;
  readonly object?: string;
}

/** The object and rule that decided. */
export interface DecidedByRule {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly rule?: string;
  readonly where?: Origin;
}

/** Nothing matched: the default that applied, in words. */
export interface DecidedByDefault {
  readonly default: Text;
}

/** A rule that did not match, and the first condition that failed. */
export interface NearMiss {
  readonly rule: DecidedByRule;
  readonly failed: Text;
}

/** The smallest change of an object that flips the outcome; verified by deciding again. */
export interface Edit {
  readonly object: DecidedByRule;
  /** RFC 6901 pointer into the object. */
  readonly path: string;
  readonly action: 'set' | 'remove' | 'add';
  readonly value?: unknown;
  readonly text: Text;
}

/** How faithfully a field that played a part is carried out, as the ledger of its dialect says. */
export interface FieldFidelity {
  readonly kind: string;
  /** `spec.ingress[].ports[].port`. */
  readonly path: string;
  readonly level: 'enforced' | 'modelled' | 'partial' | 'parsed' | 'refused';
  readonly reason?: string;
}

/** What every layer answers with, never a bare boolean. */
export interface Answer<Value = unknown> {
  readonly outcome: Outcome;
  readonly value?: Value;
  readonly layer: string;
  readonly enforcer: string;
  readonly direction?: 'egress' | 'ingress';
  readonly by: DecidedByRule | DecidedByDefault;
  readonly because: readonly Text[];
  readonly nearMisses: readonly NearMiss[];
  /** Fields or objects that could change the outcome and are not modelled. */
  readonly unmodelled: readonly Fault[];
  readonly flip?: Edit;
  /** Fields of the objects that decided, with their level in the fidelity ledger. */
  readonly fidelity?: readonly FieldFidelity[];
}
