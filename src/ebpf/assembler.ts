/** Registers of the eBPF machine: r0 results, r1-r5 arguments, r6-r9 kept over calls, r10 the frame (read only). */
export type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** Bytes of a memory access. */
export type Width = 1 | 2 | 4 | 8;

export type Comparison = '==' | '!=' | '>' | '>=' | '<' | '<=' | 'set';
export type Operation = '+' | '-' | '*' | '/' | '|' | '&' | '<<' | '>>' | '%' | '^' | '=';

const WIDTHS: Readonly<Record<Width, number>> = { 4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18 };
const OPERATIONS: Readonly<Record<Operation, number>> = {
  '+': 0x00,
  '-': 0x10,
  '*': 0x20,
  '/': 0x30,
  '|': 0x40,
  '&': 0x50,
  '<<': 0x60,
  '>>': 0x70,
  '%': 0x90,
  '^': 0xa0,
  '=': 0xb0,
};
const COMPARISONS: Readonly<Record<Comparison, number>> = {
  '==': 0x10,
  '>': 0x20,
  '>=': 0x30,
  set: 0x40,
  '!=': 0x50,
  '<': 0xa0,
  '<=': 0xb0,
};
const CLASS = { jump: 0x05, alu64: 0x07 };

/** The helpers programs here call (bpf-helpers(7)). */
export const HELPER = {
  lookup: 1,
  update: 2,
  delete: 3,
  now: 5,
  processor: 8,
  redirect: 23,
  loadBytes: 26,
  ringOutput: 130,
} as const;

const BYTES = 8;
const JUMP_MAX = 32767;

interface Instruction {
  readonly code: number;
  readonly registers: number;
  readonly offset: number;
  readonly immediate: number;
  /** A label whose distance fills the offset. */
  readonly target?: string;
}

/**
 * Writes eBPF instructions (RFC 9669) with labels instead of distances. Methods answer the assembler, so that a program
 * reads as a list; `bytes` resolves the labels and throws RangeError for one that is missing or too far.
 */
export class Assembler {
  readonly #code: Instruction[] = [];
  readonly #labels = new Map<string, number>();
  #fresh = 0;

  #add(code: number, destination: number, source: number, offset: number, immediate: number, target?: string): this {
    const registers = (source << 4) | destination;
    this.#code.push({ code, registers, offset, immediate, ...(target === undefined ? {} : { target }) });
    return this;
  }

  /** Instructions so far; the verifier's messages count the same way. */
  get length(): number {
    return this.#code.length;
  }

  /** A label no one else uses. */
  fresh(prefix: string): string {
    return `${prefix}#${this.#fresh++}`;
  }

  label(name: string): this {
    if (this.#labels.has(name)) throw new RangeError(`Label "${name}" is defined twice`);
    this.#labels.set(name, this.#code.length);
    return this;
  }

  /** `destination = destination op value`, in 64 bits. */
  op(destination: Register, operation: Operation, value: number): this {
    return this.#add(OPERATIONS[operation] | CLASS.alu64, destination, 0, 0, value);
  }

  opRegister(destination: Register, operation: Operation, source: Register): this {
    return this.#add(OPERATIONS[operation] | 0x08 | CLASS.alu64, destination, source, 0, 0);
  }

  set(destination: Register, value: number): this {
    return this.op(destination, '=', value);
  }

  copy(destination: Register, source: Register): this {
    return this.opRegister(destination, '=', source);
  }

  /** Swaps between the machine's byte order and the network's. */
  swap(destination: Register, bits: 16 | 32 | 64): this {
    return this.#add(0xdc, destination, 0, 0, bits);
  }

  /** `destination = *(base + offset)`. */
  load(width: Width, destination: Register, base: Register, offset: number): this {
    return this.#add(WIDTHS[width] | 0x61, destination, base, offset, 0);
  }

  /** `*(base + offset) = source`. */
  store(width: Width, base: Register, offset: number, source: Register): this {
    return this.#add(WIDTHS[width] | 0x63, base, source, offset, 0);
  }

  storeValue(width: Width, base: Register, offset: number, value: number): this {
    return this.#add(WIDTHS[width] | 0x62, base, 0, offset, value);
  }

  /** `*(base + offset) += source`, whole for every processor. */
  atomicAdd(width: 4 | 8, base: Register, offset: number, source: Register): this {
    return this.#add(WIDTHS[width] | 0xc3, base, source, offset, 0);
  }

  /** The address of a map, by its descriptor. */
  map(destination: Register, descriptor: number): this {
    const PSEUDO_MAP_FD = 1;
    return this.#add(0x18, destination, PSEUDO_MAP_FD, 0, descriptor).#add(0, 0, 0, 0, 0);
  }

  /** A 64-bit constant. */
  wide(destination: Register, value: bigint): this {
    const low = Number(BigInt.asIntN(32, value));
    const high = Number(BigInt.asIntN(32, value >> 32n));
    return this.#add(0x18, destination, 0, 0, low).#add(0, 0, 0, 0, high);
  }

  /** An address in the frame, below r10. */
  frame(destination: Register, offset: number): this {
    return this.copy(destination, 10).op(destination, '+', offset);
  }

  call(helper: number): this {
    return this.#add(0x85, 0, 0, 0, helper);
  }

  jump(target: string): this {
    return this.#add(0x05, 0, 0, 0, 0, target);
  }

  /** Goes to `target` when the comparison holds (64 bits, unsigned; `set` is any bit in common). */
  when(left: Register, comparison: Comparison, value: number, target: string): this {
    return this.#add(COMPARISONS[comparison] | CLASS.jump, left, 0, 0, value, target);
  }

  whenRegister(left: Register, comparison: Comparison, right: Register, target: string): this {
    return this.#add(COMPARISONS[comparison] | 0x08 | CLASS.jump, left, right, 0, 0, target);
  }

  exit(): this {
    return this.#add(0x95, 0, 0, 0, 0);
  }

  /** The program as the kernel takes it. */
  bytes(): Uint8Array {
    const out = Buffer.alloc(this.#code.length * BYTES);
    for (const [index, { code, registers, offset, immediate, target }] of this.#code.entries()) {
      let distance = offset;
      if (target !== undefined) {
        const at = this.#labels.get(target);
        if (at === undefined) throw new RangeError(`Label "${target}" is not defined`);
        distance = at - index - 1;
        if (Math.abs(distance) > JUMP_MAX) throw new RangeError(`Label "${target}" is too far`);
      }
      out.writeUInt8(code, index * BYTES);
      out.writeUInt8(registers, index * BYTES + 1);
      out.writeInt16LE(distance, index * BYTES + 2);
      out.writeInt32LE(immediate | 0, index * BYTES + 4);
    }
    return out;
  }
}
