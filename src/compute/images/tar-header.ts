/** POSIX.1-1988 ustar and GNU headers: one 512-byte block each. */
export const BLOCK = 512;

export type EntryType =
  | 'file'
  | 'hardlink'
  | 'symlink'
  | 'character'
  | 'block'
  | 'folder'
  | 'fifo'
  | 'pax'
  | 'pax-global'
  | 'gnu-name'
  | 'gnu-link'
  | 'unsupported';

/** An archive member after pax and GNU records were applied. Numbers are non-negative safe integers. */
export interface TarEntry {
  readonly name: string;
  readonly type: EntryType;
  readonly typeFlag: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds, with a fraction where pax gives one. */
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
  /** Raw values of `SCHILY.xattr.*` records. */
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

/** What is wrong with an archive; drivers turn it into a fault that names the file. */
export class TarError extends Error {
  readonly entry: string;
  constructor(entry: string, why: string) {
    super(why);
    this.name = 'TarError';
    this.entry = entry;
  }
}

const TYPES: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'folder',
  '6': 'fifo',
  x: 'pax',
  g: 'pax-global',
  L: 'gnu-name',
  K: 'gnu-link',
};

/** The text of a field up to its first NUL. */
function field(block: Buffer, start: number, length: number): string {
  let end = start;
  while (end < start + length && block[end] !== 0) end++;
  return block.toString('utf8', start, end);
}

/** Octal, or base 256 when the top bit is set (GNU); negative and unsafe numbers are refused. */
function number(block: Buffer, start: number, length: number, name: string): number {
  const first = block[start]!;
  let value = 0;
  if (first & 0x80) {
    if (first & 0x40) return 0;
    value = first & 0x3f;
    for (let i = start + 1; i < start + length; i++) value = value * 256 + block[i]!;
    if (!Number.isSafeInteger(value)) throw new TarError(name, 'a number is too large');
    return value;
  }
  let i = start;
  while (i < start + length && (block[i] === 0x20 || block[i] === 0)) i++;
  for (; i < start + length; i++) {
    const byte = block[i]!;
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37) throw new TarError(name, 'a number is not octal');
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

function checksum(block: Buffer): { unsigned: number; signed: number } {
  let unsigned = 256;
  let signed = 256;
  for (let i = 0; i < BLOCK; i++) {
    if (i >= 148 && i < 156) continue;
    const byte = block[i]!;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  return { unsigned, signed };
}

const isZero = (block: Buffer): boolean => {
  for (let i = 0; i < BLOCK; i++) if (block[i] !== 0) return false;
  return true;
};

const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();

/** Reads one header block; undefined for the zero block that ends an archive. */
export function decodeHeader(block: Buffer): TarEntry | undefined {
  if (block[0] === 0 && isZero(block)) return undefined;
  const short = field(block, 0, 100);
  const stated = number(block, 148, 8, short);
  const { unsigned, signed } = checksum(block);
  if (stated !== unsigned && stated !== signed) throw new TarError(short, 'the header checksum is wrong');
  const magic = block.toString('latin1', 257, 263);
  const prefix = magic === 'ustar\0' ? field(block, 345, 155) : '';
  const name = prefix === '' ? short : `${prefix}/${short}`;
  const typeFlag = String.fromCharCode(block[156]!);
  const plain = TYPES[typeFlag] ?? 'unsupported';
  const type = plain === 'file' && typeFlag !== '7' && name.endsWith('/') ? 'folder' : plain;
  const device = type === 'character' || type === 'block';
  return {
    name,
    type,
    typeFlag,
    linkName: field(block, 157, 100),
    mode: number(block, 100, 8, name) & 0o7777,
    uid: number(block, 108, 8, name),
    gid: number(block, 116, 8, name),
    // Links and devices have no data whatever their size says (pax(1), "size"); hard links of old archives may.
    size:
      type === 'symlink' || type === 'hardlink' || device || type === 'fifo' || type === 'folder'
        ? 0
        : number(block, 124, 12, name),
    mtime: number(block, 136, 12, name),
    major: device ? number(block, 329, 8, name) : 0,
    minor: device ? number(block, 337, 8, name) : 0,
    xattrs: NO_XATTRS,
  };
}

function put(block: Buffer, start: number, length: number, value: number): void {
  const octal = value.toString(8);
  if (octal.length < length) {
    block.write(octal.padStart(length - 1, '0'), start, 'latin1');
    return;
  }
  let rest = value;
  for (let i = start + length - 1; i > start; i--) {
    block[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  block[start] = 0x80;
}

/** Splits a long name at a slash for the ustar prefix; undefined when it cannot be. */
function splitName(name: string): { name: string; prefix: string } | undefined {
  if (Buffer.byteLength(name) <= 100) return { name, prefix: '' };
  for (let slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
    const prefix = name.slice(0, slash);
    const rest = name.slice(slash + 1);
    if (rest !== '' && Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(rest) <= 100)
      return { name: rest, prefix };
  }
  return undefined;
}

const FLAGS: Readonly<Partial<Record<EntryType, string>>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  folder: '5',
  fifo: '6',
  pax: 'x',
};

export interface NewEntry {
  readonly name: string;
  readonly type: EntryType;
  readonly linkName?: string;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly mtime?: number;
  readonly major?: number;
  readonly minor?: number;
  readonly xattrs?: ReadonlyMap<string, Buffer>;
}

function block(entry: NewEntry, name: string, prefix: string, linkName: string): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100);
  put(header, 100, 8, entry.mode & 0o7777);
  put(header, 108, 8, entry.uid ?? 0);
  put(header, 116, 8, entry.gid ?? 0);
  put(header, 124, 12, entry.size ?? 0);
  put(header, 136, 12, Math.max(0, Math.floor(entry.mtime ?? 0)));
  header.write('        ', 148, 'latin1');
  header.write(FLAGS[entry.type] ?? '0', 156, 'latin1');
  header.write(linkName, 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  put(header, 329, 8, entry.major ?? 0);
  put(header, 337, 8, entry.minor ?? 0);
  header.write(prefix, 345, 155);
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += header[i]!;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** A pax record says its own length, digits included (POSIX pax, "pax Extended Header"). */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.byteLength(key) + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')]);
}

/** Zero bytes up to the next block. */
export const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

/** Header bytes of an entry, with a pax header before it when ustar cannot say it. Deterministic. */
export function encodeHeader(entry: NewEntry): Buffer {
  const records: Buffer[] = [];
  const split = splitName(entry.name);
  const linkName = entry.linkName ?? '';
  if (!split) records.push(paxRecord('path', Buffer.from(entry.name)));
  if (Buffer.byteLength(linkName) > 100) records.push(paxRecord('linkpath', Buffer.from(linkName)));
  for (const key of [...(entry.xattrs?.keys() ?? [])].sort())
    records.push(paxRecord(`SCHILY.xattr.${key}`, entry.xattrs!.get(key)!));
  const cut = (text: string): string => Buffer.from(text).subarray(0, 99).toString('latin1');
  const main = block(
    entry,
    split?.name ?? cut(entry.name),
    split?.prefix ?? '',
    Buffer.byteLength(linkName) > 100 ? cut(linkName) : linkName,
  );
  if (records.length === 0) return main;
  const body = Buffer.concat(records);
  const pax = block({ name: 'pax', type: 'pax', mode: 0o644, size: body.length }, 'PaxHeaders.0/entry', '', '');
  return Buffer.concat([pax, body, Buffer.alloc(padding(body.length)), main]);
}

/** The two zero blocks that end an archive. */
export const tarEnd = (): Buffer => Buffer.alloc(BLOCK * 2);
