/** Bytes of one slab: a few hundred objects. A text of more than half of it gets a slab of its own. */
const SLAB_BYTES = 256 * 1024;
/** A slab of which less than this share is still held is given up: what is left moves on. */
const HELD_MIN = 0.5;

/** Whoever holds a text; told where it lies, and again when it moves. */
export interface TextHolder {
  /** The text is needed no more; its bytes may still be read where they were. */
  readonly dropped: boolean;
  readonly start: number;
  readonly size: number;
  place(slab: Slab, start: number): void;
}

/** Memory that texts are written into one after the other; what is written never changes. */
export interface Slab {
  readonly bytes: Buffer;
  end: number;
  /** Bytes of texts that are still held. */
  held: number;
  /** Those that were placed here, dropped ones among them. */
  readonly holders: TextHolder[];
}

const slabOf = (size: number): Slab => ({ bytes: Buffer.allocUnsafeSlow(size), end: 0, held: 0, holders: [] });

/**
 * The JSON texts of a store's versions as UTF-8, packed into few large buffers outside the collected heap: to the collector
 * a hundred thousand objects are then as many small records, and an answer is sent from where its text lies. A view of a
 * text stays valid when the text moves or is dropped: its buffer lives as long as somebody sees it.
 */
export class Texts {
  #open: Slab = slabOf(SLAB_BYTES);

  /** Writes a text of `holder.size` bytes and tells its holder where. */
  add(text: string, holder: TextHolder): void {
    const slab = this.#room(holder.size);
    slab.bytes.write(text, slab.end, holder.size, 'utf8');
    this.#settle(slab, holder);
  }

  /** Gives back the place of a text whose holder has dropped it. */
  drop(slab: Slab, size: number): void {
    slab.held -= size;
    if (slab !== this.#open && slab.held < slab.end * HELD_MIN) this.#empty(slab);
  }

  #room(size: number): Slab {
    if (size > SLAB_BYTES / 2) return slabOf(size);
    const full = this.#open;
    if (full.end + size <= full.bytes.length) return full;
    this.#open = slabOf(SLAB_BYTES);
    if (full.held < full.end * HELD_MIN) this.#empty(full);
    // What moved may have filled the new one, too.
    return this.#room(size);
  }

  #settle(slab: Slab, holder: TextHolder): void {
    holder.place(slab, slab.end);
    slab.end += holder.size;
    slab.held += holder.size;
    slab.holders.push(holder);
  }

  #empty(slab: Slab): void {
    for (const holder of slab.holders.splice(0)) {
      if (holder.dropped) continue;
      const { start, size } = holder;
      const to = this.#room(size);
      slab.bytes.copy(to.bytes, to.end, start, start + size);
      this.#settle(to, holder);
    }
    slab.held = 0;
  }
}

/** Where an object's JSON text lies: `size` bytes from `start` of `text`, or a text that is not packed yet. */
export interface StoredText {
  readonly text: Buffer | string;
  readonly start: number;
  readonly size: number;
}
