import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { until } from './testing.ts';

/** `tenon test --watch` as a program of its own, while its folder is changed in every way people change folders. */
const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'tenon-watch-'));
const junit = join(folder, 'tests.xml');
const pod = (name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop, labels: {app: ${name}}}\nspec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}\n`;
const CLOSED = `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: closed, namespace: shop}\nspec: {podSelector: {matchLabels: {app: pay}}}\n`;
const cases = (expect: string, count = 1): string =>
  `apiVersion: tenon.dev/v1\nkind: Test\nspec:\n  cases:\n${`    - {from: shop/web, to: shop/pay, expect: ${expect}}\n`.repeat(count)}`;
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

let program: ChildProcess;
let out = '';
let err = '';
/** Summary lines so far: one a run. */
const runs = (): string[] => out.match(/^\d+ passed, \d+ failed.*$/gm) ?? [];
const rest = (ms: number): Promise<void> => new Promise(done => setTimeout(done, ms));

/** The summary of the last run once it is the one wanted and no other follows. */
async function settles(wanted: string): Promise<void> {
  await until(
    wanted,
    async () => [runs().at(-1), err],
    ([last]) => last?.startsWith(wanted) === true,
  );
  await rest(700);
  assert.match(runs().at(-1)!, new RegExp(`^${wanted}`));
}

before(async () => {
  write('web.yaml', pod('web'));
  write('pay.yaml', pod('pay'));
  write('net.test.yaml', cases('allow'));
  const words = ['test', folder, '--watch', '--junit', junit];
  program = spawn(join(root, 'tenon'), words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  program.stdout!.setEncoding('utf8').on('data', (text: string) => (out += text));
  program.stderr!.setEncoding('utf8').on('data', (text: string) => (err += text));
  await settles('1 passed, 0 failed');
});
after(() => {
  program.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('what the run itself writes, and a file that is only touched, start no other run', async () => {
  assert.match(readFileSync(junit, 'utf8'), /failures="0"/);
  utimesSync(join(folder, 'web.yaml'), new Date(), new Date());
  await rest(1500);
  assert.equal(runs().length, 1, out);
});

test('a policy that comes and goes turns the verdict there and back', async () => {
  write('closed.yaml', CLOSED);
  await settles('0 passed, 1 failed');
  rmSync(join(folder, 'closed.yaml'));
  await settles('1 passed, 0 failed');
});

test('a syntax error is told with its place and waited out', async () => {
  write('closed.yaml', 'a: [b\n');
  await settles('0 passed, 1 failed');
  assert.match(err, /Cannot read the document.*\[decode\/syntax\]\n {2}where: closed\.yaml:2:1/);
  write('net.test.yaml', cases('perhaps'));
  await until(
    'the bad test is told',
    async () => err,
    text => /expect is allow, deny or unknown/.test(text),
  );
  assert.match(err, /where: net\.test\.yaml:5:/);
  rmSync(join(folder, 'closed.yaml'));
  write('net.test.yaml', cases('allow'));
  await settles('1 passed, 0 failed');
});

test('hundreds of files at once, in folders that are new, are one change or few', async () => {
  const count = runs().length;
  for (let at = 0; at < 300; at++) {
    const place = join(folder, `many/${at % 10}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `${at}.test.yaml`), cases('allow'));
  }
  await settles('301 passed, 0 failed');
  assert.ok(runs().length - count <= 10, `${runs().length - count} runs`);
  rmSync(join(folder, 'many'), { recursive: true });
  await settles('1 passed, 0 failed');
});

test('renamed files and folders are followed to their new place, and replaced ones are read again', async () => {
  mkdirSync(join(folder, 'old'));
  write('old/more.test.yaml', cases('allow', 2));
  await settles('3 passed, 0 failed');
  renameSync(join(folder, 'old'), join(folder, 'new'));
  await rest(500);
  write('new/more.test.yaml', cases('deny', 2));
  await settles('1 passed, 2 failed');
  assert.match(out, /FAIL new\/more\.test\.yaml:5 /);
  // As editors save: a new file takes the place of the old one.
  write('new/.saved', cases('allow', 4));
  renameSync(join(folder, 'new/.saved'), join(folder, 'new/more.test.yaml'));
  await settles('5 passed, 0 failed');
  renameSync(join(folder, 'web.yaml'), join(folder, 'first.yaml'));
  await settles('5 passed, 0 failed');
});

test('Ctrl-C ends it with the verdict of the last run', async () => {
  write('closed.yaml', CLOSED);
  await settles('0 passed, 5 failed');
  const ended = once(program, 'exit');
  program.kill('SIGINT');
  assert.deepEqual(await ended, [1, null]);
});
