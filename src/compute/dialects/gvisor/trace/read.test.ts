import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Codec } from '../../../protobuf/codec.ts';
import { MESSAGE_TYPES, TRACE_MESSAGES } from './messages.ts';
import { addressOf, answerHandshake, readTrace } from './read.ts';
import { traceSession } from './session.ts';

const codec = new Codec(TRACE_MESSAGES);
const context = {
  time_ns: 1_500_000,
  threadId: 8,
  threadGroupId: 7,
  containerId: 'c1',
  cwd: '/srv',
  processName: 'nginx',
  parentThreadGroupId: 1,
  isExecSession: true,
  credentials: { realUid: 101, effectiveUid: 0, realGid: 102, effectiveGid: 103 },
};
const process = {
  pid: 7,
  threadId: 8,
  parentPid: 1,
  name: 'nginx',
  workingFolder: '/srv',
  account: { uid: 101, effectiveUid: 0, gid: 102, effectiveGid: 103 },
  entered: true,
};
const about = { containerId: 'c1', at_ms: 1.5, process };

function packet(type: string, message: object, header = 8, dropped = 0): Buffer {
  const [number] = [...MESSAGE_TYPES].find(([, name]) => name === type) ?? [0];
  const head = Buffer.alloc(header);
  head.writeUInt16LE(header, 0);
  head.writeUInt16LE(number, 2);
  head.writeUInt32LE(dropped, 4);
  return Buffer.concat([head, codec.encode(type, { context, ...message })]);
}

/** A message, and the event it becomes. */
const rows: readonly (readonly [type: string, message: object, event: object])[] = [
  ['Start', { id: 'c1', args: ['a', 'b'], terminal: true }, { kind: 'started', args: ['a', 'b'], terminal: true }],
  ['Clone', { createdThreadId: 10, createdThreadGroupId: 9 }, { kind: 'forked', childPid: 9, childThreadId: 10 }],
  ['Exec', { binaryPath: '/bin/x', argv: ['x'] }, { kind: 'executed', path: '/bin/x', args: ['x'] }],
  ['TaskExit', { exitStatus: 3 << 8 }, { kind: 'exited', exitCode: 3 }],
  ['TaskExit', { exitStatus: 9 }, { kind: 'exited', exitCode: 137, signal: 9 }],
  [
    'CallOpen',
    { sysno: 257, fd: -100, pathname: '/etc/shadow', flags: 2, exit: { errorno: 13 } },
    {
      kind: 'call',
      name: 'openat',
      number: 257,
      errno: 13,
      path: '/etc/shadow',
      descriptor: -100,
      arguments: { flags: 2, mode: 0 },
    },
  ],
  [
    'CallConnect',
    { sysno: 42, fd: 3, fdPath: 'socket:[1]', address: Buffer.from('02000035c0000201', 'hex'), exit: { result: 0 } },
    {
      kind: 'call',
      name: 'connect',
      number: 42,
      result: 0,
      descriptor: 3,
      descriptorPath: 'socket:[1]',
      address: { family: 'ipv4', ip: '192.0.2.1', port: 53 },
      arguments: {},
    },
  ],
  ['CallFork', { sysno: 57 }, { kind: 'call', name: '#57', number: 57, arguments: {} }],
];

describe('packets of a trace', () => {
  for (const [type, message, event] of rows)
    it(`${type} ${JSON.stringify(event).slice(0, 60)}`, () => {
      const expected = { ...event, ...about };
      assert.deepEqual(readTrace(packet(type, message)), { dropped: 0, event: expected });
      // A longer header of a later version is passed over.
      assert.deepEqual(readTrace(packet(type, message, 12, 5)), { dropped: 5, event: expected });
    });

  it('of another form tell how many were dropped, and nothing else', () => {
    const good = packet('Exec', { binaryPath: '/x' }, 8, 7);
    const other = Buffer.from(good);
    other.writeUInt16LE(999, 2);
    const long = Buffer.from(good);
    long.writeUInt16LE(60_000, 0);
    for (const bad of [other, long, good.subarray(0, 12), good.subarray(0, 8)])
      assert.deepEqual(readTrace(bad), { dropped: 7 });
  });

  it('never throw, whatever they are', () => {
    const hostile = fc.tuple(fc.constantFrom(...MESSAGE_TYPES.keys(), 0), fc.uint8Array({ maxLength: 200 }));
    fc.assert(
      fc.property(hostile, ([type, body]) => {
        const head = Buffer.from([8, 0, type, 0, 0, 0, 0, 0]);
        const { event } = readTrace(Buffer.concat([head, body]));
        assert.ok(event === undefined || typeof event.containerId === 'string');
        assert.ok(addressOf(Buffer.from(body)).family);
      }),
    );
  });

  it('begin with a version of ours or later', () => {
    assert.deepEqual(
      answerHandshake(codec.encode('Handshake', { version: 2 })),
      codec.encode('Handshake', { version: 1 }),
    );
    assert.equal(answerHandshake(Buffer.alloc(0)), undefined);
    assert.equal(answerHandshake(Buffer.from([0xff])), undefined);
  });

  it('addresses: of every family, cut short, abstract', () => {
    const of = (hex: string): unknown => addressOf(Buffer.from(hex, 'hex'));
    assert.deepEqual(of(`0a0001bb00000000${'20010db8'}${'00'.repeat(11)}01${'00'.repeat(4)}`), {
      family: 'ipv6',
      ip: '2001:db8::1',
      port: 443,
    });
    assert.deepEqual(of('01002f72756e2f78007a'), { family: 'unix', path: '/run/x' });
    assert.deepEqual(of('0100006162'), { family: 'unix', path: '@ab' });
    assert.deepEqual(of('0200'), { family: 'other', number: 2 });
    assert.deepEqual(of('01'), { family: 'other', number: 0 });
  });

  it('are asked for by a session of one sink', () => {
    const { points, sinks } = traceSession('/s') as { points: { name: string }[]; sinks: unknown[] };
    assert.ok(points.some(({ name }) => name === 'syscall/connect/exit'));
    assert.deepEqual(sinks, [{ name: 'remote', config: { endpoint: '/s', retries: 3 } }]);
  });
});
