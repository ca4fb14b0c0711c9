import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FaultError } from '../../base/index.ts';
import { encodeShimFrame, FRAME, ShimFrames } from '../shim/wire.ts';
import { findBinary } from './runtime-oci.ts';
import { ShimClient, ShimError } from './shim-client.ts';

const SHIM = 'containerd-shim-runc-v2';
const BUSYBOX = '/bin/busybox';
const skip =
  process.getuid?.() !== 0
    ? 'needs root'
    : !findBinary(SHIM) || !findBinary('runc')
      ? 'needs containerd'
      : !existsSync(BUSYBOX) && 'needs busybox-static';

const INSTALL = 'apt-get install containerd';

function bundle(folder: string, args: readonly string[]): string {
  const root = join(folder, 'rootfs');
  for (const name of ['bin', 'proc', 'dev']) mkdirSync(join(root, name), { recursive: true });
  copyFileSync(BUSYBOX, join(root, 'bin/busybox'));
  for (const name of ['sh', 'sleep', 'echo', 'cat']) symlinkSync('busybox', join(root, 'bin', name));
  const namespaces = ['mount', 'pid', 'ipc', 'uts'].map(type => ({ type }));
  const config = {
    ociVersion: '1.0.2',
    process: { user: { uid: 0, gid: 0 }, args, env: ['PATH=/bin'], cwd: '/' },
    root: { path: 'rootfs' },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: { namespaces },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

describe('a shim of runtime v2', { skip }, () => {
  it('creates, starts, executes in, kills and deletes a task, and ends', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tenon-shim-'));
    const id = `tenon-${process.pid}`;
    const stdout = join(folder, 'out');
    bundle(folder, ['sh', '-c', 'echo out; trap "exit 4" TERM; while true; do sleep 0.05; done']);
    writeFileSync(stdout, '');
    const events = join(folder, 'events.sock');
    const start = { binary: SHIM, install: INSTALL, namespace: 'tenon-test', id, bundle: folder, events };
    const shim = await ShimClient.start(start);
    try {
      // Both streams: this shim follows a null pointer where only one is a file.
      const stream = `file://${stdout}`;
      const pid = await shim.create({ id, bundle: folder, stdout: stream, stderr: stream });
      assert.ok(pid > 1);
      assert.equal((await shim.state({ id })).status, 'created');
      assert.equal(await shim.start({ id }), pid);
      assert.deepEqual([(await shim.state({ id })).status, (await shim.pids(id)).includes(pid)], ['running', true]);

      const command = { args: ['sh', '-c', 'exit 6'], env: ['PATH=/bin'], cwd: '/', user: { uid: 0, gid: 0 } };
      await shim.exec({ id, execId: 'e1' }, command, {});
      await shim.start({ id, execId: 'e1' });
      assert.equal(await shim.wait({ id, execId: 'e1' }), 6);
      assert.equal(await shim.delete({ id, execId: 'e1' }), 6);

      // Another connection finds the same task: what a restart of ours does.
      const again = await ShimClient.connect(shim.address);
      const waiting = again.wait({ id });
      await shim.kill({ id }, 15);
      assert.equal(await waiting, 4);
      assert.equal((await again.state({ id })).status, 'stopped');
      again.close();
      assert.equal(await shim.delete({ id }), 4);
      await assert.rejects(shim.state({ id }), error => error instanceof ShimError && error.code === 5);
      assert.match(readFileSync(stdout, 'utf8'), /^out/);
    } finally {
      await shim.kill({ id }, 9, true).catch(() => {});
      await shim.delete({ id }).catch(() => {});
      await shim.shutdown(id);
      rmSync(folder, { recursive: true, force: true });
    }
    const socket = shim.address.replace('unix://', '');
    for (let turn = 0; turn < 100 && existsSync(socket); turn++) await new Promise(resolve => setTimeout(resolve, 20));
    await assert.rejects(ShimClient.connect(shim.address), FaultError);
  });

  it('names a shim that is not installed, and how to get it', async () => {
    const start = { namespace: 'n', id: 'i', bundle: tmpdir(), events: '/nowhere', install: 'see the project' };
    await assert.rejects(
      ShimClient.start({ ...start, binary: 'containerd-shim-absent-v2' }),
      (error: FaultError) => error.fault.code === 'compute/runtime-missing',
    );
  });
});

it('cuts ttrpc frames wherever the bytes are cut, and refuses a frame above the limit', () => {
  const payload = Buffer.from('payload');
  const bytes = Buffer.concat([
    encodeShimFrame(1, FRAME.request, payload),
    encodeShimFrame(3, FRAME.response, payload),
  ]);
  for (let size = 1; size <= bytes.length; size++) {
    const frames = new ShimFrames();
    const seen = [];
    for (let at = 0; at < bytes.length; at += size) seen.push(...frames.push(bytes.subarray(at, at + size)));
    assert.deepEqual(
      seen.map(({ stream, kind }) => [stream, kind]),
      [
        [1, 1],
        [3, 2],
      ],
    );
    assert.equal(Buffer.from(seen[1]!.payload).toString(), 'payload');
  }
  assert.throws(() => new ShimFrames().push(Buffer.alloc(10, 0xff)), /refused/);
});
