import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultError } from '../../../base/index.ts';
import type { SourceTree } from '../../model.ts';
import { printKustomization, renderKustomization } from './render.ts';

const tree = (files: Record<string, string>): SourceTree => ({
  name: 'test',
  revision: '1',
  files: new Map(Object.entries(files)),
});
const WEB =
  'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: c, image: "a:1", ports: [{containerPort: 80, protocol: TCP}]}]}}}\n';

test('a change goes into the base, and names that changed are followed', () => {
  const built = printKustomization(
    tree({
      'base/kustomization.yaml': 'resources: [web.yaml]\nconfigMapGenerator: [{name: cfg, literals: [a=b]}]\n',
      'base/web.yaml': WEB.replace('image: "a:1"', 'image: "a:1", envFrom: [{configMapRef: {name: cfg}}]'),
      'over/kustomization.yaml': 'resources: [../base]\nnamePrefix: x-\nimages: [{name: a, newTag: "2"}]\n',
    }),
    'over',
  );
  assert.match(built, /name: x-cfg-\w{10}\n/);
  assert.match(built, /configMapRef:\n\s+name: x-cfg-\w{10}\n/);
  assert.match(built, /image: a:2\n/);
});

test('origins name the file and line of the document', () => {
  const { wanted, faults } = renderKustomization(
    tree({ 'kustomization.yaml': 'resources: [web.yaml]\n', 'web.yaml': `# one\n---\n${WEB}` }),
    '',
  );
  assert.deepEqual(faults, []);
  assert.deepEqual(wanted[0]!.origin.span, { file: 'web.yaml', line: 3, column: 1 });
});

const REFUSED: readonly (readonly [why: RegExp, files: Record<string, string>])[] = [
  [/unknown field "nonsense"/, { 'kustomization.yaml': 'nonsense: 1\n' }],
  [/remote/, { 'kustomization.yaml': 'resources: ["https://example.com/x.yaml"]\n' }],
  [/cycle/, { 'kustomization.yaml': 'resources: [a]\n', 'a/kustomization.yaml': 'resources: [../a]\n' }],
  [/leads out/, { 'kustomization.yaml': 'resources: [../../x]\n' }],
  [/already registered id/, { 'kustomization.yaml': 'resources: [a.yaml, b.yaml]\n', 'a.yaml': WEB, 'b.yaml': WEB }],
  [/no matches for Id/, { 'kustomization.yaml': `patches: [{path: p.yaml}]\n`, 'p.yaml': WEB }],
];

test('what cannot be built says why', () => {
  for (const [why, files] of REFUSED) {
    assert.throws(
      () => printKustomization(tree(files), ''),
      (error: unknown) => error instanceof FaultError && why.test(error.message),
      String(why),
    );
    assert.equal(renderKustomization(tree(files), '').faults.length, 1);
  }
});
