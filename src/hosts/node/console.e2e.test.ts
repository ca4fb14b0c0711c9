import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { startTenon } from '../../../bench/tenon.ts';
import { fetchConsole } from './console.ts';

const root = resolve(import.meta.dirname, '../../..');
const CHROMIUM = '/usr/bin/chromium';
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-console-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** A browser that asks nobody but us. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

async function start(): Promise<Awaited<ReturnType<typeof startTenon>> & { link: string }> {
  const folder = join(scratch, 'manifests.yaml');
  writeFileSync(
    folder,
    'apiVersion: v1\nkind: Service\nmetadata: {name: checkout}\nspec: {ports: [{port: 80}]}\n---\napiVersion: v1\nkind: Nothing\nmetadata: {name: broken}\n',
  );
  const tenon = await startTenon(root, join(scratch, `state-${performance.now()}`), [folder]);
  const deadline = performance.now() + 5_000;
  while (!tenon.lines.some(line => line.includes('http://')) && performance.now() < deadline)
    await new Promise(done => setTimeout(done, 20));
  const link = /http:\S+/.exec(tenon.lines.find(line => line.includes('http://')) ?? '')?.[0] ?? '';
  return Object.assign(tenon, { link });
}

test('the console answers only its own host name and who has the link', async () => {
  await using tenon = await start();
  const url = new URL(tenon.link);
  assert.equal((await fetchConsole(url.origin)).status, 401);
  assert.equal((await fetchConsole(`${url.origin}/?token=${'0'.repeat(32)}`)).status, 401);
  const opened = await fetchConsole(tenon.link);
  assert.equal(opened.status, 303);
  assert.equal((await fetchConsole(url.origin, { cookie: opened.cookie })).status, 200);
  assert.equal((await fetchConsole(url.origin, { cookie: opened.cookie, host: 'evil.example' })).status, 403);
  assert.equal((await fetchConsole(`${url.origin}/..%2f..%2fetc/passwd`, { cookie: opened.cookie })).status, 404);
  const namespaces = await fetchConsole(`${url.origin}/k8s/api/v1/namespaces`, { cookie: opened.cookie });
  assert.match(namespaces.body, /kube-system/);
  const ask = (question: string) => fetchConsole(`${url.origin}/data/why?${question}`, { cookie: opened.cookie });
  assert.equal((await fetchConsole(`${url.origin}/data/why?from=a/b&to=c/d`)).status, 401);
  assert.equal((await ask('from=nobody&to=default/checkout')).status, 400);
  const answer = await ask('from=203.0.113.7&to=default/checkout:80&language=zh');
  assert.equal(answer.status, 200, answer.body);
  const { outcome, text, hops } = JSON.parse(answer.body) as { outcome: string; text: string; hops: unknown[] };
  assert.equal(outcome, 'unknown');
  assert.match(text, /^未知/);
  assert.ok(hops.length > 0);
});

test('map, objects, events and health are shown, in English and Chinese', {
  skip: existsSync(CHROMIUM) ? false : 'Chromium is absent: apt-get install chromium',
}, async () => {
  const { chromium } = await import('playwright-core');
  await using tenon = await start();
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 700 }, locale: 'en-US' });
    const problems: string[] = [];
    page.on('console', message => void (message.type() === 'error' && problems.push(message.text())));
    page.on('pageerror', error => void problems.push(error.message));
    await page.goto(tenon.link);
    await page.waitForSelector('[data-name="default/checkout"]');
    const shot = join(scratch, 'map.png');
    await page.screenshot({ path: shot });
    assert.ok(statSync(shot).size > 5_000, 'the picture is empty');
    await page.click('a[href="#objects"]');
    await page.click('text=default/checkout');
    await page.waitForSelector('pre.body:has-text("clusterIP")');
    await page.click('a[href="#events"]');
    await page.waitForSelector('td:has-text("UnknownKind")');
    await page.click('a[href="#health"]');
    await page.waitForSelector('.warning:has-text("No kind")');
    await page.click('a[href="#why"]');
    await page.fill('input[name="from"]', '203.0.113.7');
    await page.fill('input[name="to"]', 'default/checkout:80');
    await page.click('.why button');
    await page.waitForSelector('#answer:has-text("Service default/checkout")');
    await page.click('#language');
    await page.waitForSelector('nav >> text=健康');
    assert.deepEqual(problems, []);
  } finally {
    await browser.close();
  }
});
