import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, KubeObject, ManagedFieldsEntry } from '../object.ts';
import { applyConflictError, serverSideApply, updateManagedFields } from './index.ts';
import { THING, thing } from './samples.ts';
import { STORIES, type Step } from './stories.ts';

const NOW = '2026-01-02T03:04:05Z';
const terms = (manager: string) => ({ schema: THING, manager, apiVersion: 'x/v1', now: NOW });

function play(
  live: KubeObject | undefined,
  [verb, manager, text, result]: Step,
  story: string,
): KubeObject | undefined {
  const object = thing(JSON.parse(text) as JsonObject);
  if (verb === 'update') {
    const updated = live ? { ...live, spec: object.spec } : object;
    return updateManagedFields({ ...terms(manager), live, updated });
  }
  const outcome = serverSideApply({ ...terms(manager), live, applied: object, force: verb === 'force' });
  if (verb === 'conflict') {
    const paths = 'conflicts' in outcome ? outcome.conflicts.map(conflict => conflict.path) : [];
    assert.equal(paths.join(' '), result, story);
    return live;
  }
  if ('conflicts' in outcome) assert.fail(`${story}: ${applyConflictError(outcome.conflicts).message}`);
  if (result !== undefined) assert.deepEqual(outcome.object.spec, JSON.parse(result), story);
  return outcome.object;
}

function owners(object: KubeObject): Record<string, string> {
  const entries = object.metadata.managedFields ?? [];
  return Object.fromEntries(
    entries.map(entry => [`${entry.manager} ${entry.operation}`, JSON.stringify(entry.fieldsV1!['f:spec'])]),
  );
}

test('stories of appliers and updaters', () => {
  for (const story of STORIES) {
    let live: KubeObject | undefined;
    for (const step of story.steps) live = play(live, step, story.name);
    if (story.owners) assert.deepEqual(owners(live!), story.owners, story.name);
  }
  assert.ok(STORIES.length >= 45);
});

test('an apply that changes nothing keeps everything', () => {
  const first = play(undefined, ['apply', 'a', '{"replicas":1}'], '')!;
  const again = serverSideApply({
    ...terms('a'),
    now: '2027-01-01T00:00:00Z',
    live: first,
    applied: thing({ replicas: 1 }),
  });
  assert.deepEqual(again, { object: first });
});

test('conflicts read as the API server words them', () => {
  const live = updateManagedFields({
    ...terms('kubectl'),
    live: undefined,
    updated: thing({ replicas: 1, paused: true }),
  });
  const one = serverSideApply({ ...terms('a'), live, applied: thing({ replicas: 2 }) });
  assert.ok('conflicts' in one);
  const error = applyConflictError(one.conflicts);
  assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "kubectl" using x/v1: .spec.replicas');
  assert.equal(error.code, 409);
  assert.deepEqual(error.status.details?.causes, [
    { reason: 'FieldManagerConflict', message: 'conflict with "kubectl" using x/v1', field: '.spec.replicas' },
  ]);
  const two = serverSideApply({ ...terms('a'), live, applied: thing({ replicas: 2, paused: false }) });
  assert.ok('conflicts' in two);
  assert.equal(
    applyConflictError(two.conflicts).message,
    'Apply failed with 2 conflicts: conflicts with "kubectl" using x/v1:\n- .spec.paused\n- .spec.replicas',
  );
});

test('what stood before the first apply has an owner', () => {
  const live = thing({ replicas: 1 }, { uid: 'u' });
  const outcome = serverSideApply({ ...terms('a'), live, applied: thing({ paused: true }) });
  assert.ok('object' in outcome);
  assert.deepEqual(owners(outcome.object), {
    'a Apply': '{"f:paused":{}}',
    'before-first-apply Update': '{".":{},"f:replicas":{}}',
  });
});

test('objects without managedFields stay without on update; [{}] resets', () => {
  const live = thing({ replicas: 1 }, { uid: 'u' });
  const updated = updateManagedFields({ ...terms('a'), live, updated: { ...live, spec: { replicas: 2 } } });
  assert.equal(updated.metadata.managedFields, undefined);
  const owned = updateManagedFields({ ...terms('a'), live: undefined, updated: live });
  const reset = { ...owned, metadata: { ...owned.metadata, managedFields: [{}] as ManagedFieldsEntry[] } };
  assert.equal(updateManagedFields({ ...terms('a'), live: owned, updated: reset }).metadata.managedFields, undefined);
});

test('kubectl takes over from its client-side apply', () => {
  const applied = thing({ replicas: 1 }, { annotations: {} });
  const annotated = thing(
    { replicas: 1 },
    {
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) },
    },
  );
  const live = updateManagedFields({ ...terms('kubectl-client-side-apply'), live: undefined, updated: annotated });
  const outcome = serverSideApply({ ...terms('kubectl'), live, applied: thing({ replicas: 3 }) });
  assert.ok('object' in outcome);
  assert.deepEqual(outcome.object.spec, { replicas: 3 });
  assert.match(
    outcome.object.metadata.annotations!['kubectl.kubernetes.io/last-applied-configuration']!,
    /"replicas":3/,
  );
  const other = serverSideApply({ ...terms('helm'), live, applied: thing({ replicas: 3 }) });
  assert.ok('conflicts' in other);
});

test("status is nobody's on the object, the spec on its status", () => {
  const live = play(undefined, ['update', 'a', '{"replicas":1}'], '')!;
  const status = updateManagedFields({
    ...terms('c'),
    subresource: 'status',
    resetFields: [['spec']],
    live,
    updated: { ...live, status: { ready: 1 }, spec: { replicas: 9 } },
  });
  const entry = status.metadata.managedFields!.find(each => each.subresource === 'status')!;
  assert.deepEqual(entry.fieldsV1, { 'f:status': { '.': {}, 'f:ready': {} } });
  const outcome = serverSideApply({
    ...terms('b'),
    live: status,
    resetFields: [['status']],
    applied: { ...thing({ paused: true }), status: { ready: 1 } },
  });
  assert.ok('object' in outcome);
  const mine = outcome.object.metadata.managedFields!.find(each => each.manager === 'b')!;
  assert.deepEqual(mine.fieldsV1, { 'f:spec': { 'f:paused': {} } });
});

test('applies that the schema cannot describe are refused', () => {
  const apply = (spec: JsonObject) => serverSideApply({ ...terms('a'), live: undefined, applied: thing(spec) });
  assert.throws(() => apply({ bogus: 1 }), /\.spec\.bogus: field not declared in schema/);
  assert.throws(() => apply({ containers: [{ image: 'x' }] }), /omits key field "name"/);
  assert.throws(() => apply({ containers: [{ name: 'x' }, { name: 'x' }] }), /duplicate entries for key \[name="x"\]/);
  assert.throws(
    () =>
      serverSideApply({ ...terms('a'), live: undefined, applied: thing({}, { managedFields: [{ manager: 'x' }] }) }),
    /metadata.managedFields must be nil/,
  );
});

test('many updaters are joined, hostile managedFields are not read', () => {
  let live = play(undefined, ['update', 'u0', '{"nodes":{"n0":{"k":"1"}}}'], '')!;
  for (let i = 1; i < 15; i++) {
    const nodes = { ...(live.spec as { nodes: JsonObject }).nodes, [`n${i}`]: { k: '1' } };
    live = updateManagedFields({
      ...terms(`u${i}`),
      now: `2026-01-02T03:05:${10 + i}Z`,
      live,
      updated: { ...live, spec: { nodes } },
    });
  }
  const managers = live.metadata.managedFields!.map(entry => entry.manager);
  assert.equal(managers.length, 10);
  assert.ok(managers.includes('ancient-changes'));
  const hostile = JSON.parse(
    '[{"manager":"x","operation":"Update","apiVersion":"x/v1","fieldsV1":{"__proto__":{"f:a":{}}}}]',
  ) as ManagedFieldsEntry[];
  const written = updateManagedFields({
    ...terms('a'),
    live,
    updated: { ...live, spec: { replicas: 1 }, metadata: { ...live.metadata, managedFields: hostile } },
  });
  assert.ok(written.metadata.managedFields!.every(entry => entry.manager !== 'x'));
});

test("an older set is read by today's schema", () => {
  const entry = (fields: JsonObject): ManagedFieldsEntry => ({
    manager: 'a',
    operation: 'Apply',
    apiVersion: 'x/v1',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': fields },
  });
  const narrow = thing(
    { selector: { x: '1' } },
    { uid: 'u', managedFields: [entry({ 'f:selector': { 'f:x': {} } })] as never },
  );
  assert.ok('conflicts' in serverSideApply({ ...terms('b'), live: narrow, applied: thing({ selector: { y: '1' } }) }));
});
