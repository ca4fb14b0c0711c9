import type { BpfMap } from './bpf.ts';
import { mapMemory } from './system.ts';

const PAGE = 4096;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const HEADER = 8;

/**
 * Reads a BPF ring buffer (Documentation/bpf/ringbuf.rst): one consumer page we write, one producer page and the data
 * twice in a row, so that a record never wraps.
 */
export class RingReader implements Disposable {
  readonly #consumer: ReturnType<typeof mapMemory>;
  readonly #producer: ReturnType<typeof mapMemory>;
  readonly #size: number;

  constructor(map: BpfMap) {
    this.#size = map.shape.entries;
    this.#consumer = mapMemory(map.descriptor, 0, PAGE, true);
    this.#producer = mapMemory(map.descriptor, PAGE, PAGE + 2 * this.#size, false);
  }

  /** Hands out records that are complete, at most `limit` of them; answers how many. */
  drain(deliver: (record: DataView) => void, limit = 10_000): number {
    let at = this.#consumer.view.getBigUint64(0, true);
    const end = this.#producer.view.getBigUint64(0, true);
    let count = 0;
    while (at < end && count < limit) {
      const offset = PAGE + Number(at % BigInt(this.#size));
      const header = this.#producer.view.getUint32(offset, true);
      if (header & BUSY) break;
      const length = header & ~(BUSY | DISCARDED);
      if (!(header & DISCARDED)) {
        deliver(new DataView(this.#producer.view.buffer, offset + HEADER, length));
        count++;
      }
      at += BigInt((length + HEADER + 7) & ~7);
    }
    this.#consumer.view.setBigUint64(0, at, true);
    return count;
  }

  [Symbol.dispose](): void {
    this.#consumer.unmap();
    this.#producer.unmap();
  }
}
