import type { Term } from '../syntax.ts';

/** The outermost comprehensions in a literal or a term, also those in bodies below it. */
export function comprehensionsIn(part: unknown): Term[] {
  if (typeof part !== 'object' || part === null) return [];
  if (Array.isArray(part)) return part.flatMap(comprehensionsIn);
  if ('kind' in part && part.kind === 'comprehension') return [part as unknown as Term];
  return 'kind' in part || 'value' in part ? Object.values(part).flatMap(comprehensionsIn) : [];
}
