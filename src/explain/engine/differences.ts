/** Fields servers write: no change of theirs is a change of what somebody wants. */
const SERVER_FIELDS = new Set([
  '/status',
  '/metadata/uid',
  '/metadata/resourceVersion',
  '/metadata/generation',
  '/metadata/creationTimestamp',
  '/metadata/managedFields',
  '/metadata/selfLink',
]);

const isFields = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Pointers of the deepest places where two values differ. */
export function differences(before: unknown, after: unknown, at = ''): string[] {
  if (SERVER_FIELDS.has(at) || before === after) return [];
  if (!isFields(before) || !isFields(after) || Array.isArray(before) !== Array.isArray(after)) return [at];
  if (Array.isArray(before) && Array.isArray(after) && before.length !== after.length)
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [at];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap(key =>
    differences(
      Object.hasOwn(before, key) ? before[key] : undefined,
      Object.hasOwn(after, key) ? after[key] : undefined,
      `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    ),
  );
}
