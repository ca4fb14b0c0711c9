import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../base/index.ts';
import {
  CRD_REF,
  type CustomResourceDefinition,
  checkDefinition,
  customCatalog,
  customKindsStep,
  customSchemaPort,
  Informer,
  type JsonObject,
  type KubeObject,
  memoryLog,
  openKernel,
  runCustomKinds,
  StatusError,
} from '../../../kernel/index.ts';
import { VirtualClock } from '../../../base/index.ts';
import { celRuleCompiler } from './rules.ts';

const SPEC: JsonObject = {
  type: 'object',
  required: ['replicas'],
  'x-kubernetes-validations': [
    { rule: 'self.minReplicas <= self.replicas', message: 'replicas must not be under minReplicas' },
    { rule: "!has(self.when) || self.when > timestamp('2020-01-01T00:00:00Z')" },
    { rule: 'self.zones.all(z, z.name.size() < 4)', messageExpression: "'zones: ' + string(size(self.zones))" },
  ],
  properties: {
    replicas: { type: 'integer', minimum: 0 },
    minReplicas: { type: 'integer', default: 1 },
    when: { type: 'string', format: 'date-time' },
    fixed: {
      type: 'string',
      maxLength: 20,
      'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed is immutable' }],
    },
    zones: {
      type: 'array',
      maxItems: 5,
      default: [],
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', maxLength: 10 },
          size: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 0' }] },
        },
      },
    },
    open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    'dashed-name': { type: 'string', maxLength: 10, 'x-kubernetes-validations': [{ rule: "self != 'bad'" }] },
  },
};

function definition(spec: JsonObject = SPEC): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'sets.example.org' },
    spec: {
      group: 'example.org',
      names: { plural: 'sets', kind: 'Set', shortNames: ['st'] },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
          },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec, status: { type: 'object', properties: { replicas: { type: 'integer' } } } },
            },
          },
        },
        {
          name: 'v2',
          served: true,
          storage: false,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  };
}

const SETS = { group: 'example.org', version: 'v1', resource: 'sets' };
const set = (spec: JsonObject, name = 'a'): KubeObject => ({
  apiVersion: 'example.org/v1',
  kind: 'Set',
  metadata: { name, namespace: 'default' },
  spec,
});

async function cluster() {
  const clock = new VirtualClock();
  const random = seededRandom(7);
  const catalog = customCatalog();
  const kernel = await openKernel({
    log: memoryLog(),
    clock,
    random,
    catalog,
    schema: customSchemaPort(catalog, celRuleCompiler),
    admission: [customKindsStep(catalog, celRuleCompiler)],
  });
  const client = kernel.client();
  const definitions = new Informer<CustomResourceDefinition>({ client, clock, random, ref: CRD_REF }).start();
  const controller = runCustomKinds({ client, clock, catalog, definitions });
  await definitions.whenSynced();
  const until = async (done: () => Promise<boolean> | boolean): Promise<void> => {
    for (let i = 0; i < 500 && !(await done()); i++) {
      clock.advance(50);
      await new Promise(resolve => setImmediate(resolve));
    }
    assert.ok(await done());
  };
  return {
    kernel,
    client,
    catalog,
    until,
    close: async () => {
      await controller[Symbol.asyncDispose]();
      await definitions[Symbol.asyncDispose]();
      await kernel[Symbol.asyncDispose]();
    },
  };
}

const refused = (work: Promise<unknown>, pattern: RegExp) =>
  assert.rejects(work, (error: unknown) => error instanceof StatusError && pattern.test(error.message));

test('a custom kind from its definition to its end', async () => {
  const { client, catalog, until, close } = await cluster();
  await client.create(CRD_REF, definition());
  await until(() => catalog.resource(SETS) !== undefined);
  const crd = await client.get<CustomResourceDefinition>(CRD_REF, { name: 'sets.example.org' });
  assert.deepEqual(
    crd.status?.conditions?.map(each => `${each.type}=${each.status}`),
    ['NamesAccepted=True', 'Established=True'],
  );
  assert.deepEqual(crd.status?.storedVersions, ['v1']);
  assert.equal(crd.spec.names.listKind, 'SetList');

  const made = await client.create(SETS, set({ replicas: 3, stray: 1, open: { any: 'thing' } }));
  assert.deepEqual(made.spec, { replicas: 3, minReplicas: 1, zones: [], open: { any: 'thing' } });
  const other = await client.get({ ...SETS, version: 'v2' }, { namespace: 'default', name: 'a' });
  assert.equal(other.apiVersion, 'example.org/v2');

  await refused(
    client.create(SETS, set({ replicas: 0 }, 'b')),
    /spec: Invalid value: replicas must not be under minReplicas/,
  );
  await refused(client.create(SETS, set({ replicas: -1 }, 'b')), /greater than or equal to 0/);
  await refused(
    client.create(SETS, set({ replicas: 1, when: '2019-01-01T00:00:00Z' }, 'b')),
    /failed rule: !has\(self.when\)/,
  );
  await refused(client.create(SETS, set({ replicas: 1, zones: [{ name: 'toolong' }] }, 'b')), /zones: 1/);
  await refused(
    client.create(SETS, set({ replicas: 1, zones: [{ name: 'x', size: 0 }] }, 'b')),
    /spec\.zones\[0\]\.size: Invalid value: 0: failed rule: self > 0/,
  );
  await refused(client.create(SETS, set({ replicas: 1, 'dashed-name': 'bad' }, 'b')), /spec\.dashed-name/);

  const fixed = await client.create(SETS, set({ replicas: 1, fixed: 'x' }, 'c'));
  await refused(
    client.update(SETS, { ...fixed, spec: { ...(fixed.spec as JsonObject), fixed: 'y' } }),
    /fixed is immutable/,
  );

  await client.delete(CRD_REF, { name: 'sets.example.org' });
  await until(async () => (await client.list(CRD_REF)).items.length === 0);
  await until(() => catalog.resource(SETS) === undefined);
  await close();
});

test('defaults that came later are there when read', async () => {
  const { client, catalog, until, close } = await cluster();
  await client.create(CRD_REF, definition());
  await until(() => catalog.resource(SETS) !== undefined);
  await client.create(SETS, set({ replicas: 1, open: { x: 1 } }));
  const crd = await client.get<CustomResourceDefinition>(CRD_REF, { name: 'sets.example.org' });
  const wider = structuredClone(SPEC);
  (wider.properties as JsonObject).color = { type: 'string', default: 'blue' };
  delete (wider.properties as JsonObject).open;
  await client.update(CRD_REF, { ...crd, spec: definition(wider).spec });
  await until(() => (catalog.sourceOf(SETS)?.metadata.generation ?? 0) > 1);
  const read = await client.get(SETS, { namespace: 'default', name: 'a' });
  assert.deepEqual(read.spec, { replicas: 1, minReplicas: 1, zones: [], color: 'blue' });
  const [listed] = (await client.list(SETS)).items;
  assert.deepEqual(listed?.spec, read.spec);
  await close();
});

test('updates may keep what was already wrong', async () => {
  const { client, catalog, until, close } = await cluster();
  const loose = structuredClone(SPEC);
  delete loose['x-kubernetes-validations'];
  await client.create(CRD_REF, definition(loose));
  await until(() => catalog.resource(SETS) !== undefined);
  await client.create(SETS, set({ replicas: 1, zones: [{ name: 'toolong' }], 'dashed-name': 'x' }));
  const crd = await client.get<CustomResourceDefinition>(CRD_REF, { name: 'sets.example.org' });
  const strict = structuredClone(SPEC);
  ((strict.properties as JsonObject)['dashed-name'] as JsonObject).maxLength = 0;
  await client.update(CRD_REF, { ...crd, spec: definition(strict).spec });
  await until(async () => (catalog.sourceOf(SETS)?.metadata.generation ?? 0) > 1);
  const live = await client.get(SETS, { namespace: 'default', name: 'a' });
  // The rule on spec speaks again once spec changes; the length of an untouched field does not.
  await refused(client.update(SETS, { ...live, spec: { ...(live.spec as JsonObject), replicas: 2 } }), /zones: 1/);
  await client.update(SETS, { ...live, metadata: { ...live.metadata, labels: { a: 'b' } } });
  await close();
});

/** [spec schema, what the refusal must say] */
const BAD: [JsonObject, RegExp][] = [
  [
    { type: 'object', properties: { a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self +' }] } } },
    /compilation failed: ERROR: <input>:1:7: Syntax error/,
  ],
  [
    { type: 'object', properties: { a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self.b' }] } } },
    /does not support field selection/,
  ],
  [
    { type: 'object', properties: { a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'size(self)' }] } } },
    /must evaluate to a bool/,
  ],
  [
    { type: 'object', 'x-kubernetes-validations': [{ rule: 'self.nope == 1' }], properties: { a: { type: 'string' } } },
    /undefined field 'nope'/,
  ],
  [
    {
      type: 'object',
      'x-kubernetes-validations': [{ rule: 'self.a.all(x, self.a.exists(y, x == y))' }],
      properties: { a: { type: 'array', items: { type: 'string' } } },
    },
    /estimated rule cost exceeds budget by factor of more than 100x/,
  ],
  [
    {
      type: 'object',
      properties: {
        a: {
          type: 'array',
          items: { type: 'string', 'x-kubernetes-validations': [{ rule: "self.matches('^[a-z]+$')" }] },
        },
      },
    },
    /exceeds budget/,
  ],
];

test('rules that cannot stand are refused with the definition', () => {
  for (const [spec, wanted] of BAD) {
    const causes = checkDefinition(definition(spec), undefined, celRuleCompiler);
    assert.match(causes.map(cause => `${cause.field}: ${cause.message}`).join('\n'), wanted);
  }
  assert.deepEqual(checkDefinition(definition(), undefined, celRuleCompiler), []);
});
