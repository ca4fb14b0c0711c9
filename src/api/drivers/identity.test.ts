import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { X509Certificate } from 'node:crypto';
import { realClock, realRandom } from '../testing/server.ts';
import { shareIdentity } from './identity.ts';
import { openPki } from './pki.ts';

const places = { addresses: [], names: [] };

test('servers that share a store share authorities and token key, whoever comes first', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-api-identity-'));
  try {
    let settled: string | undefined;
    const agree = (mine: string): Promise<string> => Promise.resolve((settled ??= mine));
    const [first, second] = [join(folder, 'a'), join(folder, 'b')];
    // The second one ran on its own before.
    const before = await openPki(second, places, realClock, realRandom);
    await shareIdentity(first, agree, realClock, realRandom);
    await shareIdentity(second, agree, realClock, realRandom);
    const [one, two] = [
      await openPki(first, places, realClock, realRandom),
      await openPki(second, places, realClock, realRandom),
    ];
    assert.equal(two.authority.certificate, one.authority.certificate);
    assert.notEqual(two.authority.certificate, before.authority.certificate);
    assert.ok(two.tokenPublicKey.equals(one.tokenPublicKey));
    const authority = new X509Certificate(one.authority.certificate);
    for (const { admin, server } of [one, two])
      for (const pair of [admin, server]) assert.ok(new X509Certificate(pair.certificate).verify(authority.publicKey));
    const kept = readFileSync(join(second, 'pki', 'sa.key'), 'utf8');
    for (const broken of ['{}', '{"ca.crt":"x"}', JSON.stringify({ ...JSON.parse(settled!), 'sa.key': 'no key' })])
      await assert.rejects(shareIdentity(second, () => Promise.resolve(broken), realClock, realRandom));
    assert.equal(readFileSync(join(second, 'pki', 'sa.key'), 'utf8'), kept);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
