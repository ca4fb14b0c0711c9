import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Random } from '../../base/index.ts';
import { dialHost } from '../drivers/dial-host.ts';
import type { ByteDuplex, StreamHandlers } from '../ports.ts';
import { refuse, serveAttach, serveExec, servePortForward } from '../streaming/index.ts';
import type { CriContext, Methods } from './context.ts';
import { invalid } from './errors.ts';
import type { AttachRequest, ExecRequest } from './generated/api.ts';
import type { ContainerMethods } from './containers.ts';
import { readySandbox } from './sandboxes.ts';

/** A URL is good once, and not for long: whoever reads it later gets nothing. */
const TOKEN_MS_MAX = 60_000;
const TOKENS_MAX = 1000;

type Prepared =
  | { readonly verb: 'exec'; readonly request: ExecRequest }
  | { readonly verb: 'attach'; readonly request: AttachRequest & { readonly cmd?: never } }
  | { readonly verb: 'portforward'; readonly sandboxId: string; readonly ports: readonly number[] };

/** One-time URLs of exec, attach and port-forward sessions, served on loopback over WebSocket and SPDY. */
export class StreamingServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #context: CriContext;
  readonly #tokens = new Map<string, { readonly prepared: Prepared; readonly until_ms: number }>();
  readonly #sockets = new Set<Duplex>();

  private constructor(server: Server, context: CriContext) {
    this.#server = server;
    this.#context = context;
    server.on('upgrade', (request, socket, head) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      const [verb = '', token = ''] = (request.url ?? '').slice(1).split(/[/?]/);
      const prepared = this.#take(token);
      const upgrade = { request, socket, head };
      if (!prepared || prepared.verb !== verb) refuse(upgrade, 404, 'Not Found', '404 page not found');
      else void this.#serve(prepared, upgrade);
    });
  }

  static async open(context: CriContext): Promise<StreamingServer> {
    const server = createServer((request, response) => {
      const known = /^\/(exec|attach|portforward)\//.test(request.url ?? '');
      response.writeHead(known ? 400 : 404, { 'content-type': 'text/plain' });
      response.end(known ? 'Upgrade request required: websocket or SPDY/3.1\n' : '404 page not found\n');
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new StreamingServer(server, context);
  }

  methods(containers: ContainerMethods): Methods<'Exec' | 'Attach' | 'PortForward'> {
    const checked = (request: { tty: boolean; stdin: boolean; stdout: boolean; stderr: boolean }): void => {
      if (request.tty && request.stderr) throw invalid('tty and stderr cannot both be true');
      if (!request.stdin && !request.stdout && !request.stderr)
        throw invalid('one of stdin, stdout, or stderr must be set');
    };
    return {
      Exec: async request => {
        checked(request);
        if (request.cmd.length === 0) throw invalid('the command is empty');
        const { entry } = await containers.running(request.containerId);
        return { url: this.#prepare({ verb: 'exec', request: { ...request, containerId: entry.id } }) };
      },
      Attach: async request => {
        checked(request);
        const { entry } = await containers.running(request.containerId);
        return { url: this.#prepare({ verb: 'attach', request: { ...request, containerId: entry.id } }) };
      },
      PortForward: async ({ podSandboxId, port }) => {
        const { id } = await readySandbox(this.#context, podSandboxId);
        return { url: this.#prepare({ verb: 'portforward', sandboxId: id, ports: port }) };
      },
    };
  }

  #clocks(): { clock: Clock; random: Random } {
    return this.#context.options;
  }

  #prepare(prepared: Prepared): string {
    const { clock, random } = this.#clocks();
    const now_ms = clock.monotonic();
    for (const [token, { until_ms }] of this.#tokens) if (until_ms < now_ms) this.#tokens.delete(token);
    if (this.#tokens.size >= TOKENS_MAX) throw invalid('too many sessions are waiting for their clients');
    const token = Buffer.from(random.bytes(16)).toString('base64url');
    this.#tokens.set(token, { prepared, until_ms: now_ms + TOKEN_MS_MAX });
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/${prepared.verb}/${token}`;
  }

  #take(token: string): Prepared | undefined {
    const found = this.#tokens.get(token);
    this.#tokens.delete(token);
    return found && found.until_ms >= this.#clocks().clock.monotonic() ? found.prepared : undefined;
  }

  #serve(prepared: Prepared, upgrade: Parameters<typeof serveExec>[0]): Promise<void> {
    const target = { namespace: '', pod: '' };
    if (prepared.verb === 'portforward')
      return servePortForward(
        upgrade,
        {
          target: { ...target, pod: prepared.sandboxId },
          ...(prepared.ports.length > 0 ? { ports: prepared.ports } : {}),
        },
        this.#handlers(),
      );
    const { containerId, stdin, stdout, stderr, tty } = prepared.request;
    const session = { target: { ...target, container: containerId }, stdin, stdout, stderr, tty };
    return prepared.verb === 'exec'
      ? serveExec(upgrade, { ...session, command: prepared.request.cmd }, this.#handlers())
      : serveAttach(upgrade, session, this.#handlers());
  }

  #handlers(): StreamHandlers {
    const runtimeOf = (id: string | undefined) => this.#context.runtimeOf(this.#context.containers.get(id ?? ''));
    return {
      exec: ({ container }, options, streams) => runtimeOf(container).exec(container ?? '', options, streams),
      attach: ({ container }, _options, streams) => runtimeOf(container).attach(container ?? '', streams),
      portForward: async ({ pod }, port, connection, signal) => {
        const inside = await this.#dial(pod, port, signal);
        const copy = async (from: ByteDuplex, to: ByteDuplex): Promise<void> => {
          for await (const chunk of from.source) await to.sink.write(chunk);
          await to.sink.end();
        };
        try {
          await Promise.all([copy(connection, inside), copy(inside, connection)]);
        } finally {
          inside.close();
          connection.close();
        }
      },
    };
  }

  #dial(sandboxId: string, port: number, signal: AbortSignal): Promise<ByteDuplex> {
    const sandbox = this.#context.sandboxes.get(sandboxId);
    const { attachment } = sandbox;
    const own = this.#context.runtime(sandbox.handler);
    if (own.dial) return own.dial(sandboxId, port, signal);
    if (attachment.netnsPath) return this.#context.options.network.dial(sandboxId, port, signal);
    const address =
      this.#context.sandboxes.get(sandboxId).config.linux?.securityContext?.namespaceOptions?.network === 2;
    return dialHost(address ? '127.0.0.1' : (attachment.ips[0] ?? '127.0.0.1'), port, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>(resolve => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
