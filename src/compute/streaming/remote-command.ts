import type { Exit } from '../model.ts';
import type { ByteSink, ByteSource, ProcessStreams, StreamHandlers, StreamTarget, TerminalSize } from '../ports.ts';

/** Which streams the client asked for; with a tty there is no stderr. */
export interface CommandRequest {
  readonly target: StreamTarget;
  /** Absent for attach. */
  readonly command?: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The channels of one session, whatever carries them. */
export interface CommandChannels {
  readonly stdin?: ByteSource;
  readonly stdout?: ByteSink;
  readonly stderr?: ByteSink;
  readonly resize?: ByteSource;
  /** Aborted when the connection is gone. */
  readonly signal: AbortSignal;
}

const RESIZE_BYTES_MAX = 4096;

/** Terminal sizes out of the resize channel: a sequence of JSON objects `{"Width":80,"Height":24}`. */
export async function* terminalSizes(source: ByteSource): AsyncGenerator<TerminalSize> {
  let text = '';
  for await (const chunk of source) {
    text += Buffer.from(chunk).toString('utf8');
    for (let end = text.indexOf('}'); end >= 0; end = text.indexOf('}')) {
      const size = sizeOf(text.slice(0, end + 1));
      text = text.slice(end + 1);
      if (size) yield size;
    }
    if (text.length > RESIZE_BYTES_MAX) return;
  }
}

function sizeOf(text: string): TerminalSize | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
    const good = (value: unknown): value is number =>
      Number.isInteger(value) && (value as number) > 0 && (value as number) < 65536;
    return good(width) && good(height) ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}

/** Runs or attaches over a set of channels; never throws: a failure is an outcome the client must read. */
export async function runCommand(
  request: CommandRequest,
  channels: CommandChannels,
  handlers: StreamHandlers,
): Promise<Exit | Error> {
  const resize = request.tty && channels.resize ? terminalSizes(channels.resize) : undefined;
  const streams: ProcessStreams = {
    ...(request.stdin && channels.stdin ? { stdin: channels.stdin } : {}),
    ...(request.stdout && channels.stdout ? { stdout: quiet(channels.stdout) } : {}),
    ...(request.stderr && !request.tty && channels.stderr ? { stderr: quiet(channels.stderr) } : {}),
    ...(resize ? { resize } : {}),
    signal: channels.signal,
  };
  try {
    if (request.command)
      return await handlers.exec(request.target, { command: request.command, tty: request.tty }, streams);
    return await handlers.attach(request.target, { tty: request.tty }, streams);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Ending a stream is the session's business: output must be out before the status, whatever order a runtime ends them in. */
const quiet = (sink: ByteSink): ByteSink => ({ write: chunk => sink.write(chunk), end: () => Promise.resolve() });
