import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { oidcReader } from '../drivers/oidc.ts';

test('ID tokens of an issuer are read, others are not', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const other = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  const provider = createServer((request, response) => {
    const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url === '/keys' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` }));
  });
  await new Promise<void>(resolve => provider.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  const reader = oidcReader(
    { issuer, clientId: 'tenon', usernameClaim: 'email', groupsClaim: 'groups', groupsPrefix: 'oidc:' },
    () => Date.now(),
  );
  const sign = (
    claims: Record<string, unknown>,
    audience = 'tenon',
    key = privateKey,
    expires = '1h',
  ): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime(expires)
      .sign(key);
  const claims = { email: 'ann@example.com', groups: ['dev'] };
  const found = await reader.read(await sign(claims), []);
  assert.deepEqual(found?.user, { name: 'ann@example.com', groups: ['oidc:dev', 'system:authenticated'] });
  assert.equal(await reader.read(await sign(claims, 'someone-else'), []), undefined);
  assert.equal(await reader.read(await sign(claims, 'tenon', other.privateKey), []), undefined);
  assert.equal(await reader.read(await sign(claims, 'tenon', privateKey, '-1h'), []), undefined);
  assert.equal(await reader.read(await sign({ ...claims, email_verified: false }), []), undefined);
  assert.equal(await reader.read(await sign({ groups: ['dev'] }), []), undefined);
  assert.equal(await reader.read('a.b.c', []), undefined);
  await new Promise(resolve => provider.close(resolve));
});
