import type { Text } from '../../../base/index.ts';
import type { KubeObject } from '../../../kernel/index.ts';

/** What a check looks at: pods and what makes them, namespaces, objects of some kinds, the command line of a component. */
export type Subject =
  | { readonly of: 'pods' }
  | { readonly of: 'namespaces' }
  | { readonly of: 'kinds'; readonly kinds: readonly string[] }
  | { readonly of: 'component'; readonly component: string }
  /** The cluster as a whole, where anything of it is known. */
  | { readonly of: 'cluster' };

/** One thing that API objects can prove: a CEL condition over each subject, which must hold. */
export interface Check {
  readonly id: string;
  readonly title: Text;
  readonly subject: Subject;
  /**
   * `object`; of pods `pod` (its spec) and `containers` (of every sort); of namespaces `within` (objects by kind); of components
   * `flags` (by name, without dashes); of all `cluster` (objects by kind).
   */
  readonly expression: string;
}

/** A control of a standard. Without checks no API object can prove it, and `why` says so. */
export interface Control {
  readonly id: string;
  readonly title: Text;
  readonly checks: readonly string[];
  /** True where the checks prove a part of what the control asks. */
  readonly partly?: boolean;
}

export interface Pack {
  readonly name: string;
  readonly title: Text;
  readonly controls: readonly Control[];
}

export interface Finding {
  readonly check: string;
  readonly object: KubeObject;
  /** What went wrong in deciding, where that is why it does not pass. */
  readonly error?: string;
}

export type ControlStatus = 'pass' | 'fail' | 'not-assessable';

export interface AssessedControl {
  readonly control: Control;
  readonly status: ControlStatus;
  /** Why it could not be assessed. */
  readonly why?: Text;
  readonly findings: readonly Finding[];
  /** Subjects that were looked at. */
  readonly looked: number;
}
