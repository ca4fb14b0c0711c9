import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzDecode } from './fuzz.ts';

/** Issue bar: 20,000 bodies, no crash, none above a second. */
test('20,000 generated bodies are read or refused, none stalls', () => {
  const report = fuzzDecode({ seed: 1, bodies: 20_000, now: () => performance.now() });
  assert.equal(report.failure, undefined);
  assert.equal(report.bodies, 20_000);
  assert.ok(report.slowest_ms < 1000, `${report.slowest_ms} ms`);
});
