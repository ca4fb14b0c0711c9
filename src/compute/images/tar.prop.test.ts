import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { tarOf } from './tar-fixture.ts';
import { type TarEntry, TarError } from './tar-header.ts';
import { TarReader } from './tar-reader.ts';

const name = fc
  .array(fc.stringMatching(/^[a-zA-Z0-9_.é汉-]{1,40}$/u), { minLength: 1, maxLength: 8 })
  .map(parts => parts.join('/'));
const entry = fc.record({
  name,
  content: fc.uint8Array({ maxLength: 1500 }).map(bytes => Buffer.from(bytes)),
  mode: fc.nat(0o7777),
  uid: fc.nat(0x7fff_ffff),
  gid: fc.nat(0x7fff_ffff),
  mtime: fc.nat(0x7fff_ffff),
});

/** Reads an archive cut into pieces. */
function read(bytes: Buffer, cut: number): { entry: TarEntry; content: string }[] {
  const found: { entry: TarEntry; content: string }[] = [];
  const reader = new TarReader({
    entry: next => void found.push({ entry: next, content: '' }),
    data: piece => {
      found.at(-1)!.content += piece.toString('hex');
    },
    end: () => undefined,
  });
  for (let at = 0; at < bytes.length; at += cut) reader.push(bytes.subarray(at, at + cut));
  reader.finish();
  return found;
}

describe('tar archives', () => {
  it('come back as they were written, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.integer({ min: 1, max: 3000 }), (entries, cut) => {
        const got = read(tarOf(entries), cut);
        assert.deepEqual(
          got.map(({ entry: { name: path, mode, uid, gid, mtime }, content }) => ({
            name: path,
            mode,
            uid,
            gid,
            mtime,
            content,
          })),
          entries.map(({ content, ...rest }) => ({
            name: rest.name,
            mode: rest.mode,
            uid: rest.uid,
            gid: rest.gid,
            mtime: rest.mtime,
            content: content.toString('hex'),
          })),
        );
      }),
      { numRuns: 150 },
    );
  });

  it('that are noise or damaged end in a TarError or an answer, nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
        fc.integer({ min: 1, max: 900 }),
        (entries, damage, cut) => {
          const bytes = tarOf(entries);
          for (const [at, byte] of damage) bytes[at % bytes.length] = byte;
          try {
            read(bytes, cut);
          } catch (error) {
            assert.ok(error instanceof TarError, String(error));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
