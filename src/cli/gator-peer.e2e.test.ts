import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { missingPeer, peerPath } from '../kernel/testing/peers.ts';
import { command } from './gator.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenon-gator-peer-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, documents: readonly object[]): string => {
  writeFileSync(join(folder, name), documents.map(each => JSON.stringify(each)).join('\n---\n'));
  return join(folder, name);
};

const MUTATIONS = 'mutations.gatekeeper.sh';
const template = {
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: 'always' },
  spec: {
    crd: { spec: { names: { kind: 'Always' } } },
    targets: [
      {
        target: 'admission.k8s.gatekeeper.sh',
        rego: 'package always\nviolation[{"msg": input.review.object.metadata.name}] { true }\n',
      },
    ],
  },
};
const constraint = (match: object): object => ({
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: 'Always',
  metadata: { name: 'c' },
  spec: { match },
});
const object = (kind: string, name: string, namespace?: string, labels?: object): object => ({
  apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1',
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...(labels === undefined ? {} : { labels }) },
});
const OBJECTS = [
  object('Namespace', 'dev', undefined, { team: 'red' }),
  object('Pod', 'in-dev', 'dev', { app: 'x' }),
  object('Pod', 'in-default', 'default'),
  object('Pod', 'in-nowhere', 'nowhere'),
  object('Pod', 'in-none'),
  object('Deployment', 'deployed', 'dev'),
];
const MATCHES: readonly object[] = [
  {},
  { kinds: [{ apiGroups: [''], kinds: ['Pod'] }] },
  { kinds: [{ apiGroups: [], kinds: ['Pod'] }, { kinds: ['Deployment'] }] },
  { namespaces: ['d*'] },
  { namespaces: ['*where', 'default'], excludedNamespaces: ['def*'] },
  { excludedNamespaces: ['*'] },
  { scope: 'Cluster' },
  { scope: 'Namespaced', name: 'in-*' },
  { name: 'in-?' },
  { source: 'Generated' },
  { labelSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } },
  { namespaceSelector: {} },
  { namespaceSelector: { matchLabels: { team: 'red' } } },
  { namespaceSelector: { matchLabels: { team: 'red' } }, namespaces: ['dev'] },
  { namespaceSelector: { matchLabels: { team: 'red' } }, name: 'deployed' },
  { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] } },
];

const expansion = {
  apiVersion: 'expansion.gatekeeper.sh/v1beta1',
  kind: 'ExpansionTemplate',
  metadata: { name: 'e' },
  spec: {
    applyTo: [{ groups: ['apps'], kinds: ['Deployment'], versions: ['v1'] }],
    templateSource: 'spec.template',
    generatedGVK: { kind: 'Pod', group: '', version: 'v1' },
  },
};
const containers = [
  { name: 'c', image: 'a/b', ports: [{ containerPort: 80, name: 'p' }] },
  { name: '80', image: 'q' },
];
const generator = {
  ...object('Deployment', 'd', 'dev'),
  spec: { template: { metadata: { labels: { app: 'x' } }, spec: { containers } } },
};
const mutator = (kind: string, location: string, parameters: object): object => ({
  apiVersion: `${MUTATIONS}/${kind === 'AssignImage' ? 'v1alpha1' : 'v1'}`,
  kind,
  metadata: { name: 'm' },
  spec: {
    ...(kind === 'AssignMetadata' ? {} : { applyTo: [{ groups: [''], versions: ['v1'], kinds: ['Pod'] }] }),
    match: {},
    location,
    parameters,
  },
});
const value = (given: unknown): object => ({ assign: { value: given } });
const tested = (subPath: string, condition: string): object => ({
  ...value('q'),
  pathTests: [{ subPath, condition }],
});
const PORT = 'spec.containers[name: *].ports[containerPort: 80]';
const COMMAND = 'spec.containers[name: *].command';
const IMAGE = 'spec.containers[name: c].image';
const MUTATORS: readonly (readonly [kind: string, location: string, parameters: object])[] = [
  ['Assign', `${PORT}.x`, value('y')],
  ['Assign', "spec.containers[name: *].ports[containerPort: '80'].x", value('y')],
  ['Assign', PORT, value({ containerPort: 80, k: 1 })],
  ['Assign', 'spec.containers[name: 8a].x', value('y')],
  ['Assign', 'spec.containers[80: a].x', value('y')],
  ['Assign', 'spec.x', value(null)],
  ['Assign', 'spec.x', {}],
  ['Assign', COMMAND, tested('spec.containers', 'MustExist')],
  ['Assign', COMMAND, tested('spec.containers', 'MustNotExist')],
  ['Assign', COMMAND, tested('spec.nope', 'MustNotExist')],
  ['Assign', 'spec.x', tested('', 'MustExist')],
  ['ModifySet', 'spec.x', { values: { fromList: ['a'] } }],
  ['ModifySet', 'spec.x', { operation: 'merge' }],
  ['ModifySet', 'spec.x.y', { operation: 'merge', values: { fromList: [] } }],
  ['ModifySet', 'spec.x', { operation: 'merge', values: { fromList: 'a' } }],
  ['ModifySet', 'spec.containers', { operation: 'prune', values: { fromList: [{ name: '80', image: 'q' }] } }],
  ['AssignMetadata', 'metadata.labels.app', value('z')],
  ['AssignMetadata', 'metadata.labels.other', value(5)],
  ['AssignMetadata', 'metadata.labels.other', { assign: { fromMetadata: { field: 'namespace' } } }],
  ['AssignImage', 'spec.x', { assignDomain: 'localhost', assignTag: ':v' }],
  ...['reg:5000', 'a_b.io', 'a..b', 'A.io:5', '-a.io', 'localhost:1'].map(
    assignDomain => ['AssignImage', IMAGE, { assignDomain }] as const,
  ),
  ...['a/b', 'A', 'a.b/c'].map(assignPath => ['AssignImage', IMAGE, { assignPath }] as const),
];

async function ours(...words: readonly string[]): Promise<{ ok: boolean; out: string }> {
  let out = '';
  const code = await command.run({
    positionals: words,
    options: {},
    output: 'text',
    terminal: { language: 'en', color: false, out: each => void (out += `${each}\n`), err: () => {} },
    signal: new AbortController().signal,
    root: folder,
    environment: {},
  });
  return { ok: code === 0, out };
}

function theirs(...words: readonly string[]): { ok: boolean; out: string } {
  const { stdout, status } = spawnSync(peerPath('gator')!, words, { encoding: 'utf8', timeout: 60_000 });
  return { ok: status === 0, out: stdout };
}

/** Violations by constraint and object, or nothing where the constraint is refused. */
function violations(text: string): readonly string[] {
  const found = (text.trim() === '' ? [] : (JSON.parse(text) ?? [])) as {
    readonly msg: string;
    readonly enforcementAction: string;
    readonly violatingObject: { readonly kind: string };
  }[];
  return found.map(each => `${each.violatingObject.kind} ${each.enforcementAction} ${each.msg}`).toSorted();
}

describe('what the real gator says of the same files', { skip: missingPeer('gator') ?? false }, () => {
  for (const match of MATCHES)
    test(`test: ${JSON.stringify(match)}`, async () => {
      const words = ['test', '-f', write('in.yaml', [template, constraint(match), ...OBJECTS]), '-o', 'json'];
      const [own, peer] = [await ours(...words), theirs(...words)];
      assert.deepEqual(violations(own.out), violations(peer.out));
      assert.equal(own.ok, peer.ok);
    });

  for (const [kind, location, parameters] of MUTATORS)
    test(`expand: ${kind} ${location} ${JSON.stringify(parameters)}`, async () => {
      const documents = [expansion, OBJECTS[0]!, mutator(kind, location, parameters), generator];
      const words = ['expand', '-n', write('expand.yaml', documents)];
      const read = ({ ok, out }: { ok: boolean; out: string }): unknown =>
        ok && parseAllDocuments(out).map(each => each.toJSON() as unknown);
      assert.deepEqual(read(await ours(...words)), read(theirs(...words)));
    });
});
