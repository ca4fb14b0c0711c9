import { createHash } from 'node:crypto';
import type { Json } from '../../kernel/index.ts';
import type { EventLog, LogLine } from './model.ts';

/** Lines are hashed in pieces of about this many characters. */
const PIECE = 64 * 1024;

/** The run's log: every line goes into the hash, and to a listener where there is one. */
export class RunLog implements EventLog {
  count = 0;
  readonly #hash = createHash('sha256');
  readonly #now: () => number;
  readonly #listener: ((line: LogLine) => void) | undefined;
  #piece = '';

  /** `now` gives virtual milliseconds since the start of the run. */
  constructor(now: () => number, listener?: (line: LogLine) => void) {
    this.#now = now;
    this.#listener = listener;
  }

  write(by: string, what: string, about?: string, detail?: Json): void {
    this.count++;
    const t = this.#now();
    this.#take(`${JSON.stringify([t, by, what, about ?? null, detail ?? null])}\n`);
    this.#listener?.({
      t,
      by,
      what,
      ...(about === undefined ? {} : { about }),
      ...(detail === undefined ? {} : { detail }),
    });
  }

  /** A line whose detail is text already: what the store committed, byte by byte. */
  writeText(by: string, what: string, about: string, text: string | null): void {
    this.count++;
    const t = this.#now();
    this.#take(`[${t},"${by}","${what}",${JSON.stringify(about)},${text}]\n`);
    // Read only by those who look: most listeners ask what happened, not what an object was.
    this.#listener?.({
      t,
      by,
      what,
      about,
      get detail(): Json {
        return text === null ? null : (JSON.parse(text) as Json);
      },
    });
  }

  hash(): string {
    this.#flush();
    return this.#hash.copy().digest('hex');
  }

  #take(line: string): void {
    this.#piece += line;
    if (this.#piece.length > PIECE) this.#flush();
  }

  #flush(): void {
    if (this.#piece === '') return;
    this.#hash.update(this.#piece);
    this.#piece = '';
  }
}
