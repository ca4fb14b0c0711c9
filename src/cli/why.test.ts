import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { main } from './main.ts';

const pod = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: name } },
  spec: { containers: [{ name: 'main', image: 'none', ports: [{ containerPort: 80 }] }] },
});

const guard = (http: object): object => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name: 'guard', namespace: 'shop' },
  spec: {
    endpointSelector: { matchLabels: { app: 'api' } },
    ingress: [
      { fromEndpoints: [{}], toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [http] } }] },
    ],
  },
});

async function why(http: object, ...words: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-why-'));
  try {
    const objects = [pod('web'), pod('api'), guard(http)].map(object => stringify(object));
    writeFileSync(join(folder, 'all.yaml'), objects.join('---\n'));
    let out = '';
    const asked = ['why', 'shop/web', 'to', 'shop/api:80/orders', '--dir', folder, '-o', 'json', ...words];
    const print = (text: string): void => void (out += text);
    await main(asked, { language: 'en', color: false, out: print, err: print });
    return (JSON.parse(out) as { outcome: string }).outcome;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a token is a header of the request, as rules that read headers see it', async () => {
  const token = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0.';
  const exact = { headers: [`Authorization: Bearer ${token}`] };
  assert.equal(await why(exact), 'deny');
  assert.equal(await why(exact, '--jwt', token), 'allow');
  assert.equal(await why(exact, '--jwt', token, '--header', 'Authorization: Basic eA=='), 'deny');
  assert.equal(await why({ headers: ['Authorization'] }, '--jwt', '{"sub":"anna"}'), 'allow');
});
