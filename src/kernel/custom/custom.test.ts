import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, KubeObject } from '../object.ts';
import { defaultObject, prune } from '../schema/index.ts';
import { validateValue } from '../schema/value.ts';
import { StatusError } from '../status.ts';
import { customCatalog } from './catalog.ts';
import { checkDefinition } from './check.ts';
import { convertCustom } from './conversion.ts';
import { definitionsOf } from './definition.ts';
import type { CustomResourceDefinition } from './document.ts';
import { wantedStatus } from './names.ts';
import { ratchet } from './ratchet.ts';
import { readCustomSchema } from './schema.ts';
import { checkStructural } from './structural.ts';

const string = { type: 'string' };
const props = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'object', properties, ...more });

function crd(
  more: Partial<CustomResourceDefinition['spec']> = {},
  status: CustomResourceDefinition['status'] = {},
): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.org', generation: 1 },
    spec: {
      group: 'example.org',
      names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
      scope: 'Namespaced',
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: props({ spec: props({ a: string }) }) } },
      ],
      ...more,
    },
    status,
  };
}

/** [schema, field and message of the first cause; undefined when structural] */
const STRUCTURAL: [JsonObject, RegExp | undefined][] = [
  [props({ a: string }), undefined],
  [{}, /^p\.type: Required value: must not be empty at the root/],
  [{ type: 'string' }, /^p\.type: Invalid value: "string": must be object at the root/],
  [props({ a: {} }), /^p\.properties\[a\]\.type: Required value: must not be empty for specified object fields/],
  [
    props({ a: { type: 'array', items: {} } }),
    /items\.type: Required value: must not be empty for specified array items/,
  ],
  [props({ a: { type: 'array' } }), /items: Required value/],
  [props({ a: { 'x-kubernetes-preserve-unknown-fields': true } }), undefined],
  [props({ a: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] } }), undefined],
  [props({ a: { ...string, $ref: '#/x' } }), /\$ref: Forbidden: \$ref is not supported/],
  [props({ a: { type: 'array', items: string, uniqueItems: true } }), /uniqueItems: Forbidden/],
  [props({ a: props({ b: string }, { additionalProperties: string }) }), /mutual exclusive/],
  [props({ a: { type: 'object', additionalProperties: false } }), /cannot be set to false/],
  [props({ a: string }, { anyOf: [{ required: ['a'] }] }), undefined],
  [
    props({ a: string }, { anyOf: [{ properties: { a: { type: 'string' } } }] }),
    /anyOf\[0\]\.properties\[a\]\.type: Forbidden: must be empty to be structural/,
  ],
  [
    props({ a: string }, { oneOf: [{ properties: { b: { minLength: 1 } } }] }),
    /p\.properties\[b\]: Required value: because it is defined in oneOf\[0\]\.properties\[b\]/,
  ],
  [
    props({ metadata: props({ labels: { type: 'object' } }) }),
    /must not specify anything other than name and generateName/,
  ],
  [props({ metadata: props({ name: { type: 'string', maxLength: 4 } }) }), undefined],
  [
    props({ a: { type: 'array', items: props({ k: string }), 'x-kubernetes-list-type': 'map' } }),
    /x-kubernetes-list-map-keys: Required value/,
  ],
  [
    props({
      a: {
        type: 'array',
        items: props({ k: string }, { required: ['k'] }),
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['z'],
      },
    }),
    /entries must all be names of item properties/,
  ],
  [
    props({
      a: {
        type: 'array',
        items: props({ k: string }),
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
      },
    }),
    /must have a default or be a required property/,
  ],
  [props({ a: { ...string, default: 1 } }), /default: Invalid value/],
  [props({ a: { ...string, default: 'x' } }), undefined],
  [props({ a: props({ b: string }, { default: { c: 1 } }) }), /must not have unknown fields/],
  [props({ a: { ...string, default: null } }), /must be of type string: "null"/],
];

test('structural schemas', () => {
  for (const [schema, wanted] of STRUCTURAL) {
    const causes = checkStructural(schema, 'p').map(cause => `${cause.field}: ${cause.message}`);
    if (wanted === undefined) assert.deepEqual(causes, [], JSON.stringify(schema));
    else assert.match(causes.join('\n'), new RegExp(wanted.source, 'm'), JSON.stringify(schema));
  }
});

test('what a schema prunes, fills and refuses', () => {
  const schema = readCustomSchema(
    props({
      spec: props(
        {
          a: { type: 'integer', default: 3 },
          port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
          open: {
            type: 'object',
            'x-kubernetes-preserve-unknown-fields': true,
            properties: { known: props({ x: string }) },
          },
          map: { type: 'object', additionalProperties: { type: 'integer' } },
          nothing: { type: 'string', nullable: true },
          embedded: {
            type: 'object',
            'x-kubernetes-embedded-resource': true,
            'x-kubernetes-preserve-unknown-fields': true,
          },
        },
        { oneOf: [{ required: ['map'] }, { required: ['open'] }] },
      ),
    }),
  );
  const object = {
    apiVersion: 'x/v1',
    kind: 'T',
    metadata: { name: 'n' },
    spec: { b: 1, open: { y: 1, known: { x: 'k', z: 1 } }, nothing: null, port: '80' },
  };
  assert.deepEqual(prune(schema, object), ['spec.b', 'spec.open.known.z']);
  defaultObject(schema, object);
  assert.deepEqual(object.spec, { a: 3, open: { y: 1, known: { x: 'k' } }, nothing: null, port: '80' } as never);
  const wrong = (spec: JsonObject): string[] =>
    validateValue(schema, { spec }).list.map(cause => `${cause.field}: ${cause.message}`);
  assert.deepEqual(wrong({ map: { a: 1 } }), []);
  assert.match(wrong({ map: { a: 'x' } }).join(), /must be of type integer/);
  assert.match(wrong({}).join(), /oneOf/);
  assert.match(wrong({ map: {}, open: {} }).join(), /oneOf/);
});

/** [change of the spec, the first cause] */
const DEFINITIONS: [Partial<CustomResourceDefinition['spec']>, RegExp | undefined][] = [
  [{}, undefined],
  [
    { group: 'example.com' },
    /metadata\.name: Invalid value: "things\.example\.org": must be spec\.names\.plural\+"\."\+spec\.group/,
  ],
  [{ scope: 'Galaxy' as never }, /spec\.scope: Unsupported value/],
  [{ versions: [] }, /must have at least one version/],
  [
    { versions: [{ name: 'v1', served: true, storage: false, schema: { openAPIV3Schema: props({}) } }] },
    /exactly one version marked as storage version/,
  ],
  [{ versions: [{ name: 'v1', served: true, storage: true }] }, /schemas are required/],
  [
    { versions: [{ name: 'V1', served: true, storage: true, schema: { openAPIV3Schema: props({}) } }] },
    /versions\[0\]\.name/,
  ],
  [{ conversion: { strategy: 'Webhook' } }, /clientConfig: Required value/],
  [{ conversion: { strategy: 'Magic' } }, /strategy: Unsupported value/],
  [{ names: { plural: 'things', kind: 'Thing', listKind: 'Thing' } }, /kind and listKind may not be the same/],
];

test('definitions', () => {
  for (const [change, wanted] of DEFINITIONS) {
    const causes = checkDefinition(crd(change), undefined, undefined).map(cause => `${cause.field}: ${cause.message}`);
    if (wanted === undefined) assert.deepEqual(causes, []);
    else assert.match(causes.join('\n'), wanted);
  }
  const before = crd({}, { conditions: [{ type: 'Established', status: 'True' }] });
  const after = crd({ scope: 'Cluster' }, { storedVersions: ['v0'] });
  const causes = checkDefinition(after, before, undefined)
    .map(cause => `${cause.field}: ${cause.message}`)
    .join('\n');
  assert.match(causes, /spec\.scope: Invalid value: "Cluster": field is immutable/);
  assert.match(causes, /storedVersions\[0\]: Invalid value: "v0": must appear in spec\.versions/);
});

test('names are taken once', () => {
  const first = crd();
  first.status = wantedStatus(first, [first], 0);
  assert.deepEqual(
    first.status.conditions?.map(each => each.status),
    ['True', 'True'],
  );
  const second = crd({ names: { plural: 'things', singular: 'other', kind: 'Thing', listKind: 'OtherList' } });
  second.metadata.name = 'others.example.org';
  const status = wantedStatus(second, [first, second], 1000);
  assert.deepEqual(
    status.conditions?.map(each => `${each.type}=${each.status} ${each.reason}`),
    ['NamesAccepted=False KindConflict', 'Established=False NotAccepted'],
  );
  assert.equal(status.acceptedNames?.singular, 'other');
  assert.equal(status.conditions?.[0]?.lastTransitionTime, '1970-01-01T00:00:01Z');
  const later = wantedStatus({ ...first, status: first.status }, [first], 5000);
  assert.deepEqual(later, first.status, 'times move only with the status');
});

test('the catalogue serves what is established', () => {
  const catalog = customCatalog();
  const one = crd();
  assert.equal(catalog.set(one), true);
  assert.equal(catalog.resource({ group: 'example.org', version: 'v1', resource: 'things' }), undefined);
  catalog.set({ ...one, status: wantedStatus(one, [one], 0) });
  assert.equal(catalog.kind({ group: 'example.org', version: 'v1', kind: 'Thing' })?.resource, 'things');
  assert.ok([...catalog.all()].some(each => each.resource === 'things' && each.custom));
  const hidden = crd({
    versions: [
      { name: 'v1', served: false, storage: true, schema: { openAPIV3Schema: props({}) } },
      { name: 'v2', served: true, storage: false, schema: { openAPIV3Schema: props({}) } },
    ],
  });
  catalog.set({
    ...hidden,
    status: wantedStatus(hidden, [hidden], 0),
    metadata: { ...hidden.metadata, resourceVersion: '9' },
  });
  assert.deepEqual(
    [...catalog.all()].filter(each => each.custom).map(each => each.version),
    ['v2'],
  );
  assert.equal(catalog.resource({ group: 'example.org', version: 'v2', resource: 'things' })?.storageVersion, 'v1');
  catalog.remove('things.example.org');
  assert.equal(catalog.resource({ group: 'example.org', version: 'v1', resource: 'things' }), undefined);
});

test('columns, fields and subresources come from the version', () => {
  const [definition] = definitionsOf(
    crd({
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n', labelSelectorPath: '.status.s' },
          },
          additionalPrinterColumns: [{ name: 'N', type: 'integer', jsonPath: '.spec.n', priority: 1 }],
          selectableFields: [{ jsonPath: '.spec.color' }],
        },
      ],
    }),
  );
  assert.deepEqual(definition!.columns, [{ name: 'N', type: 'integer', priority: 1, path: '.spec.n' }]);
  assert.deepEqual(definition!.selectableFields, ['spec.color']);
  assert.deepEqual(
    definition!.subresources.map(each => each.name),
    ['status', 'scale'],
  );
});

test('conversion', async () => {
  const object: KubeObject = {
    apiVersion: 'example.org/v1',
    kind: 'Thing',
    metadata: { name: 'a', uid: 'u' },
    spec: { a: 'x' },
  };
  const to = { group: 'example.org', version: 'v2' } as never;
  assert.equal((await convertCustom(crd(), undefined, object, to)).apiVersion, 'example.org/v2');
  const hooked = crd({
    conversion: {
      strategy: 'Webhook',
      webhook: { clientConfig: { url: 'https://x' }, conversionReviewVersions: ['v1'] },
    },
  });
  const answer = (change: Partial<KubeObject>) => ({
    convert: async () => [{ ...object, apiVersion: 'example.org/v2', ...change }],
  });
  assert.deepEqual((await convertCustom(hooked, answer({ spec: { b: 'x' } }), object, to)).spec, { b: 'x' });
  for (const bad of [{ apiVersion: 'example.org/v3' }, { kind: 'Other' }, { metadata: { name: 'b', uid: 'u' } }]) {
    await assert.rejects(
      async () => convertCustom(hooked, answer(bad), object, to),
      (error: unknown) => error instanceof StatusError && error.code === 500,
    );
  }
  assert.throws(() => convertCustom(hooked, undefined, object, to), StatusError);
});

test('ratcheting lets be what was there before', () => {
  const schema = readCustomSchema(
    props({
      spec: props({
        a: string,
        list: { type: 'array', items: string },
        keyed: {
          type: 'array',
          items: props({ k: string, v: string }, { required: ['k'] }),
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
        },
      }),
    }),
  );
  const object = (spec: JsonObject): KubeObject => ({ apiVersion: 'x/v1', kind: 'T', metadata: {}, spec });
  const old = object({ a: 'x', list: ['1'], keyed: [{ k: 'p', v: '1' }] });
  const now = object({
    a: 'x',
    list: ['0', '1'],
    keyed: [
      { k: 'q', v: '2' },
      { k: 'p', v: '1' },
    ],
  });
  const causes = ['spec.a', 'spec.list[1]', 'spec.keyed[0].v', 'spec.keyed[1].v'].map(field => ({ field }));
  assert.deepEqual(
    ratchet(schema, causes, now, old).map(cause => cause.field),
    ['spec.list[1]', 'spec.keyed[0].v'],
  );
  assert.equal(ratchet(schema, causes, now, undefined).length, 4);
});
