import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ContainerSpec, SandboxSpec } from '../model.ts';
import { transpiledComponent } from './image-wasm.ts';
import { openWasmRuntime, type WasmRuntime } from './runtime-wasm.ts';
import { askingComponent, listeningComponent } from './wasm-sockets-fixture.ts';

const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delay_ms: number, action: () => void) => {
    const timer = setTimeout(action, delay_ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

const ASKING = '127.0.0.1';
const PORT = 39_271;
/** An address of the machine that is not loopback: two pods of one machine have two of them. */
const address = Object.values(networkInterfaces())
  .flat()
  .find(entry => entry?.family === 'IPv4' && !entry.internal)?.address;

describe('wasi:sockets between pods', { skip: address ? false : 'the machine has loopback alone' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-wasm-sockets-'));
  const ends = new Map<string, () => void>();
  let runtime: WasmRuntime;

  before(async () => {
    runtime = await openWasmRuntime({ clock, folder: join(folder, 'run') });
    runtime.subscribe(event => event.kind === 'exited' && ends.get(event.containerId)?.());
  });
  after(async () => {
    for (const { spec } of await runtime.listSandboxes()) await runtime.removeSandbox(spec.id);
    await runtime.shutdown();
    rmSync(folder, { recursive: true });
  });

  /** A pod with one container, and its end. */
  async function pod(id: string, at: string, binary: Uint8Array, sockets?: string): Promise<{ ended: Promise<void> }> {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    ends.set(id, resolve);
    const module = join(folder, `${id}.wasm`);
    writeFileSync(module, binary);
    const component = await transpiledComponent(folder, module);
    const annotations = sockets === undefined ? {} : { 'tenon.dev/wasm-sockets': sockets };
    await runtime.runSandbox({
      id,
      pod: { namespace: 'd', name: id, uid: id },
      address: at,
      annotations,
    } as SandboxSpec);
    await runtime.createContainer({
      id,
      sandboxId: id,
      name: id,
      imageId: id,
      rootfs: { kind: 'wasm', module, world: 'command', component },
      args: [],
      environment: [],
      mounts: [],
      devices: [],
      resources: {},
      stopSignal: 'SIGTERM',
      logPath: join(folder, `${id}.log`),
    } as unknown as ContainerSpec);
    await runtime.startContainer(id);
    return { ended };
  }

  const told = async (id: string): Promise<[string, number | undefined]> => {
    const { exitCode } = await runtime.status(id);
    return [readFileSync(join(folder, `${id}.log`), 'utf8').replaceAll(/^.*? std(out|err) [FP] /gm, ''), exitCode];
  };

  it('one listens, another connects; without a grant it is denied, where nobody listens refused', async () => {
    const asking = await askingComponent(address!, PORT);
    const denied = await pod('denied', ASKING, asking);
    await denied.ended;
    assert.deepEqual(await told('denied'), ['refused with code B\n', 1]);
    const early = await pod('early', ASKING, asking, `${address}:${PORT}`);
    await early.ended;
    assert.deepEqual(await told('early'), ['refused with code O\n', 1]);
    const server = await pod('server', address!, await listeningComponent(PORT));
    let answer: [string, number | undefined] = ['', undefined];
    // It listens a moment after it was started.
    for (let turn = 0; turn < 50 && answer[1] !== 0; turn++) {
      const client = await pod(`client${turn}`, ASKING, asking, `${address}/32`);
      await client.ended;
      answer = await told(`client${turn}`);
    }
    assert.deepEqual(answer, ['pong to ping\n', 0]);
    await server.ended;
    assert.equal((await runtime.status('server')).exitCode, 0);
  });
});
