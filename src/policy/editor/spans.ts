import type { Span } from '../../base/index.ts';
import { lineOf, type Place } from '../engine/rego/syntax.ts';

/** The lines and columns of a stretch of a text. */
export function spanOfPlace(file: string, text: string, { start, end }: Place): Span {
  const from = lineOf(text, start);
  const to = lineOf(text, Math.max(start, end));
  return { file, line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}

/** The offset of a line and column; beyond the end of a line its end. */
export function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at++) {
    const next = text.indexOf('\n', start);
    if (next < 0) return text.length;
    start = next + 1;
  }
  const end = text.indexOf('\n', start);
  return Math.min(start + column - 1, end < 0 ? text.length : end);
}

/**
 * Where a place inside a scalar of a YAML text stands in that text. `scalar` is where the scalar begins; block scalars
 * (`|`, `>`) begin on the next line, indented; in folded and escaped ones the column is that of a literal one.
 */
export function spanInScalar(text: string, scalar: Span, inner: { line: number; column: number }): Span {
  const lines = text.split('\n');
  const first = lines[scalar.line - 1]?.slice(scalar.column - 1) ?? '';
  if (!/^[|>]/.test(first)) {
    const quoted = /^["']/.test(first) ? 1 : 0;
    const column = inner.line === 1 ? scalar.column + quoted + inner.column - 1 : inner.column;
    return pointAt(scalar.file, scalar.line + inner.line - 1, column);
  }
  const told = /^[|>][+-]?([1-9])/.exec(first)?.[1];
  const body = lines.slice(scalar.line).find(line => line.trim() !== '') ?? '';
  const indent = told === undefined ? /^ */.exec(body)![0].length : Number(told);
  return pointAt(scalar.file, scalar.line + inner.line, indent + inner.column);
}

const pointAt = (file: string, line: number, column: number): Span => ({
  file,
  line,
  column,
  endLine: line,
  endColumn: column + 1,
});
