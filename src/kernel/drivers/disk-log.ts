import { type Discard, type Log, type LogContents, type LogRecord, LogRefusal } from '../store/log.ts';
import type { Disk } from './virtual-disk.ts';

/** The log, its successor while it is rewritten. */
const FILE = 'log';
const NEXT = 'log.next';
/** Rewritten when it holds this many bytes, and more than twice what is needed. */
const REWRITE_BYTES_MIN = 16 * 1024;
const HEADER_BYTES = 8;

type Entry = { readonly records: readonly LogRecord[]; readonly discards: readonly Discard[] };

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

/** CRC-32 (ISO 3309) over the bytes of a frame. */
function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 0xff]! ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

function frame(entry: Entry): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(entry));
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  view.setUint32(4, crc32(body));
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

/** Whole frames from the start; the first one that is cut short or does not match its sum ends the log. */
function frames(bytes: Uint8Array): { entries: Entry[]; length: number } {
  const entries: Entry[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const size = view.getUint32(at);
    const body = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + size);
    if (size === 0 || body.length < size || crc32(body) !== view.getUint32(at + 4)) break;
    entries.push(JSON.parse(new TextDecoder().decode(body)) as Entry);
    at += HEADER_BYTES + size;
  }
  return { entries, length: at };
}

/** A log of checksummed frames on any {@link Disk}: the store's log in the simulator and in crash tests. */
export class DiskLog implements Log {
  readonly #disk: Disk;
  #records = new Map<number, LogRecord>();
  #floors = new Map<string, number>();
  #length = 0;
  #live = 0;
  #failed: unknown;
  /** Batches take their turns: one must not be written to a file that another is replacing. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  async read(): Promise<LogContents> {
    const bytes = await this.#disk.read(FILE);
    if (!bytes) {
      await this.#rewrite();
    } else {
      const { entries, length } = frames(bytes);
      for (const entry of entries) this.#take(entry);
      this.#length = length;
      // A torn tail was never acknowledged; new frames must not follow it.
      if (length < bytes.length) await this.#rewrite();
    }
    const records = [...this.#records.values()].sort((left, right) => left.revision - right.revision);
    return {
      floors: new Map(this.#floors),
      records: (async function* () {
        yield records;
      })(),
    };
  }

  append(records: readonly LogRecord[], discards: readonly Discard[]): Promise<void> {
    const done = this.#turn.then(() => this.#append(records, discards));
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #append(records: readonly LogRecord[], discards: readonly Discard[]): Promise<void> {
    if (this.#failed) throw this.#failed;
    const entry: Entry = { records, discards };
    const bytes = frame(entry);
    try {
      await this.#disk.append(FILE, bytes);
      await this.#disk.sync(FILE);
    } catch (cause) {
      return this.#fail(cause);
    }
    this.#take(entry);
    this.#length += bytes.length;
    if (this.#length > REWRITE_BYTES_MIN && this.#length > 2 * this.#live)
      await this.#rewrite().catch(cause => this.#later(cause));
    return undefined;
  }

  async close(): Promise<void> {
    // Every append was synced.
  }

  /** A full disk may have kept half a frame: the tail is cut by rewriting; where even that fails, the log is over. */
  async #fail(cause: unknown): Promise<never> {
    if ((cause as { code?: string }).code === 'ENOSPC') {
      const kept = await this.#rewrite().then(
        () => true,
        () => false,
      );
      if (kept) throw new LogRefusal((cause as Error).message, { cause });
    }
    this.#failed = cause;
    throw cause;
  }

  /** A rewrite that failed half way leaves the old file as it was, unless the names are in doubt. */
  #later(cause: unknown): void {
    if ((cause as { code?: string }).code !== 'ENOSPC') this.#failed = cause;
  }

  #take({ records, discards }: Entry): void {
    for (const record of records) {
      this.#records.set(record.revision, record);
      this.#live += sizeOf(record);
    }
    for (const { collection, floor, revisions } of discards) {
      this.#floors.set(collection, floor);
      for (const revision of revisions) {
        const record = this.#records.get(revision);
        if (record) this.#live -= sizeOf(record);
        this.#records.delete(revision);
      }
    }
  }

  /** Writes what is needed to a new file and swaps the names; one record a frame keeps torn frames small. */
  async #rewrite(): Promise<void> {
    const discards = [...this.#floors].map(([collection, floor]) => ({ collection, floor, revisions: [] }));
    const records = [...this.#records.values()].sort((left, right) => left.revision - right.revision);
    const bytes = frame({ records, discards });
    await this.#disk.remove(NEXT);
    await this.#disk.append(NEXT, bytes);
    await this.#disk.sync(NEXT);
    await this.#disk.rename(NEXT, FILE);
    await this.#disk.syncNames();
    this.#length = bytes.length;
  }
}

const sizeOf = (record: LogRecord): number =>
  record.path.length + record.collection.length + (record.value?.length ?? 0) + 64;
