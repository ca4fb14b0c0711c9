import type { Json } from '../../kernel/index.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const COLON = 58;

/** Keys written in a JSON text: its colons outside strings. */
function keysWritten(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) count++;
    else if (code === QUOTE) {
      i++;
      while (i < text.length && text.charCodeAt(i) !== QUOTE) {
        if (text.charCodeAt(i) === BACKSLASH) i++;
        i++;
      }
    }
  }
  return count;
}

function keysKept(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += keysKept(item);
    return count;
  }
  for (const key in value) count += 1 + keysKept(value[key]!);
  return count;
}

/** Whether a parsed text named some key twice: cheap enough to ask of every body, before the slow reader tells which. */
export function hasDuplicateKeys(text: string, parsed: Json): boolean {
  return keysWritten(text) !== keysKept(parsed);
}
