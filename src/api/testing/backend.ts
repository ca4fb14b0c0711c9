import { createHash } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { issue } from '../index.ts';
import { realClock, realRandom, type TestServer } from './server.ts';

/** What a backend was asked, as `METHOD path`. */
export interface Backend extends AsyncDisposable {
  readonly port: number;
  readonly asked: readonly string[];
}

const listen = (server: Server): Promise<number> =>
  new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));

const close = (server: Server): Promise<void> =>
  new Promise(resolve => {
    server.closeAllConnections();
    server.close(() => resolve());
  });

/** A plain web server that stands for a pod: answers with what it was asked. */
export async function echoBackend(): Promise<Backend> {
  const asked: string[] = [];
  const server = createHttpServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    request.on('end', () => {
      if (request.url === '/page')
        return response.setHeader('content-type', 'text/html; charset=utf-8').end('<a href="/there">x</a>');
      if (request.url === '/moved') response.writeHead(302, { location: '/there' });
      else response.setHeader('content-type', 'text/plain');
      return response.end(`${request.method} ${request.url}`);
    });
  });
  const port = await listen(server);
  return { port, asked, [Symbol.asyncDispose]: () => close(server) };
}

function serveAgent(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'https://agent');
  if (url.pathname.startsWith('/containerLogs/')) {
    response.setHeader('content-type', 'text/plain');
    const lines = Number(url.searchParams.get('tailLines') ?? 3);
    for (let i = 0; i < lines; i++) response.write(`line ${i + 1}\n`);
    // A followed log stays open a little and then says one more.
    if (url.searchParams.get('follow') === 'true') setTimeout(() => response.end('followed\n'), 50);
    else response.end();
    return;
  }
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ path: url.pathname }));
}

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const TUNNEL = 'SPDY/3.1+portforward.k8s.io';
/** RFC 6455 §1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Accepts a port-forward tunnel; the name of its protocol is no token, which the WebSocket library insists on. */
function acceptTunnel(request: IncomingMessage, socket: Duplex): void {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${ACCEPT_GUID}`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${TUNNEL}\r\n\r\n`,
  );
}

/** One exec over `v5.channel.k8s.io`: a byte of channel, then data; 1 is stdout, 3 how it ended. */
function serveChannel(socket: WebSocket, url: string): void {
  const command = new URL(url, 'https://agent').searchParams.getAll('command').join(' ');
  if (command === 'cat') {
    socket.on('message', (data: Buffer) => {
      if (data[0] === 0) socket.send(Buffer.concat([Buffer.of(1), data.subarray(1)]));
      if (data[0] === 255) finish();
    });
    return;
  }
  socket.send(Buffer.concat([Buffer.of(1), Buffer.from(`ran ${command}\n`)]));
  finish();
  function finish(): void {
    socket.send(Buffer.concat([Buffer.of(3), Buffer.from('{"metadata":{},"status":"Success"}')]));
    socket.close(1000);
  }
}

/** An HTTPS server that stands for a node agent: logs, exec over WebSocket; takes only our client certificate. */
export async function agentBackend(server: TestServer): Promise<Backend> {
  const { authority } = server.api.pki;
  const pair = issue(
    authority,
    { commonName: 'system:node:n', organizations: ['system:nodes'], usage: 'both', addresses: ['127.0.0.1'], days: 1 },
    realClock,
    realRandom,
  );
  const asked: string[] = [];
  const agent = createHttpsServer(
    { cert: pair.certificate, key: pair.key, ca: authority.certificate, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      asked.push(`${request.method} ${request.url}`);
      serveAgent(request, response);
    },
  );
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: offered => PROTOCOLS.find(one => offered.has(one)) ?? false,
  });
  agent.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.headers['sec-websocket-protocol'] === TUNNEL) return acceptTunnel(request, socket);
    if (request.headers.upgrade?.toLowerCase() === 'websocket') {
      sockets.handleUpgrade(request, socket, head, accepted => serveChannel(accepted, request.url ?? '/'));
      return;
    }
    const version = String(request.headers['x-stream-protocol-version'] ?? '')
      .split(',')[0]!
      .trim();
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${version}\r\n\r\n`,
    );
  });
  const port = await listen(agent);
  return { port, asked, [Symbol.asyncDispose]: () => close(agent) };
}

/** A Node whose agent is at `port`, and a running pod on it whose address is `podPort` on loopback. */
export async function seedNode(
  server: TestServer,
  port: number,
  podPort: number,
  names = { node: 'n', pod: 'p' },
): Promise<void> {
  const client = server.kernel.client();
  const nodes = { group: '', version: 'v1', resource: 'nodes' };
  const pods = { group: '', version: 'v1', resource: 'pods' };
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  };
  const node = await client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: names.node } });
  await client.update(nodes, { ...node, status }, { subresource: 'status' });
  const container = { name: 'c', image: 'i', ports: [{ containerPort: podPort }] };
  const pod = await client.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: names.pod, namespace: 'default', labels: { app: 'p' } },
    spec: { nodeName: names.node, containers: [container] },
  });
  const ready = { type: 'Ready', status: 'True' };
  const containerStatus = { name: 'c', ready: true, restartCount: 0, image: 'i', imageID: '', state: { running: {} } };
  await client.update(
    pods,
    {
      ...pod,
      status: {
        phase: 'Running',
        podIP: '127.0.0.1',
        podIPs: [{ ip: '127.0.0.1' }],
        conditions: [ready],
        containerStatuses: [containerStatus],
      },
    },
    { subresource: 'status' },
  );
}
