import type { ByteSource } from '../ports.ts';

/** Called when the reader falls behind (`true`) and when it has caught up (`false`). */
export type Throttle = (full: boolean) => void;

const FULL_BYTES = 1024 * 1024;

/** Bytes of one channel waiting for their reader. One reader; bounded by pausing whoever fills it. */
export class ByteQueue implements ByteSource {
  readonly #throttle: Throttle;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #full = false;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(throttle: Throttle = () => undefined) {
    this.#throttle = throttle;
  }

  push(chunk: Uint8Array): void {
    if (this.#ended || chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > FULL_BYTES && !this.#full) {
      this.#full = true;
      this.#throttle(true);
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Ends with an error, unless it ended well before. */
  fail(error: Error): void {
    if (!this.#ended) this.#error = error;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk) {
          this.#bytes -= chunk.length;
          if (this.#full && this.#bytes < FULL_BYTES / 2) this.#relax();
          yield chunk;
          continue;
        }
        if (this.#error) throw this.#error;
        if (this.#ended) return;
        await new Promise<void>(resolve => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    } finally {
      // Nobody reads any more: what still comes is dropped, and must not hold the other channels up.
      this.#ended = true;
      this.#chunks = [];
      if (this.#full) this.#relax();
    }
  }

  #relax(): void {
    this.#full = false;
    this.#throttle(false);
  }
}
