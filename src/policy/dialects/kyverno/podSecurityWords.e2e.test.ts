import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { JsonObject } from '../../../kernel/index.ts';
import { missingPeer, peerPath } from '../../../kernel/testing/peers.ts';
import { checkPodSecurity } from '../../engine/podsecurity/index.ts';
import { podSecurityViolations } from './podSecurity.ts';
import { podSecurityWords } from './podSecurityWords.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-kyverno-words-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Pods that break one control or several, as pod specs. */
const PODS: Readonly<Record<string, object>> = {
  privileged: { containers: [{ name: 'c', image: 'nginx', securityContext: { privileged: true } }] },
  host: { hostNetwork: true, hostPID: true, containers: [{ name: 'c', image: 'nginx' }] },
  ports: { containers: [{ name: 'c', image: 'a.test/b:1', ports: [{ containerPort: 80, hostPort: 80 }] }] },
  volume: { containers: [{ name: 'c', image: 'nginx' }], volumes: [{ name: 'v', hostPath: { path: '/x' } }] },
  probe: { containers: [{ name: 'c', image: 'nginx', livenessProbe: { httpGet: { host: '10.0.0.1', port: 80 } } }] },
  capability: {
    containers: [{ name: 'c', image: 'nginx', securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }],
  },
  plain: { containers: [{ name: 'c', image: 'nginx' }] },
};

interface Told {
  readonly message: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** What the real Kyverno reports of a pod; undefined where it finds nothing. */
function peerWords(level: string, spec: object, exclude: readonly object[] = []): Told | undefined {
  const write = (name: string, value: unknown): string => {
    writeFileSync(join(folder, name), JSON.stringify(value));
    return join(folder, name);
  };
  const rule = {
    name: 'r',
    match: { any: [{ resources: { kinds: ['Pod'] } }] },
    validate: { podSecurity: { level, version: 'latest', ...(exclude.length === 0 ? {} : { exclude }) } },
  };
  const policy = write('policy.yaml', {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { validationFailureAction: 'Audit', rules: [rule] },
  });
  const pod = write('pod.yaml', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec });
  const words = ['apply', policy, '-r', pod, '--policy-report', '--output-format', 'json'];
  const { stdout, stderr } = spawnSync(peerPath('kyverno')!, words, { encoding: 'utf8', timeout: 60_000 });
  const start = stdout.indexOf('{');
  assert.ok(start >= 0, `${stdout}\n${stderr}`);
  const { results = [] } = JSON.parse(stdout.slice(start)) as { results?: readonly (Told & { result: string })[] };
  return results.find(({ result }) => result === 'fail');
}

describe('what Kyverno says of pods its pod security rules refuse', { skip: missingPeer('kyverno') ?? false }, () => {
  for (const level of ['baseline', 'restricted'] as const)
    for (const [name, spec] of Object.entries(PODS))
      test(`${level}: ${name}`, () => {
        const violations = checkPodSecurity(level, { name: 'p' }, spec as JsonObject);
        const theirs = peerWords(level, spec);
        if (violations.length === 0) return assert.equal(theirs, undefined);
        const ours = podSecurityWords({ level, version: 'latest' }, violations);
        assert.equal(theirs?.message, `Validation rule 'r' failed. ${ours.message}`);
        const { process: _process, ...properties } = theirs!.properties;
        assert.deepEqual(ours.properties, properties);
      });

  test('images that an exclusion lets in are told with a control that still refuses', () => {
    const adding = (name: string, image: string, add: string) => ({
      name,
      image,
      securityContext: { capabilities: { add: [add] } },
    });
    const spec = { containers: [adding('c', 'a.test/b:1', 'SYS_TIME'), adding('d', 'a.test/c:1', 'SYS_ADMIN')] };
    const exclude = [
      {
        controlName: 'Capabilities',
        images: ['a.test/b:1'],
        restrictedField: 'spec.containers[*].securityContext.capabilities.add',
        values: ['SYS_TIME'],
      },
    ];
    const resource = { kind: 'Pod', spec } as unknown as JsonObject;
    const all = checkPodSecurity('baseline', {}, spec as unknown as JsonObject);
    const left = podSecurityViolations({ level: 'baseline', exclude }, resource);
    const ours = podSecurityWords({ level: 'baseline', version: 'latest' }, left, all);
    const { process: _process, ...properties } = peerWords('baseline', spec, exclude)!.properties;
    assert.deepEqual(ours.properties, properties);
  });
});
