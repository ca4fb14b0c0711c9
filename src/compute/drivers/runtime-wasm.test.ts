import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { limitMemory } from '../engine/wasm-memory.ts';
import type { ContainerSpec, SandboxSpec } from '../model.ts';
import { openWasmRuntime, type WasmRuntime } from './runtime-wasm.ts';

const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay_ms: number, action: () => void) => {
    const timer = setTimeout(action, delay_ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >> 7)]);
const vector = (items: readonly number[][]): number[] => [...leb(items.length), ...items.flat()];
const section = (id: number, body: number[]): number[] => [id, ...leb(body.length), ...body];
const name = (text: string): number[] => [...leb(text.length), ...Buffer.from(text)];

/** A WASI command: writes `text` to standard output, then `body` runs. */
function command(text: string, body: number[], pages = 1): Buffer {
  const i32 = 0x7f;
  const imports = [
    [...name('wasi_snapshot_preview1'), ...name('fd_write'), 0, 0],
    [...name('wasi_snapshot_preview1'), ...name('proc_exit'), 0, 1],
  ];
  const constant = (value: number): number[] => [0x41, ...leb(value)];
  const write = [...constant(1), ...constant(16), ...constant(1), ...constant(8), 0x10, 0, 0x1a];
  const code = [0, ...write, ...body, 0x0b];
  const vectorBytes = Buffer.alloc(8);
  vectorBytes.writeUInt32LE(32, 0);
  vectorBytes.writeUInt32LE(text.length, 4);
  return Buffer.from([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(
      1,
      vector([
        [0x60, 4, i32, i32, i32, i32, 1, i32],
        [0x60, 1, i32, 0],
        [0x60, 0, 0],
      ]),
    ),
    ...section(2, vector(imports)),
    ...section(3, vector([[2]])),
    ...section(5, vector([[0, pages]])),
    ...section(
      7,
      vector([
        [...name('memory'), 2, 0],
        [...name('_start'), 0, 2],
      ]),
    ),
    ...section(10, vector([[...leb(code.length), ...code]])),
    ...section(
      11,
      vector([
        [0, 0x41, 16, 0x0b, ...leb(8), ...vectorBytes],
        [0, 0x41, 32, 0x0b, ...leb(text.length), ...Buffer.from(text)],
      ]),
    ),
  ]);
}

const EXIT_5 = [0x41, 5, 0x10, 1];
const FOREVER = [0x03, 0x40, 0x0c, 0, 0x0b];
const TRAP = [0x00];

describe('wasm runtime', { skip: process.platform !== 'linux' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-wasm-'));
  let runtime: WasmRuntime;
  const waiting = new Map<string, () => void>();
  before(async () => {
    runtime = await openWasmRuntime({ clock, folder });
    watch();
    await runtime.runSandbox({ id: 's', pod: { namespace: 'd', name: 'p', uid: 'u' } } as SandboxSpec);
  });
  after(async () => {
    await runtime.removeSandbox('s');
    runtime.dispose();
    const again = await openWasmRuntime({ clock, folder });
    await again.shutdown();
    rmSync(folder, { recursive: true });
  });

  const watch = (): void =>
    void runtime.subscribe(event => event.kind === 'exited' && waiting.get(event.containerId)?.());

  const spec = (id: string, module: Buffer, resources = {}): ContainerSpec => {
    const path = join(folder, `${id}.wasm`);
    writeFileSync(path, module);
    const rootfs = { kind: 'wasm', module: path, world: 'command' };
    return {
      id,
      sandboxId: 's',
      name: id,
      attempt: 0,
      imageId: id,
      rootfs,
      args: [],
      environment: [],
      mounts: [],
      devices: [],
      resources,
      stopSignal: 'SIGTERM',
      logPath: join(folder, `${id}.log`),
    } as unknown as ContainerSpec;
  };

  /** Starts a container; gives the promise of its end in an object, so that waiting for the start does not wait for it. */
  const start = async (id: string, module: Buffer, resources = {}): Promise<{ ended: Promise<void> }> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.set(id, resolve);
    await runtime.createContainer(spec(id, module, resources));
    await runtime.startContainer(id);
    return { ended: promise };
  };

  it('runs a command, keeps its output as CRI lines, tells its exit code', async () => {
    await (await start('hello', command('hello wasm\n', EXIT_5))).ended;
    const status = await runtime.status('hello');
    assert.deepEqual([status.state, status.exitCode, status.reason], ['exited', 5, 'Error']);
    assert.match(readFileSync(join(folder, 'hello.log'), 'utf8'), /^\S+ stdout F hello wasm\n$/);
  });

  it('tells a trap, and refuses what is no module', async () => {
    await (await start('trap', command('', TRAP))).ended;
    const status = await runtime.status('trap');
    assert.equal(status.exitCode, 134);
    assert.match(status.message ?? '', /unreachable/);
    await runtime.createContainer(spec('junk', Buffer.from('not wasm')));
    await assert.rejects(runtime.startContainer('junk'), /wasm:/);
    assert.equal((await runtime.status('junk')).reason, 'StartError');
  });

  it('ends a module that never yields, and holds modules to their memory', async () => {
    await start('loop', command('on\n', FOREVER));
    await runtime.stopContainer('loop', 1000);
    assert.equal((await runtime.status('loop')).exitCode, 143);
    await runtime.createContainer(spec('big', command('', EXIT_5, 100), { memory_bytes: 65_536 * 10 }));
    await assert.rejects(runtime.startContainer('big'), /more memory than its limit/);
  });

  it('keeps containers running while Tenon is away', async () => {
    await start('stays', command('here\n', FOREVER));
    runtime.dispose();
    runtime = await openWasmRuntime({ clock, folder });
    watch();
    assert.equal((await runtime.status('stays')).state, 'running');
    await runtime.stopContainer('stays', 0);
    assert.equal((await runtime.status('stays')).exitCode, 137);
  });

  it('runs the host as nobody where we are root', { skip: process.getuid?.() !== 0 }, () => {
    const pid = readFileSync(join(folder, 'wasm-host.pid'), 'utf8');
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\s65534\s65534/m);
    assert.ok(existsSync(`/proc/${pid}`));
  });
});

it('lowers the maximum of a module and nothing else', () => {
  const module = command('x', EXIT_5);
  const limited = limitMemory(module, 65_536 * 7)!;
  assert.equal(limited.length, module.length + 1);
  assert.equal(limitMemory(limited, 65_536 * 300)!.length, limited.length);
  assert.equal(limitMemory(module, 1), undefined);
});
