const BLOCK = 512;

/** A field of a header up to its first zero byte. */
const field = (block: Buffer, from: number, length: number): string => {
  const part = block.subarray(from, from + length);
  const end = part.indexOf(0);
  return part.toString('utf8', 0, end < 0 ? length : end);
};

/** `12 path=a/b` lines of a pax header (POSIX pax, "Extended Header"). */
function paxPath(content: Buffer): string | undefined {
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(32, at);
    const length = Number(content.toString('latin1', at, space));
    if (space < 0 || !(length > 0)) return undefined;
    const line = content.toString('utf8', space + 1, at + length - 1);
    if (line.startsWith('path=')) return line.slice('path='.length);
    at += length;
  }
  return undefined;
}

/** The plain files of a tar archive as git writes it, in its order; links are left out, as they may lead anywhere. */
export function* readTar(archive: Buffer): Generator<[name: string, content: Buffer]> {
  let long: string | undefined;
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK);
    if (header[0] === 0) return;
    const size = Number.parseInt(field(header, 124, 12).trim() || '0', 8);
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    const type = String.fromCharCode(header[156]!);
    const prefix = field(header, 345, 155);
    const short = field(header, 0, 100);
    if (type === 'x') long = paxPath(content);
    else {
      const name = (long ?? (prefix ? `${prefix}/${short}` : short)).replace(/^\.\//, '');
      if (type === '0' || type === '\0') yield [name, content];
      long = undefined;
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}
