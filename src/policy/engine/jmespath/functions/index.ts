import { ARITHMETIC } from './arithmetic.ts';
import { DATA } from './data.ts';
import type { JmesFunction } from './define.ts';
import { STANDARD } from './standard.ts';
import { STRINGS } from './strings.ts';
import { TIME } from './time.ts';

/** Every function by name: JMESPath's own and Kyverno's filters (kyverno.io, "JMESPath"). */
export const JMES_FUNCTIONS: ReadonlyMap<string, JmesFunction> = new Map(
  [...STANDARD, ...ARITHMETIC, ...DATA, ...STRINGS, ...TIME].map(each => [each.name, each]),
);
