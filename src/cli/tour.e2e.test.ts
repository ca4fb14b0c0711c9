import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { kubectlPath } from '../../bench/tenon.ts';

const root = resolve(import.meta.dirname, '../..');
const skip =
  process.getuid?.() !== 0
    ? 'the tour runs pods: needs root'
    : existsSync(kubectlPath())
      ? false
      : 'kubectl is absent: tools/get-kubectl.sh fetches it';

/** The commands of README's tour, in order: comments and empty lines left out. */
function tourCommands(file = 'README.md'): string[] {
  const block = /^```sh tour\n([\s\S]*?)^```$/m.exec(readFileSync(join(root, file), 'utf8'))?.[1] ?? '';
  return block.split('\n').filter(line => line !== '' && !line.startsWith('#'));
}

test('both languages of the tour give the same commands', () => {
  assert.deepEqual(tourCommands('docs/README.zh.md'), tourCommands());
});

test('every command of the sixty-second tour works as written', { skip, timeout: 240_000 }, () => {
  const commands = tourCommands();
  assert.ok(commands.length >= 9, `only ${commands.length} commands found in README.md`);
  const scratch = mkdtempSync(join(tmpdir(), 'tenon-tour-'));
  // The tour says `kubectl`: here it is the one the tests use, whatever the machine has.
  symlinkSync(kubectlPath(), join(scratch, 'kubectl'));
  spawnSync(join(root, 'tenon'), ['down', '--purge', '--state', '/tmp/tenon-tour'], { cwd: root });
  try {
    const script = ['set -e', ...commands.map(command => `echo '$' ${JSON.stringify(command)}\n${command}`)].join('\n');
    const out = execFileSync('sh', ['-c', script], {
      cwd: root,
      encoding: 'utf8',
      timeout: 200_000,
      env: { ...process.env, PATH: `${scratch}:${process.env.PATH}`, LANG: 'C' },
    });
    assert.match(out, /ready in \d+ ms/);
    assert.match(out, /deployment "web" successfully rolled out/);
    assert.match(out, /"oversold":0/);
    assert.match(out, /deployment.apps\/cart restarted/);
    assert.equal(existsSync('/tmp/tenon-tour'), false);
  } finally {
    spawnSync(join(root, 'tenon'), ['down', '--purge', '--state', '/tmp/tenon-tour'], { cwd: root });
    rmSync(scratch, { recursive: true, force: true });
  }
});
