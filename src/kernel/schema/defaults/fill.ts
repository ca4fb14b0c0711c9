/** A part of an object under defaulting; every read is checked because the object was only structurally validated. */
export type Draft = { [field: string]: unknown };

export const isDraft = (value: unknown): value is Draft =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object in a field, or undefined. */
export function part(draft: Draft | undefined, field: string): Draft | undefined {
  const value = draft?.[field];
  return isDraft(value) ? value : undefined;
}

/** The objects in a list field. */
export function parts(draft: Draft | undefined, field: string): Draft[] {
  const value = draft?.[field];
  return Array.isArray(value) ? value.filter(isDraft) : [];
}

/** Sets a field that Go would hold as its zero value: absent or an empty text. */
export function fill(draft: Draft, field: string, value: unknown): void {
  const present = draft[field];
  if (present === undefined || present === '' || present === null) draft[field] = value;
}

/** Sets a field Go holds as a pointer: absent is not the same as an empty text. */
export function fillAbsent(draft: Draft, field: string, value: unknown): void {
  if (draft[field] === undefined || draft[field] === null) draft[field] = value;
}

/** The object in a field, made when it is absent. */
export function ensure(draft: Draft, field: string): Draft {
  const value = draft[field];
  if (isDraft(value)) return value;
  const made: Draft = {};
  draft[field] = made;
  return made;
}
