/** Looks up a variable; undefined when it is not set. */
export type Variables = (name: string) => string | undefined;

/**
 * Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+value}` (Dockerfile reference, "Environment replacement").
 * `\$` is a plain dollar; nothing is replaced between single quotes.
 */
export function substitute(text: string, variables: Variables, escape = '\\'): string {
  let out = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "'") quoted = !quoted;
    if (char === escape && text[i + 1] === '$') {
      out += '$';
      i++;
      continue;
    }
    if (char !== '$' || quoted) {
      out += char;
      continue;
    }
    const plain = /^[A-Za-z_][A-Za-z0-9_]*/.exec(text.slice(i + 1));
    if (plain) {
      out += variables(plain[0]) ?? '';
      i += plain[0].length;
      continue;
    }
    const braced = bracedAt(text, i + 1);
    if (!braced) {
      out += char;
      continue;
    }
    out += braced.value(variables, escape);
    i = braced.end;
  }
  return out;
}

function bracedAt(
  text: string,
  at: number,
): { end: number; value: (variables: Variables, escape: string) => string } | undefined {
  if (text[at] !== '{') return undefined;
  let depth = 0;
  let end = at;
  for (; end < text.length; end++) {
    if (text[end] === '{') depth++;
    if (text[end] === '}' && --depth === 0) break;
  }
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+])([\s\S]*))?$/.exec(text.slice(at + 1, end));
  if (!match || end >= text.length) return undefined;
  const [, name = '', operator, word = ''] = match;
  return {
    end,
    value: (variables, escape) => {
      const value = variables(name);
      const set = operator?.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
      if (operator?.endsWith('-')) return set ? value! : substitute(word, variables, escape);
      if (operator?.endsWith('+')) return set ? substitute(word, variables, escape) : '';
      return value ?? '';
    },
  };
}

/** Splits on white space; quotes hold words together and go away, the escape character keeps the next one. */
export function splitWords(text: string, escape = '\\'): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quote === '' && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) {
      quote = char;
      word ??= '';
    } else if (char === escape && quote !== "'" && i + 1 < text.length) word = (word ?? '') + text[++i]!;
    else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** The JSON form `["a", "b"]`; undefined when the text is not exactly that. */
export function jsonWords(text: string): string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item): item is string => typeof item === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}
