import { createWriteStream, renameSync, statSync, type WriteStream } from 'node:fs';

const BYTES_MAX = 100 * 1024 * 1024;

/** A file of lines that starts anew when it grows too large; one old file is kept. */
export interface LineFile extends AsyncDisposable {
  write(line: string): void;
}

export function openLineFile(path: string, bytes_max = BYTES_MAX): LineFile {
  const sizeOf = (): number => {
    try {
      return statSync(path).size;
    } catch {
      return 0;
    }
  };
  const open = (): WriteStream => createWriteStream(path, { flags: 'a', mode: 0o600 }).on('error', () => {});
  let size = sizeOf();
  let stream = open();
  return {
    write: line => {
      stream.write(`${line}\n`);
      size += line.length + 1;
      if (size < bytes_max) return;
      stream.end();
      renameSync(path, `${path}.1`);
      stream = open();
      size = 0;
    },
    [Symbol.asyncDispose]: () => new Promise<void>(resolve => stream.end(() => resolve())),
  };
}
