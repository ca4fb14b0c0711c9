import { BLOCK, decodeHeader, padding, type TarEntry, TarError } from './tar-header.ts';

/** Bounds of what an archive may hold; a hostile one must not exhaust disk or memory. */
export interface TarLimits {
  readonly entries_max: number;
  readonly bytes_max: number;
  readonly record_bytes_max: number;
  readonly name_bytes_max: number;
}

export const TAR_LIMITS: TarLimits = {
  entries_max: 2_000_000,
  bytes_max: 64 * 1024 ** 3,
  record_bytes_max: 1024 * 1024,
  name_bytes_max: 4096,
};

/** Receives members in archive order: `entry`, then its data in pieces, then `end`. Pieces are only valid during the call. */
export interface TarSink {
  entry(entry: TarEntry): void;
  data(piece: Buffer): void;
  end(): void;
}

type Pax = Map<string, Buffer>;

/** Parses `length key=value\n` records. */
function parsePax(body: Buffer, into: Pax): void {
  let at = 0;
  while (at < body.length) {
    if (body[at] === 0) return;
    const space = body.indexOf(0x20, at);
    if (space < 0 || space - at > 10) throw new TarError('pax', 'a record has no length');
    const length = Number(body.toString('latin1', at, space));
    const end = at + length;
    if (!Number.isSafeInteger(length) || length < 5 || end > body.length || body[end - 1] !== 0x0a)
      throw new TarError('pax', 'a record length is wrong');
    const equals = body.indexOf(0x3d, space + 1);
    if (equals < 0 || equals >= end) throw new TarError('pax', 'a record has no "="');
    into.set(body.toString('utf8', space + 1, equals), Buffer.from(body.subarray(equals + 1, end - 1)));
    at = end;
  }
}

function integer(value: Buffer | undefined, fallback: number, name: string): number {
  if (!value) return fallback;
  const parsed = Number(value.toString('latin1'));
  if (!Number.isSafeInteger(parsed) || parsed < 0) throw new TarError(name, 'a pax number is out of range');
  return parsed;
}

const XATTR = 'SCHILY.xattr.';

/** Applies extended records to a header; sparse files are refused rather than unpacked wrongly. */
function extend(header: TarEntry, pax: Pax, longName: string | undefined, longLink: string | undefined): TarEntry {
  if (pax.size === 0 && longName === undefined && longLink === undefined) return header;
  const name = pax.get('path')?.toString('utf8') ?? longName ?? header.name;
  const xattrs = new Map<string, Buffer>();
  for (const [key, value] of pax) {
    if (key.startsWith(XATTR)) xattrs.set(key.slice(XATTR.length), value);
    else if (key.startsWith('GNU.sparse.')) throw new TarError(name, 'sparse files are not supported');
  }
  const mtime = pax.get('mtime');
  const seconds = mtime ? Number(mtime.toString('latin1')) : header.mtime;
  const isFile = header.type === 'file' || header.type === 'folder';
  return {
    ...header,
    name,
    type:
      isFile && header.typeFlag !== '5' && header.typeFlag !== '7'
        ? name.endsWith('/')
          ? 'folder'
          : 'file'
        : header.type,
    linkName: pax.get('linkpath')?.toString('utf8') ?? longLink ?? header.linkName,
    uid: integer(pax.get('uid'), header.uid, name),
    gid: integer(pax.get('gid'), header.gid, name),
    size:
      header.type === 'file' || header.type === 'unsupported'
        ? integer(pax.get('size'), header.size, name)
        : header.size,
    mtime: Number.isFinite(seconds) ? seconds : 0,
    xattrs,
  };
}

/** A push parser over pieces of an uncompressed archive. Synchronous, so that one thread reads, checks and writes. */
export class TarReader {
  readonly #sink: TarSink;
  readonly #limits: TarLimits;
  /** Bytes of a header or record that are not complete yet. */
  #held: Buffer = Buffer.alloc(0);
  #mode: 'header' | 'data' | 'record' | 'skip' | 'done' = 'header';
  #remaining = 0;
  #skip = 0;
  #record: TarEntry | undefined;
  #global: Pax = new Map();
  #pax: Pax = new Map();
  #longName: string | undefined;
  #longLink: string | undefined;
  #entries = 0;
  #bytes = 0;

  constructor(sink: TarSink, limits: TarLimits = TAR_LIMITS) {
    this.#sink = sink;
    this.#limits = limits;
  }

  get entries(): number {
    return this.#entries;
  }

  push(piece: Buffer): void {
    let chunk = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    this.#held = Buffer.alloc(0);
    while (chunk.length > 0) {
      const used = this.#take(chunk);
      if (used < 0) {
        this.#held = Buffer.from(chunk);
        return;
      }
      chunk = chunk.subarray(used);
    }
  }

  /** Call after the last piece: a cut archive is refused. */
  finish(): void {
    if (this.#mode === 'done') return;
    if (this.#mode !== 'header' || this.#held.length > 0)
      throw new TarError('archive', 'it ends in the middle of an entry');
  }

  /** Uses bytes from the front; -1 when more are needed first. */
  #take(chunk: Buffer): number {
    switch (this.#mode) {
      case 'done':
        return chunk.length;
      case 'skip': {
        const used = Math.min(this.#skip, chunk.length);
        this.#skip -= used;
        if (this.#skip === 0) this.#mode = 'header';
        return used;
      }
      case 'data': {
        const used = Math.min(this.#remaining, chunk.length);
        this.#sink.data(used === chunk.length ? chunk : chunk.subarray(0, used));
        this.#remaining -= used;
        if (this.#remaining === 0) this.#close();
        return used;
      }
      case 'record':
        if (chunk.length < this.#remaining) return -1;
        this.#apply(chunk.subarray(0, this.#remaining));
        return this.#remaining;
      case 'header':
        if (chunk.length < BLOCK) return -1;
        this.#header(chunk.subarray(0, BLOCK));
        return BLOCK;
    }
  }

  #close(): void {
    this.#sink.end();
    this.#mode = this.#skip > 0 ? 'skip' : 'header';
  }

  #header(block: Buffer): void {
    const header = decodeHeader(block);
    if (!header) {
      this.#mode = 'done';
      return;
    }
    if (
      header.type === 'pax' ||
      header.type === 'pax-global' ||
      header.type === 'gnu-name' ||
      header.type === 'gnu-link'
    ) {
      if (header.size > this.#limits.record_bytes_max)
        throw new TarError(header.name, 'an extended header is too large');
      this.#record = header;
      this.#remaining = header.size;
      this.#skip = padding(header.size);
      this.#mode = 'record';
      if (header.size === 0) this.#apply(Buffer.alloc(0));
      return;
    }
    const records = this.#global.size === 0 ? this.#pax : new Map([...this.#global, ...this.#pax]);
    const entry = extend(header, records, this.#longName, this.#longLink);
    this.#pax = new Map();
    this.#longName = this.#longLink = undefined;
    this.#open(entry);
  }

  #open(entry: TarEntry): void {
    const { entries_max, bytes_max, name_bytes_max } = this.#limits;
    if (++this.#entries > entries_max) throw new TarError(entry.name, `there are more than ${entries_max} entries`);
    this.#bytes += entry.size;
    if (this.#bytes > bytes_max) throw new TarError(entry.name, `the contents exceed ${bytes_max} bytes`);
    if (entry.name.length > name_bytes_max || entry.linkName.length > name_bytes_max)
      throw new TarError(entry.name.slice(0, 80), `a name exceeds ${name_bytes_max} bytes`);
    if (entry.type === 'unsupported') throw new TarError(entry.name, `entry type "${entry.typeFlag}" is not supported`);
    this.#sink.entry(entry);
    this.#remaining = entry.size;
    this.#skip = padding(entry.size);
    this.#mode = 'data';
    if (entry.size === 0) this.#close();
  }

  #apply(body: Buffer): void {
    const text = (): string => {
      const end = body.indexOf(0);
      return body.toString('utf8', 0, end < 0 ? body.length : end);
    };
    switch (this.#record?.type) {
      case 'pax':
        parsePax(body, this.#pax);
        break;
      case 'pax-global':
        parsePax(body, this.#global);
        break;
      case 'gnu-name':
        this.#longName = text();
        break;
      default:
        this.#longLink = text();
    }
    this.#record = undefined;
    this.#mode = this.#skip > 0 ? 'skip' : 'header';
  }
}
