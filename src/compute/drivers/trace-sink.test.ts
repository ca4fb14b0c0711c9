import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import koffi from 'koffi';
import { MESSAGE_TYPES, TRACE_MESSAGES } from '../dialects/gvisor/trace/messages.ts';
import type { ProcessEvent } from '../process-events.ts';
import { Codec } from '../protobuf/codec.ts';
import { TraceSink } from './trace-sink.ts';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const connect = libc.func('int connect(int fd, const void *address, uint length)');
const send = libc.func('long send(int fd, const void *data, size_t length, int flags)');
const recv = libc.func('long recv(int fd, void *data, size_t length, int flags)');
const close = libc.func('int close(int fd)');

const codec = new Codec(TRACE_MESSAGES);
const EXEC = [...MESSAGE_TYPES].find(([, name]) => name === 'Exec')![0];

function dial(path: string): number {
  const fd = socket(1, 5, 0) as number;
  const address = Buffer.alloc(110);
  address.writeUInt16LE(1, 0);
  address.write(path, 2);
  assert.equal(connect(fd, address, address.length), 0);
  return fd;
}

const put = (fd: number, packet: Buffer): number => Number(send(fd, packet, packet.length, 0x4040));

function executed(path: string, dropped = 0, type = EXEC): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(8, 0);
  head.writeUInt16LE(type, 2);
  head.writeUInt32LE(dropped, 4);
  return Buffer.concat([head, codec.encode('Exec', { context: { containerId: 'c' }, binaryPath: path })]);
}

async function answer(fd: number): Promise<Buffer> {
  const bytes = Buffer.alloc(64);
  for (let turn = 0; turn < 500; turn++) {
    const length = Number(recv(fd, bytes, bytes.length, 0x40));
    if (length >= 0) return bytes.subarray(0, length);
    await wait(10);
  }
  return assert.fail('no answer');
}

describe('a sink of traces', { skip: process.platform === 'linux' ? false : 'needs Linux' }, () => {
  async function heard(play: (path: string) => Promise<number>, holds: (events: ProcessEvent[]) => boolean) {
    const folder = mkdtempSync(join(tmpdir(), 'tenon-sink-'));
    const events: ProcessEvent[] = [];
    try {
      await using sink = await TraceSink.open(join(folder, 's'), more => void events.push(...more));
      assert.equal(statSync(sink.path).mode & 0o777, 0o600);
      const fd = await play(sink.path);
      for (let turn = 0; turn < 500 && !holds(events); turn++) await wait(10);
      close(fd);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return events;
  }
  const greet = async (path: string): Promise<number> => {
    const fd = dial(path);
    put(fd, codec.encode('Handshake', { version: 1 }));
    assert.deepEqual(await answer(fd), codec.encode('Handshake', { version: 1 }));
    return fd;
  };

  it('tells events in their order, packet by packet, and how many were dropped or not understood', async () => {
    const events = await heard(
      async path => {
        const fd = await greet(path);
        for (const packet of [executed('/1'), executed('/2', 3), executed('/x', 3, 900), executed('/4', 5)])
          put(fd, packet);
        return fd;
      },
      told => told.length >= 6,
    );
    assert.deepEqual(
      events.map(event => (event.kind === 'executed' ? event.path : event)),
      [
        '/1',
        { kind: 'lost', containerId: 'c', count: 3, why: 'full' },
        '/2',
        { kind: 'lost', containerId: 'c', count: 1, why: 'unread' },
        { kind: 'lost', containerId: 'c', count: 2, why: 'full' },
        '/4',
      ],
    );
  });

  it('lets go of a peer that speaks another protocol', async () => {
    const events = await heard(
      async path => {
        const fd = dial(path);
        put(fd, executed('/1'));
        assert.equal((await answer(fd)).length, 0);
        return fd;
      },
      () => true,
    );
    assert.deepEqual(events, []);
  });

  it('takes thousands a second of several kernels', async () => {
    const count = 5_000;
    const events = await heard(
      async path => {
        const [one, other] = [await greet(path), await greet(path)];
        for (let at = 0; at < count; at++)
          for (const fd of [one, other]) while (put(fd, executed(`/${at}`)) < 0) await wait(1);
        setTimeout(() => close(other), 1000).unref();
        return one;
      },
      told => told.length >= 2 * count,
    );
    assert.equal(events.length, 2 * count);
    assert.equal(events.filter(({ kind }) => kind === 'lost').length, 0);
  });
});
