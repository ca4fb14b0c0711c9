/** The way to a value: names of fields, indexes of items. */
export type Path = readonly (string | number)[];

/** Reads a Kubernetes field path: `spec.containers[0].image`, `metadata.labels[app.kubernetes.io/name]`. */
export function parsePath(text: string): Path {
  const path: (string | number)[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === '[') {
      const end = text.indexOf(']', at);
      const inner = text.slice(at + 1, end < 0 ? text.length : end);
      path.push(/^\d+$/.test(inner) ? Number(inner) : inner);
      at = end < 0 ? text.length : end + 1;
    } else {
      if (text[at] === '.') at++;
      const from = at;
      while (at < text.length && text[at] !== '.' && text[at] !== '[') at++;
      if (at > from) path.push(text.slice(from, at));
    }
  }
  return path;
}

/** Writes a path as the API server does: fields with dots, items in brackets. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
  return text;
}
