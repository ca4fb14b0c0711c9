import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../kernel/object.ts';
import { stepGarbage } from './step.ts';

test('a dependent of one owner that waits and one that stays lets go of the first; nobody else deletes it', () => {
  const ref = { group: '', version: 'v1', resource: 'pods' };
  const waiting: KubeObject = {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: 'a', uid: 'a', deletionTimestamp: 'x', finalizers: ['foregroundDeletion'] },
  };
  const staying: KubeObject = { apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'b', uid: 'b' } };
  const owner = (name: string) => ({ apiVersion: 'v1', kind: 'X', name, uid: name, blockOwnerDeletion: true });
  const dependent: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'd', uid: 'p', ownerReferences: [owner('a'), owner('b')] },
  };
  const node = (object: KubeObject) => ({ ref, object });
  const ownerOf = ({ uid }: { uid: string }) => node(uid === 'a' ? waiting : staying);
  const rest = { circular: false, ownerOf };
  assert.deepEqual(stepGarbage({ ...rest, node: node(waiting), dependents: [node(dependent)] }), []);
  const [effect] = stepGarbage({ ...rest, node: node(dependent), dependents: [] });
  assert.ok(effect?.do === 'patch');
  assert.deepEqual((effect.patch.metadata as { ownerReferences: object[] }).ownerReferences, [owner('b')]);
});

test('a circle of foreground deletions is broken by whoever notices it', () => {
  const ref = { group: '', version: 'v1', resource: 'pods' };
  const metadata = {
    name: 'a',
    uid: 'a',
    deletionTimestamp: '2026-01-01T00:00:00Z',
    finalizers: ['foregroundDeletion'],
  };
  const node = { ref, object: { apiVersion: 'v1', kind: 'Pod', metadata } };
  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'a', blockOwnerDeletion: true };
  const dependent = {
    ref,
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'b', uid: 'b', deletionTimestamp: 'x', ownerReferences: [owner] },
    },
  };
  const input = { node, dependents: [dependent], ownerOf: () => 'absent' as const };
  assert.deepEqual(stepGarbage({ ...input, circular: false }), []);
  assert.deepEqual(
    stepGarbage({ ...input, circular: true }).map(effect => effect.do),
    ['patch'],
  );
});
