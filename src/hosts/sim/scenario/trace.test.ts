import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultError, formatSpan } from '../../../base/index.ts';
import { splitRow } from './csv.ts';
import { readMoment, readTrace, TRACE_DEFAULTS, type TraceOptions } from './trace.ts';

const read = (text: string, options: Partial<TraceOptions> = {}) =>
  readTrace('t.csv', text.split('\n'), { ...TRACE_DEFAULTS, ...options });

const series = (text: string, options: Partial<TraceOptions> = {}): [number[], number[], number] => {
  const { times_ms, values, length_ms } = read(text, options);
  return [[...times_ms], [...values], length_ms];
};

test('moments are read in every usual form', () => {
  const wanted = Date.UTC(2023, 10, 16, 18, 17, 3);
  for (const text of [
    '2023-11-16 18:17:03',
    '2023-11-16T18:17:03Z',
    '2023-11-16T20:17:03+02:00',
    '2023/11/16 18:17:03 UTC',
    '1700158623',
    '1700158623.0',
    '1700158623000',
    '1700158623000000',
    '1700158623000000000',
  ])
    assert.equal(readMoment(text), wanted, text);
  assert.equal(readMoment('2023-11-16 18:17:03.9799600'), wanted + 979.96);
  assert.equal(readMoment('2023-11-16'), Date.UTC(2023, 10, 16));
  assert.equal(readMoment('2.5'), 2500);
  for (const text of ['', 'noon', '2023-13-01', '2023-11-16 25:00:00', '1e300', 'NaN', '0x10'])
    assert.equal(readMoment(text), undefined, text);
});

test('rows become a recording from its first row on', () => {
  const five = 300_000;
  const rows = '2014-04-01 00:00:00,20.0\n2014-04-01 00:05:00,21.5\n2014-04-01 00:10:00,0';
  const wanted = [[0, five, 2 * five], [20, 21.5, 0], 3 * five];
  assert.deepEqual(series(`timestamp,value\n${rows}`), wanted);
  assert.deepEqual(series(`\ufefftimestamp,value\r\n${rows.replaceAll('\n', '\r\n')}\r\n\r\n`), wanted, 'BOM and CRLF');
  assert.deepEqual(series(rows), wanted, 'no header');
  assert.deepEqual(series(`when;what;value\n${rows.replaceAll(',', ';"a;b";')}`), wanted, 'semicolons and quotes');
  assert.deepEqual(series('0,5\n1,6'), [[0, 1000], [5, 6], 2000], 'seconds');
});

test('columns are found by their names, or named', () => {
  const text = 'value,container,timestamp_anon\n3,a,1662858720.0\n4,b,1662858777.0';
  assert.deepEqual(series(text), [[0, 57_000], [3, 4], 114_000]);
  assert.deepEqual(series(text, { where: { container: 'b' } }), [[0], [4], 1]);
  assert.deepEqual(series('a,b,c\n1,2,x\n2,3,x', { time: 'a', value: 'b' }), [[0, 1000], [2, 3], 2000]);
});

test('arrivals: a request a row, several at one moment too', () => {
  const text = 'TIMESTAMP,ContextTokens\n2023-11-16 18:17:03.5,374\n2023-11-16 18:17:03.5,10\n2023-11-16 18:17:13.5,20';
  assert.deepEqual(series(text, { arrivals: true }), [[0, 0, 10_000], [1, 1, 1], 10_000]);
  assert.deepEqual(series(text, { arrivals: true, value: 'ContextTokens' })[1], [374, 10, 20]);
  assert.deepEqual(series(text, { arrivals: true, from_ms: 5000 }), [[5000], [1], 5000]);
});

test('rows of one time are joined, holes filled, disorder mended where that is asked', () => {
  const twice = 'time,value\n1,5\n1,7\n2,1';
  assert.deepEqual(series(twice, { combine: 'sum' }), [[0, 1000], [12, 1], 2000]);
  assert.deepEqual(series(twice, { combine: 'mean' })[1], [6, 1]);
  assert.deepEqual(series(twice, { combine: 'max' })[1], [7, 1]);
  const holed = 'time,value\n0,5\n1,6\n2,7\n6,8\n7,9';
  assert.deepEqual(series(holed, { gaps: 'hold' }), [[0, 1000, 2000, 6000, 7000], [5, 6, 7, 8, 9], 8000]);
  assert.deepEqual(series(holed, { gaps: 'zero' }), [[0, 1000, 2000, 3000, 6000, 7000], [5, 6, 7, 0, 8, 9], 8000]);
  assert.deepEqual(series('time,value\n2,1\n0,5\n1,3', { sort: true }), [[0, 1000, 2000], [5, 3, 1], 3000]);
});

test('a part of a recording', () => {
  const text = 'time,value\n0,5\n10,6\n20,7\n30,8';
  assert.deepEqual(series(text, { from_ms: 15_000, to_ms: 25_000 }), [[0, 5000], [6, 7], 10_000]);
  assert.deepEqual(series(text, { from_ms: 10_000 }), [[0, 10_000, 20_000], [6, 7, 8], 30_000]);
});

const BAD: readonly (readonly [text: string, wanted: string, options?: Partial<TraceOptions>])[] = [
  ['', 'trace-empty t.csv:1:1'],
  ['time,value', 'trace-empty t.csv:1:1'],
  ['time,value\n0,1\n1,x', 'trace-text t.csv:3:1'],
  ['time,value\n0,1\n1,', 'trace-text t.csv:3:1'],
  ['time,value\n0,1\n1,NaN', 'trace-text t.csv:3:1'],
  ['time,value\n0,1\nsoon,2', 'trace-text t.csv:3:1'],
  ['time,value\n0,1\n\n1,-2', 'trace-negative t.csv:4:1'],
  ['time,value\n0,1\n2,2\n1,2', 'trace-back t.csv:4:1'],
  ['time,value\n0,1\n0,2', 'trace-twice t.csv:3:1'],
  ['time,value\n0,1\n1,2\n2,3\n9,4', 'trace-gap t.csv:5:1'],
  ['time,value\n0,1,2', 'trace-row t.csv:2:1'],
  ['time,value\n0,1', 'trace-column t.csv:1:1', { value: 'valu' }],
  ['time\n0', 'trace-column t.csv:1:1'],
  ['time,value\n0,1', 'trace-empty t.csv:1:1', { from_ms: 5000, arrivals: true }],
];

test('what cannot be read is a fault with its line', () => {
  for (const [text, wanted, options] of BAD) {
    assert.throws(
      () => read(text, options),
      (error: FaultError) => {
        const { code, where } = error.fault;
        assert.equal(`${code.replace('scenario/', '')} ${formatSpan(where as never)}`, wanted, JSON.stringify(text));
        return true;
      },
    );
  }
});

test('cells', () => {
  assert.deepEqual(splitRow('a, "b,""c""" ,', ','), ['a', 'b,"c"', '']);
});
