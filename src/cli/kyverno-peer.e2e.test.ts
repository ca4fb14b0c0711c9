import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { missingPeer, peerPath } from '../kernel/testing/peers.ts';
import { command } from './kyverno.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-kyverno-peer-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, ...documents: readonly object[]): string => {
  writeFileSync(join(folder, name), documents.map(each => JSON.stringify(each)).join('\n---\n'));
  return join(folder, name);
};

const match = { any: [{ resources: { kinds: ['Pod'] } }] };
const policy = (...rules: readonly object[]): object => ({
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name: 'p', annotations: { 'pod-policies.kyverno.io/autogen-controllers': 'none' } },
  spec: { validationFailureAction: 'Audit', background: false, rules },
});
const validating = (validate: object, more: object = {}): object =>
  policy({ name: 'r', match, ...more, validate: { message: 'no', ...validate } });
const cel = (spec: object): object => ({
  apiVersion: 'policies.kyverno.io/v1',
  kind: 'ValidatingPolicy',
  metadata: { name: 'p' },
  spec: {
    validationActions: ['Audit'],
    matchConstraints: {
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    },
    ...spec,
  },
});
const deny = (key: string, operator: string, value: unknown): object => ({
  deny: { conditions: { any: [{ key, operator, value }] } },
});

const POLICIES: Readonly<Record<string, object>> = {
  'a label that must be there': validating({ pattern: { metadata: { labels: { team: '?*' } } } }),
  'an image by condition': validating({
    pattern: { spec: { containers: [{ '(image)': '*:latest', imagePullPolicy: 'Always' }] } },
  }),
  'a field that may be absent': validating({ pattern: { spec: { '=(hostNetwork)': false } } }),
  'a field that must be absent': validating({ pattern: { spec: { 'X(hostPath)': 'null', 'X(hostPID)': 'null' } } }),
  'one of two patterns': validating({
    anyPattern: [{ metadata: { labels: { team: '?*' } } }, { metadata: { labels: { app: 'x | y' } } }],
  }),
  'a quantity': validating({
    pattern: { spec: { containers: [{ '=(resources)': { '=(limits)': { memory: '<=1Gi' } } }] } },
  }),
  'a list of values': validating(deny('{{ request.object.metadata.labels.team || `""` }}', 'AnyNotIn', ['a', 'b*'])),
  'images without a registry': validating(deny('{{ images.containers.*.registry }}', 'AnyIn', ['docker.io'])),
  preconditions: validating(deny('{{ request.object.metadata.name }}', 'Equals', 'plain'), {
    preconditions: {
      all: [{ key: '{{ request.object.metadata.labels.team || `""` }}', operator: 'Equals', value: '' }],
    },
  }),
  'each container': validating({
    foreach: [{ list: 'request.object.spec.containers', ...deny('{{ element.name }}', 'AnyIn', ['side*']) }],
  }),
  'an exclusion': validating(
    { pattern: { metadata: { labels: { team: '?*' } } } },
    {
      exclude: { any: [{ resources: { names: ['pl*'] } }] },
    },
  ),
  'the baseline standard': validating({ podSecurity: { level: 'baseline', version: 'latest' } }),
  'the restricted standard': validating({ podSecurity: { level: 'restricted', version: 'latest' } }),
  'CEL in a rule': validating({
    cel: { expressions: [{ expression: 'size(object.spec.containers) < 2', message: 'm' }] },
  }),
  'a CEL policy': cel({
    validations: [{ expression: "has(object.metadata.labels) && 'team' in object.metadata.labels" }],
  }),
  'a CEL policy with conditions': cel({
    matchConditions: [{ name: 'c', expression: "object.metadata.name != 'plain'" }],
    variables: [{ name: 'n', expression: 'object.spec.containers.map(c, c.name)' }],
    validations: [
      { expression: "!variables.n.exists(n, n.startsWith('side'))", messageExpression: 'string(size(variables.n))' },
    ],
  }),
};

const pod = (name: string, labels: object | undefined, spec: object, ...containers: readonly object[]): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', ...(labels === undefined ? {} : { labels }) },
  spec: { ...spec, containers },
});
const PODS = [
  pod('plain', undefined, {}, { name: 'c', image: 'nginx' }),
  pod('teamed', { team: 'a' }, {}, { name: 'c', image: 'reg.test/x:latest', imagePullPolicy: 'Always' }),
  pod('hosted', { team: 'bee', app: 'y' }, { hostNetwork: true, hostPID: true }, { name: 'c', image: 'a:latest' }),
  pod(
    'sided',
    { app: 'z' },
    {},
    { name: 'c', image: 'nginx:1', resources: { limits: { memory: '2Gi' } } },
    { name: 'side-car', image: 'q.test/s:1', securityContext: { privileged: true } },
  ),
];

async function ours(...words: readonly string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await command.run({
    positionals: words,
    options: {},
    output: 'text',
    terminal: {
      language: 'en',
      color: false,
      out: each => void (text += `${each}\n`),
      err: each => void (text += `${each}\n`),
    },
    signal: new AbortController().signal,
    root: folder,
    environment: {},
  });
  return { code, text };
}

function theirs(...words: readonly string[]): { code: number | null; text: string } {
  const { stdout, stderr, status } = spawnSync(peerPath('kyverno')!, words, { encoding: 'utf8', timeout: 120_000 });
  return { code: status, text: `${stdout}${stderr}` };
}

/** Which pods failed, and the line that counts the results. */
const countsOf = (text: string): readonly string[] => {
  const summary = /pass: \d+, fail: \d+, warn: \d+, error: \d+, skip: \d+/.exec(text)?.[0];
  assert.ok(summary, `no summary in ${text.slice(0, 2000)}`);
  const failed = text.split('\n').filter(line => /^policy \S+ -> resource \S+ /.test(line));
  return [...failed.map(line => line.trim()).toSorted(), summary];
};

describe('what the real Kyverno says of the same files', { skip: missingPeer('kyverno') ?? false }, () => {
  for (const [name, document] of Object.entries(POLICIES))
    test(`apply: ${name}`, async () => {
      const words = ['apply', write('policy.yaml', document), '-r', write('pods.yaml', ...PODS)];
      const [own, peer] = [await ours(...words), theirs(...words)];
      assert.deepEqual(countsOf(own.text), countsOf(peer.text));
      assert.equal(own.code, peer.code);
    });

  for (const [result, resources] of [
    ['pass', ['teamed', 'hosted']],
    ['fail', ['plain', 'sided']],
    ['pass', ['plain']],
  ] as const)
    test(`test: a row that wants ${resources.join(' and ')} to ${result}`, async () => {
      write('policy.yaml', POLICIES['a label that must be there']!);
      write('pods.yaml', ...PODS);
      write('kyverno-test.yaml', {
        apiVersion: 'cli.kyverno.io/v1alpha1',
        kind: 'Test',
        metadata: { name: 't' },
        policies: ['policy.yaml'],
        resources: ['pods.yaml'],
        results: [{ policy: 'p', rule: 'r', kind: 'Pod', resources, result }],
      });
      assert.equal((await ours('test', folder)).code, theirs('test', folder).code);
    });
});
