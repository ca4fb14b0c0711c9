import { HeaderCodec, type Headers } from './spdy-headers.ts';

/** SPDY/3.1 frames this program speaks; others are read and dropped, as the draft asks (§2.2.1). */
export type Frame =
  | { readonly type: 'data'; readonly stream: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly type: 'syn-stream'; readonly stream: number; readonly fin: boolean; readonly headers: Headers }
  | { readonly type: 'syn-reply'; readonly stream: number; readonly fin: boolean; readonly headers: Headers }
  | { readonly type: 'headers'; readonly stream: number; readonly fin: boolean; readonly headers: Headers }
  | { readonly type: 'rst-stream'; readonly stream: number; readonly status: number }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goaway'; readonly last: number; readonly status: number }
  | { readonly type: 'window-update'; readonly stream: number; readonly delta: number }
  | { readonly type: 'other'; readonly code: number };

const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const PING = 6;
const GOAWAY = 7;
const HEADERS = 8;
const WINDOW_UPDATE = 9;

const CONTROL_BYTES_MAX = 64 * 1024;
/** A data frame may say 16 MiB; it is passed on in pieces as it comes, so this bounds nothing but sanity. */
export const DATA_BYTES_MAX = 16 * 1024 * 1024 - 1;
const STREAM_MASK = 0x7fff_ffff;

/** The peer broke the protocol; the connection cannot go on. */
export class SpdyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SpdyError';
  }
}

/** Reads and writes the frames of one connection. */
export class SpdyFramer {
  readonly #codec = new HeaderCodec();
  #held: Buffer = Buffer.alloc(0);
  #data: { stream: number; fin: boolean; remaining: number } | undefined;

  /** Frames that are complete with these bytes; data frames come in pieces (`fin` on the last). */
  push(chunk: Buffer): Frame[] {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      if (this.#data) {
        if (bytes.length === 0 && this.#data.remaining > 0) break;
        const { stream, remaining } = this.#data;
        const piece = bytes.subarray(0, Math.min(remaining, bytes.length));
        bytes = bytes.subarray(piece.length);
        this.#data.remaining -= piece.length;
        const last = this.#data.remaining === 0;
        frames.push({ type: 'data', stream, fin: last && this.#data.fin, data: piece });
        if (last) this.#data = undefined;
        continue;
      }
      if (bytes.length < 8) break;
      const length = bytes.readUIntBE(5, 3);
      if ((bytes[0]! & 0x80) === 0) {
        this.#data = { stream: bytes.readUInt32BE(0), fin: (bytes[4]! & 1) !== 0, remaining: length };
        bytes = bytes.subarray(8);
        continue;
      }
      if (length > CONTROL_BYTES_MAX) throw new SpdyError('A SPDY control frame is too large');
      if (bytes.length < 8 + length) break;
      frames.push(this.#control(bytes.subarray(0, 8), bytes.subarray(8, 8 + length)));
      bytes = bytes.subarray(8 + length);
    }
    this.#held = bytes.length === 0 ? Buffer.alloc(0) : Buffer.from(bytes);
    return frames;
  }

  #control(head: Buffer, body: Buffer): Frame {
    const version = head.readUInt16BE(0) & 0x7fff;
    if (version !== 3) throw new SpdyError(`SPDY version ${version} is not spoken here`);
    const code = head.readUInt16BE(2);
    const fin = (head[4]! & 1) !== 0;
    const need = (length: number): void => {
      if (body.length < length) throw new SpdyError('A SPDY control frame is cut');
    };
    const word = (at: number): number => body.readUInt32BE(at) & STREAM_MASK;
    switch (code) {
      case SYN_STREAM:
        need(10);
        return { type: 'syn-stream', stream: word(0), fin, headers: this.#headers(body.subarray(10)) };
      case SYN_REPLY:
        need(4);
        return { type: 'syn-reply', stream: word(0), fin, headers: this.#headers(body.subarray(4)) };
      case HEADERS:
        need(4);
        return { type: 'headers', stream: word(0), fin, headers: this.#headers(body.subarray(4)) };
      case RST_STREAM:
        need(8);
        return { type: 'rst-stream', stream: word(0), status: body.readUInt32BE(4) };
      case PING:
        need(4);
        return { type: 'ping', id: body.readUInt32BE(0) };
      case GOAWAY:
        need(8);
        return { type: 'goaway', last: word(0), status: body.readUInt32BE(4) };
      case WINDOW_UPDATE:
        need(8);
        return { type: 'window-update', stream: word(0), delta: word(4) };
      default:
        return { type: 'other', code };
    }
  }

  #headers(block: Buffer): Headers {
    try {
      return this.#codec.decode(block);
    } catch (error) {
      throw new SpdyError(`A SPDY header block cannot be read: ${(error as Error).message}`);
    }
  }

  /** The bytes of one frame. Header compression has state: frames must be sent in the order they were encoded. */
  encode(frame: Exclude<Frame, { type: 'other' }>): Buffer {
    switch (frame.type) {
      case 'data': {
        const head = Buffer.alloc(8);
        head.writeUInt32BE(frame.stream, 0);
        head[4] = frame.fin ? 1 : 0;
        head.writeUIntBE(frame.data.length, 5, 3);
        return Buffer.concat([head, frame.data]);
      }
      case 'syn-stream':
        return control(
          SYN_STREAM,
          frame.fin,
          Buffer.concat([words(frame.stream, 0), Buffer.alloc(2), this.#codec.encode(frame.headers)]),
        );
      case 'syn-reply':
        return control(SYN_REPLY, frame.fin, Buffer.concat([words(frame.stream), this.#codec.encode(frame.headers)]));
      case 'headers':
        return control(HEADERS, frame.fin, Buffer.concat([words(frame.stream), this.#codec.encode(frame.headers)]));
      case 'rst-stream':
        return control(RST_STREAM, false, words(frame.stream, frame.status));
      case 'ping':
        return control(PING, false, words(frame.id));
      case 'goaway':
        return control(GOAWAY, false, words(frame.last, frame.status));
      case 'window-update':
        return control(WINDOW_UPDATE, false, words(frame.stream, frame.delta));
    }
  }
}

function control(code: number, fin: boolean, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(code, 2);
  head[4] = fin ? 1 : 0;
  head.writeUIntBE(body.length, 5, 3);
  return Buffer.concat([head, body]);
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32BE(value >>> 0, i * 4));
  return bytes;
}
