import { constants, inflateRawSync } from 'node:zlib';

/** SPDY protocol draft 3, §2.6.10.1: words every header block may refer to. Length-prefixed names first, then bare text. */
const WORDS =
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow authorization cache-control connection content-base content-encoding content-language content-length content-location content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status|200 OK|version HTTP/1.1 url public set-cookie keep-alive origin';

const TEXT =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

function dictionary(): Buffer {
  const words = WORDS.split('|').flatMap((part, i) => (i === 1 ? [part] : part.split(' ')));
  const named = words.map(word => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(word.length);
    return Buffer.concat([length, Buffer.from(word, 'latin1')]);
  });
  return Buffer.concat([...named, Buffer.from(TEXT, 'latin1')]);
}

/** The dictionary of SPDY/3 header compression. */
export const SPDY_DICTIONARY = dictionary();

export type Headers = readonly (readonly [name: string, value: string])[];

const HEADER_BYTES_MAX = 64 * 1024;
const HEADERS_MAX = 100;

/** RFC 1950: deflate with a 32 KiB window and a preset dictionary, named by its Adler-32 (the draft gives this value). */
const ZLIB_HEAD = Buffer.from([0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2]);
const WINDOW_BYTES = 32 * 1024;
/** An empty stored block: where a reader must hand on everything before it (zlib's Z_SYNC_FLUSH). */
const FLUSH = Buffer.from([0, 0, 0, 0xff, 0xff]);

/**
 * Header blocks of one connection. Reading keeps the last 32 KiB of output as dictionary of the next block, which is all the
 * state deflate has at a flush; writing uses stored blocks, which need no state and are read by every inflater.
 */
export class HeaderCodec {
  #window = SPDY_DICTIONARY;
  #started = { reading: false, writing: false };

  encode(headers: Headers): Buffer {
    const parts: Buffer[] = [uint32(headers.length)];
    for (const [name, value] of headers)
      for (const text of [name.toLowerCase(), value]) {
        const bytes = Buffer.from(text);
        parts.push(uint32(bytes.length), bytes);
      }
    const body = Buffer.concat(parts);
    if (body.length > 0xffff) throw new Error('A SPDY header block is too large');
    const head = Buffer.alloc(5);
    head.writeUInt16LE(body.length, 1);
    head.writeUInt16LE(~body.length & 0xffff, 3);
    const first = this.#started.writing ? [] : [ZLIB_HEAD];
    this.#started.writing = true;
    return Buffer.concat([...first, head, body, FLUSH]);
  }

  /** Throws on blocks that are cut, too large or no zlib data. */
  decode(block: Buffer): Headers {
    const plain = this.#inflate(block);
    let at = 0;
    const number = (): number => {
      if (at + 4 > plain.length) throw new Error('A SPDY header block is cut');
      at += 4;
      return plain.readUInt32BE(at - 4);
    };
    const text = (): string => {
      const length = number();
      if (at + length > plain.length) throw new Error('A SPDY header block is cut');
      at += length;
      return plain.toString('utf8', at - length, at);
    };
    const count = number();
    if (count > HEADERS_MAX) throw new Error('A SPDY header block has too many headers');
    const headers: [string, string][] = [];
    for (let i = 0; i < count; i++) headers.push([text(), text()]);
    return headers;
  }

  #inflate(block: Buffer): Buffer {
    let deflated = block;
    if (!this.#started.reading) {
      if (
        block.length < 6 ||
        (block[0]! & 0x0f) !== 8 ||
        block.readUInt16BE(0) % 31 !== 0 ||
        !block.subarray(2, 6).equals(ZLIB_HEAD.subarray(2))
      )
        throw new Error('A SPDY header block does not use the dictionary of SPDY/3');
      deflated = block.subarray(6);
      this.#started.reading = true;
    }
    const plain = inflateRawSync(deflated, {
      dictionary: this.#window,
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: HEADER_BYTES_MAX,
    });
    this.#window = Buffer.concat([this.#window, plain]).subarray(-WINDOW_BYTES);
    return plain;
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
