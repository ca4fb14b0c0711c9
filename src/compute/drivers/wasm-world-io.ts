/** wasi:io 0.2 (error, poll, streams) over plain sources and sinks. Methods named here are those of the WIT, as jco calls them. */

/** Where a stream's bytes come from. */
export interface ByteIntake {
  /** At most `count` bytes; empty when none are there yet, undefined at the end. */
  take(count: number): Uint8Array | undefined;
  ready(): boolean;
  wait(): Promise<void>;
}

/** Where a stream's bytes go. */
export interface ByteOutlet {
  /** Bytes that may be given now; undefined when nobody takes any more. */
  room(): number | undefined;
  give(bytes: Uint8Array): void;
  /** Until there is room, or never will be. */
  wait(): Promise<void>;
}

/** An `err` of a WIT result: jco hands `payload` to the component. */
export class Refused extends Error {
  readonly payload: unknown;
  constructor(payload: unknown) {
    super('refused');
    this.payload = payload;
  }
}

const CHUNK_BYTES_MAX = 64 * 1024;

const closed = (): Refused => new Refused({ tag: 'closed' });

export class IoError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }

  toDebugString(): string {
    return this.message;
  }
}

export class Pollable {
  readonly #isReady: () => boolean;
  readonly #wait: () => Promise<void>;
  constructor(isReady: () => boolean, wait: () => Promise<void>) {
    this.#isReady = isReady;
    this.#wait = wait;
  }

  ready(): boolean {
    return this.#isReady();
  }

  async block(): Promise<void> {
    while (!this.#isReady()) await this.#wait();
  }
}

/** Indices of those that are ready, once at least one is. */
async function poll(list: readonly Pollable[]): Promise<Uint32Array> {
  if (list.length === 0) throw new Error('poll of an empty list');
  for (;;) {
    const ready = list.flatMap((pollable, index) => (pollable.ready() ? [index] : []));
    if (ready.length > 0) return Uint32Array.from(ready);
    await Promise.race(list.map(pollable => pollable.block()));
  }
}

export class InputStream {
  readonly #intake: ByteIntake;
  constructor(intake: ByteIntake) {
    this.#intake = intake;
  }

  read(count: bigint): Uint8Array {
    const bytes = this.#intake.take(Math.min(Number(count), CHUNK_BYTES_MAX));
    if (!bytes) throw closed();
    return bytes;
  }

  async blockingRead(count: bigint): Promise<Uint8Array> {
    for (;;) {
      const bytes = this.read(count);
      if (bytes.length > 0 || count === 0n) return bytes;
      await this.#intake.wait();
    }
  }

  skip(count: bigint): bigint {
    return BigInt(this.read(count).length);
  }

  async blockingSkip(count: bigint): Promise<bigint> {
    return BigInt((await this.blockingRead(count)).length);
  }

  subscribe(): Pollable {
    return new Pollable(
      () => this.#intake.ready(),
      () => this.#intake.wait(),
    );
  }
}

export class OutputStream {
  readonly #outlet: ByteOutlet;
  constructor(outlet: ByteOutlet) {
    this.#outlet = outlet;
  }

  checkWrite(): bigint {
    const room = this.#outlet.room();
    if (room === undefined) throw closed();
    return BigInt(room);
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > Number(this.checkWrite())) throw new Error('write beyond what check-write allowed');
    this.#outlet.give(bytes);
  }

  async blockingWriteAndFlush(bytes: Uint8Array): Promise<void> {
    let at = 0;
    do {
      const room = Number(this.checkWrite());
      if (room > 0) {
        this.#outlet.give(at === 0 && room >= bytes.length ? bytes : bytes.subarray(at, at + room));
        at += room;
      } else await this.#outlet.wait();
    } while (at < bytes.length);
  }

  flush(): void {
    this.checkWrite();
  }

  async blockingFlush(): Promise<void> {
    while (this.checkWrite() === 0n) await this.#outlet.wait();
  }

  writeZeroes(count: bigint): void {
    this.write(new Uint8Array(Math.min(Number(count), Number(this.checkWrite()))));
  }

  async blockingWriteZeroesAndFlush(count: bigint): Promise<void> {
    await this.blockingWriteAndFlush(new Uint8Array(Math.min(Number(count), CHUNK_BYTES_MAX)));
  }

  splice(source: InputStream, count: bigint): bigint {
    const room = this.checkWrite();
    const bytes = source.read(count < room ? count : room);
    this.#outlet.give(bytes);
    return BigInt(bytes.length);
  }

  async blockingSplice(source: InputStream, count: bigint): Promise<bigint> {
    await this.blockingFlush();
    const room = this.checkWrite();
    const bytes = await source.blockingRead(count < room ? count : room);
    this.#outlet.give(bytes);
    return BigInt(bytes.length);
  }

  subscribe(): Pollable {
    return new Pollable(
      () => this.#outlet.room() !== 0,
      () => this.#outlet.wait(),
    );
  }
}

/** A waiting room: everyone inside is let go together. */
export class Bell {
  #waiting: (() => void)[] = [];

  wait(): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve));
  }

  ring(): void {
    const woken = this.#waiting;
    this.#waiting = [];
    for (const resolve of woken) resolve();
  }
}

/** Bytes that were pushed and not yet taken; `consumed` hears of each taken piece (flow control). */
export class ByteQueue implements ByteIntake {
  readonly #pieces: Uint8Array[] = [];
  readonly #bell = new Bell();
  readonly #consumed: (count: number) => void;
  #ended = false;
  failure: string | undefined;

  constructor(consumed: (count: number) => void = () => {}) {
    this.#consumed = consumed;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#pieces.push(bytes);
    this.#bell.ring();
  }

  end(failure?: string): void {
    this.#ended = true;
    this.failure ??= failure;
    this.#bell.ring();
  }

  take(count: number): Uint8Array | undefined {
    const first = this.#pieces[0];
    if (!first) {
      if (this.failure !== undefined)
        throw new Refused({ tag: 'last-operation-failed', val: new IoError(this.failure) });
      return this.#ended ? undefined : new Uint8Array();
    }
    const bytes = first.subarray(0, count);
    if (bytes.length === first.length) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(count);
    this.#consumed(bytes.length);
    return bytes;
  }

  ready(): boolean {
    return this.#pieces.length > 0 || this.#ended;
  }

  wait(): Promise<void> {
    return this.ready() ? Promise.resolve() : this.#bell.wait();
  }
}

/** Nothing, and then the end. */
export const nothing: ByteIntake = { take: () => undefined, ready: () => true, wait: () => Promise.resolve() };

export const ioWorld = {
  'wasi:io/error': { Error: IoError },
  'wasi:io/poll': { Pollable, poll },
  'wasi:io/streams': { InputStream, OutputStream },
};
