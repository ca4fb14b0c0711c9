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
  'a list of texts all among others': validating(deny('{{ request.object.spec.containers[].name }}', 'In', ['c', 'd'])),
  'a list with a text not among others': validating(
    deny('{{ request.object.spec.containers[].name }}', 'NotIn', ['c', 'd']),
  ),
  'a list that is not in a text': validating(deny('{{ request.object.spec.containers[].name }}', 'NotIn', 'x')),
  'a global anchor behind fields with anchors': validating({
    pattern: { metadata: { '=(labels)': { '=(team)': 'a' }, namespace: 'zz' }, '<(spec)': { '=(hostPID)': false } },
  }),
  'a condition whose key is nowhere': validating({
    pattern: { metadata: { name: 'zz' }, spec: { '^(initContainers)': [{ name: '?*' }] } },
  }),
  'elements of which none counts': validating({
    foreach: [{ list: 'request.object.spec.containers', pattern: { '(name)': 'zz', image: '?*' } }],
  }),
  'a list that cannot be read': validating({ foreach: [{ list: 'a(', pattern: { name: 'x' } }] }),
  'a condition that fails with words': policy({
    name: 'r',
    match,
    preconditions: { all: [{ key: 'a', operator: 'Equals', value: 'b', message: 'because' }] },
    validate: { message: 'no', pattern: { metadata: { name: 'x' } } },
  }),
  'no condition of any': validating({ deny: { conditions: { any: [] } } }),
  'a variable nobody knows': validating({ message: 'no {{ foo }}', pattern: { metadata: { name: 'x' } } }),
  'an element outside of a list': validating({ message: '{{ element.name }}', pattern: { metadata: { name: 'x' } } }),
  'an operation nobody does': validating(deny('{{ request.operation }}', 'Equals', 'PATCH')),
  'an operator that is none': validating(deny('a', 'Is', 'a')),
  'a variable of nothing': validating(
    { pattern: { metadata: { name: 'x' } } },
    { context: [{ name: 'v', variable: { default: 1 } }] },
  ),
  'two bodies': validating({ pattern: { metadata: { name: 'x' } }, deny: {} }),
  'an addition in a pattern': validating({ pattern: { metadata: { '+(name)': 'x' } } }),
  'every kind by more than metadata': policy({
    name: 'r',
    match: { any: [{ resources: { kinds: ['*'] } }] },
    validate: { message: 'no', pattern: { spec: { hostPID: false } } },
  }),
  'a patch without a slash': policy({
    name: 'r',
    match,
    mutate: { patchesJson6902: '- {op: add, path: a, value: x}' },
  }),
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

const EXPRESSIONS = [
  'to_string(@)',
  '@',
  "divide('1.5Gi', `7`)",
  "divide('7500m', `3`)",
  "divide('1G', `1e6`)",
  "multiply('1.3', `0.333333333333`)",
  "semver_compare('1.2', '<1.0.0')",
  "semver_compare('1.2.3', '1.x.3')",
  "semver_compare('1.2.3', '>1.x || 1.2.3')",
  "replace('aaa', '', 'b', `2`)",
  "truncate('abc', `-1`)",
  'lookup(list, `1.5`)',
  'object_from_lists(list, list)',
  'round(`2.5`, `400`)',
  "time_parse('', '2021-01-02T15:04:05Z')",
];

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

/** Which pods failed, which policies were passed over, and the line that counts the results. */
const countsOf = (text: string): readonly string[] => {
  const summary = /pass: \d+, fail: \d+, warn: \d+, error: \d+, skip: \d+/.exec(text)?.[0];
  assert.ok(summary, `no summary in ${text.slice(0, 2000)}`);
  const failed = text.split('\n').filter(line => /^policy \S+ -> resource \S+ |^\d+\. p: /.test(line));
  return [...failed.map(line => line.trim().replace(/^\d+\. p: .*/, 'passed over')).toSorted(), summary];
};

describe('what the real Kyverno says of the same files', { skip: missingPeer('kyverno') ?? false }, () => {
  for (const [name, document] of Object.entries(POLICIES))
    test(`apply: ${name}`, async () => {
      const words = ['apply', write('policy.yaml', document), '-r', write('pods.yaml', ...PODS)];
      const [own, peer] = [await ours(...words), theirs(...words)];
      assert.deepEqual(countsOf(own.text), countsOf(peer.text));
      assert.equal(own.code, peer.code);
    });

  for (const expression of EXPRESSIONS)
    test(`jp query: ${expression}`, async () => {
      const words = ['jp', 'query', '-i', write('input.json', { list: [1, 2], text: '<a&b>' }), expression];
      const [own, peer] = [await ours(...words), theirs(...words)];
      assert.deepEqual([own.code === 0, own.code === 0 && own.text], [peer.code === 0, peer.code === 0 && peer.text]);
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
