import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unifiedRoot } from './testing/hostpod.ts';
import { runIsolated, whyNotIsolated } from './testing/isolated.ts';

const scenario = (name: string): string => fileURLToPath(new URL(`./testing/${name}.scenario.ts`, import.meta.url));
const reason = whyNotIsolated() ?? (unifiedRoot() === undefined ? 'needs cgroup2' : undefined);

test('policies for nodes hold for pods on the network of the node, and for nobody else', t => {
  if (reason) return t.skip(reason);
  const { status, output } = runIsolated(scenario('hostfirewall'));
  assert.equal(status, 0, output);
  t.diagnostic(output.trim());
});

test('kill -9 leaves policies for nodes in force, a restart adopts them, and without the setting they end', t => {
  if (reason) return t.skip(reason);
  const { status, output } = runIsolated(scenario('hostkilled'));
  assert.equal(status, 0, output);
  t.diagnostic(output.trim());
});
