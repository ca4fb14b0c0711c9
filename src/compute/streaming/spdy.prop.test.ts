import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDeflate, constants } from 'node:zlib';
import fc from 'fast-check';
import { type Frame, SpdyError, SpdyFramer } from './spdy-frames.ts';
import { HeaderCodec, SPDY_DICTIONARY } from './spdy-headers.ts';

const stream = fc.integer({ min: 1, max: 0x7fff_ffff });
const headers = fc.array(fc.tuple(fc.stringMatching(/^[a-z-]{1,20}$/), fc.string({ maxLength: 60 })), { maxLength: 8 });
const frame: fc.Arbitrary<Exclude<Frame, { type: 'other' }>> = fc.oneof(
  fc.record({ type: fc.constant('syn-stream' as const), stream, fin: fc.boolean(), headers }),
  fc.record({ type: fc.constant('syn-reply' as const), stream, fin: fc.boolean(), headers }),
  fc.record({ type: fc.constant('headers' as const), stream, fin: fc.boolean(), headers }),
  fc.record({ type: fc.constant('rst-stream' as const), stream, status: fc.nat(11) }),
  fc.record({ type: fc.constant('ping' as const), id: fc.nat() }),
  fc.record({ type: fc.constant('goaway' as const), last: stream, status: fc.nat(2) }),
  fc.record({ type: fc.constant('window-update' as const), stream, delta: stream }),
  fc.record({
    type: fc.constant('data' as const),
    stream,
    fin: fc.boolean(),
    data: fc.uint8Array({ maxLength: 2000 }).map(bytes => Buffer.from(bytes)),
  }),
);

/** Data frames come in pieces: join what belongs together. */
function joined(frames: readonly Frame[]): Frame[] {
  const out: Frame[] = [];
  let open: { stream: number; parts: Buffer[]; size: number } | undefined;
  for (const next of frames) {
    if (next.type !== 'data') {
      out.push(next);
      continue;
    }
    open ??= { stream: next.stream, parts: [], size: 0 };
    open.parts.push(next.data);
    out.push({ ...next, data: Buffer.concat(open.parts) });
    open = undefined;
  }
  return out;
}

describe('SPDY/3.1 frames', () => {
  it('come back as they were sent, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 10 }), fc.integer({ min: 1, max: 5000 }), (frames, cut) => {
        const writer = new SpdyFramer();
        const bytes = Buffer.concat(frames.map(next => writer.encode(next)));
        const reader = new SpdyFramer();
        const got: Frame[] = [];
        for (let at = 0; at < bytes.length; at += cut) got.push(...reader.push(bytes.subarray(at, at + cut)));
        const text = (list: readonly Frame[]): string[] => {
          const lines: string[] = [];
          let data = '';
          for (const next of list) {
            if (next.type !== 'data') lines.push(JSON.stringify(next));
            else {
              data += next.data.toString('hex');
              if (next.fin) lines.push(`fin ${next.stream}`);
            }
          }
          return [...lines, data];
        };
        assert.deepEqual(text(joined(got)), text(frames));
      }),
      { numRuns: 200 },
    );
  });

  it('never fail on noise but with a SpdyError', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), chunks => {
        const reader = new SpdyFramer();
        try {
          for (const chunk of chunks) reader.push(Buffer.from([0x80, 3, 0, 1, ...chunk]));
        } catch (error) {
          assert.ok(error instanceof SpdyError, String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('SPDY/3 header compression', () => {
  it('reads what zlib writes over many blocks of one connection', async () => {
    const deflate = createDeflate({ dictionary: SPDY_DICTIONARY });
    const blocks: Buffer[] = [];
    let parts: Buffer[] = [];
    deflate.on('data', (chunk: Buffer) => parts.push(chunk));
    const wanted = Array.from(
      { length: 50 },
      (_, i) =>
        [
          ['streamtype', 'data'],
          ['port', '80'],
          ['requestid', String(i)],
        ] as const,
    );
    for (const pairs of wanted) {
      const words = pairs.flat();
      const plain = Buffer.concat([
        Buffer.from([0, 0, 0, pairs.length]),
        ...words.map(word => Buffer.concat([Buffer.from([0, 0, 0, word.length]), Buffer.from(word)])),
      ]);
      deflate.write(plain);
      await new Promise<void>(resolve => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
      blocks.push(Buffer.concat(parts));
      parts = [];
    }
    const codec = new HeaderCodec();
    assert.deepEqual(
      blocks.map(block => codec.decode(block)),
      wanted.map(pairs => pairs.map(pair => [...pair])),
    );
  });

  it('refuses a block that unpacks to too much', () => {
    const codec = new HeaderCodec();
    const writer = new HeaderCodec();
    codec.decode(writer.encode([['a', 'b']]));
    assert.throws(() => codec.decode(Buffer.from('noise that is no deflate data')));
  });
});
