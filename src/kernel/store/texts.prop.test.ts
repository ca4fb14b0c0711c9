import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Slab, Texts } from './texts.ts';
import { Version } from './version.ts';

/** A version that tells its slab, to see how much memory is held. */
class Placed extends Version {
  slab: Slab | undefined;
  override place(slab: Slab, start: number): void {
    this.slab = slab;
    super.place(slab, start);
  }
}

type Step = { readonly text: string } | { readonly drop: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ text: fc.tuple(fc.string({ unit: 'grapheme' }), fc.nat(40_000)).map(textOf) }) },
  { weight: 2, arbitrary: fc.record({ drop: fc.nat() }) },
);

/** Mostly some KiB, now and then one that needs a slab of its own. */
function textOf([unit, size]: readonly [string, number]): string {
  return `"${unit}${'榫x'.repeat(size % 97 === 0 ? 60_000 : size >> 2)}"`;
}

test('packed texts read as they were written, wherever they have moved and even when they are dropped', () => {
  let moved = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 150 }), steps => {
      const texts = new Texts();
      const held: { version: Placed; text: string; view: Uint8Array; first: Slab | undefined }[] = [];
      const dropped: typeof held = [];
      for (const one of steps) {
        if ('text' in one) {
          const version = new Placed(`n/${held.length}`, 1, one.text, undefined);
          version.pack(texts);
          held.push({ version, text: one.text, view: version.bytes, first: version.slab });
        } else if (held.length > 0) {
          const [gone] = held.splice(one.drop % held.length, 1);
          gone!.version.drop(texts);
          gone!.version.drop(texts);
          dropped.push(gone!);
        }
      }
      for (const { version, text, view } of [...held, ...dropped]) {
        assert.equal(version.json, text);
        assert.equal(Buffer.from(version.bytes).toString('utf8'), text);
        assert.equal(Buffer.from(view).toString('utf8'), text);
      }
      moved += held.filter(({ version, first }) => version.slab !== first).length;
      const slabs = new Set(held.map(({ version }) => version.slab!));
      const used = held.reduce((total, { version }) => total + version.size, 0);
      const taken = [...slabs].reduce((total, { bytes }) => total + bytes.length, 0);
      // Half of a slab may be free, its end too short for the next text, and one is being filled.
      assert.ok(taken <= used * 4 + 2 * 256 * 1024, `${taken} bytes for ${used}`);
    }),
    { numRuns: 60 },
  );
  assert.ok(moved > 0, 'something moved');
});

test('churn of one object takes no more than a few slabs', () => {
  const texts = new Texts();
  const slabs = new Set<Slab>();
  const stays = Array.from({ length: 100 }, (_, index) => new Placed(`stay/${index}`, 1, 's'.repeat(2_000), undefined));
  let last: Placed | undefined;
  for (let n = 0; n < 20_000; n++) {
    if (n % 200 === 0) stays[n / 200]!.pack(texts);
    const next = new Placed('lease', n, 'l'.repeat(400), undefined);
    next.pack(texts);
    last?.drop(texts);
    last = next;
  }
  for (const { slab } of stays) slabs.add(slab!);
  assert.ok(slabs.size <= 3, `${slabs.size} slabs hold what fits in one`);
});
