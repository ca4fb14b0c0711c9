import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { seededRandom, VirtualClock } from '../../base/index.ts';
import { renewedLeaf, renewedTrust } from './certificates.ts';

const DAY_MS = 86_400_000;
const NAMES = { dnsNames: ['policy.tenon-system.svc'], addresses: ['127.0.0.1'] };

test('a year of rotation: a leaf is always believed by the bundle of any time since it was made', async () => {
  const clock = new VirtualClock(Date.parse('2026-01-01T00:00:00Z'));
  const random = seededRandom(1);
  let trust = renewedTrust(undefined, clock, random);
  let leaf = renewedLeaf(undefined, trust, NAMES, clock, random);
  const [authorities, leaves] = [new Set([trust.authority.certificate]), new Set([leaf.certificate])];
  for (let day = 0; day < 730; day++) {
    await clock.advance(DAY_MS);
    const before = trust;
    trust = renewedTrust(trust, clock, random);
    // A replica that has not yet seen the new trust goes on with its leaf: the new bundle must believe it.
    const certificate = new X509Certificate(leaf.certificate);
    assert.ok(Date.parse(certificate.validTo) > clock.now(), `day ${day}: the leaf has ended`);
    const pems = trust.bundle.split(/(?<=-----END CERTIFICATE-----\n)/).filter(Boolean);
    assert.ok(
      pems.some(pem => certificate.verify(new X509Certificate(pem).publicKey)),
      `day ${day}: nobody believes the leaf`,
    );
    assert.ok(pems.length <= 3);
    if (before !== trust) authorities.add(trust.authority.certificate);
    leaf = renewedLeaf(leaf, trust, NAMES, clock, random);
    leaves.add(leaf.certificate);
  }
  assert.equal(authorities.size, 3);
  assert.ok(leaves.size > 30, String(leaves.size));
  assert.ok(new X509Certificate(leaf.certificate).checkHost('policy.tenon-system.svc'));
});

test('what is kept and damaged is made anew', () => {
  const clock = new VirtualClock(Date.parse('2026-01-01T00:00:00Z'));
  const trust = renewedTrust({ authority: { certificate: 'x', key: 'y' }, bundle: 'x' }, clock, seededRandom(1));
  assert.match(trust.bundle, /^-----BEGIN CERTIFICATE-----/);
});
