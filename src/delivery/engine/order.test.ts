import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Delivered, Wanted } from '../model.ts';
import { applyOrder, identityOf, toPrune } from './order.ts';

const wanted = (kind: string, name: string): Wanted => ({
  object: { apiVersion: 'v1', kind, metadata: { name } },
  origin: {},
});
const delivered = (kind: string, name: string): Delivered => ({
  ref: { group: '', version: 'v1', resource: kind.toLowerCase() },
  kind,
  name,
  origin: '',
});

test('what others need comes first, webhooks last, equals stay as written', () => {
  const order = applyOrder(
    [
      'ValidatingWebhookConfiguration',
      'Deployment',
      'ConfigMap',
      'Widget',
      'CustomResourceDefinition',
      'Namespace',
    ].map(kind => wanted(kind, 'x')),
  );
  assert.deepEqual(
    order.map(item => item.object.kind),
    ['Namespace', 'CustomResourceDefinition', 'ConfigMap', 'Deployment', 'Widget', 'ValidatingWebhookConfiguration'],
  );
});

test('ordering keeps every object exactly once', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('Namespace', 'Pod', 'Secret', 'Ingress', 'X')), kinds => {
      const items = kinds.map((kind, index) => wanted(kind, String(index)));
      assert.deepEqual(new Set(applyOrder(items)), new Set(items));
    }),
  );
});

test('pruned is what is wanted no more, in reverse order', () => {
  const gone = toPrune(
    [delivered('Namespace', 'a'), delivered('ConfigMap', 'b'), delivered('Pod', 'c')],
    [delivered('ConfigMap', 'b')],
  );
  assert.deepEqual(
    gone.map(item => item.kind),
    ['Pod', 'Namespace'],
  );
  assert.equal(identityOf(delivered('Pod', 'c')), '/Pod//c');
});
