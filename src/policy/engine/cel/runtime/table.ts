import type { CelValue } from '../values.ts';

/** An implementation; arguments are evaluated, the receiver of a member comes first. Throws a CelError. */
export type CelFunction = (...args: readonly CelValue[]) => CelValue;

/** Implementations by `name/count`, members by `.name/count` (receiver counted), variadic ones by `name/*`. */
export type FunctionTable = ReadonlyMap<string, CelFunction>;

type Entry = (...args: never[]) => CelValue;

/** Builds a table from a record; implementations check the types of their arguments themselves. */
export function functionTable(record: Readonly<Record<string, Entry>>): FunctionTable {
  return new Map(Object.entries(record) as unknown as [string, CelFunction][]);
}
