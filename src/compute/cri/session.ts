import WebSocket from 'ws';
import type { Exit } from '../model.ts';
import type { ByteDuplex, ProcessStreams } from '../ports.ts';
import { ByteQueue } from '../streaming/byte-queue.ts';

const STDIN = 0;
const ERROR = 3;
const RESIZE = 4;
const PROTOCOL = 'v4.channel.k8s.io';

const toWebSocket = (url: string, query = ''): string => `${url.replace(/^http/, 'ws')}${query}`;

async function openSocket(url: string, query = ''): Promise<WebSocket> {
  const socket = new WebSocket(toWebSocket(url, query), PROTOCOL, { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => socket.terminate());
  return socket;
}

const send = (socket: WebSocket, channel: number, bytes: Uint8Array): Promise<void> =>
  new Promise(resolve => socket.send(Buffer.concat([Buffer.from([channel]), bytes]), () => resolve()));

/** The exit code in a meta/v1 Status. */
function exitOf(text: string): Exit {
  const status = JSON.parse(text) as {
    status?: string;
    message?: string;
    details?: { causes?: { reason?: string; message?: string }[] };
  };
  if (status.status === 'Success') return { exitCode: 0 };
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (code === undefined) throw new Error(status.message ?? 'the command could not be run');
  return { exitCode: Number(code) };
}

/** Runs one exec or attach session on a streaming URL; resolves with the command's end. */
export async function runSession(url: string, streams: ProcessStreams): Promise<Exit> {
  const socket = await openSocket(url);
  const sinks = [undefined, streams.stdout, streams.stderr];
  let outcome = '';
  let writing: Promise<unknown> = Promise.resolve();
  socket.on('message', data => {
    const bytes = data as Buffer;
    const rest = bytes.subarray(1);
    if (bytes[0] === ERROR) outcome += rest.toString();
    else if (rest.length > 0) writing = writing.then(() => sinks[bytes[0] ?? 0]?.write(rest)).catch(() => {});
  });
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  streams.signal.addEventListener('abort', () => socket.terminate(), { once: true });
  void (async () => {
    for await (const chunk of streams.stdin ?? []) await send(socket, STDIN, chunk);
  })().catch(() => {});
  void (async () => {
    for await (const { width, height } of streams.resize ?? [])
      await send(socket, RESIZE, Buffer.from(JSON.stringify({ Width: width, Height: height })));
  })().catch(() => {});
  await closed;
  await writing;
  await streams.stdout?.end();
  await streams.stderr?.end();
  return outcome === '' ? { exitCode: 0 } : exitOf(outcome);
}

/** One forwarded connection on a streaming URL. */
export async function openForward(url: string, port: number, signal: AbortSignal): Promise<ByteDuplex> {
  const socket = await openSocket(url, `?port=${port}`);
  const queue = new ByteQueue();
  const greeted = new Set<number>();
  signal.addEventListener('abort', () => socket.terminate(), { once: true });
  socket.on('message', data => {
    const bytes = data as Buffer;
    const channel = bytes[0] ?? 0;
    // The first message of each channel is the port itself.
    if (!greeted.has(channel)) greeted.add(channel);
    else if (channel === 0) queue.push(bytes.subarray(1));
    else queue.fail(new Error(bytes.subarray(1).toString()));
  });
  socket.once('close', () => queue.end());
  return {
    source: queue,
    // This protocol cannot end one direction alone.
    sink: { write: chunk => send(socket, STDIN, chunk), end: () => Promise.resolve() },
    close: () => socket.close(),
  };
}
