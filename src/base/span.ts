/** A place in a source text. `line` and `column` count from 1; `file` is relative to the folder the user named. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

/** Writes a span as `file:line:column`, the form terminals and editors turn into a link. */
export function formatSpan(span: Span): string {
  return `${span.file}:${span.line}:${span.column}`;
}
