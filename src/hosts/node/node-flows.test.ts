import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { FlowLog, type ObservedFlow } from '../../network/index.ts';
import { tellFlows } from './node-flows.ts';
import { systemClock, systemRandom } from './ports.ts';

const end = { kind: 'pod', address: '10.0.0.1', port: 80, identity: 7 } as const;
const flow = (uuid: string): ObservedFlow => ({
  uuid,
  time_ns: 1n,
  direction: 'ingress',
  verdict: 'dropped',
  dropReason: 133,
  protocol: 'TCP',
  source: end,
  destination: end,
  by: 'default',
  node: 'second',
});

/** A reader that takes `room` lines and then waits until it is given more. */
class Reader extends EventEmitter {
  readonly lines: Record<string, unknown>[] = [];
  room: number;

  constructor(room: number) {
    super();
    this.room = room;
  }

  writeHead(): this {
    return this;
  }

  write(text: string): boolean {
    this.lines.push(JSON.parse(text) as Record<string, unknown>);
    return --this.room > 0;
  }

  more(room: number): void {
    this.room = room;
    this.emit('drain');
  }
}

const tell = (log: FlowLog, reader: Reader, url: string): void =>
  tellFlows(log, systemClock, { url }, reader as unknown as Parameters<typeof tellFlows>[3]);

test('a slow reader is told how many flows it missed, and no memory is kept for it', () => {
  const log = new FlowLog(systemRandom());
  const reader = new Reader(3);
  tell(log, reader, '/tenon/flows');
  for (let at = 0; at < log.capacity + 10; at++) log.keep(flow(String(at)));
  assert.deepEqual(
    reader.lines.map(line => line.uuid ?? line.lost),
    [0, '0', '1'],
  );
  reader.more(3);
  assert.deepEqual(
    reader.lines.slice(3).map(line => line.uuid ?? line.lost),
    [8, '10', '11'],
  );
  const seen = reader.lines.length;
  reader.emit('close');
  log.keep(flow('later'));
  reader.more(9);
  assert.equal(reader.lines.length, seen);
});

test('a reader goes on where it was; one of an earlier run starts anew', () => {
  const log = new FlowLog(systemRandom());
  for (const uuid of ['a', 'b', 'c']) log.keep(flow(uuid));
  const told = (query: string): unknown[] => {
    const reader = new Reader(100);
    tell(log, reader, `/tenon/flows?${query}`);
    reader.emit('close');
    return reader.lines.map(line => line.uuid ?? line.lost);
  };
  assert.deepEqual(told(`run=${log.run}&from=2`), [0, 'c']);
  assert.deepEqual(told('run=another&from=2'), [0, 'a', 'b', 'c']);
  assert.deepEqual(told(`run=${log.run}&from=nowhere`), [0, 'a', 'b', 'c']);
});

test('what the kernel could not tell of is told by the way, once, and takes no place', () => {
  const log = new FlowLog(systemRandom());
  const reader = new Reader(2);
  tell(log, reader, '/tenon/flows');
  log.keep(flow('a'));
  for (const count of [3, 4]) log.lose(count, 'n', 'kernel');
  log.lose(9, 'n', 'log');
  assert.equal(reader.lines.length, 2, 'the reader is slow');
  reader.more(3);
  log.keep(flow('b'));
  assert.deepEqual(
    reader.lines.slice(1).map(line => line.uuid ?? [line.lost, line.missed]),
    ['a', [0, 7], 'b'],
  );
  reader.emit('close');
});
