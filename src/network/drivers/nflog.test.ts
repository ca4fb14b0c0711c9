import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLogPrefix } from '../engine/nftpolicy.ts';
import { readLogged } from './nflog.ts';

const four = (protocol: number, rest: readonly number[], fragment = 0): Buffer =>
  Buffer.from([
    0x45,
    0,
    0,
    40,
    0,
    0,
    fragment >> 8,
    fragment & 255,
    64,
    protocol,
    0,
    0,
    10,
    0,
    0,
    1,
    10,
    0,
    0,
    2,
    ...rest,
  ]);
const six = (next: number, rest: readonly number[]): Buffer => {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header[6] = next;
  header[23] = 1;
  header[39] = 2;
  return Buffer.concat([header, Buffer.from(rest)]);
};

const rows: readonly (readonly [string, Buffer, string])[] = [
  ['TCP', four(6, [0x1f, 0x90, 0, 80]), '6 10.0.0.1:8080 10.0.0.2:80'],
  ['a later fragment', four(17, [0x1f, 0x90, 0, 80], 100), '17 10.0.0.1:0 10.0.0.2:0'],
  ['an echo request', four(1, [8, 0]), '1 10.0.0.1:0 10.0.0.2:9'],
  ['UDP over IPv6', six(17, [0, 53, 0, 54]), '17 ::1:53 ::2:54'],
  ['UDP behind options', six(60, [17, 0, 0, 0, 0, 0, 0, 0, 0, 53, 0, 54]), '17 ::1:53 ::2:54'],
  ['half a header', four(6, []), '6 10.0.0.1:0 10.0.0.2:0'],
];
for (const [what, bytes, expected] of rows)
  test(`headers of a logged packet are read: ${what}`, () => {
    const { protocol, source, destination } = readLogged('', bytes)!;
    assert.equal(`${protocol} ${source.address}:${source.port} ${destination.address}:${destination.port}`, expected);
  });

test('what is no packet, and what others log, is left out', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from([0x45]), six(6, []).subarray(0, 39)])
    assert.equal(readLogged('', bytes), undefined);
  assert.equal(readLogPrefix('firewall: denied'), undefined);
  assert.deepEqual(readLogPrefix('tenon drop ingress 133 7'), {
    dropped: true,
    direction: 'ingress',
    reason: 133,
    rule: 7,
  });
});
