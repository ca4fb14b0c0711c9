import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readGit } from './git.ts';

const skip = spawnSync('git', ['--version']).status === 0 ? false : 'git is absent: apt-get install git';

test('offline, what was fetched before is read, each revision as it was; the rest is a fault', { skip }, async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'tenon-git-'));
  try {
    const repository = join(scratch, 'repository');
    mkdirSync(repository);
    const git = (...args: string[]): unknown =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: repository });
    git('init', '-q', '-b', 'main');
    for (const name of ['first', 'second']) {
      writeFileSync(join(repository, 'a.yaml'), `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`);
      git('add', '.');
      git('commit', '-q', '-m', name);
      git('tag', name);
    }
    const cache = join(scratch, 'cache');
    const read = (revision: string, offline: boolean) =>
      readGit({ url: repository, path: '', revision }, cache, { offline });
    const online = { first: await read('first', false), second: await read('second', false) };
    assert.notEqual(online.first.revision, online.second.revision);
    renameSync(repository, `${repository}.gone`);
    for (const name of ['first', 'second'] as const)
      assert.equal((await read(name, true)).revision, online[name].revision);
    await assert.rejects(read('first', false), /Cannot fetch/);
    await assert.rejects(read('main', true), /was never fetched, and Tenon runs with --offline/);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
