import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultError } from '../../base/index.ts';
import { describePlace, parseTarget } from './place.ts';

const rows: [string, string, number | string | undefined, string | undefined][] = [
  ['shop/payments:8443/charge', 'shop/payments', 8443, '/charge'],
  ['shop/payments', 'shop/payments', undefined, undefined],
  ['deploy/shop/web', 'shop/web', undefined, undefined],
  ['svc/shop/web:http/a/b', 'shop/web', 'http', '/a/b'],
  ['10.0.0.1:80', '10.0.0.1', 80, undefined],
  ['8.8.8.8', '8.8.8.8', undefined, undefined],
  ['[2001:db8::1]:443', '2001:db8::1', 443, undefined],
  ['2001:db8::1', '2001:db8::1', undefined, undefined],
  ['example.com:443/x', 'example.com', 443, '/x'],
  ['payments.shop.svc.cluster.local', 'payments.shop.svc.cluster.local', undefined, undefined],
];

for (const [text, place, port, path] of rows) {
  test(`${text} is read as ${place}`, () => {
    const target = parseTarget(text);
    assert.equal(describePlace(target.place), place);
    assert.equal(target.port, port);
    assert.equal(target.path, path);
  });
}

test('what is no place is a fault', () => {
  for (const text of ['', 'web', 'a b/c', '__proto__']) assert.throws(() => parseTarget(text), FaultError, text);
});
