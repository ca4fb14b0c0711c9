import { RE2JS } from 're2js';

const compiled = new Map<string, RE2JS | null>();
/** Compiled patterns kept; more than any cluster's CRDs have. */
const KEPT_MAX = 2_000;

/** Whether a text matches an RE2 pattern somewhere; patterns come from users, so they run in linear time. Undefined where the pattern is none. */
export function matchesPattern(pattern: string, text: string): boolean | undefined {
  let program = compiled.get(pattern);
  if (program === undefined) {
    try {
      program = RE2JS.compile(pattern);
    } catch {
      program = null;
    }
    if (compiled.size >= KEPT_MAX) compiled.clear();
    compiled.set(pattern, program);
  }
  return program === null ? undefined : program.matcher(text).find();
}
