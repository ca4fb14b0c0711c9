/// <reference lib="dom" />
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';

const root = resolve(import.meta.dirname, '../../../..');
const CHROMIUM = '/usr/bin/chromium';
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-run-console-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** `tenon sim … --console`, and the link it prints. */
async function start(): Promise<AsyncDisposable & { link: string }> {
  const file = join(root, 'examples/sim/zone-loss/scenario.yaml');
  const child = spawn(join(root, 'tenon'), ['sim', file, '--console'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const link = await new Promise<string>((found, failed) => {
    const take = (chunk: Buffer): void => {
      said += chunk.toString();
      const url = /http:\S+/.exec(said)?.[0];
      if (url !== undefined) found(url);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('exit', code => failed(new Error(`ended with ${code}: ${said}`)));
  });
  return {
    link,
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise(done => child.once('exit', done));
      child.kill('SIGINT');
      await ended;
    },
  };
}

test('a run is played, stepped and begun again with another seed; strangers see nothing', {
  skip: existsSync(CHROMIUM) ? false : 'Chromium is absent: apt-get install chromium',
}, async () => {
  await using run = await start();
  const { origin } = new URL(run.link);
  for (const [path, method] of [
    ['/', 'GET'],
    ['/data/stream', 'GET'],
    ['/data/run?do=play', 'POST'],
  ] as const)
    assert.equal((await fetch(origin + path, { method })).status, 401);
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 700 }, locale: 'en-US' });
    const problems: string[] = [];
    page.on('console', message => void (message.type() === 'error' && problems.push(message.text())));
    page.on('pageerror', error => void problems.push(error.message));
    await page.goto(run.link);
    await page.waitForSelector('#run:has-text("zone-loss")');
    assert.match(await page.innerText('#moment'), /^0:00:00 \/ 0:45:00$/);
    await page.click('#step');
    await page.selectOption('#run select', '600');
    await page.click('#play');
    await page.waitForSelector('[data-name="shop/web"]:has-text("6/6")');
    await page.waitForFunction(() => /^0:0[2-9]/.test(document.getElementById('moment')!.textContent!));
    await page.click('#play');
    const shot = process.env.TENON_SHOT ?? join(scratch, 'run.png');
    await page.screenshot({ path: shot });
    assert.ok(statSync(shot).size > 5_000);
    await page.fill('input[name="seed"]', '9');
    await page.click('#run form button');
    await page.waitForFunction(() => document.getElementById('moment')!.textContent!.startsWith('0:00:00'));
    assert.equal(await page.inputValue('input[name="seed"]'), '9');
    await page.click('#language');
    await page.waitForSelector('#play:has-text("播放")');
    assert.deepEqual(problems, []);
  } finally {
    await browser.close();
  }
});
