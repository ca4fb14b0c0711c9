import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { collector, NO_STREAMS } from '../agent/streams.ts';
import { isReady, TestNode, unavailable } from '../agent/testhost.ts';
import { ContainerLog } from './container-log.ts';
import { processTicks } from './keeper-containers.ts';
import { openKeeper } from './keeper-client.ts';
import { FrameReader, encodeData, encodeMessage } from './keeper-protocol.ts';

/** Zombies do not count. */
const isAlive = (pid: number): boolean => processTicks(pid) !== 0;

describe('keeper', { skip: process.platform !== 'linux' }, () => {
  it('runs commands with their streams, exit codes, signals and time limits', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tenon-keeper-'));
    const keeper = await openKeeper({ folder });
    const run = async (script: string, extra: { timeout_ms?: number; stdin?: string } = {}) => {
      const out = collector(1_000_000);
      const { stdin, ...limits } = extra;
      const source =
        stdin === undefined
          ? undefined
          : (async function* () {
              yield Buffer.from(stdin);
            })();
      const request = {
        path: '/bin/sh',
        args: ['-c', script],
        environment: { PATH: '/bin:/usr/bin' },
        cwd: '/',
        stdin: stdin !== undefined,
        terminal: false,
        ...limits,
      };
      const exit = await keeper.run(request, {
        ...NO_STREAMS,
        stdout: out.sink,
        stderr: out.sink,
        ...(source ? { stdin: source } : {}),
      });
      return { ...exit, text: out.text() };
    };
    try {
      assert.deepEqual(await run('echo out; exit 3'), { exitCode: 3, text: 'out\n' });
      assert.deepEqual(await run('kill -9 $$'), { exitCode: 137, signal: 'SIGKILL', text: '' });
      assert.deepEqual(await run('cat', { stdin: 'typed' }), { exitCode: 0, text: 'typed' });
      assert.equal((await run('sleep 60', { timeout_ms: 100 })).timedOut, true);
      assert.equal((await run('head -c 500000 /dev/zero')).text.length, 500_000);
      assert.equal((await run('sleep 0.2 & echo done')).text, 'done\n');
    } finally {
      await keeper.shutdown();
      rmSync(folder, { recursive: true });
    }
  });

  it('loses no pod when it is killed itself: the next one takes up processes and output', {
    skip: unavailable,
  }, async () => {
    await using node = await TestNode.start(['process']);
    const script = 'i=0; while true; do i=$((i+1)); echo line $i; sleep 0.02; done';
    await node.pod('stays', { containers: [{ name: 'c', image: 'busybox:1', command: ['sh', '-c', script] }] });
    const before = await node.until('stays', isReady);
    const worker = node.agent.worker('default', 'stays')!;
    const log = worker.logPath('c', 0);
    const { pid = 0 } = await worker.runtime!.status(worker.state.containers[0]!.current!.id);
    process.kill(node.keeper.pid, 'SIGKILL');
    await node.stopAgent();
    await new Promise(resolve => setTimeout(resolve, 200));
    assert.ok(isAlive(pid), 'the container died with the keeper');
    await node.startAgent(['process']);
    const again = await node.until('stays', isReady);
    assert.equal(again.status?.containerStatuses?.[0]?.containerID, before.status?.containerStatuses?.[0]?.containerID);
    const seen = readFileSync(log, 'utf8').length;
    await new Promise(resolve => setTimeout(resolve, 300));
    assert.ok(readFileSync(log, 'utf8').length > seen, 'nobody reads the output');
    await node.delete('stays');
    assert.ok(!isAlive(pid));
  });

  it("leaves no process of killed agents at 20 moments of a pod's start", { skip: unavailable }, async () => {
    await using node = await TestNode.start(['process']);
    for (let moment = 0; moment < 20; moment++) {
      await node.pod(`p${moment}`, {
        containers: [{ name: 'c', image: 'busybox:1', command: ['sleep', '1000'] }],
        terminationGracePeriodSeconds: 0,
      });
      await new Promise(resolve => setTimeout(resolve, moment * 3));
      await node.stopAgent();
      await node.startAgent(['process']);
      await node.until(`p${moment}`, isReady);
    }
    for (let moment = 0; moment < 20; moment++) await node.delete(`p${moment}`);
    for (let turn = 0; turn < 200 && (await node.keeper.list()).length > 0; turn++)
      await new Promise(resolve => setTimeout(resolve, 25));
    assert.deepEqual(await node.keeper.list(), []);
    assert.deepEqual(await node.network.list(), []);
  });
});

it('cuts frames wherever the bytes are cut', () => {
  const bytes = Buffer.concat([
    encodeMessage({ a: 1 }),
    encodeData(1, Buffer.from('xyz')),
    encodeData(0, Buffer.alloc(0)),
  ]);
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new FrameReader();
    const frames = [];
    for (let at = 0; at < bytes.length; at += size) frames.push(...reader.push(bytes.subarray(at, at + size)));
    assert.equal(frames.length, 3);
    assert.deepEqual(frames[0], { kind: 'message', message: { a: 1 } });
    assert.equal(frames[1]?.kind === 'data' && frames[1].bytes.toString(), 'xyz');
  }
  assert.throws(() => new FrameReader().push(Buffer.from([0xff, 0xff, 0xff, 0xff, 0])), /refused/);
});

it('writes CRI lines, long ones in parts, and rotates by size', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-log-'));
  try {
    const path = join(folder, '0.log');
    const log = new ContainerLog(path, 50_000, 3);
    log.write(1, Buffer.from('one\ntw'));
    log.write(2, Buffer.from('error\n'));
    log.write(1, Buffer.from('o\n'));
    log.write(1, Buffer.from(`${'x'.repeat(20_000)}\n`));
    const lines = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => line.split(' ').slice(1).join(' '));
    assert.deepEqual(lines.slice(0, 3), ['stdout F one', 'stderr F error', 'stdout F two']);
    assert.deepEqual(
      lines.slice(3).map(line => line.slice(0, 8)),
      ['stdout P', 'stdout F'],
    );
    for (let index = 0; index < 20; index++) log.write(1, Buffer.from(`${'y'.repeat(9000)}\n`));
    assert.ok(existsSync(`${path}.1`) && existsSync(`${path}.2`) && !existsSync(`${path}.3`));
    log.write(1, Buffer.from('unended'));
    log.close();
    assert.match(readFileSync(path, 'utf8'), /stdout P unended\n$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
