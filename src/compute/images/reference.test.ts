import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { credentialsFor, parseChallenges, parseDockerConfig } from './auth.ts';
import { normalReference, parseReference } from './reference.ts';
import { selectPlatform, type ImageIndex } from './manifest.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('image names', () => {
  const rows: readonly [string, string][] = [
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.25', 'docker.io/library/nginx:1.25'],
    ['index.docker.io/library/nginx', 'docker.io/library/nginx:latest'],
    ['bitnami/redis', 'docker.io/bitnami/redis:latest'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app:v1', 'localhost:5000/app:v1'],
    ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c:latest'],
    ['[::1]:5000/app', '[::1]:5000/app:latest'],
    ['ghcr.io/stefanprodan/podinfo:6.9.2', 'ghcr.io/stefanprodan/podinfo:6.9.2'],
    [`a/b@${DIGEST}`, `docker.io/a/b@${DIGEST}`],
    [`a/b:t@${DIGEST}`, `docker.io/a/b:t@${DIGEST}`],
    ['a/b__c-d.e', 'docker.io/a/b__c-d.e:latest'],
  ];
  for (const [text, want] of rows) it(`${text} is ${want}`, () => assert.equal(normalReference(text), want));
  for (const text of [
    '',
    'Nginx',
    'a//b',
    '/a',
    'a/',
    'a:',
    'a:b:c',
    'a@sha256:00',
    '../a',
    'a/../b',
    'a b',
    `${'a'.repeat(64)}`,
    'a'.repeat(300),
    'a/b:..',
    '-a',
  ])
    it(`${JSON.stringify(text.slice(0, 20))} is refused`, () =>
      assert.throws(() => parseReference(text), /image name/));
});

describe('registry logins', () => {
  const auth = (name: string) => Buffer.from(name).toString('base64');
  const all = parseDockerConfig(
    JSON.stringify({
      auths: {
        'https://index.docker.io/v1/': { auth: auth('hub:pw') },
        'ghcr.io': { username: 'g', password: 'p' },
        'ghcr.io/team': { auth: auth('team:x:y') },
        '*.example.com': { identitytoken: 't' },
        __proto__: { auth: auth('evil:1') },
        broken: 5,
      },
    }),
  );
  it('are found by host, path and wildcard, most specific first', () => {
    assert.equal(credentialsFor(all, 'docker.io', 'library/nginx')[0]?.username, 'hub');
    assert.deepEqual(
      credentialsFor(all, 'ghcr.io', 'team/app').map(entry => entry.username),
      ['team', 'g'],
    );
    assert.equal(credentialsFor(all, 'ghcr.io', 'team/app')[0]?.password, 'x:y');
    assert.deepEqual(
      credentialsFor(all, 'ghcr.io', 'teamwork/app').map(entry => entry.username),
      ['g'],
    );
    assert.equal(credentialsFor(all, 'a.example.com', 'x')[0]?.identityToken, 't');
    assert.equal(credentialsFor(all, 'a.b.example.com', 'x').length, 0);
    assert.equal(parseDockerConfig('no json').length, 0);
  });
  it('answer challenges with quoted and plain parameters', () => {
    const [bearer, basic] = parseChallenges(
      'Bearer realm="https://a/token?x=\\"1\\"",service=reg,scope="repository:a:pull,push", Basic realm="r"',
    );
    assert.deepEqual(
      [...bearer!.params],
      [
        ['realm', 'https://a/token?x="1"'],
        ['service', 'reg'],
        ['scope', 'repository:a:pull,push'],
      ],
    );
    assert.equal(basic?.scheme, 'basic');
  });
});

describe('platform choice', () => {
  const entry = (os: string, architecture: string, variant?: string) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: DIGEST as `sha256:${string}`,
    size: 1,
    platform: { os, architecture, ...(variant ? { variant } : {}) },
  });
  const index: ImageIndex = {
    form: 'index',
    mediaType: 'x',
    annotations: {},
    manifests: [
      entry('unknown', 'unknown'),
      entry('linux', 'arm', 'v6'),
      entry('linux', 'arm', 'v7'),
      entry('linux', 'amd64'),
      entry('wasip1', 'wasm'),
    ],
  };
  it('prefers the exact variant, then a Wasm module, never an attestation', () => {
    assert.equal(selectPlatform(index, { os: 'linux', architecture: 'arm', variant: 'v7' })?.platform?.variant, 'v7');
    assert.equal(selectPlatform(index, { os: 'linux', architecture: 'amd64' })?.platform?.architecture, 'amd64');
    assert.equal(selectPlatform(index, { os: 'linux', architecture: 'riscv64' })?.platform?.architecture, 'wasm');
  });
});
