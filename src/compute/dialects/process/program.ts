/** Where stage maps its list (tools/stage/stage.S). Below 2^32, so that addresses are plain numbers. */
const BASE = 0x2000_0000;
const HEADER_BYTES = 64;
const RECORD_BYTES = 64;

/** Control numbers of stage. */
const JUMP = 0x1_0001;
const JUMP_NOT_ZERO = 0x1_0002;
const JUMP_NEGATIVE = 0x1_0003;
const STORE = 0x1_0004;
const WAIT_CODE = 0x1_0005;

/** An argument: a number, the address of data placed behind the records, or what was stored there (32 bits). */
export type Argument = number | Place | { readonly held: Place; readonly offset?: number };

/** Data of the program; its address is known when the program is encoded. */
export interface Place {
  readonly place: number;
  /** Bytes from its beginning. */
  readonly offset?: number;
}

/** A record that jumps can aim at. */
export interface Label {
  readonly label: number;
}

interface Step {
  readonly number: number;
  readonly args: (Argument | { readonly target: number })[];
  readonly required: boolean;
  readonly what: string;
}

/** What a program failed at: the step's words and the errno. */
export interface ProgramFailure {
  readonly what: string;
  readonly errno: number;
}

const encoder = new TextEncoder();

/** A list of system calls for stage, built in order. Encoding is pure; running it is the keeper's job. */
export class Program {
  readonly #steps: Step[] = [];
  readonly #data: { bytes: Uint8Array; pointers: readonly Place[] }[] = [];
  readonly #texts = new Map<string, Place>();
  readonly #labels: number[] = [];

  /** A NUL-terminated text. */
  text(value: string): Place {
    const known = this.#texts.get(value);
    if (known) return known;
    const bytes = encoder.encode(value);
    const place = this.bytes(bytes, bytes.length + 1);
    this.#texts.set(value, place);
    return place;
  }

  /** Raw bytes, padded with zeros up to `size`. */
  bytes(value: Uint8Array, size = value.length): Place {
    const bytes = new Uint8Array(Math.max(8, size));
    bytes.set(value);
    this.#data.push({ bytes, pointers: [] });
    return { place: this.#data.length - 1 };
  }

  /** An array of pointers ending in NULL (argv, envp), or a structure of pointers. */
  pointers(places: readonly Place[]): Place {
    this.#data.push({ bytes: new Uint8Array((places.length + 1) * 8), pointers: places });
    return { place: this.#data.length - 1 };
  }

  /** struct sock_fprog of a classic BPF program placed before. */
  filter(code: Place): Place {
    const count = this.#data[code.place]!.bytes.length / 8;
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint16(0, count, true);
    this.#data.push({ bytes, pointers: [{ place: -1 }, code] });
    return { place: this.#data.length - 1 };
  }

  /** A system call that must succeed; `what` names it in the failure. */
  must(what: string, number: number, ...args: Argument[]): void {
    this.#steps.push({ number, args, required: true, what });
  }

  /** A system call whose failure is ignored (or looked at by the next jump). */
  may(number: number, ...args: Argument[]): void {
    this.#steps.push({ number, args, required: false, what: '' });
  }

  label(): Label {
    this.#labels.push(-1);
    return { label: this.#labels.length - 1 };
  }

  here(label: Label): void {
    this.#labels[label.label] = this.#steps.length;
  }

  jump(label: Label): void {
    this.#steps.push({ number: JUMP, args: [{ target: label.label }], required: false, what: '' });
  }

  jumpIfNotZero(label: Label): void {
    this.#steps.push({ number: JUMP_NOT_ZERO, args: [{ target: label.label }], required: false, what: '' });
  }

  jumpIfNegative(label: Label): void {
    this.#steps.push({ number: JUMP_NEGATIVE, args: [{ target: label.label }], required: false, what: '' });
  }

  /** Keeps the last result; pass `{ held: place }` to later steps. */
  keep(): Place {
    const place = this.bytes(new Uint8Array(8));
    this.#steps.push({ number: STORE, args: [place], required: false, what: '' });
    return place;
  }

  /** Keeps the last result where an earlier one was kept. */
  keepIn(place: Place): void {
    this.#steps.push({ number: STORE, args: [place], required: false, what: '' });
  }

  /** The last result becomes the exit code of the wait status in data. */
  waitCode(place: Place): void {
    this.#steps.push({ number: WAIT_CODE, args: [place], required: false, what: '' });
  }

  /** The last result becomes the descriptor failures are written to. */
  reportFailuresTo(): void {
    this.#steps.push({ number: STORE, args: [BASE + 8], required: false, what: '' });
  }

  get size(): number {
    return this.#steps.length;
  }

  /** The file stage maps. */
  encode(): Uint8Array {
    const dataStart = HEADER_BYTES + this.#steps.length * RECORD_BYTES;
    const addresses: number[] = [];
    let end = dataStart;
    for (const { bytes } of this.#data) {
      addresses.push(BASE + end);
      end += (bytes.length + 7) & ~7;
    }
    const image = new Uint8Array(end);
    const view = new DataView(image.buffer);
    const write = (offset: number, value: number): void => view.setBigInt64(offset, BigInt(value), true);
    write(8, 2);
    for (const [index, { bytes, pointers }] of this.#data.entries()) {
      const offset = addresses[index]! - BASE;
      image.set(bytes, offset);
      for (const [slot, place] of pointers.entries())
        if (place.place >= 0) write(offset + slot * 8, addresses[place.place]!);
    }
    const record = (index: number): number => HEADER_BYTES + index * RECORD_BYTES;
    for (const [index, step] of this.#steps.entries()) {
      write(record(index), step.number);
      for (const [slot, argument] of step.args.entries())
        write(record(index) + 8 + slot * 8, this.#value(argument, addresses, record));
      let flags = step.required ? 1 : 0;
      for (const [slot, argument] of step.args.entries())
        if (typeof argument === 'object' && 'held' in argument) flags |= 1 << (slot + 1);
      write(record(index) + 56, flags);
    }
    return image;
  }

  #value(
    argument: Argument | { readonly target: number },
    addresses: readonly number[],
    record: (index: number) => number,
  ): number {
    if (typeof argument === 'number') return argument;
    if ('place' in argument) return addresses[argument.place]! + (argument.offset ?? 0);
    if ('held' in argument) return addresses[argument.held.place]! + (argument.offset ?? 0);
    return BASE + record(this.#labels[argument.target]!);
  }

  /** Reads what stage wrote on failure (16 bytes: record address, negative errno). */
  failure(report: Uint8Array): ProgramFailure | undefined {
    if (report.length < 16) return undefined;
    const view = new DataView(report.buffer, report.byteOffset, report.byteLength);
    const index = (Number(view.getBigInt64(0, true)) - BASE - HEADER_BYTES) / RECORD_BYTES;
    return { what: this.#steps[index]?.what ?? 'unknown step', errno: -Number(view.getBigInt64(8, true)) };
  }
}
