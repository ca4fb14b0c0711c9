import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { kubectl, kubectlPath, startTenon } from '../../../bench/tenon.ts';
import { until } from '../../cli/testing.ts';

const root = resolve(import.meta.dirname, '../../..');
const skip = existsSync(kubectlPath()) ? false : 'kubectl is absent: tools/get-kubectl.sh fetches it';

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'clusterpolicies.kyverno.io' },
  spec: {
    group: 'kyverno.io',
    scope: 'Cluster',
    names: { plural: 'clusterpolicies', singular: 'clusterpolicy', kind: 'ClusterPolicy' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};
const policy = (name: string, rule: object): object => ({
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name },
  spec: {
    validationFailureAction: 'Enforce',
    rules: [{ name, match: { any: [{ resources: { kinds: ['ConfigMap'] } }] }, ...rule }],
  },
});
const policies = [
  policy('team', { validate: { message: 'team is required', pattern: { metadata: { labels: { team: '?*' } } } } }),
  policy('mark', { mutate: { patchStrategicMerge: { metadata: { labels: { '+(mark)': 'yes' } } } } }),
];
const configMap = (name: string, labels: Record<string, string>): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', labels },
});

test('Kyverno policies applied to a running Tenon refuse and change what comes in, until they go', {
  skip,
}, async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-kyverno-'));
  let files = 0;
  try {
    await using tenon = await startTenon(root, join(scratch, 'state'));
    const fileOf = (...objects: object[]): string => {
      const file = join(scratch, `${files++}.json`);
      writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
      return file;
    };
    const apply = (...objects: object[]): Promise<string> => kubectl(tenon, ['apply', '-f', fileOf(...objects)]);
    const bad = fileOf(configMap('bad', {}));
    // Admission follows the policies by watching them: a moment after the write, as with any webhook's caches.
    const refused = (): Promise<boolean> =>
      kubectl(tenon, ['apply', '--dry-run=server', '-f', bad]).then(
        () => false,
        (error: unknown) => {
          assert.match(String(error), /team is required/);
          return true;
        },
      );
    await apply(definition);
    await kubectl(tenon, ['wait', '--for=condition=Established', 'crd/clusterpolicies.kyverno.io', '--timeout=10s']);
    await apply(...policies);
    await until('the policy holds', refused, held => held);
    await assert.rejects(kubectl(tenon, ['apply', '-f', bad]), /team is required/);
    await apply(configMap('good', { team: 'a' }));
    const labels = ['get', 'configmap', 'good', '-o', 'jsonpath={.metadata.labels}'];
    assert.deepEqual(JSON.parse(await kubectl(tenon, labels)), { team: 'a', mark: 'yes' });
    await kubectl(tenon, ['delete', 'clusterpolicy', 'team']);
    await until('the policy is gone', refused, held => !held);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
