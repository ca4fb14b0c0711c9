import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FaultError } from '../base/index.ts';
import { command } from './gator.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-gator-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, ...documents: readonly object[]): void =>
  writeFileSync(join(folder, name), documents.map(each => JSON.stringify(each)).join('\n---\n'));

const template = (needs: string): object => ({
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: 'looksup', annotations: { 'metadata.gatekeeper.sh/requires-sync-data': needs } },
  spec: {
    crd: { spec: { names: { kind: 'LooksUp' } } },
    targets: [
      {
        target: 'admission.k8s.gatekeeper.sh',
        rego: 'package l\nviolation[{"msg": "x"}] { input.review.object.metadata.labels.x }',
      },
    ],
  },
});
write(
  'template.yaml',
  template(
    '"[[{"groups":["extensions","networking.k8s.io"],"versions":["v1"],"kinds":["Ingress"]}],[{"groups":[""],"versions":["v1"],"kinds":["Pod"]}]]"',
  ),
);
write('broken.yaml', template('[[{"bad":1}]]'));
write('syncset.yaml', {
  apiVersion: 'syncset.gatekeeper.sh/v1alpha1',
  kind: 'SyncSet',
  metadata: { name: 's' },
  spec: { gvks: [{ group: '', version: 'v1', kind: 'Pod' }] },
});
write('config.yaml', {
  apiVersion: 'config.gatekeeper.sh/v1alpha1',
  kind: 'Config',
  metadata: { name: 'config' },
  spec: { sync: { syncOnly: [{ group: 'networking.k8s.io', version: 'v1', kind: 'Ingress' }] } },
});
write('manifest.yaml', {
  apiVersion: 'gvkmanifest.gatekeeper.sh/v1alpha1',
  kind: 'GVKManifest',
  metadata: { name: 'm' },
  spec: { groups: { '': { v1: ['Pod'] } } },
});
write('constraint.yaml', {
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: 'LooksUp',
  metadata: { name: 'u' },
  spec: { enforcementAction: 'warn' },
});
write('pod.yaml', {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'd', labels: { x: 'y' } },
  spec: { containers: [] },
});
const expansion = (name: string, from: string, to: string): object => ({
  apiVersion: 'expansion.gatekeeper.sh/v1alpha1',
  kind: 'ExpansionTemplate',
  metadata: { name },
  spec: {
    applyTo: [{ groups: ['x'], kinds: [from], versions: ['v1'] }],
    templateSource: 'spec.template',
    generatedGVK: { group: 'x', version: 'v1', kind: to },
  },
});
write('cycle.yaml', expansion('a', 'A', 'B'), expansion('b', 'B', 'A'), {
  apiVersion: 'x/v1',
  kind: 'A',
  metadata: { name: 'a' },
});

async function gator(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await command.run({
    positionals: words.map(word => (word.endsWith('.yaml') ? join(folder, word) : word)),
    options: {},
    output: 'text',
    terminal: {
      language: 'en',
      color: false,
      out: text => void (out += `${text}\n`),
      err: text => void (err += `${text}\n`),
    },
    signal: new AbortController().signal,
    root: folder,
    environment: {},
  });
  return { code, out, err };
}

const IGNORING =
  'ignoring absence of supported GVK manifest due to --force-omit-gvk-manifest flag; will assume all synced GVKs are supported by cluster\n';
const UNMET = 'the following requirements were not met: \nlooksup:\n';

/** What the released tool (3.23.1) prints and ends with for the same files. */
const RECORDED: readonly (readonly [words: string, code: number, out: string, err: string])[] = [
  ['sync test -n template.yaml -n syncset.yaml -n config.yaml -f', 0, IGNORING, ''],
  [
    'sync test -n template.yaml -n syncset.yaml -f',
    1,
    IGNORING,
    `${UNMET}- extensions/v1:Ingress OR networking.k8s.io/v1:Ingress\n\n`,
  ],
  [
    'sync test -n template.yaml -n syncset.yaml -n config.yaml -n manifest.yaml',
    1,
    '',
    `${UNMET}- extensions/v1:Ingress OR networking.k8s.io/v1:Ingress\n\n`,
  ],
  [
    'sync test -n template.yaml -n syncset.yaml',
    1,
    '',
    'checking: no GVK manifest found; please provide a manifest enumerating the GVKs supported by the cluster\n',
  ],
  [
    'sync test -n broken.yaml -f',
    1,
    '',
    'encountered errors parsing the following templates: \nlooksup:\njson: unknown field "bad"\n\n',
  ],
  ['sync test', 1, '', 'no input data identified\n'],
  ['test -f template.yaml -f constraint.yaml -f pod.yaml', 0, 'v1/Pod d/p: ["u"] Message: "x"\n', ''],
  ['test -f template.yaml -f constraint.yaml -f pod.yaml --deny-only', 0, '', ''],
  [
    'test -f template.yaml -f constraint.yaml -f pod.yaml -o yaml',
    0,
    `- result:
    target: admission.k8s.gatekeeper.sh
    msg: x
    metadata:
        details: {}
    constraint:
        object:
            apiVersion: constraints.gatekeeper.sh/v1beta1
            kind: LooksUp
            metadata:
                name: u
            spec:
                enforcementAction: warn
    enforcementaction: warn
    scopedenforcementactions: []
  violatingObject:
    apiVersion: v1
    kind: Pod
    metadata:
        labels:
            x: y
        name: p
        namespace: d
    spec:
        containers: []
  trace: null
`,
    '',
  ],
  [
    'expand -n cycle.yaml',
    1,
    '',
    'error expanding resources: error upserting template b: template forms expansion cycle\n',
  ],
];
for (const [words, code, out, err] of RECORDED)
  test(`gator ${words}`, async () => {
    assert.deepEqual(await gator(...words.split(' ')), { code, out, err });
  });

test('what is not done is refused', async () => {
  const isRefusal = (error: unknown): boolean => error instanceof FaultError && error.fault.code.endsWith('not-done');
  for (const words of [
    ['test', '--image', 'x/y'],
    ['test', '--stats', '-f', 'pod.yaml'],
    ['test', '-t', '-f', 'pod.yaml'],
    ['verify', '.', '-t'],
    ['expand', '-i', 'x/y'],
    ['sync', 'test', '-i', 'x/y'],
  ])
    await assert.rejects(gator(...words), isRefusal, words.join(' '));
});
