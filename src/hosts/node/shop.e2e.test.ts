import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { kubectl, kubectlPath, type RunningTenon, startTenon } from '../../../bench/tenon.ts';

const root = resolve(import.meta.dirname, '../../..');
const CHROMIUM = '/usr/bin/chromium';
const skip =
  process.getuid?.() !== 0
    ? 'pods that talk to each other need root'
    : existsSync(kubectlPath())
      ? false
      : 'kubectl is absent: tools/get-kubectl.sh fetches it';
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-shop-'));
let tenon: RunningTenon;
/** Of this process, so that two runs on one machine do not meet. */
const slot = process.pid % 200;
const RANGES = { 4: `10.200.${slot}.0/24`, 6: `fd00:c8:${slot}::/112`, added: `10.201.${slot}.0/24` };

interface Status {
  readonly ingress: string;
  readonly console: string;
  readonly pods: { readonly total: number; readonly ready: number };
}

before(async () => {
  if (skip) return;
  const options = ['examples/shop', '--offline', '--service-cidr', `${RANGES[4]},${RANGES[6]}`];
  tenon = await startTenon(root, join(scratch, 'state'), options);
  await kubectl(tenon, ['wait', '-n', 'shop', '--for=condition=Ready', 'pod', '--all', '--timeout=60s']);
});
after(async () => {
  await tenon?.[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const fetchAs = (url: string, host: string): Promise<{ status: number; body: string }> =>
  new Promise((done, fail) => {
    const asked = request(url, { headers: { host } }, answer => {
      let body = '';
      answer.setEncoding('utf8').on('data', (part: string) => (body += part));
      answer.on('end', () => done({ status: answer.statusCode ?? 0, body }));
    });
    asked.on('error', fail).end();
  });

test('the shop is reached through its Ingress, at the address status tells', { skip }, async () => {
  const { ingress } = (await tenon.status()) as unknown as Status;
  const shop = await fetchAs(`${ingress}/`, 'shop.localhost');
  assert.equal(shop.status, 200);
  assert.match(shop.body, /joinery shop/);
  assert.equal((await fetchAs(`${ingress}/`, 'elsewhere.localhost')).status, 404);
  assert.match(await kubectl(tenon, ['get', 'ingress', '-n', 'shop']), /tenon|<none>.*shop\.localhost.*127\.0\.0\.1/);
});

test('a Service has an address of each family, and of ranges that are added', { skip }, async () => {
  const both = JSON.stringify({ spec: { ipFamilyPolicy: 'RequireDualStack' } });
  await kubectl(tenon, ['patch', 'service', 'web', '-n', 'shop', '--type', 'merge', '-p', both]);
  const folder = mkdtempSync(join(scratch, 'added-'));
  const range = { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name: 'added' } };
  const late = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'late', namespace: 'shop' },
    spec: {
      clusterIP: `10.201.${slot}.9`,
      selector: { 'app.kubernetes.io/name': 'web' },
      ports: [{ port: 80, targetPort: 'http' }],
    },
  };
  for (const [name, object] of Object.entries({ range: { ...range, spec: { cidrs: [RANGES.added] } }, late })) {
    writeFileSync(join(folder, name), JSON.stringify(object));
    await kubectl(tenon, ['create', '-f', join(folder, name)]);
  }
  const addresses = (
    await kubectl(tenon, ['get', 'service', 'web', '-n', 'shop', '-o', 'jsonpath={.spec.clusterIPs[*]}'])
  ).split(' ');
  assert.equal(addresses.length, 2);
  for (const host of [addresses[0]!, `[${addresses[1]}]`, late.spec.clusterIP]) {
    const until = performance.now() + 60_000;
    const ask = (): Promise<number> =>
      fetchAs(`http://${host}/`, 'shop').then(
        ({ status }) => status,
        () => 0,
      );
    while ((await ask()) !== 200) {
      assert.ok(performance.now() < until, `${host} does not answer`);
      await new Promise(resolve => setTimeout(resolve, 200));
    }
  }
  await kubectl(tenon, ['delete', 'service', 'late', '-n', 'shop']);
  // Nothing has an address of the range any more: it goes once every server can know that it is leaving.
  await kubectl(tenon, ['delete', 'servicecidr', 'added', '--timeout=60s']);
});

test('kubectl top tells what nodes, pods and containers use', { skip }, async () => {
  for (const minor of ['1.34', '1.35']) {
    const [, node = ''] = (await kubectl(tenon, ['top', 'nodes'], minor)).split('\n');
    assert.match(node, /^\S+ +\d+m +\d+% +[1-9]\d*Mi +\d+%/);
    const pods = (await kubectl(tenon, ['top', 'pods', '-n', 'shop', '--no-headers'], minor)).trim().split('\n');
    assert.ok(pods.length >= 9, pods.join('\n'));
    for (const line of pods) assert.match(line, /^\S+ +\d+m +[1-9]\d*Mi/);
  }
  const web = await kubectl(tenon, ['top', 'pod', '-n', 'shop', '-l', 'app.kubernetes.io/name=web', '--containers']);
  assert.equal(web.trim().split('\n').length, 3, web);
  assert.match(await kubectl(tenon, ['get', 'pods', '-n', 'shop']), /READY +STATUS/);
});

test('a reader of workloads may read their metrics, a stranger may not', { skip }, async () => {
  const may = (user: string): Promise<string> =>
    kubectl(tenon, ['auth', 'can-i', 'list', 'pods.metrics.k8s.io', '-n', 'shop', `--as=${user}`]).catch(
      (error: { stdout: string }) => error.stdout,
    );
  await kubectl(tenon, ['create', 'rolebinding', 'reader', '-n', 'shop', '--clusterrole=view', '--user=reader']);
  assert.equal((await may('reader')).trim(), 'yes');
  assert.equal((await may('stranger')).trim(), 'no');
});

test('the map shows who calls whom while it happens', {
  skip: skip || (existsSync(CHROMIUM) ? false : 'Chromium is absent: apt-get install chromium'),
}, async () => {
  const { chromium } = await import('playwright-core');
  const status = (await tenon.status()) as unknown as Status;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 800 } });
    await page.goto(status.console);
    await page.waitForSelector('[data-name="shop/web"]');
    await page.waitForSelector('g.flow.forwarded[data-flow="shop/load>shop/web"]');
    await page.waitForSelector('g.flow.forwarded[data-flow="shop/web>shop/catalog"]');
  } finally {
    await browser.close();
  }
});
