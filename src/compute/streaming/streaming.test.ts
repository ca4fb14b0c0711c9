import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import type { StreamHandlers } from '../ports.ts';
import { serveAttach, serveExec, servePortForward } from './index.ts';

/** A pod whose commands are small programs of the test itself. */
const handlers: StreamHandlers = {
  async exec(_target, options, streams) {
    const [name, ...words] = options.command;
    if (name === 'fail') throw new Error('no such program');
    if (name === 'echo') await streams.stdout?.write(Buffer.from(`${words.join(' ')}\n`));
    if (name === 'warn') await streams.stderr?.write(Buffer.from(`${words.join(' ')}\n`));
    if (name === 'cat') for await (const chunk of streams.stdin ?? []) await streams.stdout?.write(chunk);
    if (name === 'big') for (let i = 0; i < 64; i++) await streams.stdout?.write(Buffer.alloc(65536, 120));
    if (name === 'size')
      for await (const size of streams.resize ?? []) {
        await streams.stdout?.write(Buffer.from(`${size.width}x${size.height}`));
        break;
      }
    return { exitCode: name === 'exit' ? Number(words[0]) : 0 };
  },
  async attach(_target, _options, streams) {
    await streams.stdout?.write(Buffer.from('attached\n'));
    return { exitCode: 0 };
  },
  async portForward(_target, port, connection, signal) {
    if (port === 9) throw new Error('connection refused');
    let text = '';
    for await (const chunk of connection.source) {
      text += Buffer.from(chunk).toString();
      if (text.length >= 6) break;
    }
    if (!signal.aborted) await connection.sink.write(Buffer.from(`${port}:${text}`));
    await connection.sink.end();
  },
};

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'i' }] },
  status: { phase: 'Running' },
};
const DISCOVERY: Readonly<Record<string, unknown>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'v1',
    resources: [
      { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get', 'list'], shortNames: ['po'] },
    ],
  },
};
const wants = (query: URLSearchParams, name: string): boolean => query.get(name) === 'true';

function serve(): http.Server {
  const server = http.createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    const path = (request.url ?? '').split('?')[0]!;
    const body = path === '/api/v1/namespaces/default/pods/p' ? POD : DISCOVERY[path];
    response.statusCode = body ? 200 : 404;
    response.end(JSON.stringify(body ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }));
  });
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '', 'http://x');
    const query = url.searchParams;
    const target = { namespace: 'default', pod: 'p', container: 'c' };
    const streams = {
      target,
      stdin: wants(query, 'stdin'),
      stdout: wants(query, 'stdout'),
      stderr: wants(query, 'stderr'),
      tty: wants(query, 'tty'),
    };
    const upgrade = { request, socket, head };
    if (url.pathname.endsWith('/portforward'))
      void servePortForward(upgrade, { target, ports: query.getAll('ports').map(Number) }, handlers);
    else if (url.pathname.endsWith('/attach')) void serveAttach(upgrade, streams, handlers);
    else void serveExec(upgrade, { ...streams, command: query.getAll('command') }, handlers);
  });
  return server;
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let server: http.Server;
let port: number;
let home: string;

/** Opens what the tests of one group share, and removes it after them. */
function useScene(): void {
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'streaming-'));
    server = serve().listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as net.AddressInfo).port;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(home, { recursive: true, force: true });
  });
}

const url = (path: string): string => `ws://127.0.0.1:${port}/api/v1/namespaces/default/pods/p/${path}`;

async function session(
  path: string,
  protocol: string,
  send: (socket: WebSocket) => void = () => undefined,
): Promise<Map<number, string>> {
  const socket = new WebSocket(url(path), protocol === '' ? [] : [protocol]);
  const got = new Map<number, string>();
  socket.on('message', (data: Buffer) => {
    const base64 = protocol.includes('base64');
    const channel = base64 ? data[0]! - 0x30 : data[0]!;
    const text = base64 ? Buffer.from(data.toString('latin1', 1), 'base64').toString() : data.toString('utf8', 1);
    got.set(channel, (got.get(channel) ?? '') + text);
  });
  await once(socket, 'open');
  assert.equal(socket.protocol, protocol);
  send(socket);
  await once(socket, 'close');
  return got;
}

const kubectl = (words: readonly string[], environment: Record<string, string>, input = ''): Promise<Ran> =>
  new Promise(resolve => {
    const child = execFile(
      'kubectl',
      ['--server', `http://127.0.0.1:${port}`, '--kubeconfig', '/dev/null', '--request-timeout', '20s', ...words],
      { timeout: 25_000, env: { PATH: process.env.PATH, HOME: home, ...environment }, maxBuffer: 32 * 1024 * 1024 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
    child.stdin?.end(input);
  });

const hasKubectl = process.env.PATH?.split(':').some(
  folder => net.isIP(folder) === 0 && folder !== '' && exists(join(folder, 'kubectl')),
);

describe('streaming over WebSocket', () => {
  useScene();
  for (const protocol of ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'])
    it(`says the exit code over ${protocol}`, async () => {
      const got = await session('exec?stdout=true&stderr=true&command=exit&command=3', protocol);
      const status = JSON.parse(got.get(3)!) as { reason: string; details: { causes: unknown } };
      assert.equal(status.reason, 'NonZeroExitCode');
      assert.deepEqual(status.details.causes, [{ reason: 'ExitCode', message: '3' }]);
    });

  it('writes words instead of a Status over the first protocol', async () => {
    assert.equal((await session('exec?stdout=true&command=echo&command=hi', 'channel.k8s.io')).get(1), 'hi\n');
    assert.match((await session('exec?stdout=true&command=exit&command=2', '')).get(3)!, /exit status 2/);
    assert.match((await session('exec?stdout=true&command=fail', 'v4.channel.k8s.io')).get(3)!, /no such program/);
  });

  it('half-closes stdin by the v5 close message, and tells terminal sizes', async () => {
    const cat = await session('exec?stdin=true&stdout=true&command=cat', 'v5.channel.k8s.io', socket => {
      socket.send(Buffer.from('\0hello'));
      socket.send(Buffer.from([255, 0]));
    });
    assert.equal(cat.get(1), 'hello');
    const size = await session('exec?stdout=true&tty=true&command=size', 'v4.channel.k8s.io', socket =>
      socket.send(Buffer.from('\x04{"Width":80,"Height":24}')),
    );
    assert.equal(size.get(1), '80x24');
  });

  it('refuses unknown subprotocols and plain requests', async () => {
    const socket = new WebSocket(url('exec?command=echo'), ['v9.channel.k8s.io']);
    const [error] = (await once(socket, 'error')) as [Error];
    assert.match(error.message, /403/);
  });

  it('forwards ports over WebSocket channels, greeting each with its number', async () => {
    const got = await session('portforward?ports=80', 'v4.channel.k8s.io', socket =>
      socket.send(Buffer.from('\0hello!')),
    );
    assert.equal(got.get(0), 'P\x0080:hello!');
  });
});

describe('streaming to kubectl', () => {
  useScene();
  for (const [name, flag] of [
    ['WebSocket', 'true'],
    ['SPDY', 'false'],
  ] as const)
    describe(`kubectl over ${name}`, { skip: !hasKubectl && 'kubectl is not on PATH' }, () => {
      const environment = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: flag, KUBECTL_PORT_FORWARD_WEBSOCKETS: flag };
      it('runs commands, feeds stdin, passes exit codes and large output', async () => {
        assert.equal((await kubectl(['exec', 'p', '--', 'echo', 'a', 'b'], environment)).stdout, 'a b\n');
        assert.equal(
          (await kubectl(['exec', '-i', 'p', '--', 'cat'], environment, 'x'.repeat(200_000))).stdout.length,
          200_000,
        );
        const failed = await kubectl(['exec', 'p', '--', 'exit', '7'], environment);
        assert.equal(failed.code, 7);
        assert.match(failed.stderr, /command terminated with exit code 7/);
        assert.match((await kubectl(['exec', 'p', '--', 'warn', 'w'], environment)).stderr, /^w$/m);
        assert.equal((await kubectl(['exec', 'p', '--', 'big'], environment)).stdout.length, 64 * 65536);
        assert.match((await kubectl(['exec', 'p', '--', 'fail'], environment)).stderr, /no such program/);
      });

      it('forwards ports', async () => {
        const child = spawn(
          'kubectl',
          ['--server', `http://127.0.0.1:${port}`, '--kubeconfig', '/dev/null', 'port-forward', 'p', ':80'],
          { env: { PATH: process.env.PATH, HOME: home, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
        );
        try {
          let text = '';
          child.stdout.on('data', chunk => {
            text += String(chunk);
          });
          while (!/127\.0\.0\.1:(\d+)/.test(text)) await once(child.stdout, 'data');
          const local = Number(/127\.0\.0\.1:(\d+)/.exec(text)?.[1]);
          for (let i = 0; i < 3; i++) {
            const socket = net.connect(local, '127.0.0.1');
            socket.end('abcdef');
            let got = '';
            for await (const chunk of socket) got += String(chunk);
            assert.equal(got, '80:abcdef');
          }
        } finally {
          child.kill();
        }
      });
    });
});

function exists(file: string): boolean {
  try {
    return process.getBuiltinModule('fs').statSync(file).isFile();
  } catch {
    return false;
  }
}
