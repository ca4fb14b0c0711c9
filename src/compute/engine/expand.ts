/** Replaces `$(NAME)` by known variables; `$$` is `$`; unknown names stay as written (Kubernetes container command). */
export function expandVariables(text: string, lookup: (name: string) => string | undefined): string {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character !== '$' || at + 1 >= text.length) {
      result += character;
      continue;
    }
    const following = text[at + 1];
    if (following === '$') {
      result += '$';
      at++;
      continue;
    }
    const end = following === '(' ? text.indexOf(')', at + 2) : -1;
    if (end < 0) {
      result += '$';
      continue;
    }
    const name = text.slice(at + 2, end);
    result += lookup(name) ?? `$(${name})`;
    at = end;
  }
  return result;
}
