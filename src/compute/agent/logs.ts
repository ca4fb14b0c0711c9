import { type FileHandle, open, stat } from 'node:fs/promises';
import { watch } from 'node:fs';
import { dirname } from 'node:path';

/** What `kubectl logs` can ask for (core/v1 PodLogOptions). */
export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly since_ms?: number;
  readonly limitBytes?: number;
  readonly stream?: 'stdout' | 'stderr';
}

const CHUNK_BYTES = 64 * 1024;
/** A change that no watch told of is seen after this time at the latest. */
const LOOK_MS = 1_000;
const NEWLINE = 0x0a;

/**
 * A container's log without its CRI framing. With `follow` it goes on until `running` says no, across rotation.
 * Chunks hold whole lines as far as they are written.
 */
export async function* readLog(
  path: string,
  options: LogOptions,
  running: () => boolean,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const reader = new LogReader(path);
  const watcher = options.follow ? new FileWatch(path) : undefined;
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  try {
    await reader.open();
    if (options.tailLines !== undefined) await reader.seekTail(options.tailLines);
    for (;;) {
      // Asked before reading: what was written before the end is then read in this turn.
      const alive = running();
      for (let lines = await reader.read(); lines.length > 0; lines = await reader.read()) {
        const bytes = Buffer.concat(lines.map(line => unframe(line, options)));
        if (bytes.length === 0) continue;
        yield bytes.length > left ? bytes.subarray(0, left) : bytes;
        left -= bytes.length;
        if (left <= 0) return;
      }
      if (!watcher || signal.aborted || !alive) return;
      if (!(await reader.follow())) await watcher.changed(signal, running);
    }
  } finally {
    watcher?.close();
    await reader.close();
  }
}

/** The text of one CRI line; empty when the options leave it out. */
function unframe(line: Buffer, options: LogOptions): Buffer {
  const first = line.indexOf(0x20);
  const second = line.indexOf(0x20, first + 1);
  const third = line.indexOf(0x20, second + 1);
  if (first < 0 || second < 0 || third < 0) return Buffer.alloc(0);
  const time = line.toString('latin1', 0, first);
  if (options.since_ms !== undefined && Date.parse(time) < options.since_ms) return Buffer.alloc(0);
  if (options.stream && line.toString('latin1', first + 1, second) !== options.stream) return Buffer.alloc(0);
  const partial = line[second + 1] === 0x50;
  const text = line.subarray(third + 1, partial ? line.length - 1 : line.length);
  return options.timestamps ? Buffer.concat([Buffer.from(`${time} `), text]) : text;
}

class LogReader {
  readonly #path: string;
  #handle: FileHandle | undefined;
  #inode = 0;
  #offset = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<void> {
    await this.close();
    this.#handle = await open(this.#path, 'r').catch(() => undefined);
    this.#inode = this.#handle ? (await this.#handle.stat()).ino : 0;
    this.#offset = 0;
    this.#rest = Buffer.alloc(0);
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }

  /** Moves to the start of the last `count` whole lines. */
  async seekTail(count: number): Promise<void> {
    if (!this.#handle) return;
    const { size } = await this.#handle.stat();
    let at = size;
    let seen = 0;
    while (at > 0) {
      const length = Math.min(CHUNK_BYTES, at);
      at -= length;
      const buffer = Buffer.alloc(length);
      await this.#handle.read(buffer, 0, length, at);
      for (let index = length - 1; index >= 0; index--) {
        if (buffer[index] !== NEWLINE || at + index === size - 1) continue;
        if (++seen < count) continue;
        this.#offset = at + index + 1;
        return;
      }
    }
    this.#offset = count === 0 ? size : 0;
  }

  /** Whole lines of the next piece; empty at the end. */
  async read(): Promise<Buffer[]> {
    if (!this.#handle) return [];
    for (;;) {
      const buffer = Buffer.alloc(CHUNK_BYTES);
      const { bytesRead } = await this.#handle.read(buffer, 0, CHUNK_BYTES, this.#offset);
      if (bytesRead === 0) return [];
      this.#offset += bytesRead;
      const all = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]);
      const lines: Buffer[] = [];
      let start = 0;
      for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, start)) {
        lines.push(all.subarray(start, end + 1));
        start = end + 1;
      }
      this.#rest = all.subarray(start);
      if (lines.length > 0) return lines;
    }
  }

  /** Goes over to the new file after rotation; true when it did. */
  async follow(): Promise<boolean> {
    const now = await stat(this.#path).catch(() => undefined);
    if (!now || now.ino === this.#inode) return false;
    await this.open();
    return true;
  }
}

/** Wakes when a file or its folder changes. */
class FileWatch {
  readonly #watcher: { close(): void } | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(path: string) {
    try {
      const watcher = watch(dirname(path), () => {
        this.#changed = true;
        this.#wake?.();
      });
      watcher.on('error', () => {});
      this.#watcher = watcher;
    } catch {
      // Looked at by time instead.
    }
  }

  async changed(signal: AbortSignal, running: () => boolean): Promise<void> {
    if (!this.#changed && running()) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, LOOK_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', this.#wake, { once: true });
      });
    }
    this.#changed = false;
    this.#wake = undefined;
  }

  close(): void {
    this.#watcher?.close();
  }
}
