import type { Draft } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';

/** The checks of one kind beyond its schema. */
export interface Validation {
  readonly validate?: (object: Draft, causes: Causes) => void;
  readonly update?: (object: Draft, old: Draft, causes: Causes, subresource?: string) => void;
}

const VALIDATIONS: ReadonlyMap<string, Validation> = new Map<string, Validation>([]);

/** The checks of a kind; `group` is the table's (`core`, `apps`). */
export function validationOf(group: string, version: string, kind: string): Validation | undefined {
  return VALIDATIONS.get(`${group}.${version}.${kind}`) ?? VALIDATIONS.get(`${group}.${kind}`);
}
