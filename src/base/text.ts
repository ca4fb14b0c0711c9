/**
 * Joins texts at once. What `+` and templates make of longer ones is only a plan that is carried out when somebody reads it;
 * an object that holds such plans is slow to write as JSON, every time again.
 */
export const joined = (...parts: readonly string[]): string => parts.join('');
