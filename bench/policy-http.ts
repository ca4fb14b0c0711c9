import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Bench, median, spread } from './runner.ts';

const POLICY = `package rbac

default allow := false

allow if {
	some role in data.users[input.user].roles
	some grant in data.roles[role]
	grant.action == input.action
	grant.resource == input.resource
}
`;

const USERS = 1_000;
const ROLES = 20;
const WAIT_MS = 30_000;
const WARM_UP = 5_000;

function documents(): unknown {
  const users = Object.fromEntries(Array.from({ length: USERS }, (_, i) => [`u${i}`, { roles: [`r${i % ROLES}`] }]));
  const grants = ['get', 'put'].flatMap(action =>
    Array.from({ length: 10 }, (_, i) => ({ action, resource: `res${i}` })),
  );
  return { users, roles: Object.fromEntries(Array.from({ length: ROLES }, (_, i) => [`r${i}`, grants])) };
}

const REQUEST = ((): Buffer => {
  const body = JSON.stringify({ input: { user: 'u5', action: 'put', resource: 'res3' } });
  const head = ['POST /v1/data/rbac/allow HTTP/1.1', 'Host: bench', 'Content-Type: application/json'];
  return Buffer.from(`${head.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
})();

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const open = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.off('error', reject).setNoDelay(true)));
    socket.once('error', reject);
  });

async function ready(port: number, signal: AbortSignal): Promise<void> {
  const until = performance.now() + WAIT_MS;
  while (!signal.aborted) {
    try {
      return void (await open(port)).destroy();
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }
}

/** Microseconds from asking to the whole answer; each connection asks again at once. */
async function latencies(port: number, connections: number, count: number): Promise<number[]> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const found: number[] = [];
  let asked = 0;
  await Promise.all(
    sockets.map(
      socket =>
        new Promise<void>((resolve, reject) => {
          let [since, text] = [0, ''];
          const ask = (): void => {
            if (asked++ >= count + WARM_UP) return resolve();
            since = performance.now();
            socket.write(REQUEST);
          };
          socket.on('error', reject).on('data', chunk => {
            text += chunk.toString('latin1');
            if (!text.includes('"result":')) return;
            if (!text.includes('"result":true')) return reject(new Error(`wrong answer: ${text}`));
            text = '';
            if (asked > WARM_UP) found.push((performance.now() - since) * 1000);
            ask();
          });
          ask();
        }),
    ),
  );
  for (const socket of sockets) socket.destroy();
  return found;
}

interface Server extends AsyncDisposable {
  readonly port: number;
}

async function start(program: string, args: readonly string[], signal: AbortSignal): Promise<Server> {
  const port = await freePort();
  const child: ChildProcess = spawn(program, [...args, '--addr', `127.0.0.1:${port}`], { stdio: 'ignore' });
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  try {
    await ready(port, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, [Symbol.asyncDispose]: stop };
}

/** Decisions over HTTP: half of them answer faster than the p50. */
export const bench: Bench = {
  name: 'policy-http',
  what: 'Decisions over HTTP against opa run --server: p50 over one connection, over 4 and over 16',
  async *run({ root, quick, scratch, signal }) {
    const opa = process.env.TENON_OPA ?? join(homedir(), '.cache/tenon-peers/bin/opa');
    const folder = join(scratch, 'policy-http');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'policy.rego'), POLICY);
    writeFileSync(join(folder, 'data.json'), JSON.stringify(documents()));
    const files = [join(folder, 'policy.rego'), join(folder, 'data.json')];
    const args = ['run', '--server', '--log-level', 'error', ...files];
    await using ours = await start(join(root, 'tenon'), ['opa', ...args], signal);
    await using peer = existsSync(opa) ? await start(opa, args, signal) : undefined;
    await using floor = await start(process.execPath, [join(import.meta.dirname, 'policy-http-floor.ts')], signal);
    const version = peer && /Version: (\S+)/.exec(execFileSync(opa, ['version'], { encoding: 'utf8' }))![1]!;
    for (const connections of [1, 4, 16]) {
      if (signal.aborted) return;
      const [own, theirs, bare]: [number[], number[], number[]] = [[], [], []];
      // In turns, so that both see the same machine.
      for (let turn = 0; turn < (quick ? 2 : 5); turn++) {
        own.push(median(await latencies(ours.port, connections, quick ? 5_000 : 20_000)));
        if (peer) theirs.push(median(await latencies(peer.port, connections, quick ? 5_000 : 20_000)));
        bare.push(median(await latencies(floor.port, connections, quick ? 5_000 : 20_000)));
      }
      yield {
        name: `policy-http.p50-${connections}`,
        unit: 'us/request',
        ours: median(own),
        ...(peer
          ? { peer: { value: median(theirs), which: 'opa run --server', version: version! } }
          : { missingPeer: 'opa' }),
        better: 'lower',
        n: own.length,
        spread: spread(own),
        target: { kind: 'ratio', bound: 0.5 },
      };
      // No bound: it tells how much of the figure above is node's own.
      yield {
        name: `policy-http.p50-${connections}-floor`,
        unit: 'us/request',
        ours: median(own),
        peer: { value: median(bare), which: 'node:http that decides nothing', version: process.version },
        better: 'lower',
        n: own.length,
        spread: spread(own),
      };
    }
  },
};
