import type { BuiltinDefinition } from '../compile.ts';
import { aggregates } from './aggregates.ts';
import { core } from './core.ts';
import { objects } from './objects.ts';
import { strings } from './strings.ts';

/** Every family; a builtin is a line in its family's table. */
const FAMILIES: readonly Readonly<Record<string, Omit<BuiltinDefinition, 'name'>>>[] = [
  core,
  aggregates,
  strings,
  objects,
];

/** All builtins by name. */
export const BUILTINS: ReadonlyMap<string, BuiltinDefinition> = new Map(
  FAMILIES.flatMap(family =>
    Object.entries(family).map(([name, definition]) => [name, { name, ...definition }] as const),
  ),
);
