import koffi from 'koffi';
import { closeDescriptor, SystemCallError, systemCall } from './system.ts';

/** bpf(2) on x86-64 and arm64. */
const NUMBER = process.arch === 'arm64' ? 280 : 321;
const COMMAND = {
  createMap: 0,
  lookup: 1,
  update: 2,
  delete: 3,
  nextKey: 4,
  loadProgram: 5,
  pin: 6,
  get: 7,
  testRun: 10,
  info: 15,
  createLink: 28,
  updateLink: 29,
  enableStats: 32,
};

export const MAP = { hash: 1, array: 2, lru: 9, lpm: 11, ring: 27 } as const;
export const PROGRAM = { socketFilter: 1, schedulerClassifier: 3, cgroupSkb: 8 } as const;
/** Where a program is held (enum bpf_attach_type). */
export const ATTACH = { cgroupIngress: 0, cgroupEgress: 1 } as const;
const NO_PREALLOC = 1;

/** Keeps buffers whose addresses are in a request alive until the call is over. */
class Request {
  readonly bytes: Buffer;
  readonly #kept: Uint8Array[] = [];

  constructor(length: number) {
    this.bytes = Buffer.alloc(length);
  }

  number(offset: number, value: number): this {
    this.bytes.writeUInt32LE(value >>> 0, offset);
    return this;
  }

  address(offset: number, buffer: Uint8Array): this {
    this.#kept.push(buffer);
    this.bytes.writeBigUInt64LE(koffi.address(buffer), offset);
    return this;
  }

  wide(offset: number, value: bigint): this {
    this.bytes.writeBigUInt64LE(value, offset);
    return this;
  }

  run(name: string, command: number): number {
    const result = systemCall(`bpf ${name}`, NUMBER, command, this.bytes, this.bytes.length);
    // Reached after the kernel is done: the buffers were alive all along.
    this.#kept.length = 0;
    return result;
  }
}

const text = (value: string): Uint8Array => Buffer.from(`${value}\0`);
const shortName = (value: string): Uint8Array => Buffer.from(value.slice(0, 15));

/** A descriptor of a kernel object; closing it does not end what is pinned or attached. */
export class BpfObject implements Disposable {
  readonly descriptor: number;
  #open = true;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** Gives the object a name in a bpf file system: it then lives until that name is removed. */
  pin(path: string): void {
    new Request(16).address(0, text(path)).number(8, this.descriptor).run('OBJ_PIN', COMMAND.pin);
  }

  [Symbol.dispose](): void {
    if (this.#open) closeDescriptor(this.descriptor);
    this.#open = false;
  }
}

/** The descriptor behind a name in a bpf file system. */
export function openPinned(path: string): number {
  return new Request(16).address(0, text(path)).run('OBJ_GET', COMMAND.get);
}

export interface MapShape {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly entries: number;
}

/** A map in the kernel. Keys and values are bytes of exactly the sizes it was made with. */
export class BpfMap extends BpfObject {
  readonly shape: MapShape;

  constructor(descriptor: number, shape: MapShape) {
    super(descriptor);
    this.shape = shape;
  }

  static create(shape: MapShape): BpfMap {
    const flags = shape.type === MAP.lpm || shape.type === MAP.hash ? NO_PREALLOC : 0;
    const request = new Request(72)
      .number(0, shape.type)
      .number(4, shape.keySize)
      .number(8, shape.valueSize)
      .number(12, shape.entries)
      .number(16, flags);
    request.bytes.set(shortName(shape.name), 28);
    return new BpfMap(request.run('MAP_CREATE', COMMAND.createMap), shape);
  }

  #element(key: Uint8Array, value?: Uint8Array): Request {
    const request = new Request(32).number(0, this.descriptor).address(8, key);
    return value ? request.address(16, value) : request;
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#element(key, value).run('MAP_UPDATE_ELEM', COMMAND.update);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const value = Buffer.alloc(this.shape.valueSize);
    return absent(() => this.#element(key, value).run('MAP_LOOKUP_ELEM', COMMAND.lookup)) ? undefined : value;
  }

  /** True when there was such an entry. */
  delete(key: Uint8Array): boolean {
    return !absent(() => this.#element(key).run('MAP_DELETE_ELEM', COMMAND.delete));
  }

  *keys(): Generator<Uint8Array> {
    let key: Uint8Array | undefined;
    for (;;) {
      const next = Buffer.alloc(this.shape.keySize);
      const request = new Request(32).number(0, this.descriptor).address(16, next);
      if (key) request.address(8, key);
      if (absent(() => request.run('MAP_GET_NEXT_KEY', COMMAND.nextKey))) return;
      yield next;
      key = next;
    }
  }
}

/** Runs a call and says whether the kernel answered that there is no such thing. */
function absent(call: () => void): boolean {
  try {
    call();
    return false;
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'ENOENT') return true;
    throw error;
  }
}

const LOG_BYTES = 1 << 20;

const TRIES_MAX = 10;

/** The verifier gives up with EAGAIN when a signal arrives (profilers send many): that says nothing of the program. */
function patiently(call: () => number): number {
  for (let tries = 1; ; tries++) {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.code !== 'EAGAIN' || tries === TRIES_MAX) throw error;
    }
  }
}

/** Loads a program; a refusal carries the verifier's last words. */
export function loadProgram(name: string, type: number, code: Uint8Array): BpfObject {
  const build = (log?: Uint8Array): Request => {
    const request = new Request(128)
      .number(0, type)
      .number(4, code.length / 8)
      .address(8, code)
      .address(16, text('GPL'));
    request.bytes.set(shortName(name), 48);
    return log ? request.number(24, 1).number(28, log.length).address(32, log) : request;
  };
  try {
    return new BpfObject(patiently(() => build().run('PROG_LOAD', COMMAND.loadProgram)));
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'EPERM') throw error;
    const log = Buffer.alloc(LOG_BYTES);
    try {
      return new BpfObject(patiently(() => build(log).run('PROG_LOAD', COMMAND.loadProgram)));
    } catch (second) {
      const words = log.subarray(0, log.indexOf(0)).toString().trim().split('\n').slice(-12).join('\n');
      throw new Error(`The verifier refused "${name}": ${words}`, { cause: second });
    }
  }
}

/**
 * Holds a program at a target (the descriptor of a control group's folder, for `ATTACH`): as long as the link is open or
 * pinned, and beside programs of others.
 */
export function linkProgram(program: BpfObject, target: number, kind: number): BpfObject {
  const request = new Request(64).number(0, program.descriptor).number(4, target).number(8, kind);
  return new BpfObject(request.run('LINK_CREATE', COMMAND.createLink));
}

/** Puts another program in the place of a link's, without a moment of neither; ENOLINK where the target is gone. */
export function replaceProgram(link: BpfObject, program: BpfObject): void {
  new Request(64).number(0, link.descriptor).number(4, program.descriptor).run('LINK_UPDATE', COMMAND.updateLink);
}

/** Makes the kernel count runs of every program while the answer is not disposed (`bpf_stats`). */
export function enableStats(): BpfObject {
  return new BpfObject(new Request(4).run('ENABLE_STATS', COMMAND.enableStats));
}

/** How often a program ran while runs were counted, and for how many nanoseconds (struct bpf_prog_info). */
export function programStats(program: BpfObject): { runs: number; time_ns: number } {
  const info = Buffer.alloc(224);
  new Request(16)
    .number(0, program.descriptor)
    .number(4, info.length)
    .address(8, info)
    .run('OBJ_GET_INFO', COMMAND.info);
  return { runs: Number(info.readBigUInt64LE(200)), time_ns: Number(info.readBigUInt64LE(192)) };
}

/** Runs a program on bytes without attaching it; answers what it returned and the nanoseconds one run took. */
export function testRun(program: BpfObject, packet: Uint8Array, repeat = 1): { result: number; duration_ns: number } {
  const request = new Request(80)
    .number(0, program.descriptor)
    .number(8, packet.length)
    .address(16, packet)
    .number(32, repeat);
  request.run('PROG_TEST_RUN', COMMAND.testRun);
  return { result: request.bytes.readInt32LE(4), duration_ns: request.bytes.readUInt32LE(36) };
}
