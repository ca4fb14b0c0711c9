import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { realRandom } from '../../api/testing/server.ts';
import { FaultError, VirtualClock } from '../../base/index.ts';
import { sqliteLog } from '../drivers/sqlite-log.ts';
import { type Kernel, openKernel } from '../kernel.ts';
import type { ResourceRef } from '../object.ts';
import { testKms } from '../testing/kms.ts';
import { parseEncryption } from './drivers/configuration.ts';
import { encryptedLog } from './encrypted-log.ts';
import { rewriteStale } from './rewrite.ts';
import type { ValueTransform } from './transform.ts';

const SECRETS: ResourceRef = { group: '', version: 'v1', resource: 'secrets' };
const CONFIG_MAPS: ResourceRef = { group: '', version: 'v1', resource: 'configmaps' };
const CANARY = 'canary-7f3a91';
const key = (fill: number, bytes = 32): string => Buffer.alloc(bytes, fill).toString('base64');

const configuration = (...providers: string[]): string => `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets, "*.apps"]
  providers:
${providers.map(each => `  - ${each}`).join('\n')}
`;
const gcm = (...names: string[]): string =>
  `aesgcm: {keys: [${names.map(name => `{name: ${name}, secret: ${key(name.charCodeAt(0))}}`).join(', ')}]}`;
const transformOf = (...providers: string[]): ValueTransform =>
  parseEncryption(configuration(...providers), 'file', realRandom);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

for (const [name, provider] of [
  ['AES-GCM', gcm('a')],
  ['AES-CBC', `aescbc: {keys: [{name: a, secret: ${key(1)}}]}`],
] as const) {
  test(`${name}: what is sealed shows nothing and opens again`, async () => {
    const transform = transformOf(provider);
    const sealed = await transform.seal('secrets', bytes(CANARY), '/registry/secrets/a/b');
    assert.ok(Buffer.from(sealed).toString('latin1').startsWith('k8s:enc:aes'));
    assert.ok(!Buffer.from(sealed).includes(CANARY));
    const opened = await transform.open('secrets', sealed, '/registry/secrets/a/b');
    assert.equal(Buffer.from(opened).toString(), CANARY);
    assert.equal(transform.stale.size, 0);
  });
}

test('AES-GCM: a value under another name, or changed by one bit, is refused', async () => {
  const transform = transformOf(gcm('a'));
  const sealed = await transform.seal('secrets', bytes(CANARY), '/one');
  await assert.rejects(transform.open('secrets', sealed, '/other'));
  sealed[sealed.length - 1]! ^= 1;
  await assert.rejects(transform.open('secrets', sealed, '/one'));
});

test('which collections a configuration speaks of', () => {
  const transform = transformOf(gcm('a'));
  const rows: [string, boolean][] = [
    ['secrets', true],
    ['configmaps', false],
    ['apps/deployments', true],
    ['example.org/secrets', false],
  ];
  for (const [collection, applies] of rows) assert.equal(transform.applies(collection), applies, collection);
});

for (const [what, text] of [
  ['no YAML', 'a: ['],
  ['another kind', 'kind: Config'],
  ['an unknown provider', configuration('rot13: {}')],
  ['a short key', configuration(`aesgcm: {keys: [{name: a, secret: ${key(1, 8)}}]}`)],
  ['no providers', configuration()],
  ['an old kms', configuration('kms: {apiVersion: v1, name: a, endpoint: "unix:///x"}')],
] as const) {
  test(`a configuration with ${what} is a fault`, () => {
    assert.throws(
      () => parseEncryption(text, 'file', realRandom),
      (error: unknown) => error instanceof FaultError && error.fault.code === 'kernel/encryption-config',
    );
  });
}

const open = (folder: string, transform?: ValueTransform): Promise<Kernel> => {
  const log = sqliteLog(folder, { erase: transform !== undefined });
  return openKernel({
    log: transform ? encryptedLog(log, transform) : log,
    clock: new VirtualClock(),
    random: realRandom,
  });
};

const holds = (folder: string, text: string): boolean =>
  readdirSync(folder).some(file => {
    const content = readFileSync(join(folder, file));
    return content.includes(text) || content.includes(Buffer.from(text).toString('base64').slice(0, 12));
  });

const secret = (name: string): object => ({ metadata: { name, namespace: 'default' }, stringData: { key: CANARY } });

test('a Secret is not in the store file; keys rotate; what was plain before is overwritten', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-kernel-encryption-'));
  try {
    const steps: readonly (readonly [ValueTransform | undefined, boolean])[] = [
      [undefined, true],
      [transformOf(gcm('a'), 'identity: {}'), false],
      [transformOf(gcm('b', 'a')), false],
      [transformOf(gcm('b')), false],
    ];
    for (const [at, [transform, plain]] of steps.entries()) {
      const kernel = await open(folder, transform);
      if (transform) await rewriteStale(kernel.journal, transform);
      const client = kernel.client();
      const object = { apiVersion: 'v1', kind: 'Secret', ...secret(`s-${at}`) };
      await client.create(SECRETS, object as never);
      const { items } = await client.list(SECRETS, { namespace: 'default' });
      assert.equal(items.length, at + 1);
      for (const item of items) {
        assert.equal(Buffer.from((item.data as { key: string }).key, 'base64').toString(), CANARY);
      }
      const visible = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `c-${at}`, namespace: 'default' } };
      await client.create(CONFIG_MAPS, visible);
      await kernel[Symbol.asyncDispose]();
      assert.equal(holds(folder, CANARY), plain, `step ${at}`);
      assert.ok(holds(folder, `c-${at}`), 'the search must be able to find what is there');
    }
    // The first key is gone: whoever only has that one cannot read.
    await assert.rejects(open(folder, transformOf(gcm('a'))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('KMS v2: one seed for many values; a key rotated in the service is noticed when read', async () => {
  await using kms = await testKms();
  const provider = `kms: {apiVersion: v2, name: test, endpoint: "${kms.endpoint}", timeout: 3s}`;
  const writer = transformOf(provider);
  const sealed = await Promise.all(
    Array.from({ length: 50 }, (_, at) =>
      writer.seal('secrets', bytes(`${CANARY}-${at}`), `/registry/secrets/a/${at}`),
    ),
  );
  assert.equal(kms.calls.encrypt, 1);
  assert.ok(sealed.every(each => !Buffer.from(each).includes(CANARY)));
  kms.keyId = 'two';
  const reader = transformOf(provider);
  for (const [at, each] of sealed.entries()) {
    const plain = await reader.open('secrets', each, `/registry/secrets/a/${at}`);
    assert.equal(Buffer.from(plain).toString(), `${CANARY}-${at}`);
  }
  assert.equal(kms.calls.decrypt, 1);
  assert.deepEqual([...reader.stale], ['secrets']);
  await assert.rejects(reader.open('secrets', sealed[0]!, '/registry/secrets/a/1'));
});
