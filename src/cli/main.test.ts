import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Language } from '../base/index.ts';
import { COMMANDS } from './commands.ts';
import { main } from './main.ts';

async function ran(
  words: readonly string[],
  language: Language = 'en',
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await main(words, {
    language,
    color: false,
    out: text => void (out += `${text}\n`),
    err: text => void (err += `${text}\n`),
  });
  return { code, out, err };
}

test('a word that a command does not take is a fault, not something else run', async () => {
  const { code, err } = await ran(['check', 'lint']);
  assert.equal(code, 2);
  assert.match(err, /"tenon check" does not take "lint" {2}\[cli\/surplus-argument\]/);
  assert.match((await ran(['status', 'now'], 'zh')).err, /“tenon status”不接受“now”/);
});

test('every command tells what it takes, in both languages', async () => {
  for (const { name } of COMMANDS) {
    const { command } = await COMMANDS.find(entry => entry.name === name)!.load();
    if (command.raw) continue;
    const english = await ran([name, '--help']);
    assert.equal(english.code, 0, name);
    assert.ok(english.out.includes(command.summary.en), name);
    assert.ok((await ran([name, '--help'], 'zh')).out.includes(command.summary.zh), name);
  }
});

test('an unknown command names the nearest one; unknown options are faults as JSON where JSON was asked for', async () => {
  const unknown = await ran(['stat']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /status/);
  const option = await ran(['status', '--nothing', '-o', 'json']);
  assert.equal(option.code, 2);
  const [fault] = (JSON.parse(option.out) as { faults: { code: string }[] }).faults;
  assert.equal(fault?.code, 'cli/bad-option');
});

test('the version is told as a word and as an option', async () => {
  const { code, out } = await ran(['version']);
  assert.equal(code, 0);
  assert.match(out, /^tenon \d+\.\d+\.\d+ \(Kubernetes API v1\.35\.\d+/);
  assert.equal((await ran(['--version'])).out, out);
  assert.equal(JSON.parse((await ran(['version', '-o', 'json'])).out).node, process.versions.node);
});
