import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSigningRequest, readSigningRequest } from './signingRequest.ts';

const wanted = { commonName: 'system:node:one', organizations: ['system:nodes'] };

test('a request is read as it was made', () => {
  const names = { addresses: ['10.1.2.3', 'fd00::1'], dnsNames: ['one.example'] };
  const { request } = makeSigningRequest({ ...wanted, ...names });
  const { publicKey, ...read } = readSigningRequest(request);
  assert.equal(publicKey.asymmetricKeyType, 'ec');
  assert.deepEqual(read, {
    ...wanted,
    dnsNames: ['one.example'],
    ipAddresses: ['10.1.2.3', 'fd00:0:0:0:0:0:0:1'],
    others: [],
  });
  assert.deepEqual(readSigningRequest(makeSigningRequest(wanted).request).ipAddresses, []);
});

test('a request cut short or changed is refused, or says what it said', () => {
  const { request } = makeSigningRequest(wanted);
  const bytes = Buffer.from(request.replace(/-----[^-]+-----/g, ''), 'base64');
  const asPem = (changed: Buffer): string =>
    `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  const { publicKey: _, ...known } = readSigningRequest(asPem(bytes));
  assert.equal(known.commonName, wanted.commonName);
  let refused = 0;
  for (let at = 0; at < bytes.length; at++) {
    assert.throws(() => readSigningRequest(asPem(bytes.subarray(0, at))), `cut at ${at}`);
    const flipped = Buffer.from(bytes);
    flipped[at]! ^= 1;
    // Tags around what is signed say nothing; whatever is read must be what was signed.
    try {
      const { publicKey: _, ...read } = readSigningRequest(asPem(flipped));
      assert.deepEqual(read, known, `byte ${at}`);
    } catch (error) {
      refused++;
      assert.ok(!(error instanceof assert.AssertionError), `byte ${at}: ${String(error)}`);
    }
  }
  assert.ok(refused > bytes.length - 10);
  assert.throws(() => readSigningRequest('hello'), /CERTIFICATE REQUEST/);
});
