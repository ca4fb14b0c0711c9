import type { IncomingMessage } from 'node:http';
import type { StreamHandlers } from '../ports.ts';
import { statusOf, wordsOf } from './exit-status.ts';
import { type CommandRequest, runCommand } from './remote-command.ts';
import { SpdyConnection, type SpdyStream } from './spdy-connection.ts';
import {
  acceptWebSocket,
  ChannelSocket,
  choose,
  COMMAND_PROTOCOLS,
  isWebSocket,
  refuse,
  type Upgrade,
} from './websocket-channels.ts';

/** Time a SPDY client has to open the streams it asked for (kubelet: 30 s). */
const STREAMS_TIMEOUT_MS = 30_000;

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
const RESIZE = 4;

/** Serves `exec` on an upgrade request; resolves when the session is over. Never rejects. */
export async function serveExec(
  upgrade: Upgrade,
  request: CommandRequest & { readonly command: readonly string[] },
  handlers: StreamHandlers,
): Promise<void> {
  await serveCommand(upgrade, request, handlers);
}

/** Serves `attach` on an upgrade request; resolves when the session is over. Never rejects. */
export async function serveAttach(
  upgrade: Upgrade,
  request: Omit<CommandRequest, 'command'>,
  handlers: StreamHandlers,
): Promise<void> {
  await serveCommand(upgrade, request, handlers);
}

async function serveCommand(upgrade: Upgrade, request: CommandRequest, handlers: StreamHandlers): Promise<void> {
  upgrade.socket.on('error', () => undefined);
  try {
    if (isWebSocket(upgrade.request)) await overWebSocket(upgrade, request, handlers);
    else if (isSpdy(upgrade.request)) await overSpdy(upgrade, request, handlers);
    else refuse(upgrade, 400, 'Bad Request', 'Upgrade request required: websocket or SPDY/3.1');
  } catch {
    upgrade.socket.destroy();
  }
}

async function overWebSocket(upgrade: Upgrade, request: CommandRequest, handlers: StreamHandlers): Promise<void> {
  const name = choose(
    upgrade,
    COMMAND_PROTOCOLS.map(protocol => protocol.name),
  );
  if (name === undefined) return;
  const protocol = COMMAND_PROTOCOLS.find(candidate => candidate.name === name)!;
  const socket = new ChannelSocket(await acceptWebSocket(upgrade, name), protocol);
  const outcome = await runCommand(
    request,
    {
      stdin: socket.source(STDIN),
      stdout: socket.sink(STDOUT),
      stderr: socket.sink(STDERR),
      resize: socket.source(RESIZE),
      signal: socket.signal,
    },
    handlers,
  );
  const text = protocol.version === 1 ? wordsOf(outcome) : JSON.stringify(statusOf(outcome));
  if (text !== '')
    await socket
      .sink(ERROR)
      .write(Buffer.from(text))
      .catch(() => undefined);
  socket.close();
}

/** Whether a request asks for SPDY/3.1. */
export const isSpdy = (request: IncomingMessage): boolean =>
  /(^|,)\s*spdy\/3\.1\s*(,|$)/i.test(request.headers.upgrade ?? '');

const SPDY_PROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v3.channel.k8s.io',
  'v2.channel.k8s.io',
  'channel.k8s.io',
] as const;

/** Answers the upgrade; undefined (after 403) when the client's protocols are all unknown. */
export function acceptSpdy(
  upgrade: Upgrade,
  spoken: readonly string[],
  fallback: string | undefined,
): string | undefined {
  const header = upgrade.request.headers['x-stream-protocol-version'];
  const offered = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map(text => text.trim())
    .filter(Boolean);
  const chosen = offered.length === 0 ? fallback : spoken.find(name => offered.includes(name));
  if (chosen === undefined) {
    refuse(
      upgrade,
      403,
      'Forbidden',
      `unable to upgrade: unable to negotiate protocol: client supports ${JSON.stringify(offered)}, server accepts ${JSON.stringify(spoken)}`,
      spoken.map(name => `X-Accepted-Stream-Protocol-Versions: ${name}`),
    );
    return undefined;
  }
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1'];
  if (offered.length > 0) lines.push(`X-Stream-Protocol-Version: ${chosen}`);
  upgrade.socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return chosen;
}

async function overSpdy(upgrade: Upgrade, request: CommandRequest, handlers: StreamHandlers): Promise<void> {
  const protocol = acceptSpdy(upgrade, SPDY_PROTOCOLS, 'channel.k8s.io');
  if (protocol === undefined) return;
  const wanted = [
    'error',
    ...(request.stdin ? ['stdin'] : []),
    ...(request.stdout ? ['stdout'] : []),
    ...(request.stderr && !request.tty ? ['stderr'] : []),
  ];
  // Terminal sizes came with v3.
  if (request.tty && !['v2.channel.k8s.io', 'channel.k8s.io'].includes(protocol)) wanted.push('resize');
  const streams = new Map<string, SpdyStream>();
  const ready = Promise.withResolvers<void>();
  const connection = new SpdyConnection(upgrade.socket, stream => {
    const type = stream.headers.get('streamtype') ?? '';
    if (!wanted.includes(type) || streams.has(type)) {
      stream.reset();
      return;
    }
    streams.set(type, stream);
    if (wanted.every(name => streams.has(name))) ready.resolve();
  });
  const gone = new AbortController();
  void connection.closed.then(() => {
    gone.abort(new Error('The client went away'));
    ready.reject(new Error('The client went away'));
  });
  const timer = setTimeout(() => ready.reject(new Error('The client did not open its streams')), STREAMS_TIMEOUT_MS);
  connection.feed(upgrade.head);
  try {
    await ready.promise;
    const [stdin, stdout, stderr, resize] = ['stdin', 'stdout', 'stderr', 'resize'].map(name => streams.get(name));
    const outcome = await runCommand(
      request,
      {
        ...(stdin ? { stdin: stdin.source } : {}),
        ...(stdout ? { stdout: stdout.sink } : {}),
        ...(stderr ? { stderr: stderr.sink } : {}),
        ...(resize ? { resize: resize.source } : {}),
        signal: gone.signal,
      },
      handlers,
    );
    const old = ['v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'].includes(protocol);
    const text = old ? wordsOf(outcome) : JSON.stringify(statusOf(outcome));
    if (text !== '') await streams.get('error')!.sink.write(Buffer.from(text));
    for (const name of ['stdout', 'stderr', 'error', 'resize', 'stdin']) await streams.get(name)?.sink.end();
  } catch {
    // The client is gone, or never said what it wanted: nobody is left to tell.
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}
