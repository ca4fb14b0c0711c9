import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, linkSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SCENARIO = fileURLToPath(new URL('./testing/rootless.scenario.ts', import.meta.url));
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--no-new-privs'];

test('without root two pods listen on one port, are reached by address and dialled, and outlive a restart', t => {
  const isRoot = process.getuid?.() === 0;
  const asUser = isRoot ? ['setpriv', ...NOBODY] : [];
  const [program = '', ...rest] = [...asUser, 'unshare', '--user', '--map-root-user', '--net', 'true'];
  if (spawnSync(program, rest).status !== 0) return t.skip('user namespaces are refused here');
  // Node may lie where only root may look.
  const folder = mkdtempSync(join(tmpdir(), 'tenon-node-'));
  const node = join(folder, 'node');
  chmodSync(folder, 0o755);
  try {
    const own = realpathSync(process.execPath);
    try {
      linkSync(own, node);
    } catch {
      copyFileSync(own, node);
    }
    const [run = '', ...args] = [...asUser, node, SCENARIO];
    const { status, stdout, stderr } = spawnSync(run, args, { encoding: 'utf8', timeout: 60_000 });
    assert.equal(status, 0, `${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
