/** Frames between the host and the guest's first process (tools/guest/guest.c). */
export const TO_GUEST = { run: 1, input: 2, signal: 3, resize: 4, forget: 5, list: 6, credit: 7 } as const;
export const FROM_GUEST = {
  hello: 65,
  output: 66,
  exited: 67,
  started: 68,
  taken: 69,
  listed: 70,
  listing: 71,
} as const;

/** How a program is started: on a terminal, with an input, leaving a process behind whose pid it has written. */
export const RUN_FLAGS = { terminal: 1, input: 2, detached: 4 } as const;

const HEAD_BYTES = 12;
const FRAME_BYTES_MAX = 1024 * 1024;

export interface GuestFrame {
  readonly type: number;
  readonly id: number;
  readonly stream: number;
  readonly payload: Uint8Array;
}

export function encodeFrame(type: number, id: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const frame = new Uint8Array(HEAD_BYTES + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint32(4, id, true);
  view.setUint8(8, type);
  frame.set(payload, HEAD_BYTES);
  return frame;
}

/** The number `value` as four bytes. */
export function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0, true);
  return bytes;
}

export const readWord = (bytes: Uint8Array, at = 0): number =>
  bytes.length >= at + 4 ? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true) : 0;

const joined = (left: Uint8Array, right: Uint8Array): Uint8Array => {
  if (left.length === 0) return right;
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
};

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = 0; at + wanted.length <= bytes.length; at++)
    if (wanted.every((value, index) => bytes[at + index] === value)) return at;
  return -1;
}

/** Cuts what a guest sends into frames, from the first that answers `cookie`; throws on a frame above the limit. */
export class GuestFrames {
  #pending: Uint8Array = new Uint8Array(0);
  #wanted: Uint8Array | undefined;

  constructor(cookie: Uint8Array) {
    this.#wanted = encodeFrame(FROM_GUEST.listing, 0, cookie);
  }

  push(chunk: Uint8Array): GuestFrame[] {
    this.#pending = joined(this.#pending, chunk);
    if (this.#wanted) {
      const at = indexOf(this.#pending, this.#wanted);
      if (at < 0) {
        this.#pending = this.#pending.slice(-this.#wanted.length);
        return [];
      }
      this.#pending = this.#pending.subarray(at + this.#wanted.length);
      this.#wanted = undefined;
    }
    const frames: GuestFrame[] = [];
    while (this.#pending.length >= HEAD_BYTES) {
      const length = readWord(this.#pending);
      if (length > FRAME_BYTES_MAX) throw new Error(`Frame of ${length} bytes refused`);
      if (this.#pending.length < HEAD_BYTES + length) break;
      frames.push({
        type: this.#pending[8]!,
        id: readWord(this.#pending, 4),
        stream: this.#pending[9]!,
        payload: this.#pending.subarray(HEAD_BYTES, HEAD_BYTES + length),
      });
      this.#pending = this.#pending.subarray(HEAD_BYTES + length);
    }
    return frames;
  }
}
