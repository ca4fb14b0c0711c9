import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { realClock, realRandom } from '../testing/server.ts';
import { issue, makeAuthority } from '../drivers/certificate.ts';
import { oidcReader } from '../drivers/oidc.ts';
import { type CompileExpression, parseAuthentication } from './configuration.ts';

/** Expressions of these tests are JavaScript property paths: `claims.a.b`. */
const compile: CompileExpression = expression => {
  if (!/^(claims|user)(\.\w+)+( == '\w+')?$/.test(expression)) throw new TypeError('compilation failed: syntax');
  const [path = '', wanted] = expression.split(' == ');
  return value => {
    let found: unknown = value;
    for (const step of path.split('.').slice(1)) found = (found as Record<string, unknown> | undefined)?.[step];
    if (found === undefined) throw new Error(`no such key: ${path}`);
    return wanted === undefined ? found : found === wanted.slice(1, -1);
  };
};

const configuration = (jwt: Record<string, unknown>, more: Record<string, unknown> = {}): unknown => ({
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AuthenticationConfiguration',
  jwt: [
    {
      issuer: { url: 'https://issuer.example.test', audiences: ['tenon'] },
      claimMappings: { username: { claim: 'sub', prefix: '' } },
      ...jwt,
    },
  ],
  ...more,
});
const userOf = (jwt: Record<string, unknown>, claims: Record<string, unknown>): unknown =>
  parseAuthentication(configuration(jwt), compile).issuers[0]!.userOf(claims);

test('ID tokens of an issuer with its own authority are read, others are not', async () => {
  const authority = makeAuthority('issuer', 1, realClock, realRandom);
  const serving = issue(
    authority,
    { commonName: 'issuer', days: 1, usage: 'server', addresses: ['127.0.0.1'] },
    realClock,
    realRandom,
  );
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const other = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  await using provider = createServer({ key: serving.key, cert: serving.certificate }, (request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url === '/keys' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` }));
  });
  await new Promise<void>(resolve => provider.listen(0, '127.0.0.1', resolve));
  const issuer = `https://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  const readerOf = (certificateAuthority: string): ReturnType<typeof oidcReader> => {
    const { issuers } = parseAuthentication(
      configuration({
        issuer: { url: issuer, audiences: ['tenon', 'other'], audienceMatchPolicy: 'MatchAny', certificateAuthority },
        claimMappings: {
          username: { claim: 'email', prefix: '' },
          groups: { claim: 'groups', prefix: 'oidc:' },
          uid: { claim: 'uid' },
        },
      }),
      compile,
    );
    return oidcReader(issuers[0]!, () => Date.now());
  };
  const reader = readerOf(authority.certificate);
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
  const claims = { email: 'ann@example.com', groups: ['dev'], uid: '7' };
  const user = { name: 'ann@example.com', uid: '7', groups: ['oidc:dev', 'system:authenticated'] };
  assert.deepEqual((await reader.read(await sign(claims), []))?.user, user);
  assert.deepEqual((await reader.read(await sign(claims, 'other'), []))?.user, user);
  assert.equal(await reader.read(await sign(claims, 'someone-else'), []), undefined);
  assert.equal(await reader.read(await sign(claims, 'tenon', other.privateKey), []), undefined);
  assert.equal(await reader.read(await sign(claims, 'tenon', privateKey, '-1h'), []), undefined);
  assert.equal(await reader.read(await sign({ ...claims, email_verified: false }), []), undefined);
  assert.equal(await reader.read(await sign({ groups: ['dev'] }), []), undefined);
  assert.equal(await reader.read('a.b.c', []), undefined);
  const stranger = makeAuthority('stranger', 1, realClock, realRandom).certificate;
  assert.equal(await readerOf(stranger).read(await sign(claims), []), undefined);
});

test('claims become a user as the mappings say, all of it or nobody', () => {
  const claimMappings = {
    username: { expression: 'claims.name' },
    groups: { expression: 'claims.roles' },
    uid: { expression: 'claims.id' },
    extra: [{ key: 'example.test/team', valueExpression: 'claims.team' }],
  };
  const claims = { name: 'ann', roles: ['a', ''], id: 'u1', team: 'blue' };
  assert.deepEqual(userOf({ claimMappings }, claims), {
    name: 'ann',
    uid: 'u1',
    groups: ['a'],
    extra: { 'example.test/team': ['blue'] },
  });
  assert.equal(userOf({ claimMappings }, { ...claims, roles: [1] }), undefined);
  assert.equal(userOf({ claimMappings }, { ...claims, name: 7 }), undefined);
  assert.throws(() => userOf({ claimMappings }, { name: 'ann' }), /no such key/);
});

test('rules over claims and users refuse a token', () => {
  const rules = {
    claimValidationRules: [{ claim: 'hd', requiredValue: 'example.test' }, { expression: "claims.kind == 'human'" }],
    userValidationRules: [{ expression: "user.username == 'ann'" }],
  };
  const claims = { sub: 'ann', hd: 'example.test', kind: 'human' };
  assert.deepEqual(userOf(rules, claims), { name: 'ann', groups: [] });
  assert.equal(userOf(rules, { ...claims, hd: 'other' }), undefined);
  assert.equal(userOf(rules, { ...claims, kind: 'robot' }), undefined);
  assert.equal(userOf(rules, { ...claims, sub: 'bob' }), undefined);
});

test('a configuration that does not hold together names the field', () => {
  const refuses = (jwt: Record<string, unknown>, wanted: RegExp): void =>
    assert.throws(() => parseAuthentication(configuration(jwt), compile), wanted);
  const issuer = { url: 'https://issuer.example.test', audiences: ['tenon'] };
  refuses({ isuer: {} }, /^TypeError: jwt\[0\]\.isuer: unknown field/);
  refuses({ issuer: { ...issuer, url: 'http://issuer.example.test' } }, /jwt\[0\]\.issuer\.url: .*https/);
  refuses({ issuer: { ...issuer, audiences: [] } }, /jwt\[0\]\.issuer\.audiences: /);
  refuses({ issuer: { ...issuer, audiences: ['a', 'b'] } }, /audienceMatchPolicy/);
  refuses({ claimMappings: {} }, /claimMappings\.username: claim or expression is required/);
  refuses({ claimMappings: { username: { claim: 'sub' } } }, /username\.prefix: prefix is required/);
  refuses({ claimMappings: { username: { claim: 'sub', prefix: '', expression: 'claims.a' } } }, /both be set/);
  refuses({ claimMappings: { username: { expression: 'claims.' } } }, /username\.expression: compilation failed/);
  refuses({ claimMappings: { username: { expression: 'claims.email' } } }, /email_verified must be used/);
  const extra = [{ key: 'k8s.io/a', valueExpression: 'claims.a' }];
  refuses({ claimMappings: { username: { claim: 'sub', prefix: '' }, extra } }, /reserved/);
  assert.throws(() => parseAuthentication({ kind: 'Policy' }, compile), /no apiserver/);
});

test('who has no credential may ask only where the configuration says', () => {
  const anonymous = (value: unknown): ((path: string) => boolean) =>
    parseAuthentication(configuration({}, { anonymous: value }), compile).anonymous!;
  assert.equal(anonymous({ enabled: false })('/livez'), false);
  assert.equal(anonymous({ enabled: true })('/api'), true);
  const some = anonymous({ enabled: true, conditions: [{ path: '/livez' }] });
  assert.deepEqual([some('/livez'), some('/api')], [true, false]);
  assert.equal(parseAuthentication(configuration({}), compile).anonymous, undefined);
});
