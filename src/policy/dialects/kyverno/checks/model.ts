import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';

/** A kind that is served: whether its objects are in namespaces, and its subresources. */
export interface FoundKind {
  readonly group: string;
  readonly resource: string;
  readonly namespaced: boolean;
  readonly subresources: readonly string[];
}

/** Kinds that a text such as `apps/v1/Deployment` or `*` names. */
export type KindFinder = (group: string, version: string, kind: string) => readonly FoundKind[];

export const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
export const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
export const listAt = (of: JsonObject, name: string): JsonObject[] => list(of[name]).filter(isObject);

/** Filters of a match or exclude clause, with where each stands. */
export function filtersOf(clause: Json | undefined): readonly (readonly [path: string, filter: JsonObject])[] {
  const of = fields(clause);
  const listed = (name: 'any' | 'all'): (readonly [string, JsonObject])[] =>
    listAt(of, name).map((filter, i) => [`.${name}[${i}]`, filter]);
  const own = of.resources !== undefined || of.subjects !== undefined || of.roles !== undefined;
  return [...listed('any'), ...listed('all'), ...(own ? [['', of] as const] : [])];
}
