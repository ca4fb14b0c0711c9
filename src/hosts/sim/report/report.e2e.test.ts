import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { RunThread } from '../drivers/run-thread.ts';

const root = resolve(import.meta.dirname, '../../../..');
const CHROMIUM = '/usr/bin/chromium';
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-report-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

test('the report of a run is drawn without asking anybody, in English and Chinese', {
  skip: existsSync(CHROMIUM) ? false : 'Chromium is absent: apt-get install chromium',
}, async () => {
  await using thread = new RunThread();
  const file = join(root, 'examples/sim/zone-loss/scenario.yaml');
  const { until_ms } = await thread.ask('open', { document: readFileSync(file, 'utf8'), file, record: true });
  await thread.ask('play', { until_ms });
  const { report = '' } = await thread.ask('finish', { report: { replay: 'tenon sim', revision: 'test' } });
  const page = join(scratch, 'report.html');
  writeFileSync(page, report);
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const tab = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: 'en-US' });
    const asked: string[] = [];
    const problems: string[] = [];
    tab.on('request', request => void asked.push(request.url()));
    tab.on('console', message => void (message.type() === 'error' && problems.push(message.text())));
    tab.on('pageerror', error => void problems.push(error.message));
    await tab.goto(pathToFileURL(page).href);
    const shot = process.env.TENON_SHOT ?? join(scratch, 'report.png');
    await tab.screenshot({ path: shot, fullPage: true });
    assert.ok(statSync(shot).size > 50_000, 'the picture is empty');
    assert.equal(await tab.locator('h2:visible', { hasText: 'Timeline' }).count(), 1);
    // A line of every plot moves: a curve that is flat from edge to edge shows nothing.
    const curves = await tab
      .locator('svg.plot path[stroke]')
      .evaluateAll(paths => paths.map(path => path.getBoundingClientRect().height));
    assert.ok(curves.filter(height => height > 10).length >= 4, `heights ${curves.join(' ')}`);
    await tab.hover('svg.plot >> nth=0', { position: { x: 200, y: 60 } });
    assert.match(await tab.locator('figure >> nth=0').locator('time').innerText(), /^\d+:\d\d:\d\d$/);
    await tab.click('#language');
    assert.equal(await tab.locator('h2:visible', { hasText: '时间线' }).count(), 1);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      asked.filter(url => !url.startsWith('file:') && !url.startsWith('data:')),
      [],
    );
  } finally {
    await browser.close();
  }
});
