import type { Json } from '../../../kernel/index.ts';

/** What an expression gives: JSON, or an expression reference (`&x`) on its way into a function. */
export type JmesValue = Json | Reference;

/** `&expression`: run later, once an element. */
export class Reference {
  readonly run: (value: Json) => Json;
  constructor(run: (value: Json) => Json) {
    this.run = run;
  }
}

/** An evaluation error. */
export class JmesError extends Error {}

/** A number that JSON can hold. */
export function needFinite(value: number): number {
  if (!Number.isFinite(value)) throw new JmesError(`json: unsupported value: ${value}`);
  return value;
}

/** A path that leads nowhere: the key is told where nothing takes it for null. */
export class UnknownKey {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
}

/** JMESPath's names of types. */
export function jmesType(value: JmesValue): string {
  if (value === null) return 'null';
  if (value instanceof Reference) return 'expref';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

/** False for null, false, and empty texts, lists and objects (JMESPath specification, "Or Expressions"). */
export function isTruthy(value: JmesValue): boolean {
  if (value === null || value === false || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && !(value instanceof Reference)) {
    for (const _ in value) return true;
    return false;
  }
  return true;
}
