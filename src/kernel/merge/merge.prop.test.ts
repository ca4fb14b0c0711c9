import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json, JsonObject, KubeObject } from '../object.ts';
import { StatusError } from '../status.ts';
import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMerge,
  equalJson,
  serverSideApply,
  updateManagedFields,
} from './index.ts';
import { THING, thing } from './samples.ts';

const name = fc.constantFrom('a', 'b', 'c');
const item = fc.record({ name, image: fc.option(name, { nil: undefined }) }, { requiredKeys: ['name'] });
const spec = fc.record(
  {
    replicas: fc.nat(3),
    paused: fc.boolean(),
    tags: fc.uniqueArray(name),
    order: fc.array(name, { maxLength: 3 }),
    nodes: fc.dictionary(name, fc.dictionary(name, name)),
    containers: fc.uniqueArray(item, { selector: each => each.name }),
  },
  { requiredKeys: [] },
) as unknown as fc.Arbitrary<JsonObject>;

const write = fc.record({ by: fc.constantFrom('m', 'n', 'o'), apply: fc.boolean(), force: fc.boolean(), spec });

const clean = (object: JsonObject): JsonObject => JSON.parse(JSON.stringify(object)) as JsonObject;

test('whatever the history, an apply wins its own fields and can be repeated without effect', () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 6 }), spec, (history, last) => {
      let live: KubeObject | undefined;
      const terms = (manager: string) => ({ schema: THING, manager, apiVersion: 'x/v1', now: '2026-01-01T00:00:00Z' });
      for (const step of history) {
        const object = thing(clean(step.spec));
        if (step.apply) {
          const outcome = serverSideApply({ ...terms(step.by), live, applied: object, force: step.force });
          if ('object' in outcome) live = outcome.object;
        } else
          live = updateManagedFields({
            ...terms(step.by),
            live,
            updated: { ...object, metadata: { ...live?.metadata, ...object.metadata } },
          });
      }
      const applied = thing({ paused: true, ...clean(last) });
      const outcome = serverSideApply({ ...terms('m'), live, applied, force: true });
      assert.ok('object' in outcome);
      for (const [field, value] of Object.entries(applied.spec as JsonObject)) {
        const got: Json | undefined = (outcome.object.spec as JsonObject | undefined)?.[field];
        if (field === 'replicas' || field === 'paused' || field === 'order') assert.ok(equalJson(got, value), field);
        else if (field === 'tags') for (const tag of value as Json[]) assert.ok((got as Json[]).includes(tag));
      }
      const again = serverSideApply({ ...terms('m'), live: outcome.object, applied, force: false });
      assert.deepEqual(again, outcome);
    }),
    { numRuns: 400 },
  );
});

test('no patch, however strange, does anything but answer or refuse', () => {
  const key = fc.constantFrom(
    'spec',
    'containers',
    'name',
    '$patch',
    '$retainKeys',
    '$setElementOrder/tags',
    '$deleteFromPrimitiveList/tags',
    'tags',
    '__proto__',
    'constructor',
    'op',
    'path',
    'value',
    'from',
  );
  const json = fc.letrec<{ value: Json; object: JsonObject }>(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<Json>(null, 1, 'a', 'delete', 'replace', 'add', '/a/-', true),
      fc.array(tie('value'), { maxLength: 3 }),
      tie('object'),
    ),
    object: fc.dictionary(key, tie('value'), { maxKeys: 4 }) as fc.Arbitrary<JsonObject>,
  }));
  fc.assert(
    fc.property(json.object, json.object, fc.array(json.object, { maxLength: 3 }), (document, patch, operations) => {
      for (const work of [
        () => applyStrategicMerge(THING, document, patch),
        () => applyMergePatch(document, patch),
        () => applyJsonPatch(document, operations),
      ]) {
        try {
          work();
        } catch (error) {
          assert.ok(error instanceof StatusError, String(error));
        }
      }
      assert.equal(({} as JsonObject).a, undefined);
    }),
    { numRuns: 1000 },
  );
});
