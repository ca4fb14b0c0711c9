/** A text as a CEL string literal (CEL "String and Bytes Values"): JSON's escapes are a part of CEL's. */
export const celString = (text: string): string =>
  JSON.stringify(text).replace(/[\u2028\u2029]/g, sign => `\\u${sign.charCodeAt(0).toString(16)}`);

/** A list of texts as a CEL literal. */
export const celStrings = (texts: readonly string[]): string => `[${texts.map(celString).join(', ')}]`;

/** Whether `text` (a CEL expression of a string) fits a pattern with `*` and `?`. */
export function celWildcard(text: string, pattern: string): string {
  if (/^\*+$/.test(pattern)) return 'true';
  if (!/[*?]/.test(pattern)) return `${text} == ${celString(pattern)}`;
  const expression = [...pattern]
    .map(sign => (sign === '*' ? '.*' : sign === '?' ? '.' : sign.replace(/[\\^$.|+()[\]{}]/g, '\\$&')))
    .join('');
  return `${text}.matches(${celString(`^(?s:${expression})$`)})`;
}

/** Conditions of which one is enough; constants are folded, so that expressions stay readable. */
export function celAny(conditions: readonly string[]): string {
  const open = conditions.filter(each => each !== 'false');
  if (open.includes('true')) return 'true';
  if (open.length === 0) return 'false';
  return open.length === 1 ? open[0]! : `(${open.map(grouped).join(' || ')})`;
}

/** Conditions that must all hold. */
export function celAll(conditions: readonly string[]): string {
  const open = conditions.filter(each => each !== 'true');
  if (open.includes('false')) return 'false';
  if (open.length === 0) return 'true';
  return open.length === 1 ? open[0]! : `(${open.map(grouped).join(' && ')})`;
}

export const celNot = (condition: string): string =>
  condition === 'true' ? 'false' : condition === 'false' ? 'true' : `!(${condition})`;

/** A conditional operator binds weaker than the rest. */
const grouped = (condition: string): string => (condition.includes(' ? ') ? `(${condition})` : condition);
