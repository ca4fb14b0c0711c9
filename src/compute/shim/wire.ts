/** Kinds of ttrpc frames. */
export const FRAME = { request: 1, response: 2 } as const;

const HEAD_BYTES = 10;
/** The limit of ttrpc itself. */
const FRAME_BYTES_MAX = 4 * 1024 * 1024;

export interface ShimFrame {
  readonly stream: number;
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** u32 length of the payload, u32 stream, u8 kind, u8 flags, all in network order (containerd/ttrpc PROTOCOL.md). */
export function encodeShimFrame(stream: number, kind: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEAD_BYTES + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, payload.length);
  view.setUint32(4, stream);
  view.setUint8(8, kind);
  frame.set(payload, HEAD_BYTES);
  return frame;
}

/** Cuts bytes into frames; throws on one above the limit. */
export class ShimFrames {
  #pending: Uint8Array = new Uint8Array(0);

  push(chunk: Uint8Array): ShimFrame[] {
    const all = new Uint8Array(this.#pending.length + chunk.length);
    all.set(this.#pending);
    all.set(chunk, this.#pending.length);
    const view = new DataView(all.buffer);
    const frames: ShimFrame[] = [];
    let at = 0;
    while (all.length - at >= HEAD_BYTES) {
      const length = view.getUint32(at);
      if (length > FRAME_BYTES_MAX) throw new Error(`ttrpc: frame of ${length} bytes refused`);
      if (all.length - at < HEAD_BYTES + length) break;
      const payload = all.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
      frames.push({ stream: view.getUint32(at + 4), kind: view.getUint8(at + 8), payload });
      at += HEAD_BYTES + length;
    }
    this.#pending = all.slice(at);
    return frames;
  }
}
