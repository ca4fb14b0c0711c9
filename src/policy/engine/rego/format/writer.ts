import type { Comment } from '../lexer.ts';
import type { Place } from '../syntax.ts';

/** Two comments want the end of one line: the term around them is written as it stands. */
export class CommentClash extends Error {}

interface Saved {
  readonly pieces: number;
  readonly comments: number;
  readonly pending: Comment | undefined;
  readonly level: number;
  readonly inline: boolean;
  readonly delayed: boolean;
}

/** Lines with tabs, and the comments of the source woven in by the rows they stand on. */
export class Writer {
  readonly source: string;
  readonly #pieces: string[] = [];
  readonly #comments: readonly Comment[];
  readonly #starts: number[] = [0];
  #next = 0;
  #level = 0;
  #inline = false;
  #pending: Comment | undefined;
  #delayed = false;

  constructor(source: string, comments: readonly Comment[]) {
    this.source = source;
    this.#comments = comments;
    for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  /** Row of an offset, from 0. */
  row(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  rowOf(part: { readonly at: Place }): number {
    return this.row(part.at.start);
  }

  textOf(part: { readonly at: Place }): string {
    return this.source.slice(part.at.start, part.at.end);
  }

  write(text: string): void {
    this.#pieces.push(text);
  }

  up(): void {
    this.#level++;
  }

  down(): void {
    this.#level--;
  }

  /** Starts the line where nothing of it was written yet. */
  ensureLine(): void {
    if (!this.#inline) this.startLine();
  }

  startLine(): void {
    this.#inline = true;
    this.write('\t'.repeat(this.#level));
  }

  endLine(): void {
    this.#inline = false;
    if (this.#pending && !this.#delayed) {
      this.write(` #${this.#pending.text}`);
      this.#pending = undefined;
    }
    this.#delayed = false;
    this.write('\n');
  }

  blankLine(): void {
    this.write('\n');
  }

  /** A comment that waits for the end of this line goes to the end of the next one. */
  delayComment(): void {
    this.#delayed = true;
  }

  get hasPending(): boolean {
    return this.#pending !== undefined;
  }

  /** Row of the next comment, if there is one. */
  get nextCommentRow(): number | undefined {
    const comment = this.#comments[this.#next];
    return comment ? this.row(comment.start) : undefined;
  }

  /** Whether comments not written yet stand on rows between these two. */
  hasCommentBetween(from: number, to: number): boolean {
    for (let at = this.#next; at < this.#comments.length; at++) {
      const row = this.row(this.#comments[at]!.start);
      if (row >= to) return false;
      if (row > from) return true;
    }
    return false;
  }

  #line(comment: Comment): void {
    this.ensureLine();
    this.write(`#${comment.text}`);
    this.endLine();
  }

  /** Writes the comments of rows above; one on this very row waits for the end of the line. */
  commentsFor(row: number): void {
    let last: number | undefined;
    for (; this.#next < this.#comments.length; this.#next++) {
      const comment = this.#comments[this.#next]!;
      const own = this.row(comment.start);
      if (own >= row) break;
      if (last !== undefined && own - last > 1) this.blankLine();
      this.#line(comment);
      last = own;
    }
    if (last !== undefined && row - last > 1) this.blankLine();
    const here = this.#comments[this.#next];
    if (!here || this.row(here.start) !== row) return;
    if (this.#pending) throw new CommentClash();
    this.#pending = here;
    this.#next++;
  }

  /** What is left when everything else was written. */
  lastComments(): void {
    for (; this.#next < this.#comments.length; this.#next++) this.#line(this.#comments[this.#next]!);
  }

  /** Takes the comment of a row out of the order: of an import, which may move. */
  takeOnRows(rows: ReadonlySet<number>): Map<number, string> {
    const found = new Map<number, string>();
    const kept: Comment[] = [];
    for (const comment of this.#comments) {
      const row = this.row(comment.start);
      if (rows.has(row)) found.set(row, `#${comment.text}`);
      else kept.push(comment);
    }
    (this.#comments as Comment[]).splice(0, this.#comments.length, ...kept);
    return found;
  }

  save(): Saved {
    return {
      pieces: this.#pieces.length,
      comments: this.#next,
      pending: this.#pending,
      level: this.#level,
      inline: this.#inline,
      delayed: this.#delayed,
    };
  }

  /** Goes back to a saved state and writes the source of a part instead, with the comments inside of it. */
  verbatim(saved: Saved, part: { readonly at: Place }): void {
    this.#pieces.length = saved.pieces;
    this.#next = saved.comments;
    this.#pending = saved.pending;
    this.#level = saved.level;
    this.#inline = saved.inline;
    this.#delayed = saved.delayed;
    this.ensureLine();
    this.write(this.textOf(part));
    if (this.#pending && this.#pending.start > part.at.start) this.#pending = undefined;
    while (this.#next < this.#comments.length && this.#comments[this.#next]!.start < part.at.end) this.#next++;
    const here = this.#comments[this.#next];
    if (this.#pending || !here || this.row(here.start) !== this.row(part.at.end - 1)) return;
    this.#pending = here;
    this.#next++;
  }

  toString(): string {
    return this.#pieces.join('');
  }
}

/** Row of the sign that closes the first `open` of a text, by signs alone; undefined without one. `skip` is passed over before. */
export function closingRow(
  text: string,
  row: number,
  [open, close]: readonly [string, string],
  skip?: readonly [string, string],
): number | undefined {
  let from = 0;
  if (skip) {
    const end = balanced(text, 0, skip);
    from = end ?? 0;
  }
  const end = balanced(text, from, [open, close]);
  return end === undefined ? undefined : row + text.slice(0, end).split('\n').length - 1;
}

function balanced(text: string, from: number, [open, close]: readonly [string, string]): number | undefined {
  let depth = 0;
  for (let at = text.indexOf(open, from); at >= 0 && at < text.length; at++) {
    if (text[at] === open) depth++;
    else if (text[at] === close && --depth === 0) return at + 1;
  }
  return undefined;
}
