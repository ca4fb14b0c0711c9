/** Raised when a message changes meaning: a running keeper of another version is left alone and a second one started. */
export const KEEPER_VERSION = 1;

/** Longest frame either side accepts, bytes. */
const FRAME_BYTES_MAX = 4 * 1024 * 1024;

/** Where a launched container's log goes. */
export interface LogTarget {
  readonly path: string;
  readonly bytes_max: number;
  readonly files_max: number;
}

/** Starts a program that starts a container and ends, leaving the container's process to the keeper (its subreaper). */
export interface LaunchRequest {
  readonly op: 'launch';
  readonly id: string;
  readonly path: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  /** `slave`: the launcher gets a terminal as its standard streams; `socket`: it hands one over on this socket. */
  readonly terminal: 'none' | 'slave' | { readonly socket: string };
  readonly log?: LogTarget;
  /** Owner of the container's standard streams, so that /dev/stdout can be opened by it. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly pidFile: string;
  readonly pidFormat: 'text' | 'binary';
  readonly timeout_ms: number;
}

export type ControlRequest =
  | LaunchRequest
  | { readonly op: 'hello' }
  | { readonly op: 'list' }
  | { readonly op: 'kill'; readonly id: string; readonly signal: number }
  | { readonly op: 'forget'; readonly id: string }
  | { readonly op: 'reopen'; readonly id: string }
  | { readonly op: 'shutdown' };

/** A command whose streams flow over the connection that asked for it; it dies with the connection. */
export interface RunRequest {
  readonly op: 'run';
  readonly path: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdin: boolean;
  readonly terminal: boolean;
  readonly timeout_ms?: number;
}

export interface AttachRequest {
  readonly op: 'attach';
  readonly id: string;
  readonly stdin: boolean;
}

export type SessionRequest = RunRequest | AttachRequest;

/** What the keeper knows of a launched container. `exitCode` 255 without `signal` and `lost` means nobody saw the end. */
export interface KeptContainer {
  readonly id: string;
  readonly pid: number;
  /** Start time in clock ticks (/proc/PID/stat field 22): tells a reused pid. */
  readonly ticks: number;
  readonly startedAt_ms: number;
  readonly exit?: KeptExit;
}

export interface KeptExit {
  readonly exitCode: number;
  readonly signal?: number;
  readonly at_ms: number;
  readonly lost?: boolean;
}

export type KeeperEvent = { readonly event: 'exit'; readonly id: string; readonly exit: KeptExit };

export type Reply = { readonly reply: number; readonly value?: unknown; readonly error?: string };

/** Session messages: sent by the client (`resize`, `signal`) and by the keeper (`exit`, `error`). */
export type SessionMessage =
  | { readonly resize: { readonly width: number; readonly height: number } }
  | { readonly signal: number }
  | { readonly exit: { readonly exitCode: number; readonly signal?: number; readonly timedOut?: boolean } }
  | { readonly error: string };

export type Frame =
  | { readonly kind: 'message'; readonly message: unknown }
  | { readonly kind: 'data'; readonly stream: number; readonly bytes: Buffer };

/** Frame: u32 length of the rest, u8 kind (0 JSON, 1 stdin, 2 stdout, 3 stderr), payload. Empty data is end of file. */
export function encodeMessage(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const head = Buffer.allocUnsafe(5);
  head.writeUInt32BE(body.length + 1, 0);
  head[4] = 0;
  return Buffer.concat([head, body]);
}

/** `stream`: 0 stdin, 1 stdout, 2 stderr. */
export function encodeData(stream: number, bytes: Uint8Array): Buffer {
  const head = Buffer.allocUnsafe(5);
  head.writeUInt32BE(bytes.length + 1, 0);
  head[4] = stream + 1;
  return Buffer.concat([head, bytes]);
}

/** Cuts a byte stream into frames; throws on a frame above the limit. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Frame[] {
    let rest = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const frames: Frame[] = [];
    while (rest.length >= 5) {
      const length = rest.readUInt32BE(0);
      if (length < 1 || length > FRAME_BYTES_MAX) throw new Error(`Frame of ${length} bytes refused`);
      if (rest.length < 4 + length) break;
      const kind = rest[4]!;
      const body = rest.subarray(5, 4 + length);
      if (kind === 0) frames.push({ kind: 'message', message: JSON.parse(body.toString()) });
      else frames.push({ kind: 'data', stream: kind - 1, bytes: body });
      rest = rest.subarray(4 + length);
    }
    this.#pending = rest;
    return frames;
  }
}
