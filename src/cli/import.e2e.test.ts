import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { testServer } from '../api/testing/server.ts';
import { EXIT } from './command.ts';
import { command } from './import.ts';

test('a cluster becomes a folder of manifests without the values of its Secrets', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-import-'));
  await using server = await testServer();
  const client = server.kernel.client();
  const secrets = { group: '', version: 'v1', resource: 'secrets' };
  await client.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 's',
      namespace: 'default',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"k":"Y2FuYXJ5LTE="}}', kept: 'yes' },
    },
    data: { k: 'Y2FuYXJ5LTE=' },
  });
  const roles = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles' };
  await client.create(roles, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'a:b' },
  });
  const out: string[] = [];
  try {
    const code = await command.run({
      positionals: [folder],
      options: { kubeconfig: server.api.kubeconfig },
      output: 'text',
      terminal: { language: 'en', color: false, out: text => void out.push(text), err: text => void out.push(text) },
      signal: new AbortController().signal,
      root: folder,
      environment: {},
    });
    assert.equal(code, EXIT.yes);
    const secret = parse(readFileSync(join(folder, 'default/secrets/s.yaml'), 'utf8')) as {
      data: object;
      metadata: Record<string, unknown>;
    };
    assert.deepEqual(secret.data, { k: 'cmVkYWN0ZWQ=' });
    assert.deepEqual(secret.metadata.annotations, { kept: 'yes' });
    assert.equal(secret.metadata.managedFields, undefined);
    assert.ok(readdirSync(join(folder, '_cluster/clusterroles.rbac.authorization.k8s.io')).includes('a%3Ab.yaml'));
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.yaml'));
    assert.ok(files.every(file => !readFileSync(join(folder, file), 'utf8').includes('Y2FuYXJ5LTE')));
    assert.match(out.at(-1)!, new RegExp(`^${files.length} objects of \\d+ kinds`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
