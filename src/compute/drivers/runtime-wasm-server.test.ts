import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ContainerSpec, SandboxSpec } from '../model.ts';
import { transpiledComponent } from './image-wasm.ts';
import { openWasmRuntime, type WasmRuntime } from './runtime-wasm.ts';
import { serverComponent } from './wasm-fixture.ts';
import { keepingComponent } from './wasm-store-fixture.ts';

const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay_ms: number, action: () => void) => {
    const timer = setTimeout(action, delay_ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

interface Reply {
  readonly status: number;
  readonly body: string;
}

const ask = (port: number, path: string, pieces: readonly string[] = []): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const method = pieces.length > 0 ? 'POST' : 'GET';
    const sent = request({ host: '127.0.0.1', port, path, method, agent: false }, reply => {
      let body = '';
      reply.setEncoding('utf8').on('data', (text: string) => (body += text));
      reply.on('end', () => resolve({ status: reply.statusCode!, body }));
      reply.on('error', reject);
    });
    sent.on('error', reject);
    for (const piece of pieces) sent.write(piece);
    sent.end();
  });

describe('wasi:http servers', { skip: process.platform !== 'linux' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-wasm-http-'));
  const rootfs = { kind: 'wasm', module: join(folder, 'server.wasm'), world: 'http', component: '' };
  const ended = new Map<string, () => void>();
  let runtime: WasmRuntime;
  before(async () => {
    writeFileSync(rootfs.module, await serverComponent());
    rootfs.component = await transpiledComponent(folder, rootfs.module);
    mkdirSync(join(folder, 'run'));
    runtime = await openWasmRuntime({ clock, folder: join(folder, 'run') });
    runtime.subscribe(event => event.kind === 'exited' && ended.get(event.containerId)?.());
    const pod = { namespace: 'd', name: 'p', uid: 'u' };
    await runtime.runSandbox({ id: 's', pod, address: '127.0.0.1' } as SandboxSpec);
  });
  after(async () => {
    await runtime.removeSandbox('s');
    await runtime.shutdown();
    rmSync(folder, { recursive: true });
  });

  const start = async (id: string, resources = {}, more = {}): Promise<{ port: number; ended: Promise<void> }> => {
    const port = await freePort();
    const { promise, resolve } = Promise.withResolvers<void>();
    ended.set(id, resolve);
    await runtime.createContainer({
      id,
      sandboxId: 's',
      name: id,
      imageId: 'server',
      rootfs,
      args: [],
      environment: [],
      ports: [
        { name: 'metrics', port: 9, protocol: 'TCP' },
        { name: 'http', port, protocol: 'TCP' },
      ],
      mounts: [],
      devices: [],
      resources,
      stopSignal: 'SIGTERM',
      logPath: join(folder, `${id}.log`),
      ...more,
    } as unknown as ContainerSpec);
    await runtime.startContainer(id);
    return { port, ended: promise };
  };

  it('answers at the pod address on the port named http', async () => {
    const { port } = await start('hello');
    assert.deepEqual(await ask(port, '/'), { status: 200, body: 'hello from wasm\n' });
    const many = await Promise.all(Array.from({ length: 50 }, () => ask(port, '/x')));
    assert.ok(many.every(({ body }) => body === 'hello from wasm\n'));
    const [use] = await runtime.stats();
    assert.ok(use && use.memory_bytes > 65_536 * 4, JSON.stringify(use));
    await runtime.stopContainer('hello', 1000);
    assert.equal((await runtime.status('hello')).exitCode, 143);
    await assert.rejects(ask(port, '/'), /ECONNREFUSED/);
  });

  it('streams bodies in and out', async () => {
    const { port } = await start('echo');
    const pieces = Array.from({ length: 40 }, (_, index) => String(index % 10).repeat(30_000));
    const reply = await ask(port, '/echo', pieces);
    assert.equal(reply.status, 200);
    assert.equal(reply.body, pieces.join(''));
    assert.equal((await ask(port, '/echo')).body, '');
  });

  it('keeps values by pod, longer than a container lives, and tells its configuration', async () => {
    const module = join(folder, 'keeping.wasm');
    writeFileSync(module, await keepingComponent());
    const keeping = { ...rootfs, module, component: await transpiledComponent(folder, module) };
    const more = { imageId: 'keeping', rootfs: keeping };
    const first = await start('keeping', {}, { ...more, environment: [['GREETING', 'hello']] });
    assert.equal((await ask(first.port, '/')).body, ' hello');
    await Promise.all(Array.from({ length: 20 }, () => ask(first.port, '/i')));
    assert.equal((await ask(first.port, '/i')).body, '21 hello');
    // A value beyond what a pod may keep is refused, and changes nothing.
    assert.equal((await ask(first.port, '/b')).body, '21 hello');
    await runtime.stopContainer('keeping', 1000);
    await runtime.removeContainer('keeping');
    const second = await start('again', {}, more);
    assert.equal((await ask(second.port, '/')).body, '21 ');
    const pod = { namespace: 'd', name: 'q', uid: 'v' };
    await runtime.runSandbox({ id: 'other', pod, address: '127.0.0.1' } as SandboxSpec);
    const other = await start('other', {}, { ...more, sandboxId: 'other' });
    assert.equal((await ask(other.port, '/i')).body, '1 ');
    await runtime.removeSandbox('other');
  });

  it('ends with the trap of a request, which is answered', async () => {
    const { port, ended: end } = await start('trap');
    const reply = await ask(port, '/trap');
    await end;
    assert.equal(reply.status, 502);
    assert.match(reply.body, /unreachable/);
    const { exitCode, message, state } = await runtime.status('trap');
    assert.deepEqual([state, exitCode], ['exited', 134]);
    assert.match(message ?? '', /unreachable/);
  });

  it('is held to its memory, and a loop does not stop the others', async () => {
    const { port, ended: end } = await start('memory', { memory_bytes: 65_536 * 100 });
    const other = await start('other');
    assert.equal((await ask(port, '/memory')).status, 200);
    assert.equal((await ask(port, '/memory')).status, 502);
    await end;
    const spinning = await start('spin');
    const asked = ask(spinning.port, '/spin').catch((error: Error) => error);
    assert.equal((await ask(other.port, '/')).status, 200);
    await runtime.stopContainer('spin', 50);
    assert.equal((await runtime.status('spin')).exitCode, 143);
    await asked;
  });

  it('refuses a port that is taken', async () => {
    const { port } = await start('first');
    await runtime.createContainer({
      ...(await runtime.status('first')).spec,
      id: 'second',
      ports: [{ port, protocol: 'TCP' }],
    });
    await assert.rejects(runtime.startContainer('second'), /EADDRINUSE/);
  });

  it('refuses commands inside with a reason', async () => {
    const streams = { signal: new AbortController().signal };
    await assert.rejects(runtime.exec('first', { command: ['sh'], tty: false }, streams), /no command can be run/);
  });
});
