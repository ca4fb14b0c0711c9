import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { FaultError } from '../../base/index.ts';
import { type Loaded, loadFolder, loadRevision } from './documents.ts';

const root = mkdtempSync(join(tmpdir(), 'tenon-documents-'));
const write = (name: string, text: string): void => {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text);
};
const git = (...words: string[]): void => {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.test', '-c', 'init.defaultBranch=main'];
  execFileSync('git', [...identity, ...words], { cwd: join(root, 'repo'), stdio: 'ignore' });
};
const pod = (name: string, image = 'x'): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: c, image: ${image}}]}\n`;
const names = ({ objects }: Loaded): string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? '-'}/${metadata.name}`);
const codes = ({ faults }: Loaded): string[] => faults.map(({ code }) => code);

before(() => {
  write('repo/base/kustomization.yaml', 'resources: [pod.yaml]\n');
  write('repo/base/pod.yaml', pod('web', 'old'));
  write('repo/live/kustomization.yaml', 'namespace: shop\nnamePrefix: a-\nresources: [../base]\n');
  git('init');
  git('add', '.');
  git('commit', '-m', 'one');
  write('repo/base/pod.yaml', pod('web', 'new'));
});
after(() => rmSync(root, { recursive: true, force: true }));

test('a kustomization is read with the neighbours it uses, now and at a revision', () => {
  const folder = join(root, 'repo/live');
  const [now, then] = [loadFolder(folder), loadRevision(folder, 'HEAD')];
  const imageOf = ({ objects }: Loaded): unknown =>
    (objects[0]!.spec as { containers: { image: string }[] }).containers[0]!.image;
  assert.deepEqual([names(now), codes(now), imageOf(now)], [['Pod shop/a-web'], [], 'new']);
  assert.deepEqual([names(then), codes(then), imageOf(then)], [['Pod shop/a-web'], [], 'old']);
  assert.equal(now.originOf(now.objects[0]!)?.span?.file, 'base/pod.yaml');
  assert.equal(then.originOf(then.objects[0]!)?.span?.file, 'base/pod.yaml');
});

test('a revision that is not there, and a folder without one, are told as that', () => {
  const code = (folder: string, revision: string): string => {
    try {
      loadRevision(folder, revision);
    } catch (error) {
      if (error instanceof FaultError) return error.fault.code;
      throw error;
    }
    return 'none';
  };
  write('bare/pod.yaml', pod('web'));
  assert.equal(code(join(root, 'repo/live'), 'nowhere'), 'delivery/no-revision');
  assert.equal(code(join(root, 'repo/live'), '--help'), 'delivery/no-revision');
  assert.equal(code(join(root, 'bare'), 'HEAD'), 'delivery/no-repository');
});

test('items of a list of one kind need not say it; byte order marks, CRLF, comments and empty documents are read', () => {
  write(
    'odd/list.yaml',
    'apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n- {kind: Pod, metadata: {name: half}}\n',
  );
  write('odd/plain.yaml', 'apiVersion: v1\nkind: List\nitems: [{metadata: {name: none}}]\n');
  write('odd/marks.yaml', `\u{feff}# first\r\n---\r\n---\r\n# nothing\r\n---\r\n${pod('c').replaceAll('\n', '\r\n')}`);
  write(
    'odd/anchors.yaml',
    'apiVersion: v1\nkind: Pod\nmetadata: {name: d, labels: &l {app: d}}\nspec: {nodeSelector: {<<: *l, disk: fast}, containers: []}\n',
  );
  const loaded = loadFolder(join(root, 'odd'));
  assert.deepEqual(names(loaded).sort(), ['Pod default/a', 'Pod default/c', 'Pod default/d', 'Secret default/b']);
  assert.deepEqual(codes(loaded), ['delivery/not-an-object', 'delivery/not-an-object']);
  const { spec } = loaded.objects.find(({ metadata }) => metadata.name === 'd')!;
  assert.deepEqual((spec as { nodeSelector: object }).nodeSelector, { app: 'd', disk: 'fast' });
});
