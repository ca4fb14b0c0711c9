import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type FieldRequirement,
  matchFields,
  matchLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '../selector.ts';
import type { KubeObject } from '../object.ts';
import { glanceFor } from './glance.ts';

const word = fc.constantFrom('a', 'b', 'labels', 'metadata', 'app', 'x.y/z', 'true', '7', 'status');
const odd = fc.constantFrom('"', '\\', '{', '}', '"labels":{"a":"b"}', '\\"app":"a', 'é', '"a":"b"', '');
const value = fc.oneof(word, odd, fc.string({ maxLength: 6 }));
const tree = fc.letrec(tie => ({
  node: fc.oneof(
    { maxDepth: 3 },
    value,
    fc.integer(),
    fc.boolean(),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(word, value), tie('node'), { maxKeys: 4 }),
  ),
})).node;
const labels = fc.option(fc.dictionary(word, word, { maxKeys: 4 }), { nil: undefined });

/** Objects with their parts in any order, and names and values that look like other parts. */
const object = fc.record({ labels, before: tree, within: tree, after: tree, order: fc.boolean() }).map(each => {
  const metadata = {
    name: 'n',
    ...(each.order ? { annotations: each.within } : {}),
    ...(each.labels ? { labels: each.labels } : {}),
    ...(each.order ? {} : { managedFields: each.within }),
  };
  const parts = { apiVersion: 'v1', kind: 'K', ...(each.order ? { spec: each.before } : {}), metadata };
  return { ...parts, status: each.after, type: each.before } as unknown as KubeObject;
});
const selector = fc.constantFrom(
  'a=b',
  'a',
  '!a',
  'a!=b',
  'app in (a,b)',
  'app notin (a)',
  'labels',
  'x.y/z=true',
  'a=b,!app',
  '',
);
const fields = fc.constantFrom(
  '',
  'type=a',
  'type!=a',
  'type=true',
  'type=7',
  'status.a=b',
  'status.a!=b',
  'metadata.name=n',
  'type=',
);

test('a glance never says what the object does not', () => {
  let told = 0;
  fc.assert(
    fc.property(object, selector, fields, (given, labelText, fieldText) => {
      const labelTerms = parseLabelSelector(labelText);
      const fieldTerms: readonly FieldRequirement[] = parseFieldSelector(fieldText);
      const text = JSON.stringify(given);
      const bytes = Buffer.from(`xx${text}yy"a":"b"`);
      const glance = glanceFor(labelTerms, fieldTerms, () => true);
      const seen = glance?.({ text: bytes, start: 2, size: Buffer.byteLength(text) });
      if (seen === undefined) return;
      told++;
      const read = JSON.parse(text) as KubeObject;
      assert.equal(seen, matchLabels(labelTerms, read.metadata.labels) && matchFields(fieldTerms, read));
    }),
    { numRuns: 5_000, seed: 11 },
  );
  assert.ok(told > 2_000, `only ${told} were told`);
});
