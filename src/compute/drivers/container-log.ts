import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Longest line written in one piece; longer ones become `P` parts (CRI log format, as containerd's default). */
const LINE_BYTES_MAX = 16 * 1024;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const LINE_END = Buffer.from('\n');

/** `2026-01-02T03:04:05.678901234Z`: wall time with the sub-millisecond part of the monotonic clock. */
function stamp(): string {
  const now = performance.timeOrigin + performance.now();
  const whole_ms = Math.floor(now);
  const rest_ns = Math.floor((now - whole_ms) * 1e6);
  return `${new Date(whole_ms).toISOString().slice(0, -1)}${String(rest_ns).padStart(6, '0')}Z`;
}

/**
 * Writes a container's output as CRI log lines (`TIME STREAM P|F TEXT`) and rotates by size: `0.log` becomes `0.log.1` …
 * Writes are synchronous and small; a full disk drops lines and never stops the container.
 */
export class ContainerLog {
  readonly #path: string;
  readonly #bytes_max: number;
  readonly #files_max: number;
  #fd = -1;
  #size = 0;
  #partial: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];
  dropped = 0;

  constructor(path: string, bytes_max: number, files_max: number) {
    this.#path = path;
    this.#bytes_max = bytes_max;
    this.#files_max = files_max;
    this.reopen();
  }

  reopen(): void {
    this.#closeFile();
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o755 });
      this.#fd = openSync(this.#path, 'a', 0o640);
      this.#size = fstatSync(this.#fd).size;
    } catch {
      this.#fd = -1;
    }
  }

  write(stream: 1 | 2, chunk: Buffer): void {
    const name = stream === 1 ? 'stdout' : 'stderr';
    const time = stamp();
    const parts: Buffer[] = [];
    let rest = this.#partial[stream - 1]!;
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (;;) {
      const end = rest.indexOf(NEWLINE, start);
      if (end >= 0 && end - start <= LINE_BYTES_MAX) {
        // A terminal ends lines with CR LF.
        const line = end > start && rest[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
        parts.push(Buffer.from(`${time} ${name} F `), rest.subarray(start, line), LINE_END);
        start = end + 1;
      } else if (rest.length - start > LINE_BYTES_MAX) {
        parts.push(Buffer.from(`${time} ${name} P `), rest.subarray(start, start + LINE_BYTES_MAX), Buffer.from('\n'));
        start += LINE_BYTES_MAX;
      } else break;
    }
    this.#partial[stream - 1] = Buffer.from(rest.subarray(start));
    if (parts.length > 0) this.#append(Buffer.concat(parts));
  }

  /** Writes what has no newline yet, as the part of a line that it is (containerd does so); called at end of file. */
  flush(): void {
    for (const stream of [1, 2] as const) {
      const rest = this.#partial[stream - 1]!;
      if (rest.length === 0) continue;
      this.#partial[stream - 1] = Buffer.alloc(0);
      this.#append(
        Buffer.concat([Buffer.from(`${stamp()} ${stream === 1 ? 'stdout' : 'stderr'} P `), rest, Buffer.from('\n')]),
      );
    }
  }

  close(): void {
    this.flush();
    this.#closeFile();
  }

  #closeFile(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #append(bytes: Buffer): void {
    if (this.#fd < 0) this.reopen();
    if (this.#size > 0 && this.#size + bytes.length > this.#bytes_max) this.#rotate();
    try {
      let offset = 0;
      while (offset < bytes.length) offset += writeSync(this.#fd, bytes, offset);
      this.#size += bytes.length;
    } catch {
      this.dropped++;
    }
  }

  #rotate(): void {
    this.#closeFile();
    try {
      rmSync(`${this.#path}.${this.#files_max - 1}`, { force: true });
      for (let index = this.#files_max - 2; index >= 1; index--)
        if (existsSync(`${this.#path}.${index}`)) renameSync(`${this.#path}.${index}`, `${this.#path}.${index + 1}`);
      if (this.#files_max > 1) renameSync(this.#path, `${this.#path}.1`);
      else rmSync(this.#path, { force: true });
    } catch {
      this.dropped++;
    }
    this.reopen();
  }
}
